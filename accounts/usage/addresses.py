"""The addresses that each token is used from; the first use from each is an event.

IPv6 addresses of one /64 are one place: that is the smallest network a provider gives, and programs
in it take another address every day (RFC 8981) without having moved.
"""

from collections import OrderedDict
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address

from django.db import connection, transaction
from django.db.models import Count

from accounts import alerts
from accounts.usage.calls import Call

type Pair = tuple[int, str]

SAME_PLACE = 64


class SeenPairs:
    """The (token, place) pairs known to be in the table: bounded, the oldest go."""

    def __init__(self, capacity: int = 100_000) -> None:
        self._pairs: OrderedDict[Pair, None] = OrderedDict()
        self._capacity = capacity

    def __contains__(self, pair: Pair) -> bool:
        return pair in self._pairs

    def add(self, pairs: Iterable[Pair]) -> None:
        self._pairs.update(dict.fromkeys(pairs))
        while len(self._pairs) > self._capacity:
            self._pairs.popitem(last=False)

    def clear(self) -> None:
        self._pairs.clear()


seen_pairs = SeenPairs()


def note(calls: Iterable[Call]) -> None:
    first: dict[Pair, Call] = {}
    for call in calls:
        pair = (call.token_id, place(call.address))
        if call.is_use and pair not in seen_pairs:
            first.setdefault(pair, call)
    if not first:
        return
    for pair in insert_new(first):
        alerts.token_was_used_from_a_new_address(first[pair], place=pair[1])
    transaction.on_commit(lambda: seen_pairs.add(first))


@lru_cache(maxsize=4096)
def place(address: str) -> str:
    """What two addresses share between which nobody has moved: of IPv6 the network's first one."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, SAME_PLACE), strict=False).network_address)
    return address


def insert_new(first: dict[Pair, Call]) -> list[Pair]:
    """Those of the pairs that no process had inserted before; inserted in one order by all."""
    from accounts.models import ADDRESSES_PER_TOKEN, ApiToken, KnownAddress

    tokens = {token_id for token_id, _ in first}
    living = set(ApiToken.objects.filter(pk__in=tokens).values_list("pk", flat=True))
    known = KnownAddress.objects.filter(token__in=tokens).values("token").annotate(n=Count("pk"))
    full = {row["token"] for row in known if row["n"] >= ADDRESSES_PER_TOKEN}
    return [
        pair for pair in sorted(first) if pair[0] in living - full and is_new(*pair, first[pair])
    ]


def is_new(token_id: int, address: str, call: Call) -> bool:
    from accounts.models import KnownAddress

    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {KnownAddress._meta.db_table} (token_id, address, first_used_at) "  # noqa: S608
            "VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (token_id, address, connection.ops.adapt_datetimefield_value(call.at)),
        )
        return bool(cursor.rowcount == 1)
