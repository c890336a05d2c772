"""What owners are told without having asked: a token in use where or when it should not be."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from accounts import mail
from accounts.models import ApiToken, Kind, KnownAddress, Reminder, TokenEvent
from accounts.origin import Origin, Way, printable

if TYPE_CHECKING:
    from accounts.usage.calls import Call

# During a token's first day every address is new, and its owner is the one who tries it out.
QUIET_AFTER_CREATION = timedelta(days=1)
# A program behind changing addresses gets its owner one mail in this time; the log has them all.
BETWEEN_MAILS = timedelta(days=1)
# Of what a stranger may write into a mail to the owner, no more than names a program.
AGENT_IN_MAILS = 80


def token_was_used_from_a_new_address(call: "Call", place: str) -> None:
    """`place` is what addresses are told apart by: see ``usage.addresses``."""
    token = ApiToken.objects.select_related("owner").get(pk=call.token_id)
    TokenEvent.objects.record(Kind.NEW_ADDRESS, [token], origin=origin_of(call), at=call.at)
    if token.owner.new_address_mails and is_worth_a_mail(token, place, call):
        _mail_after_commit("new_address", token, call, switch="new_address_mails")


def is_worth_a_mail(token: ApiToken, place: str, call: "Call") -> bool:
    if call.at < token.created_at + QUIET_AFTER_CREATION:
        return False
    # The program that was given the successor has not moved.
    family = ApiToken.objects.filter(family=token.family).exclude(pk=token.pk)
    if KnownAddress.objects.filter(token__in=family, address=place).exists():
        return False
    return Reminder.objects.once_in(BETWEEN_MAILS, token, "new_address", call.at)


def origin_of(call: "Call") -> Origin:
    return Origin(Way.API, None, call.address, printable(call.agent))


def rotated_token_was_reused(token: ApiToken, call: "Call") -> None:
    """Its overlap is over, yet a program still presents it: forgotten somewhere, or stolen.

    Recorded and told once; the token's own row counts the attempts.
    """
    if token.events.filter(kind=Kind.REUSED).exists():
        return
    TokenEvent.objects.record(
        Kind.REUSED,
        [token],
        origin=origin_of(call),
        detail="Refused: its overlap is over",
        at=call.at,
    )
    _mail_after_commit("reused", token, call)


def _mail_after_commit(name: str, token: ApiToken, call: "Call", *, switch: str = "") -> None:
    """Robustly: a mail that fails must not have what was just committed counted once more."""
    transaction.on_commit(
        lambda: mail.send_later(
            name,
            token.owner,
            switch=switch,
            token=token,
            address=call.address,
            agent=printable(call.agent)[:AGENT_IN_MAILS],
            at=call.at,
        ),
        robust=True,
    )
