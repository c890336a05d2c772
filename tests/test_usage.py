"""The last use of each token: gathered in memory, written in batches, never set back."""

import logging
import os
import secrets
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn
from unittest.mock import Mock

import pytest
from django.db import OperationalError, connection, transaction

from accounts import mail
from accounts.expiry import Expiry
from accounts.models import ApiToken, HourlyUsage, Issued, Kind
from accounts.usage import Call, CallBuffer, marks, usage, writing
from accounts.usage import buffer as buffer_module
from tests.support.types import Api, Issue

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def buffer() -> CallBuffer:
    return CallBuffer()


def use(buffer: CallBuffer, issued: Issued, *, at: datetime = NOON, agent: str = "curl") -> None:
    buffer.record(call(issued.token.pk, at=at, agent=agent))


def call(token_id: int, *, at: datetime = NOON, agent: str = "curl") -> Call:
    path, name = "/api/v1/me", secrets.token_hex(12)
    return Call(token_id, at, "GET", path, 200, "", 900, "203.0.113.7", agent, name)


def refused(token_id: int) -> Call:
    return call(token_id)._replace(status=401, code="token_revoked")


def last_use(issued: Issued) -> tuple[datetime | None, str | None, str]:
    issued.token.refresh_from_db()
    return issued.token.last_used_at, issued.token.last_used_ip, issued.token.last_used_agent


# -- What is written -------------------------------------------------------------------------------


def test_time_address_and_agent_are_written(buffer: CallBuffer, issue: Issue) -> None:
    issued = issue()
    use(buffer, issued)
    buffer.flush()
    assert last_use(issued) == (NOON, "203.0.113.7", "curl")


def test_nothing_is_written_on_the_request(buffer: CallBuffer, issue: Issue) -> None:
    issued = issue()
    use(buffer, issued)
    assert last_use(issued) == (None, None, "")


def test_of_many_uses_the_latest_is_written(buffer: CallBuffer, issue: Issue) -> None:
    issued = issue()
    for seconds in (0, 2, 1):
        use(buffer, issued, at=NOON + seconds * SECOND, agent=f"call {seconds}")
    buffer.flush()
    assert last_use(issued)[2] == "call 2"


def test_each_token_has_its_own(buffer: CallBuffer, issue: Issue) -> None:
    first, second, unused = issue(), issue(), issue()
    use(buffer, first, agent="first")
    use(buffer, second, agent="second")
    buffer.flush()
    assert [last_use(issued)[2] for issued in (first, second, unused)] == ["first", "second", ""]


def test_more_tokens_than_one_transaction_takes_are_all_written(
    buffer: CallBuffer, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "ROWS", 2)
    tokens = [issue() for _ in range(5)]
    for issued in tokens:
        use(buffer, issued)
    buffer.flush()
    assert not ApiToken.objects.filter(last_used_at=None).exists()


def test_a_last_use_is_never_set_back(buffer: CallBuffer, issue: Issue) -> None:
    issued = issue()
    for seconds in (5, 3):
        use(buffer, issued, at=NOON + seconds * SECOND, agent=f"process {seconds}")
        buffer.flush()
    assert last_use(issued)[::2] == (NOON + 5 * SECOND, "process 5")


def test_a_token_that_is_gone_is_forgotten(buffer: CallBuffer, issue: Issue) -> None:
    there = issue()
    buffer.record(call(there.token.pk + 1_000_000))
    use(buffer, there)
    buffer.flush()
    assert last_use(there)[0] == NOON
    assert not buffer._marks


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


def failing(*_: object) -> NoReturn:
    raise OperationalError("database is locked")


def test_what_can_not_be_written_waits(
    buffer: CallBuffer, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = issue(), issue()
    use(buffer, older)
    use(buffer, newer)
    with monkeypatch.context() as away:
        away.setattr(buffer_module, "write", failing)
        with pytest.raises(OperationalError):
            buffer.flush()
    use(buffer, newer, at=NOON + SECOND, agent="after")
    buffer.flush()
    assert (last_use(older)[2], last_use(newer)[2]) == ("curl", "after")


def test_an_outage_is_logged_once_and_so_is_its_end(
    buffer: CallBuffer,
    issue: Issue,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(connection, "close", lambda: None)
    use(buffer, issue())
    with monkeypatch.context() as away, caplog.at_level(logging.INFO):
        away.setattr(buffer_module, "write", failing)
        buffer._write_or_keep()
        buffer._write_or_keep()
    with caplog.at_level(logging.INFO):
        buffer._write_or_keep()
        buffer._write_or_keep()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_memory_is_bounded_and_the_oldest_go(issue: Issue) -> None:
    buffer, issued = CallBuffer(capacity=2), issue()
    for seconds in range(5):
        use(buffer, issued, at=NOON + seconds * SECOND)
    assert (len(buffer), buffer.dropped) == (2, 3)
    assert [call.at for call in buffer._calls] == [NOON + 3 * SECOND, NOON + 4 * SECOND]


def test_what_waits_has_no_priority_over_what_came_meanwhile(
    issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    buffer, issued = CallBuffer(capacity=3), issue()
    for seconds in range(2):
        use(buffer, issued, at=NOON + seconds * SECOND)

    def failing_while_calls_arrive(batch: list[Call]) -> None:
        for seconds in (2, 3):
            use(buffer, issued, at=NOON + seconds * SECOND)
        failing()

    monkeypatch.setattr(buffer_module, "write", failing_while_calls_arrive)
    with pytest.raises(OperationalError):
        buffer.flush()
    assert [call.at.second for call in buffer._calls] == [1, 2, 3]
    assert buffer.dropped == 1


def test_an_attempt_counts_once_although_a_later_row_failed(
    buffer: CallBuffer, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = issue(), issue()
    for issued in (first, second):
        issued.token.revoke()
        buffer.record(refused(issued.token.pk))
    monkeypatch.setattr(marks, "ROWS", 1)
    leave_on_rows = marks.leave_on_rows

    def failing_at_the_second(waiting: dict[int, marks.Marks]) -> set[int]:
        return failing() if second.token.pk in waiting else leave_on_rows(waiting)

    with monkeypatch.context() as away:
        away.setattr(marks, "leave_on_rows", failing_at_the_second)
        with pytest.raises(OperationalError):
            buffer.flush()
    buffer.flush()
    counts = ApiToken.objects.order_by("pk").values_list("refused_count", flat=True)
    assert list(counts) == [1, 1]


def test_an_attempt_counts_once_although_its_mail_failed(
    transactional_db: None, buffer: CallBuffer, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = issue()
    issued.token.rotate(expiry=Expiry.NINETY_DAYS, overlap=0 * SECOND)
    monkeypatch.setattr(mail, "send_later", Mock(side_effect=RuntimeError("no mail today")))
    buffer.record(refused(issued.token.pk)._replace(code="token_expired"))
    buffer._write_or_keep()
    buffer._write_or_keep()
    issued.token.refresh_from_db()
    assert issued.token.refused_count == 1
    assert issued.token.events.filter(kind=Kind.REUSED).count() == 1


def test_without_a_thread_to_spare_calls_wait_and_are_answered(
    buffer: CallBuffer, settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    settings.USAGE_FLUSH_SECONDS = 1
    monkeypatch.setattr(threading.Thread, "start", Mock(side_effect=RuntimeError("no thread")))
    buffer.record(call(1))
    buffer.record(call(2))
    assert len(buffer) == 2
    assert caplog.messages == ["calls wait in memory, they can't be written: no thread"]


def test_dropped_calls_are_told_of_once(issue: Issue, caplog: pytest.LogCaptureFixture) -> None:
    buffer, issued = CallBuffer(capacity=2), issue()
    for _ in range(5):
        use(buffer, issued)
    buffer._write_or_keep()
    buffer._write_or_keep()
    assert caplog.messages == ["3 calls were dropped and are not in the log"]


# -- When the process ends, or has a child ---------------------------------------------------------


def test_at_its_end_a_process_tries_again(
    buffer: CallBuffer, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "close", lambda: None)
    issued = issue()
    answers: list[Any] = [failing, failing, writing.write]
    monkeypatch.setattr(buffer_module, "write", lambda batch: answers.pop(0)(batch))
    use(buffer, issued)
    buffer._write_the_rest()
    assert last_use(issued)[0] == NOON


def test_but_not_for_ever(
    buffer: CallBuffer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "close", lambda: None)
    monkeypatch.setattr(buffer_module, "write", failing)
    monkeypatch.setattr(buffer_module, "LAST_SECONDS", 0.2)
    buffer.record(call(1))
    buffer._write_the_rest()
    assert caplog.messages[-1] == "1 calls are lost: the process ends without a database"


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_child_records_its_own_calls_and_leaves_its_parents_to_the_parent() -> None:
    usage.record(call(1))
    with usage._lock:  # another thread of the parent is just recording
        if not (child := os.fork()):
            signal.alarm(5)
            usage.record(call(2))
            os._exit([call.token_id for call in usage._calls] != [2])
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert [call.token_id for call in usage._calls] == [1]


# -- Beside requests, other processes and other writers --------------------------------------------


def test_a_request_never_waits_for_a_write(
    transactional_db: None, buffer: CallBuffer, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued, begun, go_on = issue(), threading.Event(), threading.Event()

    def slow(batch: list[Call]) -> list[Call]:
        begun.set()
        go_on.wait(5)
        return []

    monkeypatch.setattr(buffer_module, "write", slow)
    use(buffer, issued)
    with ThreadPoolExecutor(1) as pool:
        flushed = pool.submit(in_another_session, buffer)
        assert begun.wait(5)
        use(buffer, issued)
        assert len(buffer) == 1
        go_on.set()
        flushed.result(timeout=5)
    assert len(buffer) == 1  # for the next batch


@pytest.fixture
def rows_can_be_locked(transactional_db: None) -> None:
    """SQLite locks whole databases: there one writer waits for the other and nothing deadlocks."""
    if not connection.features.has_select_for_update:
        pytest.skip("needs row locks: the other run of ./dev test has them")


def in_another_session(buffer: CallBuffer) -> None:
    try:
        buffer.flush()
    finally:
        connection.close()


def test_a_row_that_someone_holds_waits_for_the_next_batch(
    rows_can_be_locked: None, buffer: CallBuffer, issue: Issue
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
        buffer = CallBuffer()
        for turn in range(10):
            for issued in tokens[::-1] if number % 2 else tokens:
                use(buffer, issued, at=NOON + (10 * turn + number) * SECOND)
            in_another_session(buffer)
        while len(buffer) or buffer._marks:  # rows that another process held
            in_another_session(buffer)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(process, range(4)))
    assert {last_use(issued)[0] for issued in tokens} == {NOON + 93 * SECOND}


def test_processes_that_count_in_the_same_hour_are_exact(
    transactional_db: None, issue: Issue
) -> None:
    tokens = [issue().token.pk for _ in range(5)]

    def process(number: int) -> None:
        buffer = CallBuffer()
        for _ in range(10):
            for token_id in tokens[::-1] if number % 2 else tokens:
                buffer.record(call(token_id))
            in_another_session(buffer)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(process, range(4)))
    counts = HourlyUsage.objects.values_list("token_id", "hour", "ok")
    assert set(counts) == {(token_id, NOON, 40) for token_id in tokens}
