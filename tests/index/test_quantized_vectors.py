"""8-bit copies of large vector files: the same is found, from a quarter of the bytes, and nothing depends on them."""

from __future__ import annotations

import gc
import hashlib

import faiss
import numpy as np
import pytest

from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.index import ImageIndex, quantized_vectors
from semantik.index.quantized_vectors import QuantizedVectors, _faiss_header
from semantik.records import ImageFile
from tests.support.fake_encoder import FakeEncoder
from tests.support.faulty_disk import FaultyDisk
from tests.support.libraries import paint
from tests.support.systems import WINDOWS
from tests.support.task_controls import CancelledWhen

ROWS, DIM, LEAST = 20_000, 32, 1000


def clustered(rows, seed=0, clusters=40):
    """Unit rows around random centres, off the origin as embeddings are."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).standard_normal((clusters, DIM))
    points = 2 + centres[rng.integers(clusters, size=rows)] + 1.2 * rng.standard_normal((rows, DIM))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def files(rows, prefix=""):
    return [ImageFile(f"{prefix}{n}.jpg", 10, 20) for n in range(rows)]


def opened(tmp_path, least=LEAST):
    index = ImageIndex.load(tmp_path / "store", tmp_path, quantized_from=least)
    for run in index._saved:
        if run.quantized:
            run.quantized.check.wait()
    return index


def exact(tmp_path):
    """The same index, searched without a copy."""
    return opened(tmp_path, 10**9)


def saved(index):
    with index.locked():
        index.save()
    return index


def quantized(index):
    """With copies that are known to be good."""
    index.quantize()
    for run in index._saved:
        assert run.quantized is None or run.quantized.check.wait()
    return index


def copies(index):
    return sorted(index.store.glob("*.int8*"))


def made(tmp_path, rows=ROWS):
    index = ImageIndex(tmp_path / "store", tmp_path, "s", DIM, quantized_from=LEAST)
    index.add(files(rows), clustered(rows))
    return saved(index)


@pytest.fixture
def index(tmp_path):
    """A saved index with a copy."""
    return quantized(made(tmp_path))


QUERIES = np.concatenate([clustered(20, seed=1), -clustered(5, seed=2), clustered(5, seed=3) * np.float32(7.5)])


def answers(index, top_k=10):
    return [(scores.tolist(), rows.tolist()) for scores, rows in (index.search(query, top_k) for query in QUERIES)]


def shares(index, wanted=10):
    """Which part of the rows is scored exactly, for each query."""
    (run,) = index._saved
    live = np.ones(run.rows, np.bool_)
    return [float(run.quantized.narrow(live, query, wanted).mean()) for query in QUERIES]


# -- What is found -------------------------------------------------------------------------------------


def test_the_same_is_found_with_the_same_scores(index, tmp_path):
    for top_k in (1, 10, 300):
        assert answers(index, top_k) == answers(exact(tmp_path), top_k)
    assert max(shares(index)) < 0.06  # the copy is in use


def test_the_copy_is_as_near_as_it_says(index):
    (run,) = index._saved
    copy = run.quantized
    vectors = clustered(ROWS)
    centred = vectors - vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    codes = copy._index.reconstruct_n(0, ROWS)
    errors = np.linalg.norm(centred - codes * copy._scale, axis=1)
    assert errors.max() == pytest.approx(copy._error, rel=1e-4)
    assert copy._scale == pytest.approx(np.abs(centred).max() / 127, rel=1e-5)
    assert copy._longest == pytest.approx(np.linalg.norm(codes * copy._scale, axis=1).max(), rel=1e-5)
    assert np.abs(codes).max() == 127


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(np.tile(np.float32([[0.6, 0.8]]), (9000, 1)), id="all equal"),
        pytest.param(np.zeros((9000, 2), np.float32), id="nothing"),
        pytest.param(np.float32([[np.cos(n), np.sin(n)] for n in np.linspace(0, 1e-4, 9000)]), id="all near"),
        pytest.param(np.eye(128, dtype=np.float32)[np.arange(9000) % 128], id="axes"),
    ],
)
def test_rows_that_are_hard_to_tell_apart(tmp_path, rows):
    index = ImageIndex(tmp_path / "store", tmp_path, "s", rows.shape[1], quantized_from=LEAST)
    index.add(files(len(rows)), rows)
    quantized(saved(index))
    whole = exact(tmp_path)
    for query in (rows[0], rows[4321], np.ones(rows.shape[1], np.float32), np.zeros(rows.shape[1], np.float32)):
        found, wanted = index.search(query, 7), whole.search(query, 7)
        assert [part.tolist() for part in found] == [part.tolist() for part in wanted]


def test_a_mask_is_kept_to(index, tmp_path):
    whole = exact(tmp_path)
    for seed, share in enumerate((0.001, 0.3, 0.9)):
        among = np.random.default_rng(seed).random(ROWS) < share
        for query in QUERIES[:6]:
            found, wanted = index.search(query, 40, among), whole.search(query, 40, among)
            assert [part.tolist() for part in found] == [part.tolist() for part in wanted]
            assert among[found[1]].all()


def test_removed_pictures_are_never_found(index, tmp_path):
    best = {index.path_of(rows[0]).name for _, rows in answers(index, 1)}
    index.remove(best)
    for state in (index, saved(index), opened(tmp_path)):
        shown = {state.path_of(row).name for _, rows in answers(state) for row in rows}
        assert not shown & best
        assert answers(state) == answers(exact(tmp_path))
    assert copies(index)  # a removal rewrites no vectors


def test_pending_and_young_pictures_are_found(index, tmp_path):
    index.add(files(1, "new"), QUERIES[:1])
    assert index.search(QUERIES[0], 1)[1].tolist() == [ROWS]
    quantized(saved(index))
    for state in (index, opened(tmp_path)):
        scores, rows = state.search(QUERIES[0], 2)
        assert rows.tolist()[0] == ROWS
        assert scores[0] == pytest.approx(1.0, abs=1e-6)
    assert len(copies(index)) == 1  # the second file is small


def test_nothing_is_narrowed_before_the_content_is_known(tmp_path, monkeypatch):
    index = made(tmp_path)
    monkeypatch.setattr(quantized_vectors, "ContentCheck", Undecided)
    index.quantize()
    assert shares(index) == [1.0] * len(QUERIES)
    assert answers(index) == answers(exact(tmp_path))


class Undecided:
    is_good = False

    def __init__(self, is_good) -> None:
        pass


def test_small_files_have_no_copy(tmp_path):
    index = ImageIndex(tmp_path / "store", tmp_path, "s", DIM, quantized_from=ROWS + 1)
    index.add(files(ROWS), clustered(ROWS))
    saved(index).quantize()
    assert copies(index) == []


# -- On disk -------------------------------------------------------------------------------------------


def test_the_file_is_what_faiss_would_write(index):
    (path,) = copies(index)
    digest = hashlib.sha256((index.store / "image_index.1.bin").read_bytes()).hexdigest()
    assert path.name == f"image_index.{digest[:16]}.int8"
    data = path.read_bytes()
    assert data[-32:] == hashlib.sha256(data[:-32]).digest()
    (run,) = index._saved
    again = faiss.IndexScalarQuantizer(DIM, faiss.ScalarQuantizer.QT_8bit_direct_signed, faiss.METRIC_INNER_PRODUCT)
    again.add(run.quantized._index.reconstruct_n(0, ROWS))
    written = faiss.serialize_index(again).tobytes()
    assert written.startswith(_faiss_header(ROWS, DIM))
    assert data[: len(written)] == written
    assert len(data) == len(written) + 80 + 32


def damages(data):
    for position in (0, 4, 8, 40, 81, len(data) // 2, len(data) - 112, len(data) - 90, len(data) - 40, len(data) - 1):
        yield data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
    for size in (0, 1, 81, len(data) - 1):
        yield data[:size]
    yield data + b"\0"
    yield bytes(len(data))


def test_a_damaged_copy_is_passed_over_and_made_again(index, tmp_path):
    (path,) = copies(index)
    good, wanted = path.read_bytes(), answers(index)
    for number, bad in enumerate(damages(good)):
        path.unlink()
        path.write_bytes(bad)
        again = opened(tmp_path)
        assert answers(again) == wanted, number
        if again._saved[0].quantized:  # told by its checksum alone
            assert shares(again) == [1.0] * len(QUERIES)
    path.unlink()
    path.write_bytes(good[:-1])
    again = quantized(opened(tmp_path))
    assert path.read_bytes() == good
    assert max(shares(again)) < 0.06


def test_a_copy_of_other_vectors_is_passed_over(index, tmp_path):
    other = ImageIndex(tmp_path / "other", tmp_path, "s", DIM, quantized_from=LEAST)
    other.add(files(ROWS), clustered(ROWS, seed=5))
    quantized(saved(other))
    (path,), (foreign,) = copies(index), copies(other)
    path.unlink()
    path.write_bytes(foreign.read_bytes())
    again = opened(tmp_path)
    assert again._saved[0].quantized is None
    assert answers(again) == answers(exact(tmp_path))


def test_a_missing_and_an_unreadable_copy_cost_nothing(index, tmp_path):
    (path,) = copies(index)
    wanted = answers(index)
    path.unlink()
    assert answers(opened(tmp_path)) == wanted
    path.mkdir()  # reading and replacing it is an OSError on every system
    again = opened(tmp_path)
    again.quantize()
    assert again._saved[0].quantized is None
    assert answers(again) == wanted
    assert [each.name for each in copies(index)] == [path.name]


def test_copies_go_with_their_vectors_and_not_before(index, tmp_path):
    (path,) = copies(index)
    kept = path.read_bytes()
    half = index.store / f"{path.name}.4711.tmp"
    half.write_bytes(b"left by a killed process")
    older = index.store / "image_index.0123456789abcdef.cells"
    older.write_bytes(b"an older program's")
    foreign = index.store / "image_index.copia.int8"
    foreign.write_bytes(b"mine")
    index.add(files(100, "b"), clustered(100, seed=2))
    saved(index)
    assert path.read_bytes() == kept
    assert not half.exists()
    assert not older.exists()
    index.add(files(15_000, "d"), clustered(15_000, seed=4))  # enough for a merge
    saved(index)
    gc.collect()
    saved(opened(tmp_path)).add(files(1, "e"), clustered(1))
    assert [each for each in copies(index) if each not in (path, foreign)] == []
    again = quantized(opened(tmp_path))
    assert len(set(copies(again)) - {path}) == 2
    assert answers(again) == answers(exact(tmp_path))


def test_making_one_never_writes_where_another_program_saved(index, tmp_path):
    behind = opened(tmp_path)
    behind._saved[0].quantized = None
    (path,) = copies(index)
    index.add(files(15_000, "d"), clustered(15_000, seed=4))
    saved(index)
    before = {each: each.stat().st_mtime_ns for each in copies(index)}
    behind.quantize()
    assert {each: each.stat().st_mtime_ns for each in copies(index)} == before
    with index.locked():
        index.quantize()  # another program holds the lock
    assert {each: each.stat().st_mtime_ns for each in copies(index)} == before
    assert set(before) <= {path}


def contents(store):
    """By name; without the lock on Windows, where it comes and goes with who holds it."""
    return {file.name: file.read_bytes() for file in store.iterdir() if not (WINDOWS and file.name == "index.lock")}


def test_a_failing_disk_costs_the_copy_only(tmp_path, monkeypatch):
    index = made(tmp_path, 2000)
    before, wanted = contents(index.store), answers(index)
    for number in range(1, 40):
        again = opened(tmp_path)
        with FaultyDisk(monkeypatch, number) as disk:
            again.quantize()
        assert answers(again) == wanted
        left = contents(index.store)
        assert {name: data for name, data in left.items() if not name.endswith(".int8")} == before
        if not disk.failed:
            break
        del again
        gc.collect()
        for path in copies(index):
            path.unlink()
    assert 1 < number < 39
    assert len(copies(index)) == 1


@pytest.mark.parametrize("after", [0, 2, 4])
def test_cancelling_leaves_no_trace(tmp_path, after):
    index = made(tmp_path)  # two chunks, looked at three times
    asked = iter(range(100))
    index.quantize(CancelledWhen(lambda: next(asked) >= after))
    assert next(asked) == after + 1
    assert copies(index) == []
    assert index._saved[0].quantized is None


# -- In the product ------------------------------------------------------------------------------------


def test_an_update_makes_a_copy_also_when_no_picture_changed(tmp_path, pool):
    folder = tmp_path / "fotos"
    for n in range(12):
        paint(folder / f"{n}.png", (20 * n, 255 - 20 * n, 0))
    plain = IndexedFolder(tmp_path / "home", folder, FakeEncoder(), pool)
    plain.update()
    assert not list(plain.store.glob("*.int8"))
    encoder = FakeEncoder()
    near = IndexedFolder(tmp_path / "home", folder, encoder, pool, quantized_from=12)
    assert near.open().state is State.READY
    assert not list(near.store.glob("*.int8"))  # opening stays quick
    report = near.update()
    assert (report.added, encoder.images) == (0, 0)
    times = {path: path.stat().st_mtime_ns for path in near.store.glob("*.int8")}
    assert len(times) == 1
    paint(folder / "x.png", (0, 0, 255))
    near.update()
    assert {path: path.stat().st_mtime_ns for path in near.store.glob("*.int8")} == times
    del plain
    gc.collect()  # on Windows no vectors go aside while they are mapped
    near.update(rebuild=True)
    assert len(list(near.store.glob("*.int8"))) == 1
    assert near.count == 13


def test_a_copy_that_is_no_longer_whole_is_left_alone(index, tmp_path):
    (run,) = index._saved
    run.quantized._file.is_whole = lambda: False
    assert shares(index) == [1.0] * len(QUERIES)
    assert answers(index) == answers(exact(tmp_path))
    assert isinstance(run.quantized, QuantizedVectors)
