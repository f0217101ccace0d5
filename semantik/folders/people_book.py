"""Who the persons in the pictures are: the names that the user gave, kept in the home for all folders."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from semantik.folders.face_rows import LENGTH, read_vector, vector_bytes
from semantik.records import Embeddings
from semantik.storage.atomic_files import patiently, replace_file
from semantik.storage.home import people_file
from semantik.storage.json_files import is_plain, read_list
from semantik.words.plain import clean_name, plain

log = logging.getLogger(__name__)

MOST_FACES = 12
"""Faces by which a person is known where no folder is open that has others: in a new folder, or one read anew."""


@dataclass(frozen=True, slots=True)
class Person:
    """What the user said of a group of faces. ``name``: "" for none; ``faces``: as ``vector_bytes``.

    ``into``: the group that it was merged into, of which all is said then; "" for one that stands for itself.
    """

    group: str
    name: str = ""
    hidden: bool = False
    faces: tuple[bytes, ...] = ()
    into: str = ""


class Renamed(NamedTuple):
    """A person who had the name ``old`` here has another by now, "" for none, since somebody elsewhere said so."""

    old: str
    new: str


class PeopleBook:
    """The persons, each with a group of its own. May be called from any thread; other programs may write the file."""

    def __init__(self, home: Path) -> None:
        self.path = people_file(home)
        self._lock = threading.RLock()
        self._read: tuple[object, dict[str, Person]] | None = None
        self.changes = 0
        """How often something was changed here."""
        self.renamed: list[Renamed] = []
        """What others called otherwise, since the user was told last."""

    def entries(self) -> dict[str, Person]:
        """All that was ever said, by group: of whom nothing is said any more, and of those that were merged, too."""
        with self._lock:
            state = self._state()
            if self._read is None or self._read[0] != state:
                self._read = state, {person.group: person for person in map(_person, read_list(self.path)) if person}
                self.changes += 1
            return self._read[1]

    def persons(self) -> dict[str, Person]:
        """Those of whom something is said, by group."""
        return {group: each for group, each in self.entries().items() if (each.name or each.hidden) and not each.into}

    def merged(self) -> dict[str, str]:
        """The groups that were merged into others, and where their faces are now."""
        return _merged(self.entries())

    def groups_called(self, name: str) -> set[str]:
        """The groups of the persons of this name, whatever its case and accents."""
        wanted = plain(clean_name(name))
        called = {each.group for each in self.persons().values() if each.name and plain(each.name) == wanted}
        return called | {group for group, into in self.merged().items() if into in called}

    def put(self, person: Person) -> None:
        """Keep what the user says of a group. Raises OSError."""
        self._change({person.group: replace(person, name=clean_name(person.name))})

    def merge(self, groups: Iterable[str], kept: str) -> None:
        """Say that groups are the person of the group ``kept``. Raises OSError."""
        with self._lock:
            person = replace(self.entries().get(kept, Person(kept)), into="")
            self._change({kept: person, **{group: Person(group, into=kept) for group in groups if group != kept}})

    def join(self, group: str, kept: str) -> None:
        """The same of one, whose name the other has then if it has none. Raises OSError."""
        with self._lock:
            ours, theirs = self.entries().get(group, Person(group)), self.entries().get(kept, Person(kept))
            if ours.name and theirs.name and ours.name != theirs.name:
                self.renamed.append(Renamed(ours.name, theirs.name))
            self._change({kept: replace(theirs, name=theirs.name or ours.name, into="")})
            self.merge([group], kept)

    def take(self, said: Mapping[str, tuple[str, str]]) -> None:
        """Keep what others say of groups: names, and what they were merged into, "" for neither. Raises OSError."""
        with self._lock:
            before, persons = self.entries(), self.persons()
            changed = {
                group: replace(before.get(group, Person(group)), name=clean_name(name), into=into)
                for group, (name, into) in said.items()
            }
            merged = _merged({**before, **changed})
            # The opposite was said here: that is the later word, and others will hear it.
            now = {group: each for group, each in changed.items() if not each.into or group in merged}
            was = _merged(before)
            self._change(now)
            called = self.persons()
            for group in now:
                old = persons.get(was.get(group, group))
                new = called.get(merged.get(group, group), Person(group))
                if old and old.name and old.name != new.name:
                    self.renamed.append(Renamed(old.name, new.name))

    def _change(self, changed: Mapping[str, Person]) -> None:
        """Write these in place of what was said of the same groups; of whom nothing ever was, nothing is written."""
        with self._lock:
            before = self.entries()
            entries = {**before, **changed}
            empty = [each.group for each in changed.values() if not (each.name or each.hidden or each.into)]
            for group in empty:
                if group not in before:
                    del entries[group]
                else:  # others are to hear of that
                    entries[group] = Person(group)
            if entries != before:
                self._write(entries.values())

    def delete_all(self) -> None:
        """Forget everybody: the file is gone, with what damage left of it. Raises OSError."""
        with self._lock:
            for path in self.path.parent.glob(f"{self.path.name}*"):
                patiently(path.unlink)
            self._read = None
            self.changes += 1

    def _write(self, persons: Iterable[Person]) -> None:
        data = json.dumps([_fields(person) for person in persons], ensure_ascii=True, indent=1)
        replace_file(self.path, data.encode("ascii"))
        self._read = None

    def _state(self) -> object:
        try:
            state = self.path.stat()
        except OSError:
            return None
        return state.st_ino, state.st_size, state.st_mtime_ns


def _merged(entries: Mapping[str, Person]) -> dict[str, str]:
    found: dict[str, str] = {}
    for group, person in entries.items():
        last, seen = person.into, {group}
        while last and last not in seen and (each := entries.get(last)) and each.into:
            seen.add(last)
            last = each.into
        if last and last not in seen:  # else it goes round in a circle
            found[group] = last
    return found


def faces_of(person: Person) -> Embeddings:
    """The embeddings by which a person is known, float32 (n, 128)."""
    vectors = [vector for vector in map(read_vector, person.faces) if vector is not None]
    return np.array(vectors, np.float32).reshape(-1, LENGTH)


def telling(vectors: Embeddings) -> tuple[bytes, ...]:
    """Those of a person's faces, float32 (n, 128), that tell most of them: the middle one, then the most different."""
    if not len(vectors):
        return ()
    chosen = [int((vectors @ vectors.mean(axis=0)).argmax())]
    nearest = vectors @ vectors[chosen[0]]
    while len(chosen) < min(MOST_FACES, len(vectors)):
        chosen.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, vectors @ vectors[chosen[-1]])
    return tuple(vector_bytes(vectors[row]) for row in chosen)


def _fields(person: Person) -> dict[str, object]:
    faces = [base64.b64encode(face).decode("ascii") for face in person.faces]
    fields = {"group": person.group, "name": person.name, "hidden": person.hidden, "faces": faces}
    return fields | ({"into": person.into} if person.into else {})


def _person(value: object) -> Person | None:
    """A person from the file, which anybody may have edited; None for what is none."""
    if not isinstance(value, dict) or not isinstance(group := value.get("group"), str) or not group:
        return None
    name, hidden, faces, into = value.get("name"), value.get("hidden") is True, value.get("faces"), value.get("into")
    name = clean_name(name) if isinstance(name, str) and is_plain(name) else ""
    known = [_decoded(face) for face in faces[:MOST_FACES]] if isinstance(faces, list) else []
    merged = into if isinstance(into, str) and into != group else ""
    return Person(group, name, hidden, tuple(filter(None, known)), merged)


def _decoded(face: object) -> bytes:
    try:
        data = base64.b64decode(face, validate=True) if isinstance(face, str) else b""
    except (ValueError, binascii.Error):
        return b""
    return data if read_vector(data) is not None else b""
