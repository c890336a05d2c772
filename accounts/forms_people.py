"""What people type about themselves: who they are and how they sign in."""

from typing import Any, ClassVar, cast

from django import forms
from django.conf import settings
from django.contrib.auth import forms as auth
from django.db import transaction
from django.utils import timezone

from accounts import mail
from accounts.models import User
from accounts.names import clean_name
from accounts.origin import SYSTEM
from accounts.time_zones import grouped_by_region

HOW_TO_CHOOSE = (
    "At least 8 characters. Nothing common, not digits alone, nothing like your name or address."
)


class SignInForm(auth.AuthenticationForm):
    username = auth.UsernameField(
        label="E-mail address", widget=forms.EmailInput(attrs={"autofocus": True})
    )
    error_messages = auth.AuthenticationForm.error_messages | {
        "invalid_login": "The e-mail address or the password is not right. Check both and try "
        "again, or reset your password.",
    }


class ForgottenPasswordForm(auth.PasswordResetForm):
    email = forms.EmailField(
        label="E-mail address",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )

    def send_mail(self, *arguments: Any, **options: Any) -> None:
        """Whether a mail is sent, and how long that takes, must not show in the answer."""
        mail.in_background(self.deliver, *arguments, **options)

    def deliver(
        self, subject: str, body: str, context: dict[str, Any], *arguments: Any, **options: Any
    ) -> None:
        """The link leads to where operators say this site is, whatever host the request named."""
        context |= {"site_url": settings.SITE_URL}
        super().send_mail(subject, body, context, *arguments, **options)


class RevokesTokens(auth.SetPasswordForm[User]):
    """A new password, and with it the end of all tokens if their owner wants that."""

    error_messages = auth.SetPasswordForm.error_messages | {
        "password_mismatch": "This is not the same as above. Type both again.",
    }
    revoke_tokens = forms.BooleanField(
        label="Also revoke my API tokens",
        required=False,
        help_text="Programs that use them are refused at once and need new ones.",
    )
    # The view says who asks and from where, for the log of the tokens that end.
    origin = SYSTEM

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["new_password1"].help_text = HOW_TO_CHOOSE
        self.fields["new_password2"].label = "New password again"
        self.fields["new_password2"].help_text = ""

    def save(self, commit: bool = True) -> User:
        """`revoked` is then the number of tokens that ended with the old password."""
        user = super().save(commit=False)
        with transaction.atomic():
            user.save(update_fields=["password"])
            self.revoked = self.end_tokens(user)
        return user

    def end_tokens(self, user: User) -> int:
        if not self.cleaned_data["revoke_tokens"]:
            return 0
        return len(user.tokens.living().revoke_every(reason="Password changed", origin=self.origin))


class NewPasswordForm(RevokesTokens, auth.PasswordChangeForm):
    """For someone who knows the old password."""

    field_order = ("old_password", "new_password1", "new_password2", "revoke_tokens")
    error_messages = RevokesTokens.error_messages | {
        "password_incorrect": "This is not your present password. Type it again.",
    }

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["old_password"].label = "Present password"
        self.fields["old_password"].widget.attrs.pop("autofocus")


class ResetPasswordForm(RevokesTokens):
    """For someone who followed the link in a mail: whoever had the old password may have tokens."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["revoke_tokens"].initial = True


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # which Django lacks at run time
    time_zone = forms.ChoiceField(
        help_text="Dates and times on these pages follow it.",
        error_messages={"invalid_choice": "Choose a time zone from the list."},
    )

    class Meta:
        model = User
        fields = ("name", "time_zone", "expiry_reminders", "new_address_mails")
        labels: ClassVar = {
            "expiry_reminders": "Before API tokens expire",
            "new_address_mails": "When an API token is used from a new address",
        }
        widgets: ClassVar = {"name": forms.TextInput(attrs={"autocomplete": "name", "dir": "auto"})}
        help_texts: ClassVar = {
            "name": "How this account area greets you. It may stay empty.",
            "expiry_reminders": "30 days, 7 days and 1 day ahead, and on the day. A token that is "
            "about to be revoked because nobody uses it is told in any case.",
            "new_address_mails": "At most once a day for each token, and not on its first day.",
        }
        error_messages: ClassVar = {
            "name": {
                "max_length": "Use at most %(limit_value)d characters; these are %(show_value)d."
            }
        }

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # The browser would cut a longer name off in silence; here it is told how long it is.
        del self.fields["name"].widget.attrs["maxlength"]
        chosen = self.instance.time_zone
        zones = cast("forms.ChoiceField", self.fields["time_zone"])
        zones.choices = grouped_by_region(timezone.now(), keep=chosen)

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])

    def save(self, commit: bool = True) -> User:
        """Writes what this form asks for and nothing else: a password changed meanwhile stays."""
        person: User = self.instance
        person.save(update_fields=self.Meta.fields)
        return person
