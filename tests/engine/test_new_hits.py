"""What is new for a starred search: after renames, other models, indexing anew, written ratings, and damage."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3

import pytest

from semantik.engine.new_hits import NewHits
from semantik.folders.indexed_folder import IndexedFolder
from semantik.storage.home import arrivals_file, folder_of_indexes, saved_searches_file
from semantik.storage.json_files import take_spoiled
from semantik.storage.saved_searches import KEPT, SavedSearch, SavedSearches
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import change_silently, paint, together


@pytest.fixture
def opened(home, library, pool) -> IndexedFolder:
    made = IndexedFolder(home, library, FakeEncoder(), pool)
    made.update()
    return made


@pytest.fixture
def hits(home, opened) -> NewHits:
    """«rojo» was starred while the six pictures were there: red and orange answer it."""
    made = NewHits(home)
    made.star(together(opened), "rojo")
    assert count(made, opened) == 0
    return made


def count(hits: NewHits, *folders: IndexedFolder) -> int:
    return hits.count(together(*folders), hits.saved.find("rojo"), 50)


def look(hits: NewHits, *folders: IndexedFolder, words: str = "rojo") -> set[str]:
    """Ask for it as the window does; the names that are marked as new."""
    library = together(*folders)
    answer = hits.marked(library, library.ask(library.read(words), library.count))
    hits.look(answer)
    return {path.name for path in answer.new}


def test_what_came_since_the_last_look_and_answers_is_new_once(hits, opened):
    paint(opened.folder / "granate.png", (250, 5, 5))
    paint(opened.folder / "cielo.png", (5, 5, 250))
    opened.update()
    assert count(hits, opened) == 1
    # Another search, even one that finds it, is no look at this one; the same in other words is.
    assert look(hits, opened, words="verde") == set()
    assert count(hits, opened) == 1
    assert look(hits, opened, words="  rojo ") == {"granate.png"}
    assert count(hits, opened) == 0
    assert look(hits, opened) == set()
    paint(opened.folder / "cereza.png", (240, 9, 9))
    opened.update()
    assert count(hits, opened) == 1


def test_what_is_only_called_or_kept_otherwise_is_not_new(home, hits, opened, pool):
    folder = opened.folder
    (folder / "rojo.png").rename(folder / "viaje" / "bermejo.png")  # renamed
    opened.update()
    assert count(hits, opened) == 0
    change_silently(folder / "viaje" / "playa" / "naranja.png", (255, 100, 0))  # as a rating that is written into it
    opened.update(check=True)
    assert count(hits, opened) == 0
    opened.update(rebuild=True)
    assert count(hits, opened) == 0
    other = FakeEncoder()  # another model, with an index of its own
    other.name, other.space = "otro", "fake/otro"
    second = IndexedFolder(home, folder, other, pool)
    second.update()
    assert count(hits, second) == 0
    shutil.rmtree(folder_of_indexes(home, folder))  # all indexes were deleted
    anew = IndexedFolder(home, folder, FakeEncoder(), pool)
    anew.update()
    assert count(hits, anew) == 0
    moved = folder.with_name("otra")  # the folder was moved, and a copy of a picture went to another folder
    folder.rename(moved)
    there = IndexedFolder(home, moved, FakeEncoder(), pool)
    there.open()
    there.update()
    assert count(hits, there) == 0
    beside = IndexedFolder(home, moved.with_name("copias"), FakeEncoder(), pool)
    beside.folder.mkdir()
    shutil.copy(moved / "viaje" / "bermejo.png", beside.folder / "copia.png")
    beside.update()
    assert count(hits, there, beside) == 0
    paint(beside.folder / "fresa.png", (230, 3, 3))
    beside.update()
    assert count(hits, there, beside) == 1
    assert look(hits, there, beside) == {"fresa.png"}


def test_without_what_is_kept_nothing_counts_as_new_and_what_comes_then_does(home, hits, opened):
    paint(opened.folder / "granate.png", (250, 5, 5))
    opened.update()
    assert look(hits, opened) == {"granate.png"}
    for damage in (b"no database", None, "cells"):
        if damage is None:
            arrivals_file(home).unlink()
        elif damage == "cells":
            with sqlite3.connect(arrivals_file(home)) as base:
                base.execute("UPDATE pictures SET number = 'nueve'")
        else:
            arrivals_file(home).write_bytes(damage)
        again = NewHits(home)
        assert count(again, opened) == 0
        paint(opened.folder / f"cereza {damage!s:.5}.png", (240, 9, len(str(damage))))
        opened.update()
        assert count(again, opened) == 1
        assert len(look(again, opened)) == 1
        assert count(again, opened) == 0
    take_spoiled()


def test_with_the_last_star_goes_all_that_was_kept(home, hits, opened):
    if os.name == "posix":
        assert {path.stat().st_mode & 0o777 for path in (arrivals_file(home), saved_searches_file(home))} == {0o600}
    hits.star(together(opened), "verde fecha:2019")
    hits.unstar("rojo")
    assert arrivals_file(home).exists()
    hits.unstar("verde fecha:2019")
    assert not arrivals_file(home).exists()
    assert json.loads(saved_searches_file(home).read_text()) == []


def test_filters_alone_can_be_starred_and_what_no_longer_can_be_read_is_passed_over(home, hits, opened):
    library = together(opened)
    hits.star(library, library.words_of(library.read("carpeta:viaje/playa")))
    hits.saved.add("rojo desde:luego", 0)  # of no version of the program's syntax
    paint(opened.folder / "viaje" / "playa" / "arena.png", (9, 250, 9))
    opened.update()
    assert hits.count(together(opened), hits.saved.find("carpeta:viaje/playa"), 50) == 1
    assert look(hits, opened, words="carpeta:viaje/playa") == {"arena.png"}


def test_nothing_is_searched_for_while_nothing_has_come(hits, opened, monkeypatch):
    from semantik.engine.library import Library

    monkeypatch.setattr(Library, "ask", lambda *arguments, **options: pytest.fail("a search"))
    assert count(hits, opened) == 0


@pytest.mark.parametrize(
    "held",
    [
        b"{",
        b"[1, null, {}]",
        b'[{"words": 3}, {"words": " "}]',
        b'{"words": "rojo"}',
        b"\xff\xfe",
        b'[{"words": "\\ud800"}]',
    ],
)
def test_a_file_of_stars_that_anybody_edited_is_read_as_far_as_it_goes(home, held):
    saved_searches_file(home).write_bytes(held)
    saved = SavedSearches(home)
    assert saved.entries == ()
    saved.add("rojo", 3)
    assert SavedSearches(home).entries == (SavedSearch("rojo", 3),)
    take_spoiled()


def test_stars_are_bounded_private_and_shared_by_two_programs(home):
    one, other = SavedSearches(home), SavedSearches(home)
    one.add("rojo", 1)
    other.add("verde", 2)
    one.look("rojo", 5)
    one.look("rojo", 4)  # a later look of another program saw more
    assert SavedSearches(home).entries == (SavedSearch("verde", 2), SavedSearch("rojo", 5))
    saved_searches_file(home).write_text(json.dumps([{"words": f"busca {number}"} for number in range(KEPT + 3)]))
    one.add("rojo", 0)
    assert len(SavedSearches(home).entries) == KEPT
    assert SavedSearches(home).entries[:2] == (SavedSearch("rojo"), SavedSearch("busca 0"))
    one.add("x" * 20_000, 0)
    assert one.find("x" * 20_000) is None
    saved_searches_file(home).write_text(json.dumps([{"words": "rojo", "looked": True}, {"words": "rojo"}]))
    assert SavedSearches(home).entries == (SavedSearch("rojo", 0),)
