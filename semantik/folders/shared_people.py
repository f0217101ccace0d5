"""The names of persons, as rows that go from computer to computer: what somebody says of a group of faces, all hear.

Of each group there is one row: its name, or the group that it was merged into. What was said last holds, by the numbers
of the rows. Who was named here before the library was opened for the first time is called as the library says, if it
says anything; whoever may only search is called here as the user says, who keeps that for himself. Nothing but names
goes there: not whom somebody does not want to see, nor the faces of pictures in other folders.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from semantik.errors import IndexNotSaved, system_detail
from semantik.folders.face_store import FaceStore
from semantik.folders.people_book import PeopleBook
from semantik.folders.shared_kinds import SharedFaces, Version, as_json, cells_in
from semantik.index import SharedRow
from semantik.storage.json_files import is_plain


class SharedPeople:
    """Who the groups of faces in one folder are."""

    kind = "people"

    def __init__(self, store: FaceStore, book: PeopleBook, faces: SharedFaces) -> None:
        self._store, self._book, self._faces = store, book, faces
        self.files = store.path, book.path
        self._known: set[str] = set()  # groups of which others say something, and the user something else

    @property
    def is_empty(self) -> bool:
        """Whether nobody was ever named."""
        return not self._book.entries()

    @property
    def was_deleted(self) -> bool:
        """Whether nobody is to be known any more."""
        return self._faces.was_deleted

    def told(self, versions: Collection[Version], known: Collection[str]) -> dict[str, str | None]:
        """What is said of the groups that are in the folder, or were when others heard of them."""
        here, merged = {*known} | self._store.groups(), self._book.merged()
        return {
            group: as_json((each.name, each.into)) if each.name or each.into else None
            for group, each in self._book.entries().items()
            if group in here or merged.get(group) in here
        }

    def joins(self) -> None:
        """What is said there holds, see ``take``."""

    def take(self, rows: Sequence[SharedRow], *, first: bool) -> None:
        """Call the persons so, and put the faces together that belong to one."""
        said = {row.path: cells_in(row) if row.cells else ("", "") for row in rows}
        good = {group: (cells[0], cells[1]) for group, cells in said.items() if _is_good(group, cells)}
        if good:
            with self._writing():
                self._book.take(good)
            self._store.follow_merges(self._book.merged())

    def insist(self, rows: Sequence[SharedRow]) -> None:
        """Others say this of groups of which the user said something else since: that is of the faces as they are."""
        groups = {row.path for row in rows}
        self._store.say_again(groups)
        self._known |= groups

    def sent(self, rows: Sequence[SharedRow]) -> None:
        """Nothing is to be done."""

    def settle(self) -> None:
        """Where others had put faces into a group of theirs that was unknown here, and the user here the same into one
        of his that is unknown there, both are one person, who is called as they say, or else as he does."""
        disputed, self._faces.disputed = self._faces.disputed, Counter()
        seen, self._faces.seen = self._faces.seen, set()
        totals: Counter[str] = Counter()
        for (_, ours), count in disputed.items():
            totals[ours] += count
        known = {theirs for theirs, _ in disputed} | self._store.groups_heard_of() | self._known
        self._known = set()
        for ours in totals.keys() - known:
            count, theirs = max((count, theirs) for (theirs, other), count in disputed.items() if other == ours)
            if 2 * count > totals[ours] and theirs not in seen:
                with self._writing():
                    self._book.join(ours, theirs)
        if disputed:
            self._store.follow_merges(self._book.merged())

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise IndexNotSaved(folder=str(self._book.path.parent), detail=system_detail(error)) from error


def _is_good(group: str, cells: Sequence[object]) -> bool:
    texts = [each for each in (group, *cells) if isinstance(each, str) and is_plain(each)]
    return len(texts) == 3 and bool(group) and cells[1] != group
