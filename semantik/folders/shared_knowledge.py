"""What is known of a folder's pictures goes to where its index is kept, and from there to each computer that opens it.

The stores of the home stay what is asked: filters, orders and the search for words work as ever, and without the server
for as long as it is away. What changes are whole rows, by the numbers of their writes.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Sequence
from pathlib import Path

from semantik.errors import StoreCopyDiffers
from semantik.folders.details_rows import version_of
from semantik.folders.shared_kinds import SharedKind
from semantik.folders.shared_notes import SharedNotes, digest_of
from semantik.folders.shared_people import SharedPeople
from semantik.index import ImageIndex, SharedRow, SharedRows
from semantik.long_tasks import UNATTENDED, RowsTold, TaskControl

_AT_ONCE = 5000  # rows that are sent


class SharedKnowledge:
    """Passes on what the stores of one folder have learnt, and takes over what others have. Any thread may call it."""

    def __init__(self, path: Path, kinds: Sequence[SharedKind]) -> None:
        """``path``: of the file that remembers what is there already, and what was taken from there."""
        self._notes = SharedNotes(path)
        self._kinds = kinds
        self._lock = threading.RLock()

    def exchange(
        self,
        shared: SharedRows,
        index: ImageIndex,
        control: TaskControl = UNATTENDED,
        *,
        kinds: Collection[str],
        read_only: bool,
    ) -> None:
        """Take what others have learnt, and pass on what is known here of the files as the index has them.

        ``kinds``: those that the user wants. Where it is much, ``control`` is told how many rows are done; once it is
        cancelled, the next call goes on there. Raises as ``SharedRows``.
        """
        with self._lock:
            token = shared.token()
            if not token and not read_only:  # whoever made the index knew nothing of this
                shared.write(())
                token = shared.token()
            self._notes.begin(token)
            if not read_only:
                self._take_back(shared)
            wanted = [each for each in self._kinds if each.kind in kinds]
            new = shared.counts({each.kind: self._notes.taken(each.kind).number for each in wanted})
            told = RowsTold(control, sum(new.values()))
            for each in wanted:
                self._take(shared, each, index, told, new=bool(new.get(each.kind)))
            for each in wanted:
                if isinstance(each, SharedPeople) and not control.cancelled:
                    each.settle()
            for each in wanted if not read_only else ():
                self._send(shared, each, index, told)

    def compare(
        self, shared: SharedRows, index: ImageIndex, *, kinds: Collection[str], place: str, read_only: bool = False
    ) -> int:
        """How many rows of the index's files both have. Raises StoreCopyDiffers with the first that only one has.

        ``read_only``: what the user says here in place of what is known there is no difference.
        """
        count = 0
        versions = {file.path: [*version_of(file)[1:]] for file in index.files()}
        for each in self._kinds:
            if each.kind not in kinds:
                continue
            here, there = self._told(each, index), dict[str, str]()

            def note(rows: Sequence[SharedRow], there: dict[str, str] = there) -> None:
                there.update({row.path: row.cells for row in rows if row.cells})

            shared.read(each.kind, 0, note)
            of_index = {path for path, cells in there.items() if _version(cells) == versions.get(path)}
            noted = self._notes.there(each.kind)
            for path in sorted(here.keys() | of_index):
                if here.get(path) == there.get(path):
                    count += here.get(path) is not None
                elif not (read_only and noted.get(path) == digest_of(there.get(path))):
                    raise StoreCopyDiffers(place=place, path=path)
        return count

    def _take(self, shared: SharedRows, each: SharedKind, index: ImageIndex, told: RowsTold, *, new: bool) -> None:
        """What others know and nobody told here; ``new``: whether there is any since the last time."""
        (after, first, _), known = self._notes.taken(each.kind), self._notes.there(each.kind)
        if (after or known) and each.is_empty:  # it was damaged, or deleted here: what others know helps
            self._notes.forget(each.kind)
            after, first, known, new = 0, True, {}, True
        if told.control.cancelled or not (first or new):
            return
        people = isinstance(each, SharedPeople)
        ours = self._told(each, index) if first or people else {}
        if first and not known:
            each.joins()

        def is_wanted(row: SharedRow) -> bool:
            if row.path not in ours:
                return True
            if people:  # what was said here since is the later word
                return first or digest_of(ours[row.path]) == known.get(row.path)
            # Whoever comes with knowledge of their own may know a file as it is, and the others as it was before.
            return _version(row.cells) == _version(ours[row.path])

        def take(rows: Sequence[SharedRow]) -> bool:
            others = [row for row in rows if known.get(row.path) != digest_of(row.cells)]
            wanted = [*filter(is_wanted, others)]
            if wanted:
                each.take(wanted, first=first)
            if isinstance(each, SharedPeople) and len(wanted) < len(others):
                each.insist([row for row in others if row not in wanted])
            self._notes.note(others, ours=False)
            return told.did(len(rows))

        newest = shared.read(each.kind, after, take) if new else after
        self._notes.note_taken(each.kind, newest, first=first and told.control.cancelled)

    def _send(self, shared: SharedRows, each: SharedKind, index: ImageIndex, told: RowsTold) -> None:
        """What is known here and not there."""
        (taken, first, sent), state = self._notes.taken(each.kind), _state_of(each.files, index)
        if told.control.cancelled or first or sent == state:
            return
        known = self._notes.there(each.kind)
        rows = [
            SharedRow(each.kind, path, cells)
            for path, cells in self._told(each, index).items()
            if known.get(path) != digest_of(cells)
        ]
        told.total += len(rows)
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            shared.write(part)
            self._notes.note(part, ours=True)
            each.sent(part)
            if told.did(len(part)):
                return
        self._notes.note_taken(each.kind, taken, sent=state)

    def _take_back(self, shared: SharedRows) -> None:
        """The user had all faces forgotten here: nobody is to have those that came from here, nor their names."""
        for each in self._kinds:
            if each.was_deleted and self._notes.there(each.kind):
                rows = [SharedRow(each.kind, path, None) for path in self._notes.there(each.kind, ours=True)]
                if rows:
                    shared.write(rows)
                self._notes.forget(each.kind)

    def _told(self, each: SharedKind, index: ImageIndex) -> dict[str, str | None]:
        """What is known of the files as the index has them, and of who is in them."""
        if isinstance(each, SharedPeople):
            return each.told((), self._notes.there(each.kind).keys())
        return each.told({version_of(file) for file in index.files()}, ())


def _state_of(files: Sequence[Path], index: ImageIndex) -> str:
    """What tells the rows to be sent from those of another time."""
    found = [index.generation]
    for path in files:
        try:
            now = path.stat()
        except OSError:
            found.append(-1)
        else:
            found += now.st_size, now.st_mtime_ns
    return " ".join(map(str, found))


def _version(cells: str | None) -> list[object]:
    """Size and time of the file of which something is known: the first cells of every kind but that of persons."""
    try:
        return list(json.loads(cells or "[]")[:2])
    except (ValueError, TypeError, RecursionError):
        return []
