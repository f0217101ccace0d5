"""Dates in figures: years, days of a month and whole dates, each as one word."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date
from typing import Literal

End = Literal["first", "last"]

OLDEST_YEAR = 1900
"""Smaller numbers are no years of photographs that people have by themselves: 1492 is a text."""


def read_date(value: str, end: End) -> date:
    """The first or last day of a year, a month or a day: 2019, 2019-05, 2019-05-03, 3/5/2019, 5/2019.

    Raises ValueError.
    """
    parts = re.split(r"[-/.]", value.strip())
    if len(parts[0]) != 4:
        parts.reverse()
    if len(parts) > 3 or len(parts[0]) != 4 or not all(part.isdecimal() and len(part) <= 4 for part in parts):
        raise ValueError(value)
    year, month, day = [*map(int, parts), 0, 0][:3]
    if not month:
        month = 1 if end == "first" else 12
    if not day:
        day = 1 if end == "first" else calendar.monthrange(year, month)[1]
    return date(year, month, day)


def years(word: str, today: date) -> Iterator[tuple[tuple[int, int], int]]:
    """A year, or several: 2019, 2018-2020, 2018/19."""
    found = re.fullmatch(r"(\d{4})(?:[-–/](\d{4}|\d{2}))?", word)
    if not found:
        return
    first = int(found[1])
    last = int(found[2] if len(found[2] or "") == 4 else found[1][: 4 - len(found[2] or "")] + (found[2] or ""))
    if OLDEST_YEAR <= first <= last <= today.year:
        yield (first, last), 1


def short_years(word: str, today: date) -> Iterator[tuple[tuple[int, int], int]]:
    """A year of two digits, at most this one: "verano del 19", "summer of '98"."""
    found = re.fullmatch(r"['’´]?(\d\d)", word)
    if found:
        year = today.year // 100 * 100 + int(found[1])
        year -= 100 if year > today.year else 0
        yield (year, year), 1


def days(word: str) -> Iterator[tuple[int, int]]:
    """A day of a month: 3, 3º, 3rd."""
    found = re.fullmatch(r"(\d{1,2})(?:o|a|st|nd|rd|th)?", word)
    if found and 1 <= int(found[1]) <= 31:
        yield int(found[1]), 1


def dates(word: str) -> Iterator[tuple[tuple[date, date], int]]:
    """A day or a month in figures: 3/5/2019, 2019-05-03, 5/2019."""
    if re.fullmatch(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}|\d{4}[-/]\d{2}|\d{1,2}/\d{4}", word):
        try:
            yield (read_date(word, "first"), read_date(word, "last")), 1
        except ValueError:
            return
