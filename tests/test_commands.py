"""What operators do from a terminal."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from accounts import tokens
from accounts.expiry import Expiry
from accounts.mail import Mail
from accounts.models import ApiToken, Bearer, Issued, Status, TokenPolicy, User
from accounts.tokens import Keyring
from tests.support.types import Issue


def output(*arguments: str, **options: Any) -> str:
    """What the command prints on standard output."""
    stdout = io.StringIO()
    call_command(*arguments, stdout=stdout, **options)
    return stdout.getvalue()


# -- create_token ----------------------------------------------------------------------------------


def test_create_token_prints_the_token_alone(
    alice: User, capfd: pytest.CaptureFixture[str]
) -> None:
    call_command("create_token", "Alice@Example.com", "Nightly backup")
    printed = capfd.readouterr()
    assert tokens.is_well_formed(printed.out.removesuffix("\n"))
    assert printed.err == ""
    bearer = Bearer.find(printed.out.strip())
    assert bearer is not None
    assert (bearer.owner_id, bearer.name) == (alice.pk, "Nightly backup")


def test_create_token_takes_expiry_and_environment(alice: User) -> None:
    output("create_token", alice.email, "CI", "--expires=1y", "--environment=staging")
    token = ApiToken.objects.get()
    assert token.expires_at == Expiry.ONE_YEAR.counted_from(token.created_at)
    assert token.environment == "staging"


def test_a_token_created_twice_is_two_tokens(alice: User) -> None:
    assert output("create_token", alice.email, "CI") != output("create_token", alice.email, "CI")


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("\u200b ", "Give the token a name"), ("n" * 101, "Use at most 100 characters")],
    ids=["blank to the eye", "too long"],
)
def test_create_token_explains_a_bad_name(alice: User, name: str, remedy: str) -> None:
    with pytest.raises(CommandError, match=remedy):
        output("create_token", alice.email, name)


def test_create_token_explains_a_missing_or_inactive_account(charlie: User) -> None:
    with pytest.raises(CommandError, match=r"There is no account nobody@example.com\. Add it"):
        output("create_token", "nobody@example.com", "CI")
    with pytest.raises(CommandError, match=r"switched off.*Switch it on"):
        output("create_token", charlie.email, "CI")


@pytest.mark.parametrize("option", ["--expires=2d", "--environment=moon"])
def test_create_token_knows_its_choices(alice: User, option: str) -> None:
    with pytest.raises(CommandError, match="invalid choice"):
        output("create_token", alice.email, "CI", option)
    assert not ApiToken.objects.exists()


# -- revoke_token ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        lambda issued: issued.token.identifier,
        lambda issued: issued.token.masked,
        lambda issued: issued.plaintext,
        lambda issued: f"  {issued.plaintext[:50]}\n",
    ],
    ids=["identifier", "masked", "whole token", "part of one"],
)
def test_revoke_token_takes_an_identifier_or_a_token(
    issue: Issue, written: Callable[[Issued], str]
) -> None:
    issued, other = issue(), issue()
    printed = output("revoke_token", written(issued), "--reason=Found in a repository")
    issued.token.refresh_from_db()
    assert issued.token.status == Status.REVOKED
    assert issued.token.revoked_reason == "Found in a repository"
    assert issued.token.identifier in printed
    assert issued.plaintext[24:] not in printed
    assert other.token.is_living


def test_revoke_token_reads_standard_input(issue: Issue, monkeypatch: pytest.MonkeyPatch) -> None:
    issued = issue()
    monkeypatch.setattr("sys.stdin", io.StringIO(issued.plaintext + "\n"))
    assert issued.plaintext not in output("revoke_token", "-")
    assert ApiToken.objects.get().status == Status.REVOKED


def test_at_a_terminal_the_token_does_not_show(
    issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = issue()
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt: issued.plaintext)
    output("revoke_token", "-")
    assert ApiToken.objects.get().status == Status.REVOKED


def test_revoke_token_is_safe_twice(issue: Issue) -> None:
    identifier = issue().token.identifier
    assert "is revoked now" in output("revoke_token", identifier, "--reason=First")
    before = ApiToken.objects.values().get()
    assert "is revoked already" in output("revoke_token", identifier, "--reason=Second")
    assert ApiToken.objects.values().get() == before


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", "hush", "mtz_hush", tokens.generate()[4:]])
def test_revoke_token_never_repeats_what_may_be_a_secret(text: str) -> None:
    with pytest.raises(CommandError, match="neither an identifier nor a token") as told:
        output("revoke_token", text)
    assert "hush" not in str(told.value)


@pytest.mark.django_db
def test_revoke_token_names_an_unknown_token_by_its_identifier() -> None:
    unknown = tokens.generate()
    with pytest.raises(CommandError, match=f"There is no token {unknown[:24]}") as told:
        output("revoke_token", unknown)
    assert unknown[24:] not in str(told.value)


def test_a_reason_fits_and_holds_no_token(issue: Issue) -> None:
    issued = issue()
    with pytest.raises(CommandError, match="Shorten the reason"):
        output("revoke_token", issued.token.identifier, "--reason", "r" * 201)
    assert ApiToken.objects.get().is_living
    output("revoke_token", issued.token.identifier, "--reason", f"{issued.plaintext}\0 leaked")
    assert ApiToken.objects.get().revoked_reason == f"{issued.token.identifier} leaked"


# -- pepper_report ---------------------------------------------------------------------------------

OLD, NEW = "the oldest pepper", "the newest pepper"


def test_pepper_report_counts_living_and_dead_tokens(issue: Issue, settings: Settings) -> None:
    settings.TOKEN_KEYRING = Keyring.parse(f"1:{OLD}")
    issue()
    issue().token.revoke()
    issue(now=timezone.now() - timedelta(days=91))
    settings.TOKEN_KEYRING = Keyring.parse(f"4:{OLD},7:{NEW}")
    issue()
    report = output("pepper_report")
    assert [" ".join(line.split()) for line in report.splitlines()[:4]] == [
        "Pepper Living Dead",
        "1 1 2 NOT ON THE RING: refused",
        "4 0 0",
        "7 1 0 current: signs every new token",
    ]
    assert OLD not in report
    assert output("pepper_report") == report


# -- Reminders and disuse (see test_reminders.py, test_policy.py) ----------------------------------


def test_reminders_are_counted_and_safe_twice(issue: Issue, mailoutbox: list[Any]) -> None:
    issue(now=timezone.now() - timedelta(days=84))
    assert output("send_expiry_reminders") == "Mails sent: 1\n"
    assert output("send_expiry_reminders") == "Mails sent: 0\n"
    assert len(mailoutbox) == 1


def test_mails_that_could_not_be_sent_end_the_command_with_an_error(
    issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue(now=timezone.now() - timedelta(days=84))
    monkeypatch.setattr(Mail, "send", lambda self: 1 / 0)
    with pytest.raises(CommandError, match=r"Mails not sent: 1\. The next run tries again"):
        output("send_expiry_reminders")


def test_unused_tokens_are_left_alone_unless_the_policy_says_otherwise(issue: Issue) -> None:
    issue(now=timezone.now() - timedelta(days=60))
    assert output("revoke_unused_tokens") == "The policy revokes no unused tokens.\n"
    TokenPolicy.objects.create(pk=1, unused_days=30)
    for _ in range(2):  # their owners were not told yet
        assert output("revoke_unused_tokens") == "Tokens revoked: 0\n"


# -- Accounts --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_first_account_is_told_once() -> None:
    printed = output("first_account")
    user = User.objects.get()
    assert user.email in printed
    assert user.check_password(printed.split("password:")[1].split()[0])
    assert user.is_superuser
    assert output("first_account") == ""
    assert User.objects.count() == 1


def test_where_there_are_people_no_first_account_is_made(alice: User) -> None:
    assert output("first_account") == ""
    assert User.objects.get() == alice


@pytest.mark.django_db
def test_createsuperuser_needs_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_EMAIL", "Root@Example.com")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "correct horse")
    output("createsuperuser", interactive=False)
    user = User.objects.get()
    assert (user.email, user.is_superuser, user.is_staff) == ("root@example.com", True, True)
    assert user.check_password("correct horse")
    with pytest.raises(CommandError, match="already taken"):
        output("createsuperuser", interactive=False)
