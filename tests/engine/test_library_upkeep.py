"""Several folders kept up to date, some at rest; and forks of an index, changed while the original is searched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from semantik.encoders.base import unit_rows
from semantik.engine.engine import Engine
from semantik.engine.library import Library, nested, outermost
from semantik.errors import BadTopK, FolderNotFound, NoIndex
from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.index import ImageIndex
from semantik.queries import Query
from semantik.records import ImageFile, Problem, Reason, frame_key
from semantik.search.query_syntax import parse
from semantik.storage.settings import Config
from tests.support.fake_encoder import FakeEncoder, replace_encoders
from tests.support.libraries import paint, together
from tests.support.systems import WINDOWS, links
from tests.support.task_controls import CancelledWhen


def names(hits) -> list[str]:
    return [hit.path.name for hit in hits]


@pytest.fixture
def trips(tmp_path):
    """Another folder, as of another disk: five pictures, more than a batch."""
    folder = tmp_path / "disco" / "viajes"
    paint(folder / "granate.png", (250, 8, 8))
    for number in range(4):
        paint(folder / f"cielo{number}.png", (40, 60 + number, 255))
    return folder


@pytest.fixture
def pair(home, library, trips, fake, pool):
    """The two folders, not indexed yet."""
    return together(*(IndexedFolder(home, folder, fake, pool) for folder in (library, trips)))


@pytest.fixture
def engine(monkeypatch, home):
    replace_encoders(monkeypatch)
    made = Engine(home, Config())
    yield made
    made.close()


def inactive(collection, *folders) -> Library:
    return Library(collection.indexed_folders, collection.encoder, collection._searcher, collection.config, folders)


# -- Bringing folders up to date -----------------------------------------------------------------------------


def test_before_the_first_update_there_is_nothing_to_search(pair, library):
    assert [check.state for check in pair.open()] == [State.NEW, State.NEW]
    assert (pair.count, pair.sample(9), pair.subfolders()) == (0, None, ["fotos", "viajes"])
    with pytest.raises(NoIndex) as caught:
        pair.search(parse("rojo"), 1)
    assert caught.value.params == {"folder": str(library)}


def test_one_folder_after_the_other_with_its_own_progress(pair):
    told = []
    outcomes = pair.update(
        pair.indexed_folders, on_progress=lambda each, progress: told.append((each.name, progress.done))
    )
    assert told == [("fotos", 0), ("fotos", 4), ("fotos", 6), ("viajes", 0), ("viajes", 4), ("viajes", 5)]
    assert [(each.indexed_folder.name, each.report.added, each.error) for each in outcomes] == [
        ("fotos", 6, None),
        ("viajes", 5, None),
    ]
    assert (pair.count, len(pair.sample(100))) == (11, 11)


def test_a_folder_that_cannot_be_reached_does_not_stop_the_other(pair, library, trips, tmp_path):
    library.rename(tmp_path / "fuera")
    failed, done = pair.update(pair.indexed_folders)
    assert ([failed.indexed_folder, done.indexed_folder], failed.report, done.error) == (
        [*pair.indexed_folders],
        None,
        None,
    )
    assert isinstance(failed.error, FolderNotFound)
    assert failed.error.params == {"folder": str(library)}
    assert done.report.count == 5
    assert names(pair.search(parse("rojo"), 1)) == ["granate.png"]


def test_after_a_cancellation_the_folders_that_are_left_have_no_outcome(pair, fake):
    stopped = []
    outcomes = pair.update(
        pair.indexed_folders,
        CancelledWhen(lambda: bool(stopped)),
        on_progress=lambda each, progress: progress.done and stopped.append(each),
    )
    assert [(each.indexed_folder.name, each.report.cancelled, each.report.count) for each in outcomes] == [
        ("fotos", True, 4)
    ]
    assert (fake.images, pair.count) == (4, 4)  # what was done is kept
    assert pair.indexed_folders[1].index is None
    assert [each.report.added for each in pair.update(pair.indexed_folders)] == [2, 5]


def test_only_the_folders_that_are_named_are_rebuilt_or_tried_again(pair, fake, trips, library):
    for folder in (library, trips):
        (folder / "rota.jpg").write_bytes(b"x")
    pair.update(pair.indexed_folders)
    assert fake.images == 11
    outcomes = pair.update(pair.indexed_folders, rebuild=[pair.indexed_folders[1]])
    assert [(each.report.added, each.report.reused) for each in outcomes] == [(0, 6), (5, 0)]
    for (
        each
    ) in pair.indexed_folders:  # they are good now, and nothing tells: the size and the time are those of the bad
        paint(each.folder / "buena.png", (1, 2, 3)).replace(each.folder / "rota.jpg")
        status = (each.folder / "rota.jpg").stat()
        each.index.skip(ImageFile("rota.jpg", status.st_size, status.st_mtime_ns), Reason.DAMAGED)
    outcomes = pair.update(pair.indexed_folders, again={trips: ["rota.jpg"]})
    assert [each.report.added for each in outcomes] == [0, 1]


def told_of(collection):
    return tuple(replace(bad, folder=each.folder) for each in collection.active for bad in each.problems())


def test_bad_files_are_told_with_their_folder(pair, library, trips):
    (library / "rota.jpg").write_bytes(b"no picture")
    (trips / "rota.jpg").write_bytes(b"")
    pair.update(pair.indexed_folders)
    told = (
        Problem("rota.jpg", Reason.NOT_AN_IMAGE, folder=library),
        Problem("rota.jpg", Reason.EMPTY, folder=trips),
    )
    assert told_of(pair) == told
    assert told_of(inactive(pair, library)) == told[1:]


def test_another_encoder_is_that_of_every_folder(pair):
    other = FakeEncoder()
    pair.encoder = other
    assert [each.encoder for each in (pair, *pair.indexed_folders)] == [other] * 3


# -- Folders at rest -----------------------------------------------------------------------------------------


def test_what_rests_is_opened_and_neither_searched_nor_counted(pair, library, trips):
    pair.update(pair.indexed_folders)
    alone = inactive(pair, library)
    checks = alone.open()
    assert [each.name for each in alone.indexed_folders] == ["fotos", "viajes"]
    assert [check.state for check in checks] == [State.READY, State.READY]
    assert (alone.count, alone.folders, [each.name for each in alone.active]) == (5, [trips], ["viajes"])
    hits = alone.search(parse("rojo"), 9)
    assert names(hits) == ["granate.png", "cielo0.png", "cielo1.png", "cielo2.png", "cielo3.png"]
    assert (alone.searched(parse("rojo")), len(alone.sample(100))) == (5, 5)
    assert alone.subfolders() == []  # as of one folder
    assert [each.count for each in alone.indexed_folders] == [6, 5]


def test_the_engine_opens_several_folders_each_once(engine, library, trips, monkeypatch):
    monkeypatch.setenv("HOME", str(trips.parent))
    monkeypatch.setenv("USERPROFILE", str(trips.parent))
    monkeypatch.chdir(library.parent)
    opened = engine.open(library, Path("~/viajes"), Path("fotos"), inactive=[Path("fotos")])
    assert [each.folder for each in opened.indexed_folders] == [library, trips]
    assert (opened.folders, opened.inactive) == ([trips], {library})
    opened.update(opened.indexed_folders)
    answer = opened.ask(Query.of_text("rojo"), 5)
    assert (answer.searched, names(answer.hits)[0]) == (5, "granate.png")
    with pytest.raises(BadTopK) as caught:
        opened.ask(Query.of_text("rojo"), 6)
    assert caught.value.params == {"value": "6", "most": 5}
    again = engine.open(library, trips)
    assert len(again.indexed_folders) == 2
    assert [check.state for check in again.open()] == [State.READY, State.READY]
    answer = again.ask(Query.of_text("rojo"), 11)
    assert (answer.searched, names(answer.hits)[:2]) == (11, ["rojo.png", "naranja.png"])
    assert names(answer.hits[0].copies) == ["granate.png"]
    engine.exclude(["viaje"])
    assert [outcome.report.count for outcome in again.update(again.indexed_folders)] == [3, 5]


# -- Folders within folders ----------------------------------------------------------------------------------


def test_a_folder_within_another_is_told_from_one_beside_it(tmp_path):
    for name in ("a/b/c", "a/bc", "d"):
        (tmp_path / name).mkdir(parents=True)
    a, b, c, beside, d = (tmp_path / name for name in ("a", "a/b", "a/b/c", "a/bc", "d"))
    assert nested(b, []) == (None, [])
    assert nested(b, [d, a]) == (a, [])
    assert nested(a, [a]) == (a, [])
    assert nested(a, [d, c, b]) == (None, [c, b])
    assert nested(b, [beside]) == (None, [])
    assert nested(b, [c, a]) == (a, [c])
    assert nested(tmp_path / "nada" / "x", [tmp_path / "nada"]) == (tmp_path / "nada", [])  # need not exist


@links
def test_links_hide_no_folder_within_another(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    a, link = tmp_path / "a", tmp_path / "enlace"
    link.symlink_to(a / "b", target_is_directory=True)
    assert nested(link, [a]) == (a, [])
    assert nested(a, [link]) == (None, [link])
    assert nested(a / "b", [link]) == (link, [])
    assert nested(a / ".." / "a" / "b", [a]) == (a, [])


@links
def test_the_outermost_of_folders_stand_for_those_within(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    a, b, d, link = tmp_path / "a", tmp_path / "a" / "b", tmp_path / "d", tmp_path / "enlace"
    link.symlink_to(a, target_is_directory=True)
    assert outermost([b, d, a]) == [d, a]
    assert outermost([a, b, d, a]) == [a, d]
    assert outermost([link, a, b]) == [link]
    assert outermost([d, b]) == [d, b]
    assert outermost([]) == []


# -- Forks ---------------------------------------------------------------------------------------------------


def state_of(index: ImageIndex, query) -> tuple[object, ...]:
    """What an index tells and finds, in values that can be compared; not which of its forks it is."""
    scores, rows = index.search(query, 99)
    found = [(float(score), index.path_of(row), index.moment_of(row)) for score, row in zip(scores, rows, strict=True)]
    told = (index.count, index.total_rows, index.state[:-1], dict(index.rows()), index.problems(), list(index.files()))
    return (*told, found, rows.tolist(), index.vectors(rows).tolist(), index.rows_of("clip.mp4"))


def files_of(index: ImageIndex) -> set[str]:
    return {path.name for path in index.store.glob("image_index.*.bin")}


@pytest.fixture
def stored(tmp_path):
    """A saved index with pictures, a video and a bad file, and a query."""
    vectors = unit_rows(np.random.default_rng(3).normal(size=(30, 8)).astype(np.float32))
    index = ImageIndex(tmp_path / "store", tmp_path / "fotos", "fake/rgb", 8)
    keys = [*(f"{number:02}.jpg" for number in range(8)), frame_key("clip.mp4", 0), frame_key("clip.mp4", 9)]
    index.add([ImageFile(key, 1, 1) for key in keys], vectors[:10])
    index.skip(ImageFile("mala.jpg", 1, 1), Reason.DAMAGED)
    with index.locked():
        index.save()
    return index, vectors


def test_what_happens_to_a_fork_does_not_touch_its_original(stored):
    index, vectors = stored
    before, kept = state_of(index, vectors[12]), files_of(index)
    fork = index.fork()
    assert state_of(fork, vectors[12]) == before
    fork.remove(["03.jpg", "clip.mp4"])
    fork.add([ImageFile("00.jpg", 2, 2), *(ImageFile(f"n{n}.jpg", 1, 1) for n in range(19))], vectors[10:])
    fork.skip(ImageFile("07.jpg", 1, 1), Reason.TRUNCATED)
    fork.try_again(["mala.jpg"])
    assert state_of(index, vectors[12]) == before
    with fork.locked():
        fork.save()
    # Its rows were merged into another file, and the one that the original reads has lost its name, but on Windows.
    assert bool(files_of(index) & kept) is WINDOWS
    assert state_of(index, vectors[12]) == before
    assert index.is_stale()
    assert not fork.is_stale()
    assert (index.count, fork.count, fork.rows_of("clip.mp4")) == (10, 26, [])
    assert fork.path_of(int(fork.search(vectors[12], 1)[1][0])).name == "n1.jpg"
    assert [problem.path for problem in fork.problems()] == ["07.jpg"]


def test_a_fork_that_is_rewritten_whole_leaves_the_rows_of_the_original(stored):
    index, vectors = stored
    before = state_of(index, vectors[2])
    fork = index.fork()
    fork.remove(list(index.rows()))
    with fork.locked():
        fork.save()  # no row is left: they are numbered anew
        fork.add([ImageFile("n.jpg", 1, 1)], vectors[20:21])
        fork.save()
    assert state_of(index, vectors[2]) == before
    assert (dict(fork.rows()), fork.count) == ({"n.jpg": 0}, 1)


def test_a_fork_of_what_is_not_saved_has_it_too(stored):
    index, vectors = stored
    index.add([ImageFile("n.jpg", 1, 1)], vectors[20:21])
    fork = index.fork()
    with fork.locked():
        fork.save()
    assert index.path_of(int(index.search(vectors[20], 1)[1][0])).name == "n.jpg"
    assert ImageIndex.load(index.store, index.folder).count == fork.count == index.count == 11


def test_a_fork_of_a_library_finds_what_is_new_and_the_library_what_was_there(pair, library):
    pair.update(pair.indexed_folders)
    first, second = pair.indexed_folders
    before = pair.search(parse("azul"), 11)
    fork = first.fork()
    assert (fork.index is not first.index, fork.details is first.details, fork.name) == (True, True, "fotos")
    for number in range(7):  # enough for the files on disk to be merged
        paint(library / f"mar{number}.png", (0, number, 255))
    (library / "verde.png").unlink()
    (library / "rojo.png").rename(library / "rojo2.png")
    kept = files_of(first.index)
    report = fork.update()
    assert (report.added, report.removed, report.count) == (7, 1, 12)  # rojo.png was only renamed
    assert bool(files_of(first.index) & kept) is WINDOWS  # it lets no mapped file go
    # Only what the gone files told beside their pictures is forgotten.
    again = pair.search(parse("azul"), 11)
    assert [replace(hit, details=None) for hit in again] == [replace(hit, details=None) for hit in before]
    assert names(together(fork, second).search(parse("azul"), 3)) == ["azul.png", "mar0.png", "mar1.png"]
    assert "verde.png" not in names(together(fork, second).search(parse("verde"), 17))
    first.index = fork.index
    assert (pair.count, names(pair.search(parse("azul"), 2))) == (17, ["azul.png", "mar0.png"])
    assert first.check().state is State.READY


def test_a_library_without_an_index_is_forked_without_one(pair):
    first, _ = pair.indexed_folders
    fork = first.fork()
    assert fork.update().added == 6
    assert (first.index, fork.count) == (None, 6)


# -- The models and the open library -------------------------------------------------------------------------


def test_an_encoder_that_is_made_anew_reaches_the_open_library(engine, library, trips):
    opened = engine.open(library, trips)
    first = opened.encoder
    engine.models.read_queries("multilingual")
    assert engine.models.encoder is not first
    assert opened.encoder is engine.models.encoder
    assert all(each.encoder is engine.models.encoder for each in opened.indexed_folders)


def test_a_library_keeps_the_model_with_which_it_was_opened(engine, library):
    opened = engine.open(library)
    opened.update(opened.indexed_folders)
    first = opened.encoder
    engine.models.use("clip-vit-b-32")
    engine.models.read_queries("multilingual")
    assert (opened.encoder, engine.models.encoder.name) == (first, "clip-vit-b-32")
    answer = opened.ask(Query.of_text("rojo"), 1)
    assert (names(answer.hits), answer.model, answer.folders) == (["rojo.png"], "builtin", [library])
    assert engine.open(library).encoder is engine.models.encoder
