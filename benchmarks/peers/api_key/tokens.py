# mypy: disable-error-code="import-untyped, import-not-found, misc, no-any-return"
from rest_framework_api_key.models import AbstractAPIKey, APIKey

from benchmarks.peers.bulk import insert

JUNK = "Api-Key nobody-issued-this"
FORGED = "Api-Key 01234567." + "0123456789abcdef" * 2


def seed(count: int) -> list[str]:
    rows = [APIKey(name=f"Key {n}") for n in range(count)]
    keys = [APIKey.objects.assign_key(row) for row in rows]
    insert(APIKey, rows)
    return [f"Api-Key {key}" for key in keys]


def create() -> AbstractAPIKey:
    row, _ = APIKey.objects.create_key(name="Benchmark")
    return row


def revoke(key: AbstractAPIKey) -> None:
    key.revoked = True
    key.save()
