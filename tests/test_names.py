"""Names that people type: never blank to the eye, never misleading, otherwise theirs."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.names import LOOKS_BLANK, clean_name
from accounts.tokens import generate

FAMILY = "👩\u200d👩\u200d👧"
PERSIAN = (
    "\u0646\u0645\u06cc\u200c\u062f\u0627\u0646\u0645"  # the non-joiner is part of its spelling
)


@pytest.mark.parametrize(
    "name",
    [
        "Production API",
        "a",
        "-",
        "Überwachung, täglich (neu)",
        "分析サービス",
        "مفتاح الإنتاج",
        "❤️",
        "1️⃣ first",
        FAMILY,
        f"{FAMILY} calendar",
        PERSIAN,
        "<script>alert(1)</script>",
    ],
)
def test_a_name_that_can_be_read_stays_as_it_is(name: str) -> None:
    assert clean_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "\t\r\n",
        "\0",
        "\xa0\u2003\u3000",  # spaces of other widths
        "\u200b\u2060\ufeff",  # zero-width
        "\xad",  # soft hyphen
        "\u202e\u202c",  # bidirectional override
        "\u200d",
        "\u200d \u200c",
        "\u0301",  # an accent with nothing to stand on
        "\ufe0f",  # a variation selector alone
        "\U000e0041",  # a tag letter
        "\ue000",  # private use: nobody knows what it looks like
        "\ud800",  # half of a character
        *sorted(LOOKS_BLANK),
    ],
    ids=ascii,
)
def test_a_name_is_never_blank_to_the_eye(name: str) -> None:
    assert clean_name(name) == ""
    assert clean_name(name + "a" + name) != ""


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Billing   export ", "Billing export"),
        ("Billing\r\nexport", "Billing export"),
        ("Billing\u2028export", "Billing export"),
        ("Billing\0export", "Billing export"),
        ("Bil\u200bling", "Billing"),
        ("\ufeffBilling", "Billing"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("\u2066Billing\u2069", "Billing"),
        ("Billing\U000e0065\U000e006e", "Billing"),
        ("Billing\ud800", "Billing"),
        ("\u200d Billing \u200c", "Billing"),
        ("U\u0308bersicht", "Übersicht"),
        ("U\u200b\u0308bersicht", "Übersicht"),
    ],
    ids=ascii,
)
def test_what_cannot_be_seen_goes(typed: str, kept: str) -> None:
    assert clean_name(typed) == kept


def test_a_pasted_token_is_reduced_to_its_identifier() -> None:
    token = generate()
    assert clean_name(f"key {token}") == f"key {token[:24]}"
    assert clean_name(f"{token[:30]}\u200b{token[30:]}") == token[:24]


@given(st.text(st.characters(codec=None)))
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    assert clean_name(clean_name(text)) == clean_name(text)


@given(st.text(st.characters(codec=None)))
def test_a_stored_name_suits_every_database_and_terminal(text: str) -> None:
    name = clean_name(text)
    assert name == unicodedata.normalize("NFC", name)
    name.encode()  # or it raises
    assert not {"Cc", "Cs", "Zl", "Zp"} & set(map(unicodedata.category, name))
