"""Dates as cameras, phones and programs write them into files: one lenient reader for all of their spellings.

Python's own parsers take one form each, and dateutil guesses: it makes a date of "10", and of an unset clock's blanks.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta

_LONGEST = 320  # characters that are looked at
_YEARS = range(1900, 2101)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_CLOCK = frozenset({1904, 1970, 1980, 2000})  # where clocks begin that nobody has set
_MONTHS = dict(zip(re.findall("...", "janfebmaraprmayjunjulaugsepoctnovdec"), range(1, 13), strict=True))
_TIME = (
    r"(?P<hour>\d{1,2})\s*[:.]\s*(?P<minute>\d{1,2})(?:\s*[:.]\s*(?P<second>\d{1,2})(?:[.,:]\d+)?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm])?"
)
_MONTH = rf"(?P<month>(?i:{'|'.join(_MONTHS)}))[A-Za-z]*\.?"
_SPELLINGS = tuple(
    map(
        re.compile,
        (
            # 2019:08:03 17:05:09, 2019-8-3T17:05, 2019/08/03, and with blanks where digits are missing
            rf"(?P<year>\d{{4}})\s*[:\-/.]\s*(?P<month>\d{{1,2}})\s*[:\-/.]\s*(?P<day>\d{{1,2}})(?!\d)(?:[\sT,_\-]+{_TIME})?",
            # 20190803T170509, 20190803 17:05:09, 20190803
            r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?!\d)"
            r"(?:[\sT,_\-]*(?P<hour>\d\d):?(?P<minute>\d\d):?(?P<second>\d\d)?)?",
            r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)(?!\d)",
            # Sat, 03 Aug 2019 17:05:09 +0200 (RFC 5322), 3-Aug-2019
            rf"(?:[A-Za-z]{{3,9}},?\s+)?(?P<day>\d{{1,2}})[\s\-]+{_MONTH}[\s\-,]+(?P<year>\d{{4}})(?!\d)(?:[\s,T]+{_TIME})?",
            # Sat Aug  3 17:05:09 CEST 2019 (asctime, date)
            rf"(?:[A-Za-z]{{3,9}},?\s+)?{_MONTH}\s+(?P<day>\d{{1,2}}),?\s+{_TIME}\s+(?:[A-Z+\-0-9:]{{1,6}}\s+)?(?P<year>\d{{4}})(?!\d)",
            # August 3, 2019 17:05
            rf"{_MONTH}\s+(?P<day>\d{{1,2}}),?\s+(?P<year>\d{{4}})(?!\d)(?:[\s,]+{_TIME})?",
        ),
    )
)
# 25/08/2015 or 08/25/2015; 03/08/2019 may be either, and is not guessed at
_DAY_AND_MONTH = re.compile(
    rf"(?P<one>\d{{1,2}})[/.\-](?P<two>\d{{1,2}})[/.\-](?P<year>\d{{4}})(?!\d)(?:[\s,T]+{_TIME})?"
)
_AHEAD = re.compile(r"^(?:ï»¿|[^\w+\-])+")  # quotes, blanks, and what became of a mark of UTF-8
_SECONDS = re.compile(r"(\d{10})(?:\.\d+)?|(\d{13})")  # since 1970, or milliseconds


def parse_moment(value: object) -> datetime | None:
    """The moment in a text as files have it, without a zone; None for none, a placeholder or nonsense.

    It is by the clock where the picture was taken: an offset is dropped, and so are parts of a second. A day alone
    is its midnight; hour 24, as some phones write it for 0 (those that format by "kk"), is that of the same day.
    Seconds or milliseconds since 1970 become this computer's local time. Never raises.
    """
    text = _AHEAD.sub("", plain_text(value)).strip('" ')
    for spelling in _SPELLINGS:
        if found := spelling.match(text):
            return _moment(found.groupdict())
    if found := _DAY_AND_MONTH.match(text):
        parts = found.groupdict()
        one, two = int(parts["one"]), int(parts["two"])
        if one != two and max(one, two) > 12 >= min(one, two):
            return _moment(parts | {"day": str(max(one, two)), "month": str(min(one, two))})
        return _moment(parts | {"day": str(one), "month": str(two)}) if one == two else None
    if found := _SECONDS.fullmatch(text):
        return from_epoch(int(found[1]) if found[1] else int(found[2]) / 1000)
    return None


def from_epoch(seconds: float) -> datetime | None:
    """Seconds since 1970 as this computer's local time without a zone; None for 0 and for what no picture can have."""
    try:
        moment = (_EPOCH + timedelta(seconds=seconds)).astimezone().replace(tzinfo=None, microsecond=0)
    except (OverflowError, ValueError, OSError):
        return None
    return moment if seconds and moment.year in _YEARS else None


def from_utc(moment: datetime) -> datetime | None:
    """A moment of UTC, without a zone, as this computer's local time."""
    return from_epoch((moment.replace(tzinfo=UTC) - _EPOCH).total_seconds())


def is_doubtful(moment: datetime) -> bool:
    """Whether a clock that was never set, or is far ahead, tells so: another source is to be believed rather."""
    begins = moment.replace(hour=0, minute=0, second=0) == moment == moment.replace(month=1, day=1)
    return (begins and moment.year in _NO_CLOCK) or moment > datetime.now() + timedelta(days=2)


def plain_text(value: object) -> str:
    """A text of a file up to its end mark, on one line, without control and formatting characters."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value if isinstance(value, str) else ""
    text = text.split("\0", 1)[0][:_LONGEST]
    return " ".join("".join(" " if unicodedata.category(char)[0] == "C" else char for char in text).split())


def _moment(parts: dict[str, str | None]) -> datetime | None:
    month = parts["month"] or ""
    day = [int(parts["year"] or 0), _MONTHS.get(month[:3].lower()) or int(month), int(parts["day"] or 0)]
    try:
        date = datetime(day[0], day[1], day[2])
    except ValueError:  # such as 0000:00:00, which cameras with an unset clock write
        return None
    if date.year not in _YEARS:
        return None
    hour, minute, second = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    half = (parts.get("half") or "")[:1].lower()
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour > 24 or minute > 59 or second > 60:
        return date  # the day can be believed
    return date.replace(hour=hour % 24, minute=minute, second=min(second, 59))
