"""What people type about their tokens."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.forms.boundfield import BoundWidget
from django.utils import timezone

from accounts.expiry import Expiry
from accounts.models import ApiToken, Environment, TokenPolicy
from accounts.models.api_token import NAME_LENGTH
from accounts.names import clean_name


class NameField(forms.CharField):
    """A token's name: cleaned first, then measured in characters as people count them.

    No `maxlength` goes to the browser: it would cut a pasted name silently, and count emoji twice.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(label="Name", **options)
        self.error_messages["required"] = "Give the token a name that can be read."
        self.widget.attrs |= {"autocomplete": "off", "aria-required": "true", "dir": "auto"}

    def to_python(self, value: Any) -> str:
        return clean_name(str(value or ""))

    def validate(self, value: str) -> None:
        super().validate(value)
        if len(value) > NAME_LENGTH:
            raise ValidationError(
                f"Use at most {NAME_LENGTH} characters; this name has {len(value)}."
            )


class DatedChoice(forms.RadioSelect):
    """Each option is described by the date beside it."""

    def create_option(self, *args: Any, **options: Any) -> dict[str, Any]:
        option = super().create_option(*args, **options)
        option["attrs"] |= {
            "aria-labelledby": f"{option['attrs']['id']}_label",
            "aria-describedby": f"{option['attrs']['id']}_date",
        }
        return option


class IssuingForm(forms.Form):
    """What makes a token, once: how long it lives, and a key that no second post can use."""

    use_required_attribute = False

    expiry = forms.TypedChoiceField(
        label="Expiration",
        choices=Expiry.choices,
        coerce=Expiry,
        initial=Expiry.NINETY_DAYS,
        widget=DatedChoice,
        error_messages={
            "required": "Choose how long the token lives.",
            "invalid_choice": "Choose one of those offered.",
        },
    )
    form_key = forms.UUIDField(
        widget=forms.HiddenInput,
        error_messages={
            "required": "The form was incomplete. It is whole again: send it once more.",
            "invalid": "The form was incomplete. It is whole again: send it once more.",
        },
    )

    def __init__(self, *arguments: Any, policy: TokenPolicy, **options: Any) -> None:
        """Offers what the policy allows today; where that lacks the usual choice, the longest."""
        super().__init__(*arguments, **options)
        self.policy = policy
        allowed = policy.allowed_expiries(timezone.now())
        expiry = cast("forms.ChoiceField", self.fields["expiry"])
        expiry.choices = [(choice.value, choice.label) for choice in allowed]
        if allowed and Expiry.NINETY_DAYS not in allowed:
            self.initial["expiry"] = allowed[-1]

    @property
    def one_time_key(self) -> uuid.UUID:
        """What makes this opened form create one token only: kept while it is corrected."""
        if self.is_bound and "form_key" not in self.errors:
            return cast("uuid.UUID", self.cleaned_data["form_key"])
        return uuid.uuid4()

    def expirations(self) -> Iterator[tuple[BoundWidget, datetime]]:
        """Each radio with the instant at which a token made now would expire."""
        now = timezone.now()
        for option in self["expiry"]:
            yield option, Expiry(option.data["value"]).counted_from(now)


class TokenForm(IssuingForm):
    """A new token. Its cleaned data are the arguments of ``ApiToken.objects.issue``."""

    field_order = ("name", "expiry", "environment", "form_key")

    name = NameField(
        help_text="The program that will use it: Production API, Analytics Service.",
        widget=forms.TextInput({"autofocus": True}),
    )
    environment = forms.ChoiceField(
        choices=Environment.choices,
        initial=Environment.PRODUCTION,
        widget=forms.RadioSelect,
        error_messages={
            "required": "Choose where the token is used.",
            "invalid_choice": "Choose one of the three.",
        },
    )


class Overlap(models.TextChoices):
    """How long a rotated-out token goes on working beside its successor."""

    NONE = "now", "Now - it may be in the wrong hands"
    HOUR = "1h", "In 1 hour - one program, replaced by hand"
    DAY = "24h", "In 24 hours - the usual"
    WEEK = "7d", "In 7 days - several programs, replaced one by one"

    @property
    def length(self) -> timedelta:
        return OVERLAPS[self]


OVERLAPS = {
    Overlap.NONE: timedelta(0),
    Overlap.HOUR: timedelta(hours=1),
    Overlap.DAY: timedelta(hours=24),
    Overlap.WEEK: timedelta(days=7),
}


class RotationForm(IssuingForm):
    """A successor. Its cleaned data are the arguments of ``ApiToken.rotate``."""

    overlap = forms.TypedChoiceField(
        label="The old token ends",
        choices=Overlap.choices,
        coerce=lambda value: Overlap(value).length,
        initial=Overlap.DAY,
        widget=DatedChoice,
        error_messages={
            "required": "Choose when the old token ends.",
            "invalid_choice": "Choose one of the four.",
        },
    )

    def ends(self, token: ApiToken) -> Iterator[tuple[BoundWidget, datetime, bool]]:
        """Each radio with the instant at which `token` would end, and whether that is its own."""
        now = timezone.now()
        for option in self["overlap"]:
            end = now + Overlap(option.data["value"]).length
            yield option, min(end, token.expires_at), end >= token.expires_at


class RenameForm(forms.Form):
    use_required_attribute = False

    name = NameField()
