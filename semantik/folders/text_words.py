"""The words of texts that stand in pictures, and of what is asked for among them, as both are compared.

"1234 ABC", "1234-ABC" and "1234ABC" are one: words with digits, and what is short beside them, count together, too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from itertools import takewhile

from semantik.words.plain import plain
from semantik.words.text import in_all_languages

PART = 3
"""Letters from which on a word is looked for within others: two are in nearly all texts."""

MISREAD = 5
"""Letters from which on a word may have one wrong: of shorter ones, too many others differ by one."""

_WORD = re.compile(r"[^\W_]+")
_PIECE = re.compile(r"\d+|[^\W\d_]+")
_SHORT = 3  # letters of what may belong to a number: the groups of a plate
_BETWEEN = re.compile(r"[\s.·/–—-]{1,3}")  # what parts the groups of a number
_MOST_GROUPS = 8  # an IBAN has six
_LONGEST = 40  # letters of a word of a text: what has more was read wrongly


class Likeness(IntEnum):
    """How like a word that was asked for the one is that stands in a picture."""

    NEARLY = 1  # one letter is another, is missing or too much
    WITHIN = 2
    BEGINS = 3
    WHOLE = 4


@dataclass(frozen=True, slots=True)
class AskedWord:
    """A word that is asked for, plain, and as it was typed; with ``groups`` it stands also where all of them do."""

    word: str
    groups: tuple[str, ...]
    shown: str

    @property
    def is_code(self) -> bool:
        """Whether it is a number, a plate or the like: no part of it means anything else."""
        return any(letter.isdigit() for letter in self.word)


def asked_words(text: str) -> tuple[AskedWord, ...]:
    """The words that ``text`` asks for, each once, groups of numbers and plates as one."""
    text = unicodedata.normalize("NFC", text)
    asked: dict[str, AskedWord] = {}
    for run in _runs(text, lambda token: token.word not in _linking_words()):
        groups = tuple(piece for token in run for piece in _PIECE.findall(token.word))
        word = "".join(token.word for token in run)
        shown = text[run[0].start : run[-1].end]
        asked.setdefault(word, AskedWord(word, groups if len(groups) > 1 else (), " ".join(shown.split())))
    return tuple(asked.values())


def words_in(line: str) -> list[str]:
    """All words by which a line of text is found, plain: its own, the groups of those with digits, and all in one."""
    found: list[str] = []
    for run in _runs(unicodedata.normalize("NFC", line), lambda token: token.written.isupper()):
        for token in run:
            pieces = _PIECE.findall(token.word)
            found += [token.word, *(pieces if len(pieces) > 1 else ())]
        if len(run) > 1:
            found.append("".join(token.word for token in run))
    return [word for word in found if len(word) <= _LONGEST]


def likeness(word: str, other: str) -> Likeness | None:
    """How like ``word``, that is asked for, ``other`` is, both plain."""
    if other == word:
        return Likeness.WHOLE
    if len(word) < PART:
        return None
    if word in other:
        return Likeness.BEGINS if other.startswith(word) else Likeness.WITHIN
    return Likeness.NEARLY if may_be_misread(word) and is_near(word, other) else None


def may_be_misread(word: str) -> bool:
    """Whether one letter of it may be wrong: another number would be another thing."""
    return len(word) >= MISREAD and word.isalpha()


def is_near(one: str, other: str) -> bool:
    """Whether one letter at most must be changed, put in or taken out for both to be the same."""
    if abs(len(one) - len(other)) > 1:
        return False
    shorter = min(len(one), len(other))
    begin = _alike(one, other)
    end = min(_alike(one[::-1], other[::-1]), shorter - begin)
    return max(len(one), len(other)) - begin - end <= 1


def _alike(one: str, other: str) -> int:
    """How many letters are the same from the beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


@dataclass(frozen=True, slots=True)
class _Token:
    """A word, plain and as it is written, and where it stands."""

    word: str
    written: str
    start: int
    end: int

    @property
    def has_digit(self) -> bool:
        return any(letter.isdigit() for letter in self.word)


def _tokens(text: str) -> list[_Token]:
    """The words of a text in NFC."""
    tokens = []
    for found in _WORD.finditer(text):
        # What is plain may have signs of its own: "½" is "1⁄2".
        word = "".join(_WORD.findall(plain(found[0])))
        if word:
            tokens.append(_Token(word, found[0], found.start(), found.end()))
    return tokens


def _runs(text: str, is_group: Callable[[_Token], bool]) -> Iterator[list[_Token]]:
    """The words of a text in NFC, each alone but for those that make one number or plate together."""
    run: list[_Token] = []
    for token in _tokens(text):
        goes_on = run and _BETWEEN.fullmatch(text, run[-1].end, token.start)
        may_be = token.has_digit or (len(token.word) <= _SHORT and is_group(token))
        if not (goes_on and may_be):
            yield from _whole(run)
            run = []
        run.append(token)
        if not may_be:
            yield from _whole(run)
            run = []
    yield from _whole(run)


def _whole(run: list[_Token]) -> Iterable[list[_Token]]:
    one = 1 < len(run) <= _MOST_GROUPS and any(token.has_digit for token in run)
    return [run] if one else [[token] for token in run]


@cache
def _linking_words() -> frozenset[str]:
    """Short words that are no group of a number: "de" in "mayo de 2019"."""
    return frozenset(word for words in in_all_languages("syntax.linking_words") for word in plain(words).split())
