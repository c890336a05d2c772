"""The format of an API token and the mathematics of its secret: pure, standard library only.

    mtz_ | 20 characters public id | 36 characters secret | 6 characters checksum
    └──── identifier, 24 ────────┘

A string is *not ours* (wrong shape), *ours and broken* (wrong checksum), or *genuine in form*; only
the last is worth a query. What is stored is a digest, keyed with a pepper that lives outside the
database.
"""

import hashlib
import hmac
import re
import secrets
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

PREFIX = "mtz_"
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PUBLIC_ID_LENGTH = 20
SECRET_LENGTH = 36
CHECKSUM_LENGTH = 6
IDENTIFIER_LENGTH = len(PREFIX) + PUBLIC_ID_LENGTH
TOKEN_LENGTH = IDENTIFIER_LENGTH + SECRET_LENGTH + CHECKSUM_LENGTH
MASK = "•" * 8

IDENTIFIER_PATTERN = re.compile(r"mtz_[0-9A-Za-z]{20}")
TOKEN_PATTERN = re.compile(r"mtz_[0-9A-Za-z]{62}")
# A whole token, and whatever is left of one that was cut short or run into other text; what begins
# like the next one belongs to that.
CHARACTER = r"(?:(?!mtz_)[0-9A-Za-z])"
WITH_SECRET = re.compile(rf"(mtz_{CHARACTER}{{20}}){CHARACTER}+")
# Longer than anything else one searches for: maybe the rest of a token that was copied badly.
MAYBE_SECRET = re.compile(r"[0-9A-Za-z]{31,}")
NUMBER_PATTERN = re.compile(r"[0-9]{1,5}")


def generate() -> str:
    """A new token of 66 characters; its secret carries 36 · log2(62) ≈ 214 bits."""
    random_part = "".join(secrets.choice(ALPHABET) for _ in range(PUBLIC_ID_LENGTH + SECRET_LENGTH))
    body = PREFIX + random_part
    return body + checksum(body)


def derive(key: bytes, *parts: str) -> str:
    """The one token that `key` and `parts` always give, and nothing less does.

    The characters are drawn without bias from HKDF-Expand (RFC 5869) over HMAC-SHA-256; each part
    is preceded by its length, so that no two lists of parts read alike.
    """
    info = b"".join(len(raw).to_bytes(4) + raw for raw in (part.encode() for part in parts))
    # The largest multiple of 62 that a byte can hold: higher bytes would favour some characters.
    fair = (byte for byte in _expand(key, info) if byte < 248)
    characters = (ALPHABET[byte % 62] for byte in fair)
    body = PREFIX + "".join(islice(characters, PUBLIC_ID_LENGTH + SECRET_LENGTH))
    return body + checksum(body)


def _expand(key: bytes, info: bytes) -> Iterator[int]:
    block = b""
    for counter in range(1, 256):
        block = hmac.digest(key, block + info + bytes([counter]), hashlib.sha256)
        yield from block


def checksum(body: str) -> str:
    """CRC-32 (zlib) of an ASCII string as six base62 digits, most significant first."""
    rest = zlib.crc32(body.encode("ascii"))
    digits = []
    for _ in range(CHECKSUM_LENGTH):
        rest, digit = divmod(rest, 62)
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def is_well_formed(text: str) -> bool:
    """Whether shape and checksum are right, which costs no query to find out."""
    if TOKEN_PATTERN.fullmatch(text) is None:
        return False
    return checksum(text[:-CHECKSUM_LENGTH]) == text[-CHECKSUM_LENGTH:]


def identifier_of(token: str) -> str:
    """The first 24 characters: no secret in them, so lists, URLs, logs and mails may show them."""
    return token[:IDENTIFIER_LENGTH]


def mask(identifier: str) -> str:
    return identifier + MASK


def redact(text: str) -> str:
    """The text with each token in it reduced to its identifier: fit for URLs, logs and messages."""
    return WITH_SECRET.sub(r"\1", text)


def searchable(text: str) -> str:
    """The identifier, where there is one; otherwise the text without what may be a secret."""
    if match := IDENTIFIER_PATTERN.search(text):
        return match[0]
    return MAYBE_SECRET.sub("…", text.strip())


@dataclass(frozen=True, slots=True)
class Signature:
    """What is kept of a token: 32 bytes of digest and the number of the pepper that made it."""

    digest: bytes = field(repr=False)
    pepper: int


@dataclass(frozen=True, slots=True)
class Keyring:
    """Numbered peppers. The highest number signs; each of the others still verifies."""

    peppers: Mapping[int, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.peppers:
            raise ValueError("at least one pepper is needed")

    @classmethod
    def parse(cls, text: str) -> "Keyring":
        """Read ``1:secret,2:secret``. Raises ValueError, which never repeats a secret."""
        peppers: dict[int, bytes] = {}
        for place, entry in enumerate(text.split(","), start=1):
            number, _, secret = entry.strip().partition(":")
            if not (NUMBER_PATTERN.fullmatch(number) and 1 <= int(number) <= 32767):
                raise ValueError(
                    f"entry {place} has no number between 1 and 32767 before its colon"
                )
            if len(secret) < 16:
                raise ValueError(f"pepper {number} is shorter than 16 characters")
            if int(number) in peppers:
                raise ValueError(f"pepper {number} is given twice")
            # Bytes of the environment that are not UTF-8 reach Python as surrogates.
            peppers[int(number)] = secret.encode(errors="surrogateescape")
        return cls(peppers)

    @property
    def current(self) -> int:
        return max(self.peppers)

    def sign(self, token: str) -> Signature:
        return Signature(self._digest(token, self.peppers[self.current]), self.current)

    def verify(self, token: str, signature: Signature) -> bool:
        """Compare in constant time; a pepper that was taken off the ring verifies nothing."""
        pepper = self.peppers.get(signature.pepper)
        if pepper is None:
            return False
        return hmac.compare_digest(self._digest(token, pepper), signature.digest)

    def derive(self, *parts: str) -> str:
        return derive(self.peppers[self.current], *parts)

    def derivations(self, *parts: str) -> list[str]:
        """What `derive` gives now or gave while another pepper of the ring was the current one."""
        return [derive(self.peppers[number], *parts) for number in sorted(self.peppers)[::-1]]

    @staticmethod
    def _digest(token: str, pepper: bytes) -> bytes:
        return hmac.digest(pepper, token.encode("ascii"), hashlib.sha256)
