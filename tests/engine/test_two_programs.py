"""Two programs on one folder: told, never mixed up, nothing lost; and readers that never see half a state."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

if os.name == "nt":
    pytest.skip("the second program is forked, which Windows does not know", allow_module_level=True)

from semantik.encoders.base import unit_rows
from semantik.errors import IndexLocked, IndexNotSaved
from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.folders.indexer import update_index
from semantik.index import ImageIndex, commit, set_aside
from semantik.queries import Query
from semantik.records import ImageFile
from semantik.words.text import explain
from tests.support.crash_rounds import WorkerServer
from tests.support.crash_worker import LocalPool, colour_of, open_index
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import paint, together


@pytest.fixture(scope="module")
def servers():
    made = [WorkerServer() for _ in range(3)]
    yield made
    for server in made:
        server.__exit__()


@pytest.fixture
def programs(servers):
    """Three other programs."""
    yield servers
    for server in servers:
        server.stop_job()


def test_a_second_program_is_told_and_goes_on_searching(tmp_path, library, programs):
    mine = IndexedFolder(tmp_path / "home", library, FakeEncoder(), LocalPool())
    assert mine.open().state is State.NEW
    assert mine.update().count == 6
    pid = programs[0].start(do="hold", store=mine.store, folder=library)
    assert programs[0].event("held", 20)
    paint(library / "nuevo.png", (0, 0, 255))
    for again in (mine, IndexedFolder(tmp_path / "home", library, FakeEncoder(), LocalPool())):
        assert again.open().state is State.CHANGED
        with pytest.raises(IndexLocked) as caught:
            again.update()
        assert explain(caught.value).startswith(
            f"Otra ventana de SemantikSearch está actualizando la carpeta «{library}»"
        )
        with pytest.raises(IndexLocked):
            again.update(rebuild=True)
        assert [hit.path.name for hit in together(again).search(Query.of_text("azul"), 1)] == ["azul.png"]
        assert again.check().state is State.CHANGED
    # A program that is killed holds no lock.
    os.kill(pid, signal.SIGKILL)
    assert programs[0].event("ended")["killed"]
    assert mine.update().added == 1


@pytest.mark.parametrize("seed", [1, 2])
def test_two_writers_and_a_reader_in_any_order(tmp_path, programs, seed):
    folder, store, stop = tmp_path / "fotos", tmp_path / "store", tmp_path / "stop"
    folder.mkdir()
    writers, reader = programs[:2], programs[2]
    reader.start(do="read", store=store, folder=folder, stop=stop)
    for number, writer in enumerate(writers):
        writer.start(do="churn", store=store, folder=folder, turns=25, seed=10 * seed + number, name="AB"[number])
    promised: set[str] = set()
    locked = 0
    for writer in writers:
        while True:
            event = writer.event()
            assert event, "a writer hangs"
            if event["event"] == "done":
                break
            files = set(event["files"])
        promised |= files
        locked += event["locked"]
        assert not writer.event("ended")["killed"]
    stop.touch()
    seen = reader.event("done")
    reader.event("ended")
    # What the last completed update of each program reported is there, and so is nothing else.
    index = ImageIndex.load(store, folder)
    assert {file.path for file in index.files()} == promised
    assert promised == {path.name for path in folder.glob("[AB]*")}
    assert len(promised) > 40
    for path in promised:
        wanted = unit_rows(np.array([colour_of(path)], dtype=np.float32))[0]
        assert index.vector(path) == pytest.approx(wanted, abs=1e-5)
    assert locked > 0, "they never met"
    assert index.generation >= 50
    assert seen["loads"] > 20
    assert seen["generations"] > 5
    assert seen["queried"] > 50
    left = {path.name for path in store.iterdir()}
    assert {name for name in left if not name.endswith(".bin")} == {"image_index.json", "index.lock"}


def vector(*rows):
    return unit_rows(np.array(rows, dtype=np.float32))


def test_a_rebuilt_index_of_the_same_generation_is_not_taken_for_the_old_one(tmp_path):
    """Generations begin anew after a rebuild; the other program still has the old files mapped."""
    store = tmp_path / "store"
    old = open_index(store, tmp_path, FakeEncoder())
    old.add([ImageFile("a.jpg", 1, 1)], vector((1, 0, 0)))
    with old.locked():
        old.save()
    rebuilt = ImageIndex(store, tmp_path, old.space, 3)
    rebuilt.add([ImageFile("a.jpg", 1, 1)], vector((0, 1, 0)))
    with rebuilt.locked():
        set_aside(store)
        rebuilt.save()
    assert old.generation == rebuilt.generation == 1
    assert old.is_stale()
    old.add([ImageFile("b.jpg", 1, 1)], vector((0, 0, 1)))
    with old.locked(), pytest.raises(IndexNotSaved):
        old.save()
    assert ImageIndex.load(store, tmp_path).vector("a.jpg").tolist() == rebuilt.vector("a.jpg").tolist()


def test_a_reader_is_never_told_that_a_file_is_missing_while_another_program_saves(tmp_path, monkeypatch):
    """Whenever between its steps the other save happens: before each look at a file, all files are replaced."""
    monkeypatch.setattr(commit, "DEAD_ROWS", 0)
    store = tmp_path / "store"
    writer = open_index(store, tmp_path, FakeEncoder())
    state = {"saves": 0}

    def save_something():
        state["saves"] += 1
        writer.remove([file.path for file in writer.files()])
        writer.add(
            [ImageFile(f"{state['saves']}-{n}.jpg", 1, 1) for n in range(3)], vector((1, 0, 0), (0, 1, 0), (0, 0, 1))
        )
        with writer.locked():
            writer.save()

    save_something()
    real, busy = np.memmap, []

    def memmap(*arguments, **options):
        if not busy and state["saves"] < 12:
            busy.append(True)
            save_something()
            busy.clear()
        return real(*arguments, **options)

    monkeypatch.setattr(np, "memmap", memmap)
    index = ImageIndex.load(store, tmp_path)
    assert state["saves"] == 12
    assert [file.path for file in index.files()] == ["12-0.jpg", "12-1.jpg", "12-2.jpg"]


def test_a_long_running_program_takes_over_what_another_did(tmp_path, library):
    ours = IndexedFolder(tmp_path / "home", library, FakeEncoder(), LocalPool())
    ours.open()
    ours.update()
    index = open_index(ours.store, library, FakeEncoder())
    paint(library / "nuevo.png", (0, 0, 255))
    update_index(library, FakeEncoder(), index, pool=LocalPool())
    ours.encoder.images = 0
    report = ours.update()
    assert (report.added, report.reused, ours.encoder.images) == (0, 7, 0)
