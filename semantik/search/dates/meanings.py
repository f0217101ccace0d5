"""What each kind of phrase for a date means: its days, from the values of its slots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from semantik.search.dates import calendar_spans as spans_of
from semantik.search.dates.calendar_spans import Span


@dataclass(frozen=True, slots=True)
class Today:
    """What dates in words are reckoned from. ``southern``: south of the equator summer begins in December."""

    day: date
    southern: bool = False


@dataclass(frozen=True, slots=True)
class Days:
    """What one phrase means; ``plain_year``: it is nothing but the number of a year."""

    spans: tuple[Span, ...] = ()
    yearly: tuple[tuple[str, str], ...] = ()
    plain_year: bool = False

    def __or__(self, other: Days) -> Days:
        return Days((*self.spans, *other.spans), (*self.yearly, *other.yearly))

    @property
    def span(self) -> Span:
        """From the first of its days to the last. Raises ValueError for days of every year."""
        return min(first for first, _ in self.spans), max(last for _, last in self.spans)


def _some(span: Span | None) -> Days | None:
    return Days((span,)) if span else None


def _in_years(now: Today, part: str | int, years: tuple[int, int]) -> Days:
    first, last = _years(now, years)
    return Days(tuple(spans_of.in_years(part, first, last, southern=now.southern)))


def _years(now: Today, years: tuple[int, int]) -> tuple[int, int]:
    first, last = years
    return (now.day.year + first, now.day.year + last) if last <= 0 else years


def _whole_years(now: Today, years: tuple[int, int]) -> Days:
    first, last = _years(now, years)
    return Days(((date(first, 1, 1), date(last, 12, 31)),), plain_year=years[1] > 0)


def every_year(part: str | int, now: Today) -> Days:
    """A month, a season or a feast, of whatever year."""
    days = spans_of.yearly(part, southern=now.southern)
    if days:
        return Days(yearly=(days,))
    return Days(tuple(spans_of.every(lambda year: spans_of.part_of_year(part, year, southern=False), now.day)))


def _part_to_part(now: Today, first: str | int, last: str | int, years: tuple[int, int]) -> Days:
    year = _years(now, years)[0]
    begin = spans_of.part_of_year(first, year, southern=now.southern)[0]
    end = spans_of.part_of_year(last, year, southern=now.southern)[1]
    return Days(((begin, end),)) if begin <= end else Days(((begin, end.replace(year=year + 1)),))


def _months_yearly(now: Today, first: int, last: int) -> Days:
    return Days(yearly=((spans_of.month_days(first)[0], spans_of.month_days(last)[1]),))


def _since_part(now: Today, part: str | int) -> Days | None:
    begun = spans_of.nearest_begun(spans_of.around(part, now.day, southern=now.southern), now.day)
    return _some((begun[0], date.max)) if begun else None


def _last_part(now: Today, part: str | int) -> Days | None:
    return _some(spans_of.latest(spans_of.around(part, now.day, southern=now.southern), now.day))


def _this_part(now: Today, part: str | int) -> Days | None:
    return _some(spans_of.nearest_begun(spans_of.around(part, now.day, southern=now.southern), now.day))


def _parts_ago(now: Today, count: int, part: str | int) -> Days | None:
    over = [span for span in spans_of.around(part, now.day, southern=now.southern) if span[1] < now.day]
    return _some(over[-count]) if count <= len(over) else None


def _day(now: Today, day: int, month: int, years: tuple[int, int]) -> Days:
    one = date(_years(now, years)[0], month, day)
    return Days(((one, one),))


def _day_yearly(now: Today, day: int, month: int) -> Days:
    date(2000, month, day)  # the 29th of February is a day
    return Days(yearly=((f"{month:02}-{day:02}",) * 2,))


def _ago(now: Today, count: int, unit: str) -> Days:
    return Days((spans_of.unit_span(unit, count, now.day),))


def _day_ago(now: Today, count: int, unit: str) -> Days:
    day = spans_of.day_before(unit, count, now.day)
    return Days(((day, day),))


def _past(now: Today, *values: int | str) -> Days:
    count, unit = values if len(values) == 2 else (1, *values)
    if unit == "weekend":
        return Days(tuple(spans_of.unit_span("weekend", back, now.day) for back in range(int(count) + 1)))
    return Days(((spans_of.day_before(str(unit), int(count), now.day), now.day),))


def _between(now: Today, first: Days, last: Days) -> Days:
    begin, end = first.span[0], last.span[1]
    return Days(((min(begin, last.span[0]), max(end, first.span[1])),))


_ONE = timedelta(1)
_Meaning = Callable[..., "Days | None"]
MEANINGS: dict[str, _Meaning] = {
    "part_of_year": _in_years,
    "parts_of_year": lambda now, one, other, years: _in_years(now, one, years) | _in_years(now, other, years),
    "part_to_part": _part_to_part,
    "yearly": lambda now, part: every_year(part, now),
    "two_yearly": lambda now, one, other: every_year(one, now) | every_year(other, now),
    "months_yearly": _months_yearly,
    "last_part": _last_part,
    "this_part": _this_part,
    "parts_ago": _parts_ago,
    "year": _whole_years,
    "day": _day,
    "day_yearly": _day_yearly,
    "month_day": lambda now, month, day, years: _day(now, day, month, years),
    "month_day_yearly": lambda now, month, day: _day_yearly(now, day, month),
    "figures": lambda now, dates: Days((dates,)),
    "today": lambda now: Days(((now.day, now.day),)),
    "yesterday": lambda now: _ago(now, 1, "day"),
    "last_night": lambda now: Days(((now.day - _ONE, now.day),)),
    "day_before": lambda now: _ago(now, 2, "day"),
    "anniversary": lambda now: _day_yearly(now, now.day.day, now.day.month),
    "ago": _ago,
    "day_ago": _day_ago,
    "past": _past,
    "last_unit": lambda now, unit: _some(
        spans_of.latest((spans_of.unit_span(unit, back, now.day) for back in (0, 1)), now.day)
    ),
    "this_unit": lambda now, unit: _ago(now, 0, unit),
    "weekday": lambda now, weekday: Days((spans_of.last_weekday(weekday, now.day),)),
    "decade": lambda now, decade: Days(((date(decade, 1, 1), date(decade + 9, 12, 31)),)),
    "between": _between,
    "since": lambda now, first: Days(((first.span[0], date.max),)),
    "since_part": _since_part,
    "until": lambda now, last: Days(((date.min, last.span[1]),)),
    "before": lambda now, last: Days(((date.min, last.span[0] - _ONE),)),
    "after": lambda now, first: Days(((first.span[1] + _ONE, date.max),)),
    "beginning": lambda now, whole: Days((spans_of.third(whole.span, 0),)),
    "middle": lambda now, whole: Days((spans_of.third(whole.span, 1),)),
    "end": lambda now, whole: Days((spans_of.third(whole.span, 2),)),
}
