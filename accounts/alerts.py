"""What owners are told without having asked: a token in use where or when it should not be."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction

from accounts import mail
from accounts.models import ApiToken, Kind, TokenEvent
from accounts.origin import Origin, Way, printable

if TYPE_CHECKING:
    from accounts.usage.calls import Call

# During a token's first day every address is new, and its owner is the one who tries it out.
QUIET_AFTER_CREATION = timedelta(days=1)
# A program behind changing addresses gets its owner one mail in this time; the log has them all.
BETWEEN_MAILS = timedelta(days=1)


def token_was_used_from_a_new_address(call: "Call") -> None:
    token = ApiToken.objects.select_related("owner").get(pk=call.token_id)
    origin = Origin(Way.API, None, call.address, printable(call.agent))
    recently = token.events.filter(
        kind=Kind.NEW_ADDRESS,
        at__gt=max(call.at - BETWEEN_MAILS, token.created_at + QUIET_AFTER_CREATION),
    ).exists()
    TokenEvent.objects.record(Kind.NEW_ADDRESS, [token], origin=origin, at=call.at)
    quiet = call.at < token.created_at + QUIET_AFTER_CREATION or recently
    if token.owner.new_address_mails and not quiet:
        _mail_after_commit("new_address", token, call, switch="new_address_mails")


def rotated_token_was_reused(token: ApiToken, call: "Call") -> None:
    """Its overlap is over, yet a program still presents it: forgotten somewhere, or stolen.

    Recorded and told once; the token's own row counts the attempts.
    """
    if token.events.filter(kind=Kind.REUSED).exists():
        return
    origin = Origin(Way.API, None, call.address, printable(call.agent))
    TokenEvent.objects.record(
        Kind.REUSED, [token], origin=origin, detail="Refused: its overlap is over", at=call.at
    )
    _mail_after_commit("reused", token, call)


def _mail_after_commit(name: str, token: ApiToken, call: "Call", *, switch: str = "") -> None:
    transaction.on_commit(
        lambda: mail.send_later(
            name,
            token.owner,
            switch=switch,
            token=token,
            address=call.address,
            agent=printable(call.agent),
            at=call.at,
        )
    )
