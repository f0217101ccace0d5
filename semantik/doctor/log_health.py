"""What the log tells of errors: how many and where in the program, without their words, which hold names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from semantik.doctor.findings import Finding, note, ok
from semantik.storage.home import log_files

DAYS = 30

_LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),\d{3} (ERROR|CRITICAL|WARNING) .*?(\bsemantik(?:\.\w+)*): ")


def check(home: Path, now: datetime) -> Iterator[Finding]:
    """Errors and warnings of the last ``DAYS`` days, in the log and the older files beside it."""
    errors: Counter[str] = Counter()
    warnings = 0
    last = ""
    since = (now - timedelta(days=DAYS)).isoformat(" ", "seconds")
    for path in log_files(home):
        for time, level, room in _entries(path):
            if time < since:
                continue
            if level == "WARNING":
                warnings += 1
            else:
                errors[room] += 1
                last = max(last, time)
    facts: dict[str, object] = {"days": DAYS, "warnings": warnings, "errors": errors.total()}
    if not errors:
        yield ok("log", "doctor.log", **facts)
        return
    rooms = tuple(f"{room} {count}" for room, count in errors.most_common())
    yield note("log", "doctor.log_errors", "doctor.advice_log", **facts, last=last, rooms=rooms)


def _entries(path: Path) -> Iterator[tuple[str, str, str]]:
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                found = _LINE.match(line)
                if found:
                    yield found[1], found[2], found[3]
    except OSError:
        return
