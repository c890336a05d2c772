"""CSV that a spreadsheet opens as text, whatever strangers wrote into it."""

import csv
import io

import pytest

from accounts.spreadsheet import FORMULA, as_text, csv_lines


@pytest.mark.parametrize("cell", ["Nightly", "a=1", "", "203.0.113.7", "'quoted'", " =1"])
def test_text_stays_as_it_is(cell: str) -> None:
    assert as_text(cell) == cell


@pytest.mark.parametrize("first", FORMULA, ids=ascii)
def test_what_would_be_a_formula_becomes_text(first: str) -> None:
    assert as_text(f"{first}1+1") == f"'{first}1+1"


def test_a_reader_gets_back_every_cell_of_every_row() -> None:
    rows = [["plain", "two\nlines"], ['"quotes", commas', "“ß” 🎉\u2028"], ["", "=1"]]
    read = list(csv.reader(io.StringIO("".join(csv_lines(("a", "b"), rows)), newline="")))
    assert read == [["a", "b"], *rows[:2], ["", "'=1"]]


def test_lines_end_as_the_standard_says() -> None:
    assert list(csv_lines(("a", "b"), [("1", "2")])) == ["a,b\r\n", "1,2\r\n"]
