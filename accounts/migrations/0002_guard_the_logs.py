"""What models can't say: the activity log is append-only; PostgreSQL keeps the request log by day."""

from typing import Any

from django.db import migrations

from accounts import append_only


def guard_events(apps: Any, schema_editor: Any) -> None:
    append_only.protect(schema_editor.connection, "accounts_tokenevent")


def release_events(apps: Any, schema_editor: Any) -> None:
    append_only.unprotect(schema_editor.connection, "accounts_tokenevent")


def partition_calls(apps: Any, schema_editor: Any) -> None:
    """The same columns, key and index again, on a table without rows that is split by day."""
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute("ALTER TABLE accounts_loggedcall RENAME TO whole_log")
    schema_editor.execute(
        "CREATE TABLE accounts_loggedcall (LIKE whole_log INCLUDING ALL) PARTITION BY RANGE (at)"
    )
    schema_editor.execute("DROP TABLE whole_log")
    schema_editor.execute(
        "ALTER INDEX accounts_loggedcall_token_id_at_idx RENAME TO calls_of_a_token"
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.RunPython(guard_events, release_events),
        migrations.RunPython(partition_calls, migrations.RunPython.noop),
    ]
