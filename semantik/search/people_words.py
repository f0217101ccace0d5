"""Who is asked for: names of persons among the words of a query, and the values of the filters for people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

from semantik.encoders.clip.query_language import is_picture_word
from semantik.queries import PeopleCount
from semantik.search.library_words import LibraryWords
from semantik.search.query_tokens import Token
from semantik.words.plain import clean_name, plain
from semantik.words.text import in_all_languages

_AROUND = ",;.!?¡¿()"
"""What may stand around a name in a sentence."""


def read_names(value: str) -> tuple[str, ...]:
    """The names of persons, parted by commas, each once. Raises ValueError for none."""
    names = [clean_name(name) for name in value.split(",")]
    if not any(names) or value.startswith(('"', "“", "«", "„")):
        raise ValueError(value)
    return all_names(tuple(filter(None, names)))


def read_count(value: str) -> PeopleCount:
    """How many persons: "2" is two of them, "2+" two or more, "2-4" two to four. Raises ValueError."""
    found = re.fullmatch(r"(\d{1,3})(\+|[-–](\d{1,3}))?", value)
    if not found:
        raise ValueError(value)
    least = int(found[1])
    most = least if not found[2] else int(found[3]) if found[3] else None
    if most is not None and most < least:
        raise ValueError(value)
    return PeopleCount(least, most)


def count_words(count: PeopleCount) -> str:
    """What ``read_count`` reads as ``count``."""
    if count.most is None:
        return f"{count.least}+"
    return str(count.least) if count.least == count.most else f"{count.least}-{count.most}"


def all_names(some: Sequence[str], more: Sequence[str] = ()) -> tuple[str, ...]:
    """All of these names, each once whatever its case and accents."""
    return tuple({plain(name): name for name in reversed((*some, *more))}.values())[::-1]


# -- Names among the words of a query ----------------------------------------------------------------


def named_person(
    tokens: Sequence[Token], at: int, known: LibraryWords, *, sure: bool = False
) -> tuple[str, int] | None:
    """The person whose name begins with the word at ``at``, the longest name first, and how many words it has.

    Only the value of the first of them is looked at. A name that is also another word is meant where it has a capital
    letter, or where that is ``sure``. None for no person of the library.
    """
    if not known.people or tokens[at].quoted:
        return None
    for words, name in _by_words(known.people):
        values = [tokens[at].value]
        for token in tokens[at + 1 : at + len(words)]:
            if not token.is_plain or token.quoted:
                break
            values.append(token.value)
        said = [plain(value.strip(_AROUND)) for value in values]
        # A comma within ends one name and begins another.
        whole = not any(value.endswith((",", ";")) for value in values[:-1])
        if (
            tuple(said) == words
            and whole
            and (sure or len(words) > 1 or not _is_other_word(said[0]) or _is_big(values[0]))
        ):
            return name, len(words)
    return None


def belongs_to_name(word: str) -> bool:
    """Whether a word right before a name only leads to it: "con" in "una foto con Ana"."""
    return plain(word.strip(_AROUND)) in _leading()


def joins_names(word: str) -> bool:
    """Whether a word stands between the names of two who are both meant."""
    return plain(word) in _joining()


def _is_big(value: str) -> bool:
    return value.strip(_AROUND)[:1].isupper()


def _is_other_word(word: str) -> bool:
    """Whether a plain word is more than a name: "rosa", "sol", "abril"."""
    return word in _names_that_are_words() or is_picture_word(word)


@lru_cache(maxsize=4)
def _by_words(people: tuple[str, ...]) -> list[tuple[tuple[str, ...], str]]:
    """The names by their plain words, those of most words first."""
    named = [(tuple(plain(word.strip(_AROUND)) for word in name.split()), name) for name in people]
    return sorted(named, key=lambda pair: -len(pair[0]))


@cache
def _names_that_are_words() -> frozenset[str]:
    lines = Path(__file__).with_name("names_that_are_words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(plain(word) for line in lines if not line.startswith("#") for word in line.split())


@cache
def _leading() -> frozenset[str]:
    return frozenset(plain(word) for words in in_all_languages("syntax.before_person") for word in words.split())


@cache
def _joining() -> frozenset[str]:
    return frozenset(plain(word) for words in in_all_languages("syntax.and") for word in words.split()) | {"&"}
