"""API tokens: issue, rename, revoke. Their secrets are never here, only digests of them."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import IntegrityError, models, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest, Left, Length
from django.db.models.lookups import Exact, LessThanOrEqual
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts.expiry import Expiry
from accounts.models.user import User
from accounts.tokens import IDENTIFIER_LENGTH, PREFIX, generate, identifier_of, mask

NAME_LENGTH = 100
EXPIRING_SOON = timedelta(days=7)


class Environment(models.TextChoices):
    PRODUCTION = "production", "Production"
    STAGING = "staging", "Staging"
    DEVELOPMENT = "development", "Development"


class Status(models.TextChoices):
    ACTIVE = "active", "Active"
    EXPIRING = "expiring", "Expiring soon"
    EXPIRED = "expired", "Expired"
    REVOKED = "revoked", "Revoked"


@dataclass(frozen=True, slots=True)
class Issued:
    """A new token's row and, beside it and nowhere else, its plaintext."""

    token: "ApiToken"
    plaintext: str = field(repr=False)


class FormAlreadyUsed(Exception):
    """The opened form has made its one token already."""

    def __init__(self, token: "ApiToken") -> None:
        super().__init__(token.identifier)
        self.token = token


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    @sensitive_variables("plaintext")
    def issue(
        self,
        *,
        owner: User,
        name: str,
        expiry: Expiry,
        environment: str = Environment.PRODUCTION,
        form_key: uuid.UUID | None = None,
        now: datetime | None = None,
    ) -> Issued:
        """Make a token; `form_key` lets one opened form make at most one.

        Raises FormAlreadyUsed when the owner has a token of that `form_key`.
        """
        now = now or timezone.now()
        plaintext = generate()
        signature = settings.TOKEN_KEYRING.sign(plaintext)
        token = ApiToken(
            owner=owner,
            name=name,
            identifier=identifier_of(plaintext),
            digest=signature.digest,
            pepper=signature.pepper,
            environment=environment,
            created_at=now,
            expires_at=expiry.counted_from(now),
            form_key=form_key or uuid.uuid4(),
        )
        try:
            with transaction.atomic():
                token.save(force_insert=True)
        except IntegrityError:
            earlier = self.filter(owner=owner, form_key=token.form_key).first()
            if earlier is None:
                raise
            raise FormAlreadyUsed(earlier) from None
        return Issued(token, plaintext)

    def living(self, now: datetime | None = None) -> "ApiTokenQuerySet":
        return self.filter(revoked_at=None, expires_at__gt=now or timezone.now())

    def having_status(self, status: Status, now: datetime | None = None) -> "ApiTokenQuerySet":
        """Those whose `status_at(now)` it is, asked of the database."""
        now = now or timezone.now()
        soon = now + EXPIRING_SOON
        match status:
            case Status.REVOKED:
                return self.exclude(revoked_at=None)
            case Status.EXPIRED:
                return self.filter(revoked_at=None, expires_at__lte=now)
            case Status.EXPIRING:
                return self.living(now).filter(expires_at__lte=soon)
            case Status.ACTIVE:
                return self.filter(revoked_at=None, expires_at__gt=soon)

    def revoke(self, *, reason: str = "", now: datetime | None = None) -> int:
        """Kill every token of this set that is not revoked yet; how many there were."""
        instant = models.Value(now or timezone.now(), output_field=models.DateTimeField())
        with transaction.atomic():
            # In the order of ids, as last uses are written: the two can't deadlock.
            living = self.filter(revoked_at=None).order_by("pk").select_for_update()
            return self.model.objects.filter(
                pk__in=list(living.values_list("pk", flat=True))
            ).update(
                # The clock of the host that made the token may be ahead of this one's.
                revoked_at=Greatest(instant, F("created_at")),
                revoked_reason=reason,
            )


class ApiToken(models.Model):
    owner = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=NAME_LENGTH)
    identifier = models.CharField(max_length=IDENTIFIER_LENGTH, unique=True, editable=False)
    digest = models.BinaryField(max_length=32)
    pepper = models.PositiveSmallIntegerField(editable=False)
    environment = models.CharField(
        max_length=12, choices=Environment.choices, default=Environment.PRODUCTION
    )
    created_at = models.DateTimeField("created", default=timezone.now, editable=False)
    expires_at = models.DateTimeField("expires", editable=False)
    last_used_at = models.DateTimeField("last used", null=True, editable=False)
    last_used_ip = models.GenericIPAddressField("last used from", null=True, editable=False)
    last_used_agent = models.CharField("last used by", max_length=200, blank=True, editable=False)
    revoked_at = models.DateTimeField("revoked", null=True, editable=False)
    revoked_reason = models.CharField("reason", max_length=200, blank=True, editable=False)
    minute_limit = models.PositiveIntegerField(
        "calls a minute", null=True, blank=True, validators=[MinValueValidator(1)]
    )
    burst_limit = models.PositiveIntegerField(
        "calls a second", null=True, blank=True, validators=[MinValueValidator(1)]
    )
    form_key = models.UUIDField(default=uuid.uuid4, editable=False)

    objects: ClassVar[models.Manager["ApiToken"]] = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = "API token"
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=("owner", "form_key"), name="one_token_per_form"),
            models.CheckConstraint(
                condition=~Q(name="") & Q(LessThanOrEqual(Length("name"), NAME_LENGTH)),
                name="token_name_has_1_to_100_characters",
            ),
            models.CheckConstraint(
                # SQLite's LIKE would take capitals as well.
                condition=Q(Exact(Left("identifier", len(PREFIX)), PREFIX))
                & Q(Exact(Length("identifier"), IDENTIFIER_LENGTH)),
                name="token_identifier_has_24_characters",
            ),
            models.CheckConstraint(
                condition=Q(Exact(Length("digest"), 32)),
                name="token_digest_has_32_bytes",
            ),
            models.CheckConstraint(condition=Q(pepper__gte=1), name="token_pepper_is_numbered"),
            models.CheckConstraint(
                condition=Q(environment__in=Environment.values), name="token_environment_is_known"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="token_expires_after_creation"
            ),
            models.CheckConstraint(
                # Compared with nothing, a check passes: so that it is something is said first.
                condition=Q(revoked_at=None, revoked_reason="")
                | Q(revoked_at__isnull=False, revoked_at__gte=F("created_at")),
                name="token_revoked_after_creation",
            ),
            models.CheckConstraint(
                condition=(Q(minute_limit=None) | Q(minute_limit__gte=1))
                & (Q(burst_limit=None) | Q(burst_limit__gte=1)),
                name="token_limits_let_a_call_pass",
            ),
        )
        indexes = (models.Index(fields=("owner", "-created_at"), name="tokens_of_an_owner"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.identifier})"

    @property
    def masked(self) -> str:
        return mask(self.identifier)

    @property
    def status(self) -> Status:
        return self.status_at(timezone.now())

    def status_at(self, now: datetime) -> Status:
        if self.revoked_at is not None:
            return Status.REVOKED
        if self.expires_at <= now:
            return Status.EXPIRED
        if self.expires_at - now <= EXPIRING_SOON:
            return Status.EXPIRING
        return Status.ACTIVE

    @property
    def is_living(self) -> bool:
        return self.status in {Status.ACTIVE, Status.EXPIRING}

    @property
    def life_left(self) -> int:
        """Percent of the token's life that is left, 0 to 100."""
        left = (self.expires_at - timezone.now()) / (self.expires_at - self.created_at)
        return 0 if self.revoked_at else round(100 * min(max(left, 0), 1))

    def rename(self, name: str) -> None:
        self.name = name
        self.save(update_fields=["name"])

    def revoke(self, *, reason: str = "") -> bool:
        """Kill this token at once; False when it was revoked before (its reason stays)."""
        changed = ApiToken.objects.filter(pk=self.pk).revoke(reason=reason)
        self.refresh_from_db(fields=["revoked_at", "revoked_reason"])
        return bool(changed)
