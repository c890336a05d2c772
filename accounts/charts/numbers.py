"""Numbers as an axis or a sentence shows them."""

UNITS = ((1e9, "B"), (1e6, "M"), (1e3, "k"))
STEPS = (1, 2, 5, 10)


def ticks(highest: float, *, least: float = 1, most: int = 4) -> list[float]:
    """Round numbers from 0 up to the first that is not below `highest`, at most `most` above 0.

    They are 1, 2 or 5 times a power of ten apart, and never less than `least`, which is a power of
    ten itself.
    """
    power = least
    while True:
        for step in (factor * power for factor in STEPS):
            if step * most >= highest:
                count = max(1, -int(-highest // step))
                return [round(step * number, 6) for number in range(count + 1)]
        power *= 10


def short(number: float) -> str:
    """`950`, `1.2k`, `45k`, `1.2M`: three digits at most, never more than there are."""
    for unit, letter in UNITS:
        if number >= unit * 0.9995:
            scaled = number / unit
            return (trimmed(scaled) if scaled < 99.95 else f"{scaled:.0f}") + letter
    return f"{number:g}" if number < 10 else f"{number:.0f}"


def full(number: int) -> str:
    """`1,204`."""
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """`1 call`, `1,204 calls`."""
    return f"{full(number)} {noun}{'' if number == 1 else 's'}"


def duration(milliseconds: float) -> str:
    """`0`, `0.8 ms`, `48 ms`, `1.2 s`."""
    if milliseconds >= 999.5:
        return f"{trimmed(milliseconds / 1000)} s"
    if milliseconds >= 9.95:
        return f"{milliseconds:.0f} ms"
    return f"{trimmed(milliseconds)} ms" if milliseconds else "0"


def trimmed(number: float) -> str:
    """With one decimal, unless that is a 0."""
    return f"{number:.1f}".removesuffix(".0")
