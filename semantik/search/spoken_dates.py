"""Dates in plain words: "verano de 2019", "hace dos años", "entre 2015 y 2017", in all languages of the catalogues.

Each catalogue lists the phrases of its language by what they mean, ``dates.when.<kind>``, with slots for years, months
or counts. Only whole phrases are dates; of several the longest counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from semantik.queries import Period
from semantik.search import calendar_spans as spans_of
from semantik.search.calendar_spans import Span
from semantik.search.date_vocabulary import Value, Vocabulary, vocabulary
from semantik.words.catalogue import LANGUAGES
from semantik.words.plain import plain

LONGEST = 14  # words of one phrase
_NESTED = 2  # "desde finales del verano de 2019": a date within a date within a date

_AROUND = " ,;.!?¡¿()"


@dataclass(frozen=True, slots=True)
class Today:
    """What dates in words are reckoned from. ``southern``: south of the equator summer begins in December."""

    day: date
    southern: bool = False


_southern = False


def set_hemisphere(*, southern: bool) -> None:
    """Choose by which half of the world all later dates in words are read."""
    global _southern
    _southern = southern


def today() -> Today:
    """The present day."""
    return Today(date.today(), _southern)


@dataclass(frozen=True, slots=True)
class _Days:
    """What one phrase means; ``plain_year``: it is nothing but the number of a year."""

    spans: tuple[Span, ...] = ()
    yearly: tuple[tuple[str, str], ...] = ()
    plain_year: bool = False

    def __or__(self, other: _Days) -> _Days:
        return _Days((*self.spans, *other.spans), (*self.yearly, *other.yearly))

    @property
    def span(self) -> Span:
        """From the first of its days to the last. Raises ValueError for days of every year."""
        return min(first for first, _ in self.spans), max(last for _, last in self.spans)


def take_period(words: Sequence[str], now: Today | None = None, before: str = "") -> tuple[Period, int] | None:
    """The date that the first of ``words`` begin, and how many of them it takes; None where none begins.

    ``before``: the word that stands before them.
    """
    if not words:
        return None
    now = now or today()
    compared = [plain(word.strip(_AROUND)) for word in words[:LONGEST]]
    best: tuple[int, int, _Days] | None = None
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
                days = _every(name, now)
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

    def alternatives(self) -> Iterator[tuple[int, int, _Days]]:
        """(taken, of them leading words, days) of each phrase at the beginning, and of several joined by "y"."""
        if self.before in self.known.never_before:
            return
        for end, start, days in self._dates(0, 0):
            if days.plain_year and end < len(self.words) and self.words[end] in self.known.never_after:
                continue
            yield end, start, days
            for last, several in self._joined(end, days):
                yield last, start, several

    def _joined(self, at: int, before: _Days) -> Iterator[tuple[int, _Days]]:
        """Dates that follow after "y", "o" or a comma: either is meant."""
        start = at + 1 if at < len(self.words) and self.words[at] in self.known.joins else at
        if start == at and not before.plain_year:
            return
        for end, _, days in self._dates(start, 0):
            if start > at or days.plain_year:
                yield end, before | days
                yield from self._joined(end, replace_year(before | days, days))

    def _dates(self, at: int, depth: int) -> Iterator[tuple[int, int, _Days]]:
        """(end, start, days) of each date that begins at ``at``, or after leading words such as "en el"."""
        start = at
        while True:
            for kind, template in self.known.templates:
                for end, values in self._match(template, 0, start, depth):
                    try:
                        days = _MEANINGS[kind](self.now, *values)
                    except (ValueError, OverflowError):  # a day that the month does not have, a year before all
                        continue
                    if days:
                        yield end, start, days
            if start >= min(len(self.words) - 1, at + 3) or self.words[start] not in self.known.leads:
                return
            start += 1

    def _match(
        self, template: Sequence[str], place: int, at: int, depth: int
    ) -> Iterator[tuple[int, tuple[Value | _Days, ...]]]:
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

    def _slot(self, slot: str, at: int, depth: int) -> Iterator[tuple[Value | _Days, int]]:
        if slot == "when":
            if depth < _NESTED:
                for end, _, days in self._dates(at, depth + 1):
                    yield days, end
        else:
            for value, taken in self.known.take(slot, self.words, at, self.now.day):
                yield value, at + taken


def replace_year(days: _Days, last: _Days) -> _Days:
    """The days, a plain year where the last of them is: after "2018, 2019" a year may follow."""
    return _Days(days.spans, days.yearly, last.plain_year)


# -- What each kind of phrase means, from the values of its slots -----------------------------------------


def _some(*spans: Span | None) -> _Days | None:
    kept = tuple(span for span in spans if span)
    return _Days(kept) if kept else None


def _in_years(now: Today, part: str | int, years: tuple[int, int]) -> _Days:
    first, last = _years(now, years)
    return _Days(tuple(spans_of.in_years(part, first, last, southern=now.southern)))


def _years(now: Today, years: tuple[int, int]) -> tuple[int, int]:
    first, last = years
    return (now.day.year + first, now.day.year + last) if last <= 0 else years


def _whole_years(now: Today, years: tuple[int, int]) -> _Days:
    first, last = _years(now, years)
    return _Days(((date(first, 1, 1), date(last, 12, 31)),), plain_year=years[1] > 0)


def _every(part: str | int, now: Today) -> _Days:
    days = spans_of.yearly(part, southern=now.southern)
    if days:
        return _Days(yearly=(days,))
    return _Days(tuple(spans_of.every(lambda year: spans_of.part_of_year(part, year, southern=False), now.day)))


def _part_to_part(now: Today, first: str | int, last: str | int, years: tuple[int, int]) -> _Days:
    year = _years(now, years)[0]
    begin = spans_of.part_of_year(first, year, southern=now.southern)[0]
    end = spans_of.part_of_year(last, year, southern=now.southern)[1]
    return _Days(((begin, end),)) if begin <= end else _Days(((begin, end.replace(year=year + 1)),))


def _months_yearly(now: Today, first: int, last: int) -> _Days:
    return _Days(yearly=((spans_of.month_days(first)[0], spans_of.month_days(last)[1]),))


def _since_part(now: Today, part: str | int) -> _Days | None:
    begun = spans_of.nearest_begun(spans_of.around(part, now.day, southern=now.southern), now.day)
    return _some((begun[0], date.max)) if begun else None


def _last_part(now: Today, part: str | int) -> _Days | None:
    return _some(spans_of.latest(spans_of.around(part, now.day, southern=now.southern), now.day))


def _this_part(now: Today, part: str | int) -> _Days | None:
    return _some(spans_of.nearest_begun(spans_of.around(part, now.day, southern=now.southern), now.day))


def _parts_ago(now: Today, count: int, part: str | int) -> _Days | None:
    over = [span for span in spans_of.around(part, now.day, southern=now.southern) if span[1] < now.day]
    return _some(over[-count]) if count <= len(over) else None


def _day(now: Today, day: int, month: int, years: tuple[int, int]) -> _Days:
    one = date(_years(now, years)[0], month, day)
    return _Days(((one, one),))


def _day_yearly(now: Today, day: int, month: int) -> _Days:
    date(2000, month, day)  # the 29th of February is a day
    return _Days(yearly=((f"{month:02}-{day:02}",) * 2,))


def _ago(now: Today, count: int, unit: str) -> _Days:
    return _Days((spans_of.unit_span(unit, count, now.day),))


def _day_ago(now: Today, count: int, unit: str) -> _Days:
    day = spans_of.day_before(unit, count, now.day)
    return _Days(((day, day),))


def _past(now: Today, *values: int | str) -> _Days:
    count, unit = values if len(values) == 2 else (1, *values)
    if unit == "weekend":
        return _Days(tuple(spans_of.unit_span("weekend", back, now.day) for back in range(int(count) + 1)))
    return _Days(((spans_of.day_before(str(unit), int(count), now.day), now.day),))


def _between(now: Today, first: _Days, last: _Days) -> _Days:
    begin, end = first.span[0], last.span[1]
    return _Days(((min(begin, last.span[0]), max(end, first.span[1])),))


_ONE = timedelta(1)
_Meaning = Callable[..., "_Days | None"]
_MEANINGS: dict[str, _Meaning] = {
    "part_of_year": _in_years,
    "parts_of_year": lambda now, one, other, years: _in_years(now, one, years) | _in_years(now, other, years),
    "part_to_part": _part_to_part,
    "yearly": lambda now, part: _every(part, now),
    "two_yearly": lambda now, one, other: _every(one, now) | _every(other, now),
    "months_yearly": _months_yearly,
    "last_part": _last_part,
    "this_part": _this_part,
    "parts_ago": _parts_ago,
    "year": _whole_years,
    "day": _day,
    "day_yearly": _day_yearly,
    "month_day": lambda now, month, day, years: _day(now, day, month, years),
    "month_day_yearly": lambda now, month, day: _day_yearly(now, day, month),
    "figures": lambda now, dates: _Days((dates,)),
    "today": lambda now: _Days(((now.day, now.day),)),
    "yesterday": lambda now: _ago(now, 1, "day"),
    "last_night": lambda now: _Days(((now.day - _ONE, now.day),)),
    "day_before": lambda now: _ago(now, 2, "day"),
    "anniversary": lambda now: _day_yearly(now, now.day.day, now.day.month),
    "ago": _ago,
    "day_ago": _day_ago,
    "past": _past,
    "last_unit": lambda now, unit: _some(
        spans_of.latest((spans_of.unit_span(unit, back, now.day) for back in (0, 1)), now.day)
    ),
    "this_unit": lambda now, unit: _ago(now, 0, unit),
    "weekday": lambda now, weekday: _Days((spans_of.last_weekday(weekday, now.day),)),
    "decade": lambda now, decade: _Days(((date(decade, 1, 1), date(decade + 9, 12, 31)),)),
    "between": _between,
    "since": lambda now, first: _Days(((first.span[0], date.max),)),
    "since_part": _since_part,
    "until": lambda now, last: _Days(((date.min, last.span[1]),)),
    "before": lambda now, last: _Days(((date.min, last.span[0] - _ONE),)),
    "after": lambda now, first: _Days(((first.span[1] + _ONE, date.max),)),
    "beginning": lambda now, whole: _Days((spans_of.third(whole.span, 0),)),
    "middle": lambda now, whole: _Days((spans_of.third(whole.span, 1),)),
    "end": lambda now, whole: _Days((spans_of.third(whole.span, 2),)),
}
