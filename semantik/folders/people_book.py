"""Who the persons in the pictures are: the names that the user gave, kept in the home for all folders."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

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
    """What the user said of a group of faces. ``name``: "" for none; ``faces``: as ``vector_bytes``."""

    group: str
    name: str = ""
    hidden: bool = False
    faces: tuple[bytes, ...] = ()


class PeopleBook:
    """The persons, each with a group of its own. May be called from any thread; other programs may write the file."""

    def __init__(self, home: Path) -> None:
        self._path = people_file(home)
        self._lock = threading.RLock()
        self._read: tuple[object, dict[str, Person]] | None = None
        self.changes = 0
        """How often something was changed here."""

    def persons(self) -> dict[str, Person]:
        """All of them, by group."""
        with self._lock:
            state = self._state()
            if self._read is None or self._read[0] != state:
                self._read = state, {person.group: person for person in map(_person, read_list(self._path)) if person}
                self.changes += 1
            return self._read[1]

    def groups_called(self, name: str) -> set[str]:
        """The groups of the persons of this name, whatever its case and accents."""
        wanted = plain(clean_name(name))
        return {each.group for each in self.persons().values() if each.name and plain(each.name) == wanted}

    def put(self, person: Person) -> None:
        """Keep what the user says of a group. Raises OSError."""
        with self._lock:
            persons = {**self.persons(), person.group: replace(person, name=clean_name(person.name))}
            if not person.name and not person.hidden:
                del persons[person.group]
            self._write(persons.values())

    def drop(self, groups: Iterable[str]) -> None:
        """Forget groups that are no more. Raises OSError."""
        with self._lock:
            gone = {*groups}
            if not gone.isdisjoint(self.persons()):
                self._write(each for each in self.persons().values() if each.group not in gone)

    def delete_all(self) -> None:
        """Forget everybody: the file is gone, with what damage left of it. Raises OSError."""
        with self._lock:
            for path in self._path.parent.glob(f"{self._path.name}*"):
                patiently(path.unlink)
            self._read = None
            self.changes += 1

    def _write(self, persons: Iterable[Person]) -> None:
        data = json.dumps([_fields(person) for person in persons], ensure_ascii=True, indent=1)
        replace_file(self._path, data.encode("ascii"))
        self._read = None

    def _state(self) -> object:
        try:
            state = self._path.stat()
        except OSError:
            return None
        return state.st_ino, state.st_size, state.st_mtime_ns


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
    return {"group": person.group, "name": person.name, "hidden": person.hidden, "faces": faces}


def _person(value: object) -> Person | None:
    """A person from the file, which anybody may have edited; None for what is none."""
    if not isinstance(value, dict) or not isinstance(group := value.get("group"), str) or not group:
        return None
    name, hidden, faces = value.get("name"), value.get("hidden") is True, value.get("faces")
    name = clean_name(name) if isinstance(name, str) and is_plain(name) else ""
    known = [_decoded(face) for face in faces[:MOST_FACES]] if isinstance(faces, list) else []
    return Person(group, name, hidden, tuple(filter(None, known))) if name or hidden else None


def _decoded(face: object) -> bytes:
    try:
        data = base64.b64decode(face, validate=True) if isinstance(face, str) else b""
    except (ValueError, binascii.Error):
        return b""
    return data if read_vector(data) is not None else b""
