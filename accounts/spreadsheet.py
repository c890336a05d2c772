"""CSV (RFC 4180) for people who open it in a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator, Sequence

# What a spreadsheet takes for a formula when a cell begins with it (OWASP, "CSV Injection"), and
# the wide forms of the first four, which some of them read alike.
FORMULA = tuple("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")


class Echo:
    """What the csv module writes to when each line is wanted by itself."""

    def write(self, line: str) -> str:
        return line


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The rows below their columns' names; cells that a spreadsheet would run made into text."""
    writer = csv.writer(Echo())
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([as_text(cell) for cell in row])


def as_text(cell: str) -> str:
    """A leading apostrophe makes it text; it is what spreadsheets themselves write."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
