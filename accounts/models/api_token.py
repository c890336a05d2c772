"""API tokens: rename, rotate, revoke. Their secrets are never here, only digests of them."""

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Left, Length
from django.db.models.lookups import Exact, LessThanOrEqual
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts.expiry import Expiry
from accounts.models.token_event import Kind, TokenEvent
from accounts.models.token_policy import TokenPolicy
from accounts.models.token_queryset import ApiTokenQuerySet, Issued
from accounts.models.token_status import EXPIRING_SOON, Status
from accounts.models.user import User
from accounts.origin import SYSTEM, Origin
from accounts.tokens import IDENTIFIER_LENGTH, PREFIX, mask

NAME_LENGTH = 100
# How long a rotated-out token goes on working beside its successor.
DEFAULT_OVERLAP = timedelta(hours=24)
LONGEST_OVERLAP = timedelta(days=7)
# A budget remembers each call of its window.
MOST_CALLS = 10_000


class Environment(models.TextChoices):
    PRODUCTION = "production", "Production"
    STAGING = "staging", "Staging"
    DEVELOPMENT = "development", "Development"


class NotRotatable(Exception):
    """`code` says why: "revoked", "expired", or "rotated" when there is a successor already."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


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
    # Attempts to use it after it was dead.
    refused_count = models.PositiveIntegerField(default=0, editable=False)
    refused_at = models.DateTimeField(null=True, editable=False)
    refused_ip = models.GenericIPAddressField(null=True, editable=False)
    refused_agent = models.CharField(max_length=200, blank=True, editable=False)
    minute_limit = models.PositiveIntegerField(
        "calls a minute",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_CALLS)],
    )
    burst_limit = models.PositiveIntegerField(
        "calls a second",
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_CALLS)],
    )
    form_key = models.UUIDField(default=uuid.uuid4, editable=False)
    family = models.UUIDField(default=uuid.uuid4, editable=False, db_index=True)
    rotated_from = models.OneToOneField(
        "self", models.PROTECT, null=True, editable=False, related_name="successor"
    )
    rotated_at = models.DateTimeField("rotated", null=True, editable=False)

    objects: ClassVar[ApiTokenQuerySet] = ApiTokenQuerySet.as_manager()  # type: ignore[assignment]

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
                condition=Q(rotated_at=None) | Q(rotated_at__gte=F("created_at")),
                name="token_rotated_after_creation",
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

    @property
    def idle_since(self) -> datetime:
        """Its last use, or its creation when it was never used."""
        return self.last_used_at or self.created_at

    @property
    def replaced_by(self) -> "ApiToken | None":
        return ApiToken.objects.filter(rotated_from=self).first() if self.rotated_at else None

    def rename(self, name: str, *, origin: Origin = SYSTEM) -> None:
        if name == self.name:
            return
        change, self.name = f"“{self.name}” → “{name}”", name
        with transaction.atomic():
            self.save(update_fields=["name"])
            TokenEvent.objects.record(Kind.RENAMED, [self], origin=origin, detail=change)

    def revoke(self, *, reason: str = "", origin: Origin = SYSTEM) -> bool:
        """Kill this token at once; False when it was revoked before (its reason stays)."""
        changed = ApiToken.objects.filter(pk=self.pk).revoke(reason=reason, origin=origin)
        self.refresh_from_db(fields=["revoked_at", "revoked_reason"])
        return bool(changed)

    @sensitive_variables("plaintext")
    def rotate(
        self,
        *,
        expiry: Expiry,
        overlap: timedelta = DEFAULT_OVERLAP,
        form_key: uuid.UUID | None = None,
        plaintext: str | None = None,
        origin: Origin = SYSTEM,
        now: datetime | None = None,
    ) -> Issued:
        """Issue a successor that may do the same; this token ends after `overlap`, if not sooner.

        One transaction: when any part fails, this token lives on as it was. Raises NotRotatable,
        PolicyViolation, and FormAlreadyUsed when the owner has a token of that `form_key`.
        """
        now = now or timezone.now()
        with transaction.atomic():
            old = ApiToken.objects.select_for_update(no_key=True).get(pk=self.pk)
            ApiToken.objects.require_unused_form(self.owner, form_key)
            old.require_rotatable(now)
            TokenPolicy.current().require_expiry(expiry, now)
            issued = old.issue_successor(expiry, now, plaintext, form_key or uuid.uuid4())
            old.rotated_at, old.expires_at = now, min(old.expires_at, now + overlap)
            old.save(update_fields=["rotated_at", "expires_at"])
            detail = (
                f"Replaced by {issued.token.identifier}; ends {old.expires_at:%Y-%m-%d %H:%M} UTC"
            )
            TokenEvent.objects.record(Kind.ROTATED, [old], origin=origin, detail=detail, at=now)
            detail = f"Replaces {old.identifier}"
            TokenEvent.objects.record(
                Kind.CREATED, [issued.token], origin=origin, detail=detail, at=now
            )
        self.rotated_at, self.expires_at = old.rotated_at, old.expires_at
        return issued

    def require_rotatable(self, now: datetime) -> None:
        """Raises NotRotatable."""
        if self.revoked_at is not None:
            raise NotRotatable("revoked")
        if self.rotated_at is not None:
            raise NotRotatable("rotated")
        if self.expires_at <= now:
            raise NotRotatable("expired")

    @sensitive_variables("plaintext")
    def issue_successor(
        self, expiry: Expiry, now: datetime, plaintext: str | None, form_key: uuid.UUID
    ) -> Issued:
        same = ("owner_id", "name", "environment", "minute_limit", "burst_limit", "family")
        return ApiToken.objects.insert(
            plaintext=plaintext,
            created_at=now,
            expires_at=expiry.counted_from(now),
            form_key=form_key,
            rotated_from=self,
            **{name: getattr(self, name) for name in same},
        )
