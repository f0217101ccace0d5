"""``faces.sqlite``: what is known of the faces in a folder's pictures, whatever becomes of the pictures or the file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semantik.folders.face_rows import VERSION
from semantik.folders.face_store import FaceStore
from semantik.queries import PeopleCount
from semantik.storage.json_files import take_spoiled
from tests.support.faces import face_of, file_of

A, B, C = file_of("a.jpg"), file_of("fiesta/b\udce9.jpg"), file_of("c.jpg")


@pytest.fixture
def store(tmp_path):
    store = FaceStore(tmp_path / "faces.sqlite")
    store.add(A, [face_of("Ana"), face_of("Luis", left=50)])
    store.add(B, [face_of("Ana", 1)])
    store.add(C, [])
    return store


def groups_of(store: FaceStore) -> list[str]:
    return store.load().groups


def test_nothing_is_made_before_there_is_something_to_keep(tmp_path):
    store = FaceStore(tmp_path / "faces.sqlite")
    assert store.missing([A]) == [A]
    assert (len(store.load().ids), store.sizes(), store.with_any(["x"]), store.groups_in([A])) == (
        0,
        {},
        set(),
        {A: []},
    )
    assert store.with_count(PeopleCount(0, None)) == set()
    store.keep([])
    store.follow([("a.jpg", C)], [])
    assert list(tmp_path.iterdir()) == []


def test_faces_are_kept_with_their_places_and_groups(store, tmp_path):
    again = FaceStore(tmp_path / "faces.sqlite")
    store.flush()
    assert again.missing([A, B, C, file_of("d.jpg")]) == [file_of("d.jpg")]
    faces = again.load()
    wanted = [face_of("Ana"), face_of("Luis", left=50), face_of("Ana", 1)]
    assert np.abs(faces.vectors - np.array([face.embedding for face in wanted])).max() < 1e-3
    assert np.abs(np.linalg.norm(faces.vectors, axis=1) - 1).max() < 1e-6
    ana, luis, other = faces.ids.tolist()
    again.assign({luis: "l", ana: "a"})
    again.assign({other: "a"}, sure=True)
    assert (again.load().groups, again.load().sure.tolist()) == (["a", "l", "a"], [False, False, True])
    assert again.sizes() == {"a": 2, "l": 1}
    assert again.groups_in([C, A]) == {C: [], A: ["a", "l"]}  # from left to right
    assert {(face.path, face.region) for face in again.faces_in(["l"])} == {("a.jpg", (50.0, 20.0, 15.0, 25.0))}
    assert again.with_any(["a"]) == {A, B}
    assert again.with_any(["a", "l"]) & again.with_any(["l"]) == {A}
    assert again.with_count(PeopleCount(2, 2)) == {A}
    assert again.with_count(PeopleCount(1, None)) == {A, B}
    assert again.with_count(PeopleCount(0, 0)) == {C}


def test_faces_go_with_the_content_of_their_pictures(store):
    ids = store.load().ids.tolist()
    store.assign(dict(zip(ids, "xyz", strict=True)))
    moved, copy = file_of("nuevo/a.jpg"), file_of("copia.jpg")
    store.follow([("a.jpg", moved)], [("nuevo/a.jpg", copy)])
    assert store.missing([A, moved, copy]) == [A]
    assert store.with_any("x") == {moved, copy}
    store.follow([("nuevo/a.jpg", A), ("copia.jpg", moved)], [])  # two that change places
    assert store.with_any("y") == {A, moved}
    store.keep(["a.jpg"])
    assert (store.sizes(), store.missing([A, B])) == ({"x": 1, "y": 1}, [B])
    other = file_of("a.jpg").__class__("a.jpg", 99, 10**18)
    assert (store.groups_in([other]), store.missing([other])) == ({other: []}, [other])


def test_a_face_stays_who_it_was_when_its_file_is_written_anew(store):
    ids = store.load().ids.tolist()
    store.assign({ids[0]: "a", ids[1]: "l"}, sure=True)
    newer = type(A)(A.path, 99, 10**18)
    store.add(newer, [face_of("Luis", left=52), face_of("Eva")])
    assert store.groups_in([newer]) == {newer: ["l"]}
    assert groups_of(store) == ["", "l", ""]
    assert store.with_any(["a"]) == set()


def test_what_is_deleted_is_gone_from_the_disk(store, tmp_path):
    store.flush()
    with closing(sqlite3.connect(store.path)) as base, base:
        base.execute("PRAGMA journal_mode = WAL")
        base.execute("CREATE TABLE other (x)")
        (tmp_path / "faces.sqlite.damaged").write_bytes(b"old")
        store.delete_all()
    assert list(tmp_path.iterdir()) == []
    assert store.missing([A]) == [A]
    store.add(A, [])
    assert store.missing([A]) == []


def test_a_file_of_a_newer_program_is_left_and_a_damaged_one_made_anew(tmp_path):
    path = tmp_path / "faces.sqlite"
    with closing(sqlite3.connect(path)) as base, base:
        base.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()
    store = FaceStore(path)
    store.add(A, [face_of("Ana")])
    assert store.missing([A]) == []
    assert path.read_bytes() == before
    path.write_bytes(b"no database at all" * 100)
    store = FaceStore(path)
    assert store.missing([A]) == [A]
    assert [spoiled.kept.name for spoiled in take_spoiled()] == ["faces.sqlite.damaged"]


CELLS = st.one_of(
    *(st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=5)),
    st.sampled_from([b"", b"a.jpg", bytes(256), b"\xff" * 256, bytes(16), b"\xff" * 16, "a", float("inf")]),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(CELLS, min_size=6, max_size=6), st.lists(CELLS, min_size=3, max_size=3))
def test_whatever_anybody_writes_into_it_is_no_error(tmp_path_factory, face, picture):
    store = FaceStore(tmp_path_factory.mktemp("edited") / "faces.sqlite")
    store.add(C, [face_of("Ana")])
    store.flush()
    with closing(sqlite3.connect(store.path)) as base, base:
        base.execute("INSERT INTO faces VALUES (NULL, ?, ?, ?, ?, ?, ?)", face)
        base.execute("INSERT OR IGNORE INTO pictures VALUES (?, ?, ?)", picture)
    loaded = store.load()
    assert np.isfinite(loaded.vectors).all()
    assert len(loaded.groups) == len(loaded.ids) == len(loaded.vectors) >= 1
    assert C in store.with_count(PeopleCount(1, 1))
    store.sizes()
    store.with_any(["a"])
    list(store.faces_in(["a"]))
    store.follow([("a.jpg", B)], [("c.jpg", A)])
    store.add(A, [face_of("Ana")])
    store.keep(["c.jpg"])
    assert store.missing([A, C]) == [A]


def test_what_cannot_be_written_is_kept_in_memory(tmp_path):
    path = Path(tmp_path / "faces.sqlite" / "x")
    path.parent.write_bytes(b"a file in the folder's place")
    store = FaceStore(path)
    store.add(A, [face_of("Ana")])
    assert store.missing([A, B]) == [B]
    store.delete_all()
    assert store.missing([A, B]) == [A, B]
