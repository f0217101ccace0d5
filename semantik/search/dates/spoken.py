"""Dates in plain words: "verano de 2019", "hace dos años", "entre 2015 y 2017", in all languages of the catalogues.

Each catalogue lists the phrases of its language by what they mean, ``dates.when.<kind>``, with slots for years, months
or counts. Only whole phrases are dates; of several the longest counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

from semantik.queries import Period
from semantik.search.dates.meanings import MEANINGS, Days, Today, every_year
from semantik.search.dates.vocabulary import Value, Vocabulary, vocabulary
from semantik.words.catalogue import LANGUAGES
from semantik.words.plain import plain

LONGEST = 14  # words of one phrase
_NESTED = 2  # "desde finales del verano de 2019": a date within a date within a date

_AROUND = " ,;.!?¡¿()"


_southern = False


def set_hemisphere(*, southern: bool) -> None:
    """Choose by which half of the world all later dates in words are read."""
    global _southern
    _southern = southern


def today() -> Today:
    """The present day."""
    return Today(date.today(), _southern)


def take_period(words: Sequence[str], now: Today | None = None, before: str = "") -> tuple[Period, int] | None:
    """The date that the first of ``words`` begin, and how many of them it takes; None where none begins.

    ``before``: the word that stands before them.
    """
    if not words:
        return None
    now = now or today()
    compared = [plain(word.strip(_AROUND)) for word in words[:LONGEST]]
    best: tuple[int, int, Days] | None = None
    for language in LANGUAGES:
        known = vocabulary(language)
        if compared[0] not in known.starts and not any(letter.isdecimal() for letter in compared[0]):
            continue
        for taken, start, days in _Reader(known, compared, now, plain(before)).alternatives():
            if not best or taken > best[0]:
                best = taken, start, days
    if not best:
        return None
    taken, start, days = best
    shown = " ".join(words[start:taken]).strip(_AROUND)
    return Period(shown, tuple(sorted(set(days.spans))), tuple(sorted(set(days.yearly)))), taken


def read_period(text: str, now: Today | None = None) -> Period:
    """The date that ``text`` is as a whole; months, seasons and feasts may stand alone here. Raises ValueError."""
    words, now = text.split(), now or today()
    found = take_period(words, now)
    if found and found[1] == len(words):
        return found[0]
    compared = [plain(word.strip(_AROUND)) for word in words]
    for language in LANGUAGES:
        for name, taken in vocabulary(language).take("part", compared, 0, now.day) if compared else ():
            if taken == len(words) and not isinstance(name, tuple):
                days = every_year(name, now)
                return Period(text.strip(), days.spans, days.yearly)
    raise ValueError(text)


def describes_nothing(text: str) -> bool:
    """Whether a text says no more than that pictures are meant: "fotos" of "fotos de 2019"."""
    words = [plain(word.strip(_AROUND)) for word in text.split()]
    return any(all(word in vocabulary(language).pictures for word in words) for language in LANGUAGES)


class _Reader:
    """Reads words that are plain with the phrases of one language."""

    def __init__(self, known: Vocabulary, words: Sequence[str], now: Today, before: str) -> None:
        self.known, self.words, self.now, self.before = known, words, now, before

    def alternatives(self) -> Iterator[tuple[int, int, Days]]:
        """(taken, of them leading words, days) of each phrase at the beginning, and of several joined by "y"."""
        if self.before in self.known.never_before:
            return
        for end, start, days in self._dates(0, 0):
            if days.plain_year and end < len(self.words) and self.words[end] in self.known.never_after:
                continue
            yield end, start, days
            for last, several in self._joined(end, days):
                yield last, start, several

    def _joined(self, at: int, before: Days) -> Iterator[tuple[int, Days]]:
        """Dates that follow after "y", "o" or a comma: either is meant."""
        start = at + 1 if at < len(self.words) and self.words[at] in self.known.joins else at
        if start == at and not before.plain_year:
            return
        for end, _, days in self._dates(start, 0):
            if start > at or days.plain_year:
                yield end, before | days
                yield from self._joined(end, replace(before | days, plain_year=days.plain_year))

    def _dates(self, at: int, depth: int) -> Iterator[tuple[int, int, Days]]:
        """(end, start, days) of each date that begins at ``at``, or after leading words such as "en el"."""
        start = at
        while True:
            for kind, template in self.known.templates:
                for end, values in self._match(template, 0, start, depth):
                    try:
                        days = MEANINGS[kind](self.now, *values)
                    except (ValueError, OverflowError):  # a day that the month does not have, a year before all
                        continue
                    if days:
                        yield end, start, days
            if start >= min(len(self.words) - 1, at + 3) or self.words[start] not in self.known.leads:
                return
            start += 1

    def _match(
        self, template: Sequence[str], place: int, at: int, depth: int
    ) -> Iterator[tuple[int, tuple[Value | Days, ...]]]:
        """(end, values of the slots) of each way in which the template from ``place`` on matches at ``at``."""
        if place == len(template):
            yield at, ()
            return
        item, rest = template[place], partial(self._match, template, place + 1)
        if item.endswith("?"):
            yield from rest(at, depth)
            item = item[:-1]
        if at >= len(self.words):
            return
        if not item.startswith("{"):
            if self.words[at] in item.split("|"):
                yield from rest(at + 1, depth)
            return
        for value, end in self._slot(item.strip("{_}"), at, depth):
            for last, values in rest(end, depth):
                yield last, values if item.startswith("{_") else (value, *values)

    def _slot(self, slot: str, at: int, depth: int) -> Iterator[tuple[Value | Days, int]]:
        if slot == "when":
            if depth < _NESTED:
                for end, _, days in self._dates(at, depth + 1):
                    yield days, end
        else:
            for value, taken in self.known.take(slot, self.words, at, self.now.day):
                yield value, at + taken
