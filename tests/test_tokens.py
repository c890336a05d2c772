"""The token's format, its checksum, and the peppers that its digest is made with."""

import hashlib
import re
import string
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts import tokens
from accounts.api.problems import Refused
from accounts.middleware import find_bearer
from accounts.models import ApiToken, Bearer, Issued
from accounts.tokens import Keyring, Signature
from tests.support.types import Api, Issue

# Base62 in the contract's order, spelt in another way than the product spells it.
DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
# Replacements that are no base62 digit: white space, separators, look-alikes, other scripts.
STRANGE = ", \t\n\0_-+/=.é０Ａаﬀ•\xa0\x1c\udc80"
EXAMPLE = "mtz_" + "0123456789ABCDEFGHIJ" + "KLMNOPQRSTUVWXYZabcdefghijklmnopqrst" + "3OYsUY"


@pytest.fixture(scope="module")
def many() -> list[str]:
    return [tokens.generate() for _ in range(10_000)]


def crc32(data: bytes) -> int:
    """The checksum as ISO 3309 defines it: one bit at a time, reflected polynomial EDB88320."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0xEDB88320 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def base62(number: int) -> str:
    return "".join(DIGITS[number // 62**power % 62] for power in range(5, -1, -1))


def changed(token: str, replacements: str) -> Iterator[str]:
    """Every string that differs from `token` in one character."""
    for position, original in enumerate(token):
        for other in replacements:
            if other != original:
                yield token[:position] + other + token[position + 1 :]


# -- Format ----------------------------------------------------------------------------------------


def test_a_token_has_the_published_pattern(many: list[str]) -> None:
    for token in many:
        assert len(token) == 66
        assert token.startswith("mtz_")
        assert set(token[4:]) <= set(DIGITS)


def test_the_checksum_is_crc32_in_base62(many: list[str]) -> None:
    assert crc32(b"123456789") == 0xCBF43926  # the check value that catalogues of CRCs publish
    for token in many:
        assert token[60:] == base62(crc32(token[:60].encode()))
        assert tokens.is_well_formed(token)


def test_the_format_never_changes() -> None:
    assert tokens.is_well_formed(EXAMPLE)
    assert tokens.checksum("123456789") == base62(0xCBF43926) == "3jZRME"


def test_a_short_checksum_is_padded_with_zeros() -> None:
    assert tokens.checksum("") == "000000"


@pytest.mark.parametrize("replacements", [DIGITS, STRANGE], ids=["base62", "strange"])
def test_no_token_with_one_changed_character_is_well_formed(
    many: list[str], replacements: str
) -> None:
    for token in many[:20]:
        assert tokens.is_well_formed(token)
        assert not any(map(tokens.is_well_formed, changed(token, replacements)))


@pytest.mark.parametrize(
    "mangled",
    [
        EXAMPLE[:-1],
        EXAMPLE + "0",
        EXAMPLE + "\n",
        " " + EXAMPLE,
        EXAMPLE * 2,
        EXAMPLE.upper(),
        EXAMPLE.swapcase(),
        EXAMPLE[:60] + EXAMPLE[:59:-1],
        EXAMPLE[:30] + EXAMPLE[31] + EXAMPLE[30] + EXAMPLE[32:],
    ],
)
def test_a_mangled_token_is_not_well_formed(mangled: str) -> None:
    assert not tokens.is_well_formed(mangled)


@given(st.text())
def test_any_text_at_all_has_an_answer(text: str) -> None:
    assert not tokens.is_well_formed(text)


# -- Refused before any query ----------------------------------------------------------------------


def refusal_of(header: str) -> str:
    request = RequestFactory().get("/api/v1/me", headers={"Authorization": header})
    with pytest.raises(Refused) as refused:
        find_bearer(request)
    return refused.value.code


def test_a_genuine_token_costs_one_query(issue: Issue) -> None:
    header = {"Authorization": f"Bearer {issue().plaintext}"}
    with CaptureQueriesContext(connection) as queries:
        find_bearer(RequestFactory().get("/api/v1/me", headers=header))
    assert len(queries) == 1


def test_one_changed_character_is_refused_without_a_query(issue: Issue) -> None:
    mangled = list(changed(issue().plaintext, "0aZ" + STRANGE))
    with CaptureQueriesContext(connection) as queries:
        refusals = Counter(refusal_of(f"Bearer {token}") for token in mangled)
    assert refusals == {"invalid_token": len(mangled)}
    assert len(queries) == 0


# -- Randomness ------------------------------------------------------------------------------------

# 62 equally likely characters give 61 degrees of freedom; chi-square exceeds 170 with a probability
# of 3 in 10^12. 57 such questions are asked below: a sound generator fails one of 5 billion runs.
CHI_SQUARE_BOUND = 170


def chi_square(characters: str) -> float:
    expected = len(characters) / 62
    counts = Counter(characters)
    return sum((counts[digit] - expected) ** 2 / expected for digit in DIGITS)


def test_no_token_nor_part_of_one_comes_twice(many: list[str]) -> None:
    assert len({tokens.identifier_of(token) for token in many}) == len(many)
    assert len({token[24:60] for token in many}) == len(many)


def test_every_character_is_equally_likely(many: list[str]) -> None:
    assert chi_square("".join(token[4:60] for token in many)) < CHI_SQUARE_BOUND


def test_every_character_is_equally_likely_in_every_place(many: list[str]) -> None:
    for position in range(4, 60):
        assert chi_square("".join(token[position] for token in many)) < CHI_SQUARE_BOUND


def test_a_byte_modulo_62_would_have_been_noticed() -> None:
    biased = "".join(DIGITS[number % 62] for number in range(256)) * 2187  # as many as above
    assert chi_square(biased) > CHI_SQUARE_BOUND


# -- Identifier ------------------------------------------------------------------------------------


def test_the_identifier_is_the_first_24_characters() -> None:
    assert tokens.identifier_of(EXAMPLE) == "mtz_0123456789ABCDEFGHIJ"
    assert tokens.mask("mtz_0123456789ABCDEFGHIJ") == "mtz_0123456789ABCDEFGHIJ••••••••"


@pytest.mark.parametrize("cut", [25, 40, 65, 66])
def test_no_secret_is_left_of_a_redacted_token(cut: int) -> None:
    text = f"MEETZY_API_TOKEN={EXAMPLE[:cut]} # and {EXAMPLE}"
    assert tokens.redact(text) == (
        "MEETZY_API_TOKEN=mtz_0123456789ABCDEFGHIJ # and mtz_0123456789ABCDEFGHIJ"
    )


@pytest.mark.parametrize("before", [EXAMPLE, EXAMPLE[:24], EXAMPLE[:22], "mtz_", "x"])
def test_no_secret_is_left_of_tokens_run_together(before: str) -> None:
    redacted = tokens.redact(before + EXAMPLE)
    assert redacted.endswith("mtz_0123456789ABCDEFGHIJ")
    assert EXAMPLE[24:40] not in redacted


def test_text_without_a_token_is_not_redacted() -> None:
    for text in ("", "alice@example.com", "mtz_0123456789ABCDEFGHIJ••••••••", "mtz_short"):
        assert tokens.redact(text) == text


# -- Keyring ---------------------------------------------------------------------------------------

FIRST, SECOND = "the first pepper", "the second pepper"
OLD = Keyring.parse(f"1:{FIRST}")
BOTH = Keyring.parse(f"1:{FIRST}, 2:{SECOND}")
NEW = Keyring.parse(f"2:{SECOND}")


def test_the_highest_number_signs() -> None:
    assert BOTH.sign(EXAMPLE) == NEW.sign(EXAMPLE)
    assert Keyring.parse(f"10:{FIRST},9:{SECOND}").sign(EXAMPLE).pepper == 10


def test_a_digest_is_hmac_sha256_of_the_whole_token() -> None:
    key = FIRST.encode().ljust(64, b"\0")  # as RFC 2104 writes it
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + EXAMPLE.encode()).digest()
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()
    assert OLD.sign(EXAMPLE).digest == outer


def test_an_older_pepper_still_verifies() -> None:
    assert BOTH.verify(EXAMPLE, OLD.sign(EXAMPLE))


def test_a_removed_pepper_verifies_nothing() -> None:
    assert not NEW.verify(EXAMPLE, OLD.sign(EXAMPLE))


def test_another_token_or_digest_or_pepper_is_not_genuine() -> None:
    assert not OLD.verify(tokens.generate(), OLD.sign(EXAMPLE))
    assert not OLD.verify(EXAMPLE, Signature(b"\0" * 32, 1))
    assert not Keyring.parse(f"1:{SECOND}").verify(EXAMPLE, OLD.sign(EXAMPLE))


@pytest.mark.parametrize(
    ("secret", "key"),
    [("a:pepper:with:colons", b"a:pepper:with:colons"), ("\udcff" * 16, b"\xff" * 16)],
    ids=["colons", "not UTF-8"],
)
def test_a_pepper_is_any_text_without_a_comma(secret: str, key: bytes) -> None:
    assert Keyring.parse(f"1:{secret}").peppers == {1: key}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "entry 1 has no number"),
        ("hushhushhushhush", "entry 1 has no number"),
        ("hushhushhushhush:", "entry 1 has no number"),
        ("0:hushhushhushhush", "entry 1 has no number"),
        ("-1:hushhushhushhush", "entry 1 has no number"),
        ("32768:hushhushhushhush", "entry 1 has no number"),
        ("\u0661:hushhushhushhush", "entry 1 has no number"),
        ("9" * 5000 + ":hushhushhushhush", "entry 1 has no number"),
        ("1:hush", "pepper 1 is shorter"),
        ("1:hushhushhushhush,", "entry 2 has no number"),
        ("1:hushhushhushhush,hush", "entry 2 has no number"),
        ("1:hushhushhushhush,1:hushhushhushhush", "pepper 1 is given twice"),
    ],
)
def test_a_complaint_about_peppers_never_repeats_one(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as raised:
        Keyring.parse(text)
    assert "hush" not in str(raised.value)


def test_a_ring_without_peppers_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one pepper"):
        Keyring({})


def test_neither_peppers_nor_digests_show_themselves() -> None:
    assert FIRST not in repr(OLD)
    assert repr(OLD.sign(EXAMPLE)) == "Signature(pepper=1)"


# -- Peppers change while tokens live --------------------------------------------------------------


@pytest.fixture
def old(issue: Issue, settings: Settings) -> Issued:
    """A token from the time when there was one pepper; now there are two."""
    settings.TOKEN_KEYRING = OLD
    issued = issue()
    settings.TOKEN_KEYRING = BOTH
    return issued


def test_a_token_of_the_current_pepper_is_only_read(issue: Issue) -> None:
    plaintext = issue().plaintext
    with CaptureQueriesContext(connection) as queries:
        assert Bearer.find(plaintext)
    assert len(queries) == 1


def test_an_old_token_is_signed_anew_on_its_first_use_alone(old: Issued) -> None:
    for expected in (["SELECT", "UPDATE"], ["SELECT"], ["SELECT"]):
        with CaptureQueriesContext(connection) as queries:
            assert Bearer.find(old.plaintext)
        assert re.findall("SELECT|UPDATE", str(queries.captured_queries)) == expected
    assert ApiToken.objects.get().pepper == 2


def test_a_token_signed_anew_outlives_its_old_pepper(old: Issued, settings: Settings) -> None:
    assert Bearer.find(old.plaintext)
    settings.TOKEN_KEYRING = NEW
    assert Bearer.find(old.plaintext)


def test_a_token_whose_pepper_is_gone_is_unknown(old: Issued, settings: Settings, api: Api) -> None:
    settings.TOKEN_KEYRING = NEW
    assert Bearer.find(old.plaintext) is None
    response = api("/api/v1/me", old.plaintext)
    assert response.status_code == 401
    assert b'"code": "invalid_token"' in response.content


def test_a_wrong_secret_is_never_signed(old: Issued) -> None:
    body = old.token.identifier + "0" * 36
    assert Bearer.find(body + tokens.checksum(body)) is None
    assert ApiToken.objects.get().pepper == 1


def test_a_call_passes_although_signing_anew_failed(
    old: Issued, api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    def read_only(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE"):
            raise OperationalError("read-only")
        return execute(sql, *rest)

    with connection.execute_wrapper(read_only):
        assert api("/api/v1/me", old.plaintext).status_code == 200
    assert f"the digest of {old.token.identifier} could not be re-signed" in caplog.text
    assert old.plaintext not in caplog.text
