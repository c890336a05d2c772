"""Names that people type: what is invisible goes, what would mislead goes, the rest stays."""

import unicodedata

from accounts.tokens import redact

# Letters and symbols by category, yet blank to the eye: fillers for Hangul syllables, the Braille
# blank, the null note head, blanks between hieroglyphs.
LOOKS_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\U0001d159\U00013441\U00013442")
# Joiners carry meaning inside emoji and in several scripts.
JOINERS = "\u200c\u200d"


def clean_name(text: str) -> str:
    """The name as it is stored: NFC, single spaces, no control or invisible characters.

    Formatting characters (zero-width spaces, bidirectional overrides, tags) are dropped, white
    space of any kind becomes one space, and a token that was pasted is reduced to its identifier.
    Returns "" for a name that would be blank to the eye.
    """
    # Composed last: what is dropped may have stood between a letter and its accent.
    visible = unicodedata.normalize("NFC", "".join(map(_visible_or_space, text)))
    name = redact(" ".join(visible.split()).strip(" " + JOINERS))
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
