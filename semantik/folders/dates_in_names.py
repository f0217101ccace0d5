"""When a picture was taken as its name tells: what phones, messengers and screenshots are called after.

IMG_20190704_123456.jpg  IMG-20150822-WA0007.jpg  PXL_20150822_100819123.jpg  Screenshot_2019-07-04-12-34-56.png
WhatsApp Image 2019-07-04 at 12.34.56 PM.jpeg  2019-07-04 12.34.56.jpg  signal-2020-03-04-123456.jpg
FB_IMG_1562243696000.jpg
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from semantik.decoding.date_spellings import from_epoch

_FIRST = datetime(1900, 1, 1)
_FIRST_COMPACT = datetime(1970, 1, 1)  # what looks like an earlier one is a number
_COLONS = r"(?P<hour>\d\d)[-_.:h ](?P<minute>\d\d)[-_.:m ](?P<second>\d\d)"
_SHORT = r"(?P<hour1>\d)[.:](?P<minute1>\d\d)[.:](?P<second1>\d\d)"
_DIGITS = r"(?P<hour2>\d\d)(?P<minute2>\d\d)(?P<second2>\d\d)(?:\d{3})?(?!\d)"
_BETWEEN = r"[\s_,.T-]{1,3}(?:(?:at|a las|a|às|as|um|à|alle|om|kl\.?)[\s_]+)?"
_HALF = r"(?:[.,:-]?\d{1,3}(?!\d))?(?:\s?(?P<half>[AaPp])\.?\s?[Mm]\b)?"
_TIME = rf"(?:{_BETWEEN}(?:{_COLONS}|{_SHORT}|{_DIGITS}){_HALF})?"
_PARTED = re.compile(
    rf"(?<!\d)(?P<year>\d{{4}})(?P<bar>[-_.:])(?P<month>\d\d)(?P=bar)(?P<day>\d\d)(?!\d){_TIME}", re.ASCII
)
_COMPACT = re.compile(
    rf"(?<!\d)(?P<year>\d{{4}})(?P<month>\d\d)(?P<day>\d\d)(?:(?!\d){_TIME}|{_DIGITS.replace('2>', '3>')})", re.ASCII
)
_TELEGRAM = re.compile(
    rf"@(?P<day>\d\d)-(?P<month>\d\d)-(?P<year>\d{{4}})(?!\d){_TIME}", re.ASCII
)  # photo_5@04-07-2019
# Milliseconds since 1970. Numbers of telephones and articles that begin like them are shorter, or made of other digits.
_MILLISECONDS = re.compile(r"(?<![\d+])1\d{12}(?!\d)", re.ASCII)


def moment_in_name(name: str) -> datetime | None:
    """The first moment in a file's name, local time without a zone; a day alone is its midnight.

    None for a name without one, and for what cannot be one: no day of the calendar, or one to come.
    """
    stem = " ".join(name.rpartition("/")[2].rpartition(".")[0].split())  # macOS has narrow blanks in names
    latest = datetime.now() + timedelta(days=1)  # somewhere it is tomorrow already
    for pattern, first in ((_PARTED, _FIRST), (_TELEGRAM, _FIRST), (_COMPACT, _FIRST_COMPACT)):
        for found in pattern.finditer(stem):
            moment = _moment(found)
            if moment and first <= moment <= latest:
                return moment
    for found in _MILLISECONDS.finditer(stem):
        moment = from_epoch(int(found[0]) / 1000)
        if moment and moment <= latest:
            return moment
    return None


def _moment(found: re.Match[str]) -> datetime | None:
    parts = found.groupdict()
    try:
        day = datetime(int(parts["year"]), int(parts["month"]), int(parts["day"]))
    except ValueError:
        return None
    time = [
        int(next((parts[f"{name}{form}"] for form in ("", "1", "2", "3") if parts.get(f"{name}{form}")), 0))
        for name in ("hour", "minute", "second")
    ]
    if parts["half"] and 1 <= time[0] <= 12:
        time[0] = time[0] % 12 + (12 if parts["half"] in "pP" else 0)
    try:
        return day.replace(hour=0 if time[0] == 24 else time[0], minute=time[1], second=time[2])
    except ValueError:  # a counter behind the day
        return day
