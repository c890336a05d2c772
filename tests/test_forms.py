"""What people may type about a token, and what they are told when it will not do."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from accounts.expiry import Expiry
from accounts.forms import RenameForm, TokenForm
from accounts.models import TokenPolicy


def filled(**changes: Any) -> TokenForm:
    usual = {"name": "Nightly", "expiry": "90d", "environment": "staging", "form_key": uuid.uuid4()}
    return TokenForm(usual | changes, policy=TokenPolicy())


def test_cleaned_data_are_what_issuing_a_token_takes() -> None:
    key = uuid.uuid4()
    form = filled(form_key=str(key))
    assert form.is_valid()
    expected = {"name": "Nightly", "expiry": Expiry.NINETY_DAYS, "environment": "staging"}
    assert form.cleaned_data == expected | {"form_key": key}


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  Nightly\texport ", "Nightly export"),
        ("Night\u200bly", "Nightly"),
        ("nul\0", "nul"),
        ("🚀" * 100, "🚀" * 100),
        ("مفتاح", "مفتاح"),
        ("x" * 100 + "  ", "x" * 100),
    ],
)
def test_a_name_is_cleaned_before_it_is_measured(typed: str, stored: str) -> None:
    form = filled(name=typed)
    assert form.is_valid()
    assert form.cleaned_data["name"] == stored


@pytest.mark.parametrize("name", ["", "   ", "\u200b\u2060", "\u2800", "\0"])
def test_a_name_that_nobody_can_see_is_refused(name: str) -> None:
    assert filled(name=name).errors == {"name": ["Give the token a name that can be read."]}


def test_a_name_longer_than_a_hundred_characters_is_told_its_length() -> None:
    assert filled(name="x" * 100).is_valid()
    expected = {"name": ["Use at most 100 characters; this name has 101."]}
    assert filled(name="x" * 101).errors == expected
    assert RenameForm({"name": "x" * 101}).errors == expected


def test_the_browser_is_not_asked_to_cut_a_long_name() -> None:
    assert "maxlength" not in str(filled()["name"])


@pytest.mark.parametrize(("field", "value"), [("expiry", "9y"), ("environment", "moon")])
def test_only_what_is_offered_can_be_chosen(field: str, value: str) -> None:
    assert list(filled(**{field: value}).errors) == [field]
    assert list(filled(**{field: ""}).errors) == [field]


def test_each_expiration_stands_beside_the_date_it_leads_to() -> None:
    with time_machine.travel("2026-08-31T09:30:00Z", tick=False):
        options = [
            (option.choice_label, date)
            for option, date in TokenForm(policy=TokenPolicy()).expirations()
        ]
    assert options == [
        ("30 days - short-term testing", datetime(2026, 9, 30, 9, 30, tzinfo=UTC)),
        ("90 days - medium-term projects", datetime(2026, 11, 29, 9, 30, tzinfo=UTC)),
        ("6 months - long-term integrations", datetime(2027, 2, 28, 9, 30, tzinfo=UTC)),
        ("1 year - annual renewals", datetime(2027, 8, 31, 9, 30, tzinfo=UTC)),
        ("No expiration (4 years) - permanent access", datetime(2030, 8, 31, 9, 30, tzinfo=UTC)),
    ]


def test_a_new_form_proposes_ninety_days_in_production() -> None:
    form = TokenForm(policy=TokenPolicy())
    assert form["expiry"].value() == Expiry.NINETY_DAYS
    assert form["environment"].value() == "production"


def test_a_form_that_comes_back_keeps_its_one_time_key() -> None:
    key = uuid.uuid4()
    assert filled(name="", form_key=str(key)).one_time_key == key


def test_each_opened_form_has_a_key_of_its_own() -> None:
    assert (
        TokenForm(policy=TokenPolicy()).one_time_key != TokenForm(policy=TokenPolicy()).one_time_key
    )


@pytest.mark.parametrize("key", ["", "not-a-key", "0" * 5000])
def test_a_form_without_its_key_is_refused_and_given_one(key: str) -> None:
    form = filled(form_key=key)
    assert list(form.errors) == ["form_key"]
    assert isinstance(form.one_time_key, uuid.UUID)
