"""What differs between a folder and its index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from semantik.index.manifest import Manifest
from semantik.index.row_table import RowTable
from semantik.records import LASTING, NOTES, Changes, ImageFile, Lasts, Reason, split_key

TRANSIENT = frozenset(reason for reason, lasts in LASTING.items() if lasts in (Lasts.UNTIL_NEXT, Lasts.A_FEW_TIMES))
"""Reasons that may be gone although the file is the same: an update tries such files again."""

MOST_TRIES = 3
"""Updates in which a file of ``Lasts.A_FEW_TIMES`` is tried; another version of the program counts anew."""


class Skip(NamedTuple):
    """What is remembered of a file that was skipped: its size and time then, why, and in how many updates in a row."""

    size: int  # bytes
    mtime_ns: int
    reason: Reason
    tries: int = 0  # 0 where nobody counts

    def is_of(self, file: ImageFile) -> bool:
        """Whether the file is still the same."""
        return (self.size, self.mtime_ns) == (file.size, file.mtime_ns)

    def may_pass(self) -> bool:
        """Whether trying once more may help."""
        lasts = LASTING[self.reason]
        return lasts is Lasts.UNTIL_NEXT or (lasts is Lasts.A_FEW_TIMES and self.tries < MOST_TRIES)


def skip_of(file: ImageFile, reason: Reason, before: Skip | None) -> Skip:
    """What to remember of a file that is skipped now; ``before``: what was remembered of it until now."""
    tries = 0
    if LASTING[reason] is Lasts.A_FEW_TIMES:
        tries = before.tries + 1 if before and before.is_of(file) else 1
    return Skip(file.size, file.mtime_ns, reason, tries)


def compare(
    found: Iterable[ImageFile],
    manifest: Manifest,
    rows: RowTable,
    skipped: Mapping[str, Skip],
    *,
    unreadable: Collection[str],
    retry: bool,
) -> Changes:
    """How ``found`` differs from the rows that count and the skipped files: see ``ImageIndex.compare``.

    A file that a note would leave out is news: who asks about it means it to be taken.
    """
    sizes, mtimes_ns = manifest.sizes, manifest.mtimes_ns
    added, changed, seen, known = [], [], 0, set()
    for file in found:
        known.add(file.path)
        row = rows.row_of.get(file.path)
        if row is None and rows.has_parts:
            row = rows.first_row_of(file.path)
        skip = skipped.get(file.path)
        if row is not None:
            seen += 1
            if (sizes[row], mtimes_ns[row]) != (file.size, file.mtime_ns):
                changed.append(file)
        elif skip is None or not skip.is_of(file) or skip.reason in NOTES or (retry and skip.may_pass()):
            added.append(file)
    removed = [
        path
        for path in (dict.fromkeys(split_key(key)[0] for key in rows.row_of) if seen < rows.files else ())
        if path not in known and not path.startswith(tuple(unreadable))
    ]
    return Changes(added, changed, removed, seen - len(changed), _moved(added, removed, manifest, rows))


def _moved(added: Iterable[ImageFile], removed: Iterable[str], manifest: Manifest, rows: RowTable) -> int:
    """How many of the new files are most likely former ones under another name: no file is read for this."""
    gone: Counter[tuple[int, int]] = Counter()
    for path in removed:
        if (row := rows.first_row_of(path)) is not None:
            gone[manifest.sizes[row], manifest.mtimes_ns[row]] += 1
    there = Counter((file.size, file.mtime_ns) for file in added) if gone else gone
    return (gone & there).total()
