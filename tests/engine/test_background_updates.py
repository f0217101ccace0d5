"""Folders brought up to date behind the user: news in order, turns with the foreground, searches meanwhile."""

from __future__ import annotations

import logging
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from semantik.engine.background_updates import BackgroundUpdates
from semantik.errors import FolderNotFound, IndexNotSaved, MassRemoval
from semantik.folders import embedding_run
from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.index import ImageIndex, index_store
from semantik.search.query_syntax import parse
from tests.support.gated_encoder import TIMEOUT, GatedEncoder
from tests.support.libraries import paint, together
from tests.support.systems import WINDOWS


class Turn:
    """The lock of the turns, which tells when the foreground waits for it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.asked = threading.Event()

    def __enter__(self):
        if threading.current_thread().name.startswith("foreground"):
            self.asked.set()
        return self.lock.__enter__()

    def __exit__(self, *failure):
        return self.lock.__exit__(*failure)


class Updates(BackgroundUpdates):
    """Those of some libraries, whose news are collected."""

    def __init__(self, *libraries: IndexedFolder) -> None:
        self.wanted = True
        self.told: queue.Queue = queue.Queue()
        self.open = {library.folder: library for library in libraries}
        super().__init__(self.open.get, lambda: self.wanted, self.told.put)
        self._turn = Turn()

    def rest(self) -> list:
        """The news that are left once there is nothing to do any more."""
        if thread := self._thread:
            thread.join(TIMEOUT)
            assert not thread.is_alive()
        return [self.told.get_nowait() for _ in range(self.told.qsize())]


@pytest.fixture
def encoder() -> GatedEncoder:
    return GatedEncoder()


@pytest.fixture
def opened(home, library, encoder, pool) -> IndexedFolder:
    made = IndexedFolder(home, library, encoder, pool)
    assert made.update().count == 6
    return made


@pytest.fixture
def other(home, tmp_path, encoder, pool) -> IndexedFolder:
    """A second folder."""
    made = IndexedFolder(home, paint(tmp_path / "viajes" / "granate.png", (200, 20, 20)).parent, encoder, pool)
    assert made.update().count == 1
    return made


@pytest.fixture
def updates(opened, other):
    with ExitStack() as ending:
        made = Updates(opened, other)
        ending.callback(made.close)
        ending.callback(opened.encoder.let_on, free=True)
        yield made


@pytest.fixture
def foreground():
    with ThreadPoolExecutor(1, "foreground") as made:
        yield made


@pytest.fixture
def more(library) -> list[Path]:
    """Nine new pictures, nearly red, in three batches: nothing of them is indexed."""
    return [paint(library / f"z{number}.png", (255, number + 1, 0)) for number in range(9)]


def names(*libraries: IndexedFolder, words: str = "rojo", top_k: int = 20) -> list[str]:
    return [hit.path.name for hit in together(*libraries).search(parse(words), top_k)]


def told(news) -> list[tuple[object, ...]]:
    return [
        (each.indexed_folder.name, each.check.state, each.updating, each.report and each.report.added) for each in news
    ]


# -- What becomes known --------------------------------------------------------------------------------------


def test_a_new_picture_is_embedded_and_found(updates, opened, library):
    before = opened.index
    paint(library / "granate.png", (250, 5, 5))
    updates.notice(library)
    news = updates.rest()
    assert told(news) == [("fotos", State.CHANGED, True, None), ("fotos", State.READY, False, 1)]
    assert [file.path for file in news[0].check.changes.added] == ["granate.png"]
    assert (news[1].report.count, news[1].report.reused, news[1].error) == (7, 6, None)
    assert [each.indexed_folder for each in news] == [opened, opened]
    assert opened.index is not before
    assert before.count == 6
    assert names(opened)[:2] == ["rojo.png", "granate.png"]
    assert ImageIndex.load(opened.store, library).count == 7
    assert opened.check().state is State.READY


def test_where_it_is_not_wanted_what_changed_is_only_told(updates, opened, library, encoder):
    before, images = opened.index, encoder.images
    updates.wanted = False
    paint(library / "granate.png", (250, 5, 5))
    updates.notice(library)
    (only,) = updates.rest()
    assert told([only]) == [("fotos", State.CHANGED, False, None)]
    assert (len(only.check.changes.added), only.check.changes.unchanged) == (1, 6)
    assert opened.index is before
    assert (opened.count, encoder.images) == (6, images)


def test_where_nothing_changed_the_folder_is_told_to_be_ready(updates, opened, library):
    before = opened.index
    updates.notice(library)
    assert told(updates.rest()) == [("fotos", State.READY, False, None)]
    assert opened.index is before


def test_a_folder_that_is_not_open_or_has_no_index_is_left_alone(updates, home, tmp_path, encoder, pool):
    new = IndexedFolder(home, paint(tmp_path / "nueva" / "x.png", (1, 2, 3)).parent, encoder, pool)
    updates.open[new.folder] = new
    updates.notice(tmp_path / "nada")
    updates.notice(new.folder)
    assert updates.rest() == []
    assert new.index is None


def test_folders_are_looked_at_one_after_the_other_each_once(updates, opened, other):
    paint(opened.folder / "nueva.png", (9, 9, 200))
    with updates.aside():
        for _ in range(3):
            updates.notice(opened.folder)
            updates.notice(other.folder)
    assert told(updates.rest()) == [
        ("fotos", State.CHANGED, True, None),
        ("fotos", State.READY, False, 1),
        ("viajes", State.READY, False, None),
    ]


def test_a_folder_that_cannot_be_reached_is_told_and_can_still_be_searched(updates, opened, library, tmp_path):
    library.rename(tmp_path / "fuera")
    updates.notice(library)
    (only,) = updates.rest()
    assert told([only]) == [("fotos", State.UNREACHABLE, False, None)]
    assert isinstance(only.check.error, FolderNotFound)
    assert (opened.count, names(opened, top_k=1)) == (6, ["rojo.png"])


def test_a_surprise_in_one_folder_is_logged_and_the_next_is_looked_at(updates, opened, other, monkeypatch, caplog):
    real = IndexedFolder.check

    def check(library):
        if library.folder == opened.folder:
            raise RuntimeError("no such luck")
        return real(library)

    monkeypatch.setattr(IndexedFolder, "check", check)
    paint(other.folder / "nueva.png", (9, 9, 200))
    with caplog.at_level(logging.ERROR, "semantik.engine.background_updates"), updates.aside():
        updates.notice(opened.folder)
        updates.notice(other.folder)
    assert told(updates.rest()) == [("viajes", State.CHANGED, True, None), ("viajes", State.READY, False, 1)]
    (record,) = caplog.records
    assert record.getMessage() == f"{opened.folder} could not be looked at"
    assert "no such luck" in record.exc_text


def test_pictures_that_go_in_masses_are_not_dropped_unasked(updates, opened, more, tmp_path):
    for number in range(20):
        paint(opened.folder / "lejos" / f"{number}.png", (0, number, 99), (8, 8))
    assert opened.update().count == 35
    (opened.folder / "lejos").rename(tmp_path / "lejos")
    updates.notice(opened.folder)
    start, failed = updates.rest()
    assert (start.updating, start.check.state, len(start.check.changes.removed)) == (True, State.CHANGED, 20)
    assert (failed.updating, failed.check.state, failed.report) == (False, State.CHANGED, None)
    assert isinstance(failed.error, MassRemoval)
    assert failed.error.params == {"folder": str(opened.folder), "gone": 20, "count": 35}
    assert (opened.count, len(names(opened, words="azul", top_k=35))) == (35, 35)


def test_what_could_not_be_saved_can_be_found_all_the_same(updates, opened, library, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(index_store, "commit", full)
    paint(library / "granate.png", (250, 5, 5))
    updates.notice(library)
    _, failed = updates.rest()
    assert isinstance(failed.error, IndexNotSaved)
    assert names(opened)[:2] == ["rojo.png", "granate.png"]


# -- Turns ---------------------------------------------------------------------------------------------------


def test_while_the_foreground_has_its_turn_nothing_is_looked_at(updates, opened, library):
    paint(library / "granate.png", (250, 5, 5))
    with updates.aside():
        updates.notice(library)
        assert opened.update().added == 1
        assert updates.told.empty()
    # What was noticed is looked at afterwards, and is done already.
    assert told(updates.rest()) == [("fotos", State.READY, False, None)]


def test_an_update_stops_for_the_foreground_and_goes_on_afterwards(updates, opened, more, foreground):
    encoder, library = opened.encoder, opened.folder
    encoder.gated = True
    updates.notice(library)
    encoder.wait_at_gate()
    counts = []

    def work() -> None:
        with updates.aside():
            counts.extend((opened.count, ImageIndex.load(opened.store, library).count, opened.check().state))

    done = foreground.submit(work)
    assert updates._turn.asked.wait(TIMEOUT)
    encoder.let_on(free=True)
    done.result(TIMEOUT)
    # The batch in hand was finished and saved, and no other was begun.
    assert counts == [10, 10, State.CHANGED]
    assert told(updates.rest()) == [
        ("fotos", State.CHANGED, True, None),
        ("fotos", State.CHANGED, False, 4),
        ("fotos", State.CHANGED, True, None),
        ("fotos", State.READY, False, 5),
    ]
    assert opened.count == 15
    assert names(opened, top_k=10) == ["rojo.png", *(path.name for path in more)]
    assert encoder.images == 6 + 1 + 9  # with the other folder's; nothing twice


def test_what_is_forgotten_is_not_done(updates, opened, other, more, encoder):
    encoder.gated = True
    updates.notice(opened.folder)
    encoder.wait_at_gate()
    paint(other.folder / "nueva.png", (9, 9, 200))
    updates.notice(other.folder)
    updates.forget()
    encoder.let_on(free=True)
    assert told(updates.rest()) == [("fotos", State.CHANGED, True, None), ("fotos", State.CHANGED, False, 4)]
    assert (opened.count, other.count) == (10, 1)
    updates.notice(opened.folder)  # and what is noticed later is
    assert told(updates.rest())[1:] == [("fotos", State.READY, False, 5)]


def test_close_stops_at_the_next_batch_and_waits_for_that(updates, opened, other, more, foreground):
    encoder, library = opened.encoder, opened.folder
    encoder.gated = True
    updates.notice(library)
    encoder.wait_at_gate()
    thread = updates._thread
    updates.notice(other.folder)
    closing = foreground.submit(updates.close)
    with updates._changed:
        assert updates._changed.wait_for(lambda: updates._closed, TIMEOUT)
    assert (thread.is_alive(), closing.done()) == (True, False)
    encoder.let_on(free=True)
    closing.result(TIMEOUT)
    assert not thread.is_alive()
    assert told(updates.rest()) == [("fotos", State.CHANGED, True, None), ("fotos", State.CHANGED, False, 4)]
    assert ImageIndex.load(opened.store, library).count == 10
    updates.notice(other.folder)
    assert updates._thread is None
    updates.close()


def test_close_ends_what_waits_for_the_foreground(updates, library, foreground):
    with updates.aside():
        updates.notice(library)
        foreground.submit(updates.close).result(TIMEOUT)
    assert updates.rest() == []


# -- Searches meanwhile --------------------------------------------------------------------------------------


def test_searches_while_an_update_runs_answer_from_what_was_there(updates, opened, other, more, monkeypatch):
    encoder, library = opened.encoder, opened.folder
    monkeypatch.setattr(embedding_run, "CHECKPOINT_IMAGES", 4)  # every batch is saved, and files are merged
    (library / "verde.png").unlink()
    found = together(opened, other)
    before = found.search(parse("rojo"), 7)
    assert [(hit.path.name, hit.score) for hit in before[:2]] == [
        ("rojo.png", pytest.approx(1.0)),
        ("granate.png", pytest.approx(0.99, abs=5e-3)),
    ]
    read = {path.name for path in opened.store.glob("*.bin")}
    encoder.gated = True
    updates.notice(library)
    for batch in range(3):
        encoder.wait_at_gate()
        assert ImageIndex.load(opened.store, library).count == (6, 9, 13)[batch]
        assert found.search(parse("rojo"), 7) == before
        assert (found.count, found.searched(parse("rojo carpeta:viaje"))) == (7, 3)
        encoder.let_on()
    assert told(updates.rest())[-1:] == [("fotos", State.READY, False, 9)]
    assert bool(read & {path.name for path in opened.store.glob("*.bin")}) is WINDOWS  # it lets no mapped file go
    assert found.count == 15
    after = found.search(parse("rojo"), 11)
    assert [hit.path.name for hit in after] == ["rojo.png", *(path.name for path in more), "granate.png"]
    assert after[-1].score == before[1].score
