from collections.abc import Iterable
from itertools import batched
from typing import Any

BATCH = 5_000


def insert(model: Any, rows: Iterable[Any]) -> list[Any]:
    made = []
    for batch in batched(rows, BATCH):
        made += model.objects.bulk_create(batch)
    return made
