"""The last use of each token: gathered in memory, written in batches, never set back."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection, transaction

from accounts import usage as usage_module
from accounts.models import ApiToken, Issued
from accounts.usage import UsageBuffer, usage
from tests.support.types import Api, Issue

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def buffer() -> UsageBuffer:
    return UsageBuffer()


def use(buffer: UsageBuffer, issued: Issued, *, at: datetime = NOON, agent: str = "curl") -> None:
    buffer.record(issued.token.pk, at=at, address="203.0.113.7", agent=agent)


def last_use(issued: Issued) -> tuple[datetime | None, str | None, str]:
    issued.token.refresh_from_db()
    return issued.token.last_used_at, issued.token.last_used_ip, issued.token.last_used_agent


# -- What is written -------------------------------------------------------------------------------


def test_time_address_and_agent_are_written(buffer: UsageBuffer, issue: Issue) -> None:
    issued = issue()
    use(buffer, issued)
    buffer.flush()
    assert last_use(issued) == (NOON, "203.0.113.7", "curl")


def test_nothing_is_written_on_the_request(buffer: UsageBuffer, issue: Issue) -> None:
    issued = issue()
    use(buffer, issued)
    assert last_use(issued) == (None, None, "")


def test_of_many_uses_the_latest_is_written(buffer: UsageBuffer, issue: Issue) -> None:
    issued = issue()
    for seconds in (0, 2, 1):
        use(buffer, issued, at=NOON + seconds * SECOND, agent=f"call {seconds}")
    buffer.flush()
    assert last_use(issued)[2] == "call 2"


def test_each_token_has_its_own(buffer: UsageBuffer, issue: Issue) -> None:
    first, second, unused = issue(), issue(), issue()
    use(buffer, first, agent="first")
    use(buffer, second, agent="second")
    buffer.flush()
    assert [last_use(issued)[2] for issued in (first, second, unused)] == ["first", "second", ""]


def test_more_tokens_than_one_transaction_takes_are_all_written(
    buffer: UsageBuffer, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage_module, "ROWS", 2)
    tokens = [issue() for _ in range(5)]
    for issued in tokens:
        use(buffer, issued)
    buffer.flush()
    assert not ApiToken.objects.filter(last_used_at=None).exists()


def test_a_last_use_is_never_set_back(buffer: UsageBuffer, issue: Issue) -> None:
    issued = issue()
    for seconds in (5, 3):
        use(buffer, issued, at=NOON + seconds * SECOND, agent=f"process {seconds}")
        buffer.flush()
    assert last_use(issued)[::2] == (NOON + 5 * SECOND, "process 5")


def test_a_token_that_is_gone_is_forgotten(buffer: UsageBuffer, issue: Issue) -> None:
    gone, there = issue(), issue()
    use(buffer, gone)
    use(buffer, there)
    ApiToken.objects.filter(pk=gone.token.pk).delete()
    buffer.flush()
    assert last_use(there)[0] == NOON
    assert not buffer._latest


# -- Hostile agents --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent", "kept"),
    [
        ("Mozilla/5.0 (X11)", "Mozilla/5.0 (X11)"),
        ("curl\r\nSet-Cookie: a=b\x1b[2J\0\x7f", "curl  Set-Cookie: a=b [2J"),
        ("a\u202eb\u200bc\u2028d\x85e", "a b c d e"),
        ("lone \ud800 surrogate \udcff", "lone   surrogate"),
        ("<script>alert('x')</script>", "<script>alert('x')</script>"),
        ("x" * 10_000, "x" * 200),
        ("é" * 10_000, "é" * 200),
        ("\0" * 10_000, ""),
        ("", ""),
    ],
)
def test_any_agent_is_written_harmlessly(api: Api, issue: Issue, agent: str, kept: str) -> None:
    issued = issue()
    assert api("/api/v1/me", issued.plaintext, headers={"User-Agent": agent}).status_code == 200
    usage.flush()
    assert last_use(issued)[2] == kept


# -- When the database does not take it ------------------------------------------------------------


def failing(*_: object) -> None:
    raise OperationalError("database is locked")


def test_what_can_not_be_written_waits(
    buffer: UsageBuffer, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = issue(), issue()
    use(buffer, older)
    use(buffer, newer)
    with monkeypatch.context() as away:
        away.setattr(usage_module, "write", failing)
        with pytest.raises(OperationalError):
            buffer.flush()
    use(buffer, newer, at=NOON + SECOND, agent="after")
    buffer.flush()
    assert (last_use(older)[2], last_use(newer)[2]) == ("curl", "after")


def test_an_outage_is_logged_once_and_so_is_its_end(
    buffer: UsageBuffer,
    issue: Issue,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(connection, "close", lambda: None)
    use(buffer, issue())
    with monkeypatch.context() as away, caplog.at_level(logging.INFO):
        away.setattr(usage_module, "write", failing)
        buffer._write_or_keep(was_well=True)
        buffer._write_or_keep(was_well=False)
    with caplog.at_level(logging.INFO):
        assert buffer._write_or_keep(was_well=False)
        buffer._write_or_keep(was_well=True)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_memory_is_bounded(buffer: UsageBuffer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_module, "CAPACITY", 2)
    for token_id, seconds in ((1, 0), (2, 0), (3, 0), (1, 1)):
        buffer.record(token_id, at=NOON + seconds * SECOND, address="::1", agent="")
    assert {pk: use.at for pk, use in buffer._latest.items()} == {1: NOON + SECOND, 2: NOON}


# -- Beside requests, other processes and other writers --------------------------------------------


def test_a_request_never_waits_for_a_write(
    buffer: UsageBuffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, go_on = threading.Event(), threading.Event()

    def slow(batch: dict[int, object]) -> dict[int, object]:
        writing.set()
        go_on.wait(5)
        return {}

    monkeypatch.setattr(usage_module, "write", slow)
    writer = threading.Thread(target=buffer.flush)
    writer.start()
    assert writing.wait(5)
    buffer.record(1, at=NOON, address="::1", agent="")
    go_on.set()
    writer.join()
    assert buffer._latest.keys() == {1}


@pytest.fixture
def rows_can_be_locked(transactional_db: None) -> None:
    """SQLite locks whole databases: there one writer waits for the other and nothing deadlocks."""
    if not connection.features.has_select_for_update:
        pytest.skip("needs row locks: the other run of ./dev test has them")


def in_another_session(buffer: UsageBuffer) -> None:
    try:
        buffer.flush()
    finally:
        connection.close()


def test_a_row_that_someone_holds_waits_for_the_next_batch(
    rows_can_be_locked: None, buffer: UsageBuffer, issue: Issue
) -> None:
    held, free = issue(), issue()
    use(buffer, held)
    use(buffer, free)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            held.token.rename("Held meanwhile")
            pool.submit(in_another_session, buffer).result(timeout=5)
            assert (last_use(held)[0], last_use(free)[0]) == (None, NOON)
        pool.submit(in_another_session, buffer).result(timeout=5)
    assert last_use(held)[0] == NOON


def test_processes_that_write_the_same_tokens_do_not_deadlock(
    rows_can_be_locked: None, issue: Issue
) -> None:
    tokens = [issue() for _ in range(30)]

    def process(number: int) -> None:
        buffer = UsageBuffer()
        for turn in range(10):
            for issued in tokens[::-1] if number % 2 else tokens:
                use(buffer, issued, at=NOON + (10 * turn + number) * SECOND)
            in_another_session(buffer)
        while buffer._latest:  # rows that another process held
            in_another_session(buffer)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(process, range(4)))
    assert {last_use(issued)[0] for issued in tokens} == {NOON + 93 * SECOND}
