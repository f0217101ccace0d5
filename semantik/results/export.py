"""Hits for use outside of the program: copies in a folder, a ZIP archive, a table for a spreadsheet, JSON."""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import re
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.records import Hit
from semantik.results.copying import CopyReport, copy_files, problem_of
from semantik.results.portable_names import numbered, portable
from semantik.storage.regular_files import open_regular
from semantik.words.shown_names import visible
from semantik.words.text import counted, decimal_mark, reason, say

__all__ = ["CopyReport", "copied_message", "copy_files", "iter_zip", "to_csv", "to_json"]

log = logging.getLogger(__name__)

COLUMNS = ("rank", "path", "score", "relevance", "date", "width", "height", "camera")
"""What ``to_csv`` and ``to_json`` tell of a hit, in this order."""

_CHUNK = 1 << 20  # bytes read at a time
_ZIP_YEARS = (1980, 2107)  # what the format can express
_LATEST = 2**33  # seconds, in 2242; beyond it not every system can say which day it is
# Where a cell may begin in any spreadsheet's reading, also in one that takes the other separator or knows no quotes.
_FORMULA = re.compile(r'(?:^|(?<=[,;\t"]))(?=[=+\-@＝＋－＠])')


def copied_message(report: CopyReport, folder: Path) -> str:
    """What copying did, for the user: one line."""
    parts = [say("page.exported_to", copied=counted("page.exported", len(report.copied)), folder=visible(str(folder)))]
    if report.already_there:
        parts.append(counted("page.exported_before", len(report.already_there)))
    if report.failed:
        parts.append(counted("page.unexported", len(report.failed)))
    if report.cancelled:
        parts.append(say("page.exported_cancelled"))
    return "; ".join(parts) + "."


def iter_zip(paths: Sequence[Path], control: TaskControl = UNATTENDED) -> Iterator[bytes]:
    """The bytes of a ZIP archive of files, as they are made: nothing is held but a megabyte.

    Entries are stored as they are, pictures being compressed already, with their names made portable and
    unique, in one level, and their time of change. Files that cannot be read are left out, or end early, and are told
    in a text file at the end of the archive. ZIP64 where sizes need it. Raises Cancelled in the middle of the bytes:
    whoever passes them on must break the connection, so that no half archive passes for a whole one.
    Format: PKWARE APPNOTE 6.3.
    """
    sink = _Sink()
    missing: list[str] = []
    taken: dict[str, int] = {}
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for path in paths:
            try:
                yield from _entry(archive, sink, path, numbered(portable(path.name), taken), control)
            except (OSError, ValueError, EOFError) as error:
                log.warning("not in the archive: %s: %s", path, error)
                missing.append(f"{visible(str(path))}: {reason(problem_of(path, error).reason)}\r\n")
        if missing:
            name = numbered(say("page.zip_missing"), taken)
            archive.writestr(zipfile.ZipInfo(name, time.localtime()[:6]), "\ufeff" + "".join(missing))
    yield sink.take()


def to_csv(hits: Sequence[Hit]) -> bytes:
    """A table with a row per hit, as spreadsheets read it in the chosen language.

    UTF-8 with a mark, lines ended by CR LF (RFC 4180), the columns COLUMNS under the language's names; where
    the decimal mark is "," the separator is ";". What a spreadsheet would take for a formula, at the beginning
    of a cell or after a separator, gets an apostrophe before it (OWASP, CSV Injection), and characters that steer
    are made visible: ``to_json`` has the exact paths.
    """
    stream = io.StringIO(newline="")
    mark = decimal_mark()
    writer = csv.writer(stream, delimiter=";" if mark == "," else ",")
    writer.writerow([say(f"page.csv_{name}") for name in COLUMNS])
    for hit in hits:
        writer.writerow([_cell(value, mark) for value in _values(hit)])
    return stream.getvalue().encode("utf-8-sig")


def to_json(hits: Sequence[Hit]) -> bytes:
    """A list of objects with the keys COLUMNS, UTF-8; null where nothing is known.

    Bytes of a path that are not UTF-8 are escaped as Python's ``os.fsencode`` understands them.
    """
    rows = [dict(zip(COLUMNS, _values(hit), strict=True)) for hit in hits]
    # Half pairs cannot be encoded; Python's escape for them is JSON's.
    return json.dumps(rows, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")


class _Sink(io.RawIOBase):
    """Takes what the archive writes, for being passed on; without a position, so that nothing is patched later."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(memoryview(data))  # type: ignore[arg-type]  # whatever has a buffer, as in RawIOBase
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def _entry(archive: zipfile.ZipFile, sink: _Sink, path: Path, name: str, control: TaskControl) -> Iterator[bytes]:
    with open_regular(path) as source:
        status = os.fstat(source.fileno())
        first, last = _ZIP_YEARS
        when = time.localtime(min(max(status.st_mtime, 0), _LATEST))[:6]
        info = zipfile.ZipInfo(name, when if first <= when[0] <= last else (first, 1, 1, 0, 0, 0))
        info.external_attr = 0o100644 << 16  # an ordinary file; without it some systems make unreadable ones
        info.file_size = status.st_size
        with archive.open(info, "w", force_zip64=status.st_size >= zipfile.ZIP64_LIMIT // 2) as entry:
            left = status.st_size  # a file that grows meanwhile must not outgrow what the header can tell
            while left > 0 and (chunk := source.read(min(_CHUNK, left))):
                control.stop_if_cancelled()
                entry.write(chunk)
                left -= len(chunk)
                yield sink.take()
        if left:
            raise EOFError(path)


def _values(hit: Hit) -> tuple[int | float | str | None, ...]:
    details = hit.details
    return (
        hit.rank,
        str(hit.path),
        hit.score,
        hit.relevance,
        details.date.isoformat(timespec="seconds") if details else None,
        (details.width or None) if details else None,
        (details.height or None) if details else None,
        details.camera if details else None,
    )


def _cell(value: int | float | str | None, mark: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _FORMULA.sub("'", visible(value))
    return str(value) if isinstance(value, int) else f"{value:.4f}".replace(".", mark)
