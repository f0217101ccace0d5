"""What differs between a folder and its index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from semantik.index.manifest import Manifest
from semantik.index.row_table import RowTable
from semantik.index.skipped_files import Skip
from semantik.records import NOTES, Changes, ImageFile, split_key


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
