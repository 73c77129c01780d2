"""Numbers that are written as words, in house numbers ("One Hundred Main St") and streets ("W Twenty-First St")."""

from __future__ import annotations

from collections.abc import Iterator

_ONES = "ONE TWO THREE FOUR FIVE SIX SEVEN EIGHT NINE".split()
_TEENS = "TEN ELEVEN TWELVE THIRTEEN FOURTEEN FIFTEEN SIXTEEN SEVENTEEN EIGHTEEN NINETEEN".split()
_TENS = "TWENTY THIRTY FORTY FIFTY SIXTY SEVENTY EIGHTY NINETY".split()
_FIRSTS = "FIRST SECOND THIRD FOURTH FIFTH SIXTH SEVENTH EIGHTH NINTH".split()
_TENTHS = "TENTH ELEVENTH TWELFTH THIRTEENTH FOURTEENTH FIFTEENTH SIXTEENTH SEVENTEENTH EIGHTEENTH NINETEENTH".split()
_TWENTIETHS = "TWENTIETH THIRTIETH FORTIETH FIFTIETH SIXTIETH SEVENTIETH EIGHTIETH NINETIETH".split()


def ordinal(number: int) -> str:
    """The ordinal in figures: 1 is 1ST, 12 is 12TH."""
    ending = "TH" if number % 100 in (11, 12, 13) else {1: "ST", 2: "ND", 3: "RD"}.get(number % 10, "TH")
    return f"{number}{ending}"


def _spelt() -> Iterator[tuple[int, str, str]]:
    """The numbers below a hundred, each as a cardinal and as an ordinal in words."""
    yield from zip(range(1, 10), _ONES, _FIRSTS, strict=True)
    yield from zip(range(10, 20), _TEENS, _TENTHS, strict=True)
    for tens, (word, last) in enumerate(zip(_TENS, _TWENTIETHS, strict=True), start=2):
        yield 10 * tens, word, last
        for ones, (cardinal, first) in enumerate(zip(_ONES, _FIRSTS, strict=True), start=1):
            yield 10 * tens + ones, f"{word} {cardinal}", f"{word} {first}"


_SPELT = tuple(_spelt())
_HUNDREDS = ("ONE HUNDRED", "ONE HUNDRED AND")

NUMBER_WORDS: dict[str, str] = {cardinal: str(number) for number, cardinal, _ in _SPELT[:12]}
"""House numbers of one word that begin so many names that they count only at the beginning of a line."""

ORDINAL_WORDS: dict[str, str] = {last: ordinal(number) for number, _, last in _SPELT if " " not in last}
"""Ordinals of one word ("Fifth", "Thirtieth") in figures (Pub 28 appendix D)."""


def _longest_first(phrases: dict[str, str]) -> dict[str, str]:
    return {f" {words} ": f" {phrases[words]} " for words in sorted(phrases, key=len, reverse=True)}


NUMBER_PHRASES: dict[str, str] = _longest_first(
    {cardinal: str(number) for number, cardinal, _ in _SPELT[12:]}
    | {f"{hundred} {cardinal}": str(100 + number) for number, cardinal, _ in _SPELT for hundred in _HUNDREDS}
    | {"ONE HUNDRED": "100"}
)
"""House numbers in words, from thirteen to a hundred and ninety-nine, between blanks."""

ORDINAL_PHRASES: dict[str, str] = _longest_first(
    {last: ordinal(number) for number, _, last in _SPELT if number > 20}
    | {last.replace(" ", ""): ordinal(number) for number, _, last in _SPELT if " " in last}
    | {f"{hundred} {last}": ordinal(100 + number) for number, _, last in _SPELT for hundred in (*_HUNDREDS, "HUNDRED")}
    | {"ONE HUNDREDTH": "100TH", "HUNDREDTH": "100TH"}
)
"""Ordinals in words, from twenty-first to a hundred and ninety-ninth, between blanks."""

FLOOR_PHRASES: dict[str, str] = {
    f" {word} {floor} ": f" {figure} {floor} "
    for word, figure in ORDINAL_WORDS.items()
    for floor in ("FL", "FLR", "FLOOR", "LEVEL")
}
"""Floors by their ordinal in words, between blanks."""
