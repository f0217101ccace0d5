"""Approximate search: what it finds and what it may miss, and the cells on disk, which nothing depends on."""

from __future__ import annotations

import gc
import hashlib

import faiss
import numpy as np
import pytest

from semantik.decoding.pool import DecodePool
from semantik.engine.engine import Engine
from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.index import APPROXIMATE_FROM, ImageIndex
from semantik.index.inverted_file import SHARE, InvertedFile
from semantik.records import ImageFile
from semantik.storage.settings import Config
from tests.support.fake_encoder import FakeEncoder
from tests.support.faulty_disk import FaultyDisk
from tests.support.libraries import paint
from tests.support.systems import WINDOWS
from tests.support.task_controls import CancelledWhen

ROWS, DIM, LEAST = 6000, 32, 1000


def clustered(rows, seed=0, clusters=40):
    """Unit rows around random centres, with so much noise that clusters overlap: cells must miss some."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).standard_normal((clusters, DIM))
    points = centres[rng.integers(clusters, size=rows)] + 1.2 * rng.standard_normal((rows, DIM))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def files(rows, prefix=""):
    return [ImageFile(f"{prefix}{n}.jpg", 10, 20) for n in range(rows)]


def opened(tmp_path, least=LEAST):
    return ImageIndex.load(tmp_path / "store", tmp_path, approximate_from=least)


def saved(index):
    with index.locked():
        index.save()
    return index


def cells_files(index):
    return sorted(index.store.glob("*.cells*"))


@pytest.fixture
def index(tmp_path):
    """A saved index with cells."""
    made = ImageIndex(tmp_path / "store", tmp_path, "s", DIM, approximate_from=LEAST)
    made.add(files(ROWS), clustered(ROWS))
    saved(made).build_cells()
    return made


QUERIES = clustered(60, seed=1)


def answers(index, top_k=10):
    return [(scores.tolist(), rows.tolist()) for scores, rows in (index.search(query, top_k) for query in QUERIES)]


def recall(index, exact, top_k=10):
    pairs = zip(answers(index, top_k), answers(exact, top_k), strict=True)
    return np.mean([len(set(found) & set(wanted)) / top_k for (_, found), (_, wanted) in pairs])


# -- What is found -------------------------------------------------------------------------------------


def test_nearly_all_of_the_best_are_found_with_their_exact_scores(index, tmp_path):
    exact = opened(tmp_path, None)
    assert recall(index, exact) > 0.95
    assert recall(index, exact, 1) == 1.0
    assert answers(index) != answers(exact)  # else the cells were not in use
    for query in QUERIES:
        everything = dict(zip(*(part.tolist() for part in exact.search(query, ROWS)[::-1]), strict=True))
        scores, rows = index.search(query, 10)
        assert [everything[row] for row in rows.tolist()] == scores.tolist()
        assert np.all(np.diff(scores) <= 0)
        assert scores.dtype == np.float32
        assert rows.dtype == np.int64


def test_only_a_share_of_the_rows_is_scored(index):
    (run,) = index._saved
    live = np.ones(ROWS, np.bool_)
    shares = [run.cells.narrow(live, query, 10).mean() for query in QUERIES]
    assert max(shares) < 1.5 / SHARE
    assert min(shares) >= 1 / SHARE


def test_every_row_lies_in_the_cell_of_its_nearest_centroid():
    rows = clustered(3000)
    cells = InvertedFile.build(rows)
    assert len(cells.centroids) == 219  # four times the square root
    assert np.linalg.norm(cells.centroids, axis=1) == pytest.approx(np.ones(219), abs=1e-5)
    assert sorted(cells.rows.tolist()) == list(range(3000))
    assert (cells.starts[0], cells.starts[-1]) == (0, 3000)
    scores = rows @ cells.centroids.T
    for cell in range(219):
        members = cells.rows[cells.starts[cell] : cells.starts[cell + 1]]
        assert scores[members, cell] == pytest.approx(scores[members].max(axis=1), abs=1e-5)


@pytest.mark.parametrize("rows", [np.ones((1, 4), np.float32), np.tile(np.float32([[0.6, 0.8]]), (500, 1))])
def test_few_and_equal_rows_have_cells_too(rows):
    cells = InvertedFile.build(rows)
    assert sorted(cells.rows.tolist()) == list(range(len(rows)))


def test_removed_pictures_are_never_found(index, tmp_path):
    best = {index.path_of(rows[0]).name for _, rows in answers(index, 1)}
    index.remove(best)
    for state in (index, saved(index), opened(tmp_path)):
        shown = {state.path_of(row).name for _, rows in answers(state) for row in rows}
        assert not shown & best
        assert state.count == ROWS - len(best)
    assert recall(index, opened(tmp_path, None)) > 0.95
    assert cells_files(index)  # a removal rewrites no vectors


def test_where_the_near_cells_are_empty_all_are_searched(index):
    query = QUERIES[0]
    nearest = index.search(query, ROWS)[1][: ROWS - 20]
    index.remove([index.path_of(row).name for row in nearest])
    assert index.count == 20
    assert len(index.search(query, 20)[1]) == 20


def test_pending_and_young_pictures_are_found(index, tmp_path):
    index.add(files(1, "new"), QUERIES[:1])
    assert index.search(QUERIES[0], 1)[1].tolist() == [ROWS]
    saved(index).build_cells()
    for state in (index, opened(tmp_path)):
        scores, rows = state.search(QUERIES[0], 2)
        assert rows.tolist()[0] == ROWS
        assert scores[0] == pytest.approx(1.0, abs=1e-6)
    assert len(cells_files(index)) == 1  # the second file is small
    assert recall(index, opened(tmp_path, None)) > 0.95


def test_many_results_are_all_that_a_complete_search_finds(index, tmp_path):
    exact = opened(tmp_path, None)
    assert answers(index, ROWS) == answers(exact, ROWS)
    assert answers(index, ROWS // 4) == answers(exact, ROWS // 4)


def test_switched_off_nothing_changes(index, tmp_path):
    exact = opened(tmp_path, None)
    exact.build_cells()
    flat = faiss.IndexFlatIP(DIM)
    flat.add(clustered(ROWS))
    scores, rows = (part.tolist() for part in flat.search(QUERIES, 10))
    for (found_scores, found_rows), wanted_scores, wanted_rows in zip(answers(exact), scores, rows, strict=True):
        assert found_rows == wanted_rows
        # FAISS itself sums in another order for several queries at once: the last bit differs by its version.
        assert found_scores == pytest.approx(wanted_scores, abs=1e-6)
    assert answers(index) != answers(exact)


def test_small_files_have_no_cells(tmp_path):
    index = ImageIndex(tmp_path / "store", tmp_path, "s", DIM, approximate_from=ROWS + 1)
    index.add(files(ROWS), clustered(ROWS))
    saved(index).build_cells()
    assert cells_files(index) == []
    assert answers(index) == answers(opened(tmp_path, None))


# -- On disk -------------------------------------------------------------------------------------------


def test_stored_cells_answer_as_those_just_built(index, tmp_path):
    (path,) = cells_files(index)
    digest = hashlib.sha256((index.store / "image_index.1.bin").read_bytes()).hexdigest()
    assert path.name == f"image_index.{digest[:16]}.cells"
    assert path.stat().st_size == 88 + 310 * DIM * 4 + 311 * 8 + ROWS * 4
    assert answers(opened(tmp_path)) == answers(index)


def damages(data):
    for position in (0, 31, 32, 40, 72, 80, 84, 88, len(data) // 2, len(data) - 1):
        yield data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
    for size in (0, 1, 31, 40, 87, 88, len(data) - 1):
        yield data[:size]
    yield data + b"\0"
    yield bytes(len(data))


def test_damaged_cells_are_passed_over_and_made_again(index, tmp_path):
    (path,) = cells_files(index)
    good, exact, near = path.read_bytes(), answers(opened(tmp_path, None)), answers(index)
    for number, bad in enumerate(damages(good)):
        path.write_bytes(bad)
        again = opened(tmp_path)
        assert answers(again) == exact, number
    again.build_cells()
    assert answers(again) == near
    assert path.read_bytes() == good


def test_cells_of_other_vectors_are_passed_over(index, tmp_path):
    other = ImageIndex(tmp_path / "other", tmp_path, "s", DIM, approximate_from=LEAST)
    other.add(files(ROWS), clustered(ROWS, seed=5))
    saved(other).build_cells()
    cells_files(index)[0].write_bytes(cells_files(other)[0].read_bytes())
    assert answers(opened(tmp_path)) == answers(opened(tmp_path, None))


def test_missing_and_unreadable_cells_cost_nothing(index, tmp_path):
    (path,) = cells_files(index)
    exact = answers(opened(tmp_path, None))
    path.unlink()
    assert answers(opened(tmp_path)) == exact
    path.mkdir()  # reading it is an OSError on every system
    again = opened(tmp_path)
    assert answers(again) == exact
    again.build_cells()  # cannot be stored; in use all the same
    assert answers(again) == answers(index)
    assert path.is_dir()


def test_cells_go_with_their_vectors_and_not_before(index, tmp_path):
    (path,) = cells_files(index)
    kept = path.read_bytes()
    half = index.store / f"{path.name}.4711.tmp"
    half.write_bytes(b"left by a killed process")
    foreign = index.store / "image_index.copia.cells"
    foreign.write_bytes(b"mine")
    index.add(files(100, "b"), clustered(100, seed=2))
    saved(index)
    assert path.read_bytes() == kept
    assert not half.exists()
    off = opened(tmp_path, None)  # the setting is off meanwhile
    off.add(files(100, "c"), clustered(100, seed=3))
    saved(off)
    assert path.read_bytes() == kept
    off.add(files(5000, "d"), clustered(5000, seed=4))  # enough for a merge
    saved(off)
    assert cells_files(off) == [foreign]
    again = opened(tmp_path)
    again.build_cells()
    assert len(cells_files(again)) == 2
    assert recall(again, off) > 0.95


def test_building_never_writes_where_another_program_saved(index, tmp_path):
    behind = opened(tmp_path)
    behind._saved[0].cells = None
    index.add(files(5000, "d"), clustered(5000, seed=4))
    saved(index)
    assert cells_files(index) == []
    behind.build_cells()
    assert cells_files(index) == []
    with index.locked():
        index.build_cells()  # another program holds the lock
    assert cells_files(index) == []


def contents(store):
    """By name; without the lock on Windows, where it comes and goes with who holds it."""
    return {file.name: file.read_bytes() for file in store.iterdir() if not (WINDOWS and file.name == "index.lock")}


def test_a_failing_disk_costs_the_cells_only(index, tmp_path, monkeypatch):
    (path,) = cells_files(index)
    before = contents(index.store)
    exact, near = answers(opened(tmp_path, None)), answers(index)
    for number in range(1, 40):
        path.unlink()
        again = opened(tmp_path)
        with FaultyDisk(monkeypatch, number) as disk:
            again.build_cells()
        assert answers(again) == near
        assert answers(opened(tmp_path)) == (near if path.exists() else exact)
        again.build_cells()  # nothing to do: they are in memory
        assert before.keys() - {path.name} == contents(index.store).keys() - {path.name}
        if not path.exists():
            path.write_bytes(before[path.name])
        if not disk.failed:
            break
    assert number < 39
    assert contents(index.store) == before


@pytest.mark.parametrize("after", [0, 3, 5])
def test_cancelling_leaves_no_trace(tmp_path, after):
    index = ImageIndex(tmp_path / "store", tmp_path, "s", DIM, approximate_from=LEAST)
    index.add(files(ROWS), clustered(ROWS))
    saved(index)
    asked = iter(range(100))
    index.build_cells(CancelledWhen(lambda: next(asked) >= after))
    assert next(asked) == after + 1
    assert cells_files(index) == []
    assert answers(index) == answers(opened(tmp_path, None))


# -- In the product ------------------------------------------------------------------------------------


def test_an_update_builds_cells_also_when_no_picture_changed(tmp_path):
    folder = tmp_path / "fotos"
    for n in range(12):
        paint(folder / f"{n}.png", (20 * n, 255 - 20 * n, 0))
    with DecodePool(1) as pool:
        plain = IndexedFolder(tmp_path / "home", folder, FakeEncoder(), pool)
        plain.update()
        assert not list(plain.store.glob("*.cells"))
        encoder = FakeEncoder()
        near = IndexedFolder(tmp_path / "home", folder, encoder, pool, approximate_from=12)
        assert near.open().state is State.READY
        assert not list(near.store.glob("*.cells"))  # opening stays quick
        report = near.update()
        assert (report.added, encoder.images) == (0, 0)
        assert len(list(near.store.glob("*.cells"))) == 1
        times = {path: path.stat().st_mtime_ns for path in near.store.glob("*.cells")}
        paint(folder / "x.png", (0, 0, 255))
        near.update()
        assert {path: path.stat().st_mtime_ns for path in near.store.glob("*.cells")} == times
        del plain
        gc.collect()  # on Windows no vectors go aside while they are mapped
        near.update(rebuild=True)
        assert len(list(near.store.glob("*.cells"))) == 1
        assert near.count == 13


@pytest.mark.parametrize(("wanted", "least"), [(False, None), (True, APPROXIMATE_FROM)])
def test_the_setting_reaches_the_index(home, tmp_path, monkeypatch, wanted, least):
    seen = []
    monkeypatch.setattr("semantik.engine.engine.IndexedFolder", lambda *arguments, **options: seen.append(options))
    engine = Engine(home, Config(approximate_search=wanted))
    engine.open(tmp_path)
    engine.close()
    assert [options["approximate_from"] for options in seen] == [least]
    assert Config().approximate_search is False
