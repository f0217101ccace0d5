"""Which days a named time is: seasons of both hemispheres, feasts with those that follow Easter, weeks, what was last.

A span is its first and its last day, both included.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable
from datetime import date, timedelta

from dateutil.easter import easter

Span = tuple[date, date]
MonthDay = tuple[int, int]

# By the calendar of the north: (first, last) day; winter goes over New Year.
_SEASONS: dict[str, tuple[MonthDay, MonthDay]] = {
    "spring": ((3, 20), (6, 20)),
    "summer": ((6, 21), (9, 22)),
    "autumn": ((9, 23), (12, 20)),
    "winter": ((12, 21), (3, 19)),
}
_OPPOSITE = {"spring": "autumn", "summer": "winter", "autumn": "spring", "winter": "summer"}
# Wide where people photograph before and after: Christmas is the holidays, not the day.
_FEASTS: dict[str, tuple[MonthDay, MonthDay]] = {
    "christmas": ((12, 20), (1, 6)),
    "christmas_day": ((12, 25), (12, 25)),
    "christmas_eve": ((12, 24), (12, 25)),
    "new_years_eve": ((12, 31), (1, 1)),
    "new_year": ((1, 1), (1, 1)),
    "epiphany": ((1, 5), (1, 6)),
    "valentine": ((2, 14), (2, 14)),
    "fallas": ((3, 15), (3, 19)),
    "saint_john": ((6, 23), (6, 24)),
    "festa_junina": ((6, 1), (6, 30)),
    "san_fermin": ((7, 6), (7, 14)),
    "halloween": ((10, 31), (11, 1)),
    "day_of_the_dead": ((10, 31), (11, 2)),
}
# Days after Easter Sunday.
_MOVABLE: dict[str, tuple[int, int]] = {
    "carnival": (-52, -46),
    "holy_week": (-9, 0),
    "easter": (-2, 1),
}


def part_of_year(part: str | int, year: int, *, southern: bool) -> Span:
    """A month, by its number, a season or a feast that begins in ``year``; a winter that begins in it ends in the next.

    Raises OverflowError or ValueError beyond the calendar.
    """
    if isinstance(part, int):
        return date(year, part, 1), date(year, part, calendar.monthrange(year, part)[1])
    if part in _MOVABLE:
        first, last = _MOVABLE[part]
        return easter(year) + timedelta(first), easter(year) + timedelta(last)
    if part == "thanksgiving":
        thursday = date(year, 11, 22 + (3 - date(year, 11, 22).weekday()) % 7)
        return thursday, thursday + timedelta(3)
    begin, end = _month_days(part, southern=southern)
    return date(year, *begin), date(year + (end < begin), *end)


def yearly(part: str | int, *, southern: bool) -> tuple[str, str] | None:
    """The same days of every year, as ("08-01", "08-31"); None for what moves."""
    if isinstance(part, int):
        return month_days(part)
    if part in _MOVABLE or part == "thanksgiving":
        return None
    begin, end = _month_days(part, southern=southern)
    return f"{begin[0]:02}-{begin[1]:02}", f"{end[0]:02}-{end[1]:02}"


def month_days(month: int) -> tuple[str, str]:
    """The first and the last day of a month of any year, as ("02-01", "02-29")."""
    return f"{month:02}-01", f"{month:02}-{calendar.monthrange(2000, month)[1]}"


def _month_days(part: str, *, southern: bool) -> tuple[MonthDay, MonthDay]:
    return _FEASTS.get(part) or _SEASONS[_OPPOSITE[part] if southern else part]


def in_years(part: str | int, first: int, last: int, *, southern: bool) -> list[Span]:
    """The part in each of these years.

    A season over New Year counts for both years, as people say "the winter of 2019" of either; of two years in a row
    it is the one between them. The holidays of Christmas are those of December.
    """
    spans = {year: part_of_year(part, year, southern=southern) for year in range(first - 1, last + 1)}
    crosses = isinstance(part, str) and part in _SEASONS and spans[first][1].year > first
    if crosses and last == first + 1:
        return [spans[first]]
    return [span for year, span in spans.items() if year >= first or (crosses and span[1].year >= first)]


def latest(spans: Iterable[Span], today: date) -> Span | None:
    """The one of these that ended last before ``today``."""
    return max((span for span in spans if span[1] < today), default=None)


def nearest_begun(spans: Iterable[Span], today: date) -> Span | None:
    """The one of these that began last, which may go on."""
    return max((span for span in spans if span[0] <= today), default=None)


def around(part: str | int, today: date, *, southern: bool) -> list[Span]:
    """The part in the years about ``today``, those of tens of years ago first."""
    return [part_of_year(part, year, southern=southern) for year in range(today.year - 100, today.year + 1)]


def unit_span(unit: str, back: int, today: date) -> Span:
    """The day, week, weekend, month or year that was ``back`` of them ago, as the calendar cuts them; 0: the present.

    Weeks begin on Mondays. Raises OverflowError or ValueError beyond the calendar.
    """
    if unit == "day":
        day = today - timedelta(back)
        return day, day
    if unit in ("week", "weekend"):
        monday = today - timedelta(today.weekday() + 7 * back)
        return (monday if unit == "week" else monday + timedelta(5)), monday + timedelta(6)
    if unit == "month":
        year, month = divmod(today.year * 12 + today.month - 1 - back, 12)
        return date(year, month + 1, 1), date(year, month + 1, calendar.monthrange(year, month + 1)[1])
    return date(today.year - back, 1, 1), date(today.year - back, 12, 31)


def day_before(unit: str, count: int, today: date) -> date:
    """The day so many units before ``today``; the last of a month where that has fewer days. Raises as unit_span."""
    if unit in ("day", "week", "weekend"):
        return today - timedelta(count * (1 if unit == "day" else 7))
    first, last = unit_span("month", count * (12 if unit == "year" else 1), today)
    return first.replace(day=min(today.day, last.day))


def last_weekday(weekday: int, today: date) -> Span:
    """The last such day before ``today``; 0 is Monday."""
    day = today - timedelta((today.weekday() - weekday - 1) % 7 + 1)
    return day, day


def third(span: Span, which: int) -> Span:
    """The first (0), second or last (2) third of a span."""
    days = (span[1] - span[0]).days + 1
    bounds = [span[0] + timedelta(days * each // 3) for each in (0, 1, 2)] + [span[1] + timedelta(1)]
    return bounds[which], bounds[which + 1] - timedelta(1)


def every(spans_of: Callable[[int], Span], today: date) -> list[Span]:
    """What moves, in all years that photographs are of."""
    return [spans_of(year) for year in range(1900, today.year + 1)]
