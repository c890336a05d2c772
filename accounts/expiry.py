"""The five lives a token can have, in the product's own words."""

from datetime import UTC, datetime

from dateutil.relativedelta import relativedelta
from django.db import models


class Expiry(models.TextChoices):
    THIRTY_DAYS = "30d", "30 days - short-term testing"
    NINETY_DAYS = "90d", "90 days - medium-term projects"
    SIX_MONTHS = "6m", "6 months - long-term integrations"
    ONE_YEAR = "1y", "1 year - annual renewals"
    FOUR_YEARS = "4y", "No expiration (4 years) - permanent access"

    def counted_from(self, start: datetime) -> datetime:
        """The instant of expiry, in UTC at the same time of day.

        Months and years are calendar ones; a day that the target month lacks becomes its last.
        """
        return start.astimezone(UTC) + LIVES[self]


LIVES = {
    Expiry.THIRTY_DAYS: relativedelta(days=30),
    Expiry.NINETY_DAYS: relativedelta(days=90),
    Expiry.SIX_MONTHS: relativedelta(months=6),
    Expiry.ONE_YEAR: relativedelta(years=1),
    Expiry.FOUR_YEARS: relativedelta(years=4),
}
