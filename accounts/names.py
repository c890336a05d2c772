"""Names that people type: what is invisible goes, what would mislead goes, the rest stays."""

import unicodedata

# Letters and symbols by category, yet blank to the eye: Hangul fillers and the Braille blank.
LOOKS_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
# Joiners carry meaning inside emoji and in several scripts.
JOINERS = frozenset("\u200c\u200d")


def clean_name(text: str) -> str:
    """The name as it is stored: NFC, single spaces, no control or invisible characters.

    Formatting characters (zero-width spaces, bidirectional overrides, tags) are dropped, white space
    of any kind becomes one space. Returns "" for a name that would be blank to the eye.
    """
    spaced = "".join(_visible_or_space(character) for character in unicodedata.normalize("NFC", text))
    name = " ".join(spaced.split()).strip("".join(JOINERS))
    return name if any(map(_has_ink, name)) else ""


def _visible_or_space(character: str) -> str:
    category = unicodedata.category(character)
    if category in {"Cc", "Zl", "Zp", "Zs"}:
        return " "
    if category in {"Cf", "Cs"} and character not in JOINERS:
        return ""
    return character


def _has_ink(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CMZ" and character not in LOOKS_BLANK
