"""Tables whose rows the database itself refuses to change or to delete.

Triggers rather than privileges, so that it holds on SQLite and for the tables' owner too. An
operator who must (a court's order) disables the trigger by name, which is no accident.
"""

from django.db.backends.base.base import BaseDatabaseWrapper

PREFIX = "append_only"


def protect(connection: BaseDatabaseWrapper, table: str) -> None:
    for statement in DIALECTS[connection.vendor][0](table):
        _execute(connection, statement)


def unprotect(connection: BaseDatabaseWrapper, table: str) -> None:
    for statement in DIALECTS[connection.vendor][1](table):
        _execute(connection, statement)


def _execute(connection: BaseDatabaseWrapper, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _sqlite_protect(table: str) -> list[str]:
    """REPLACE deletes without asking the trigger of deletion: what is there is not inserted."""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    taken = f"EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"  # noqa: S608
    return [
        f"CREATE TRIGGER {PREFIX}_{table}_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {PREFIX}_{table}_delete BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER {PREFIX}_{table}_replace BEFORE INSERT ON {table} WHEN {taken} {refuse}",
    ]


def _sqlite_unprotect(table: str) -> list[str]:
    verbs = ("update", "delete", "replace")
    return [f"DROP TRIGGER {PREFIX}_{table}_{verb}" for verb in verbs]


def _postgresql_protect(table: str) -> list[str]:
    return [
        f"CREATE OR REPLACE FUNCTION {PREFIX}() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME "
        "USING ERRCODE = 'restrict_violation'; END $$",
        f"CREATE TRIGGER {PREFIX}_{table} BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {PREFIX}()",
    ]


def _postgresql_unprotect(table: str) -> list[str]:
    return [f"DROP TRIGGER {PREFIX}_{table} ON {table}"]


DIALECTS = {
    "sqlite": (_sqlite_protect, _sqlite_unprotect),
    "postgresql": (_postgresql_protect, _postgresql_unprotect),
}
