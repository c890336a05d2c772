"""What API calls left behind: one row a call for thirty days, one row a token and hour for thirteen
months. Neither table refers to others by foreign key: they are written and dropped in bulk."""

from django.db import models

# From this status on.
FAILED = 400


class LoggedCall(models.Model):
    """On PostgreSQL partitioned by day (``accounts.usage.partitions``), on SQLite one table."""

    pk = models.CompositePrimaryKey("at", "request_id")
    at = models.DateTimeField()
    request_id = models.CharField(max_length=24)
    token_id = models.BigIntegerField()
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=200)
    status = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=32, blank=True)
    microseconds = models.PositiveIntegerField()
    address = models.GenericIPAddressField()
    agent = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ("-at", "-request_id")
        indexes = (
            models.Index(fields=("token_id", "-at"), name="calls_of_a_token"),
            # For filters that let few rows of a busy token through, or none.
            models.Index(fields=("address", "token_id", "-at"), name="calls_from_an_address"),
            models.Index(
                fields=("token_id", "-at", "status"),
                condition=models.Q(status__gte=FAILED),
                name="failed_calls_of_a_token",
            ),
            models.Index(
                fields=("code", "token_id", "-at"),
                condition=models.Q(code__gt=""),
                name="calls_with_a_code",
            ),
        )

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"

    @property
    def milliseconds(self) -> float:
        return self.microseconds / 1000


def counter() -> "models.PositiveIntegerField[int, int]":
    return models.PositiveIntegerField(default=0)


class HourlyUsage(models.Model):
    """Calls of one token in one hour (UTC), by ``Outcome`` and by ``usage.latency`` bucket."""

    pk = models.CompositePrimaryKey("token_id", "hour")
    token_id = models.BigIntegerField()
    hour = models.DateTimeField()

    ok = counter()
    client_error = counter()
    refused = counter()
    limited = counter()
    server_error = counter()

    within_1ms = counter()
    within_2ms = counter()
    within_5ms = counter()
    within_10ms = counter()
    within_20ms = counter()
    within_50ms = counter()
    within_100ms = counter()
    within_200ms = counter()
    within_500ms = counter()
    within_1000ms = counter()
    within_3000ms = counter()
    slower = counter()

    class Meta:
        indexes = (models.Index(fields=("hour",), name="usage_by_hour"),)

    def __str__(self) -> str:
        return f"token {self.token_id} in the hour of {self.hour:%Y-%m-%d %H:%M}"
