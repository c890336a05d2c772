"""What still hangs on each pepper: asked before one is taken off the ring."""

from collections import Counter
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db.models import Count

from accounts.models import ApiToken
from accounts.models.token_queryset import ApiTokenQuerySet

ADVICE = """
A token moves to the current pepper when it is used. An older pepper can be taken out of
TOKEN_PEPPERS once no living token hangs on it; those that still do are refused from then on."""


class Command(BaseCommand):
    help = "Count the tokens that hang on each pepper. Changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        every, living = per_pepper(ApiToken.objects.all()), per_pepper(ApiToken.objects.living())
        self.stdout.write(f"{'Pepper':>6}  {'Living':>9}  {'Dead':>9}")
        for pepper in sorted({*every, *settings.TOKEN_KEYRING.peppers}):
            dead = every[pepper] - living[pepper]
            row = f"{pepper:>6}  {living[pepper]:>9}  {dead:>9}  {standing(pepper)}"
            self.stdout.write(row.rstrip())
        self.stdout.write(ADVICE)


def per_pepper(tokens: ApiTokenQuerySet) -> Counter[int]:
    return Counter(dict(tokens.order_by().values_list("pepper").annotate(Count("pk"))))


def standing(pepper: int) -> str:
    if pepper == settings.TOKEN_KEYRING.current:
        return "current: signs every new token"
    return "" if pepper in settings.TOKEN_KEYRING.peppers else "NOT ON THE RING: refused"
