"""meetzy_tokens/postgresql/base.py: reads that the server plans once a connection"""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from meetzy_tokens import database
from meetzy_tokens.postgresql.base import reaches_its_server

READ = "SELECT n FROM prepared_reads WHERE name = %s"


@pytest.fixture(autouse=True)
def table(transactional_db: None) -> Iterator[None]:
    """It holds the number 7 as "seven", and the connection has prepared the read."""
    if connection.vendor != "postgresql":
        pytest.skip("needs PostgreSQL: the other run of ./dev test has it")
    run("CREATE TABLE prepared_reads (name text, n integer)")
    run("INSERT INTO prepared_reads VALUES ('seven', 7)")
    assert seven() == 7
    yield
    run("DROP TABLE prepared_reads")
    connection.close()


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def unnoticed(statement: str) -> None:
    """As another session would do it: the client looks at the statements that it sends."""
    run(f"DO $$ BEGIN EXECUTE '{statement}'; END $$")


def seven() -> Any:
    with database.cursor() as cursor:
        cursor.execute(READ, ["seven"])
        return cursor.fetchone()[0]


def prepared() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [row[0] for row in cursor.fetchall()]


def test_the_read_is_prepared_and_other_queries_are_not() -> None:
    assert prepared() == [READ.replace("%s", "$1")]
    assert seven() == 7
    assert len(prepared()) == 1


def test_a_prepared_read_counts_as_a_query() -> None:
    with CaptureQueriesContext(connection) as queries:
        seven()
    assert len(queries) == 1


def test_a_statement_that_the_server_forgot_does_no_harm() -> None:
    unnoticed("DEALLOCATE ALL")
    assert (prepared(), seven()) == ([], 7)


def test_a_table_that_was_changed_meanwhile_does_no_harm() -> None:
    unnoticed("ALTER TABLE prepared_reads ALTER COLUMN n TYPE text")
    assert seven() == "7"


def test_a_name_that_another_client_of_a_pooler_took_does_no_harm() -> None:
    connection.close()
    run("PREPARE _pg3_0 AS SELECT 1")
    assert (seven(), seven()) == (7, 7)


def test_behind_a_pooler_nothing_is_prepared() -> None:
    session = connection.connection
    pooled = SimpleNamespace(cursor=session.cursor, pgconn=SimpleNamespace(backend_pid=4711))
    assert reaches_its_server(session)
    assert not reaches_its_server(pooled)  # type: ignore[arg-type]


def test_a_connection_that_prepares_nothing_reads_all_the_same() -> None:
    connection.close()
    connection.ensure_connection()
    connection.connection.prepare_threshold = None
    assert (seven(), prepared()) == (7, [])
