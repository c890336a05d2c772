"""Ours as shipped: the product's own settings, every middleware, limits, headers, request log."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice

from django.conf import settings
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from django.utils import timezone

from accounts.expiry import Expiry
from accounts.models import ApiToken, User
from accounts.tokens import checksum, generate, identifier_of
from benchmarks.peers.bulk import insert

JUNK = "Bearer nobody-issued-this"
UNKNOWN = "mtz_" + "0123456789" * 5 + "012345"
FORGED = "Bearer " + UNKNOWN + checksum(UNKNOWN)
MOST_PEOPLE = 100_000
KNOWN = 2_000
STEPS = 50


def seed(count: int) -> list[str]:
    people = insert(
        User,
        (User(email=f"person-{n}@example.com", name=f"Person {n}") for n in range(count)),
    )
    return issue_to(people)


def issue_to(people: Iterable[User]) -> list[str]:
    """A token each, in bulk: `issue` would write an event for each as well."""
    people = list(people)
    plaintexts = [generate() for _ in people]
    pairs = zip(people, plaintexts, strict=True)
    insert(ApiToken, (row_of(person, plaintext) for person, plaintext in pairs))
    return [f"Bearer {plaintext}" for plaintext in plaintexts]


def row_of(owner: User, plaintext: str) -> ApiToken:
    signature = settings.TOKEN_KEYRING.sign(plaintext)
    return ApiToken(
        owner=owner,
        name="Benchmark",
        identifier=identifier_of(plaintext),
        digest=signature.digest,
        pepper=signature.pepper,
        expires_at=timezone.now() + timedelta(days=90),
    )


def seed_many(count: int) -> list[str]:
    """Millions of rows, made by PostgreSQL itself; tokens that are known lie all over them."""
    headers = seed(STEPS)
    multiply(User, 1, MOST_PEOPLE, {"email": "'somebody-' || n || '@example.com'"})
    people = iter(User.objects.order_by("id").iterator())
    with connection.cursor() as cursor, bare(cursor, ApiToken._meta.db_table):
        for step in range(STEPS):
            multiply(ApiToken, count * step // STEPS, count * (step + 1) // STEPS, OWN)
            headers += issue_to(islice(people, KNOWN // STEPS))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    return headers


OWN = {
    "owner_id": f"owner_id + n % {MOST_PEOPLE}",
    "identifier": "'mtz_' || substr(md5(n::text), 1, 20)",
    "digest": "sha256(n::text::bytea)",
    "form_key": "gen_random_uuid()",
    "family": "gen_random_uuid()",
}


def multiply(model: type[Model], first: int, end: int, own: dict[str, str]) -> None:
    """Copies of the oldest row, numbered n, with values of their `own`."""
    table = model._meta.db_table
    columns = [str(field.column) for field in model._meta.local_fields if not field.primary_key]
    values = ", ".join(own.get(column, column) for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608
            f"SELECT {values} FROM {table}, generate_series({first}, {end - 1}) n "
            f"WHERE id = (SELECT min(id) FROM {table})"
        )


@contextmanager
def bare(cursor: CursorWrapper, table: str) -> Iterator[None]:
    """Without keys and indexes, which are built several times faster when the rows are there."""
    cursor.execute(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = %s::regclass AND contype IN ('u', 'f')",
        [table],
    )
    keys = cursor.fetchall()
    for name, _ in keys:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexname != %s",
        [table, f"{table}_pkey"],
    )
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for _, definition in indexes:
        cursor.execute(definition)
    for name, definition in keys:
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def create() -> ApiToken:
    owner = User.objects.earliest("id")
    return ApiToken.objects.issue(owner=owner, name="Benchmark", expiry=Expiry.NINETY_DAYS).token


def revoke(token: ApiToken) -> None:
    token.revoke(reason="Benchmark")
