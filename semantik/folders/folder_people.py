"""Who is in the pictures of a folder, by the names that the user gave."""

from __future__ import annotations

from collections.abc import Sequence

from semantik.folders.face_store import FaceStore
from semantik.folders.people_book import PeopleBook
from semantik.queries import PeopleCount
from semantik.records import ImageFile
from semantik.words.plain import plain


class FolderPeople:
    """The named persons in a folder's pictures. Reads only; may be called from any thread."""

    def __init__(self, store: FaceStore, book: PeopleBook) -> None:
        self._store = store
        self._book = book

    @property
    def state(self) -> object:
        """What changes whenever another answer may be given: as a key of what was found."""
        named = frozenset((each.group, plain(each.name)) for each in self._book.persons().values() if each.name)
        return self._store.path, self._store.changes, named, frozenset(self._book.merged().items())

    def knows(self, name: str) -> bool:
        """Whether somebody has this name, be it in another folder."""
        return bool(self._book.groups_called(name))

    def names(self) -> tuple[str, ...]:
        """The names of those who are in pictures of the folder."""
        merged, persons = self._book.merged(), self._book.persons()
        here = {merged.get(group, group) for group in self._store.sizes()}
        return tuple(person.name for group, person in persons.items() if person.name and group in here)

    def pictures(self, names: Sequence[str], count: PeopleCount | None) -> set[ImageFile]:
        """The pictures in which all of these persons are, and so many faces in all; not for neither of the two."""
        found = [self._store.with_any(self._book.groups_called(name)) for name in names]
        return set.intersection(*found, *([self._store.with_count(count)] if count else []))

    def names_in(self, files: Sequence[ImageFile]) -> list[tuple[str, ...]]:
        """Who is in each of these pictures, from left to right."""
        persons = {group: each for group, each in self._book.persons().items() if each.name and not each.hidden}
        persons |= {group: persons[into] for group, into in self._book.merged().items() if into in persons}
        groups = self._store.groups_in(files) if persons else {}
        names = {file: [persons[group].name for group in groups.get(file, ()) if group in persons] for file in files}
        return [tuple(dict.fromkeys(names[file])) for file in files]
