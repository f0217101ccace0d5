"""An index on a real server against the same in files: equal answers, crashes, other programs, other tables."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from semantik.errors import (
    IndexLocked,
    IndexNotSaved,
    IndexTooNew,
    NoIndex,
    StoreCopyDiffers,
    StoreRefused,
    StoreTaken,
    StoreUnreachable,
)
from semantik.index import ImageIndex, JoinedIndexes, copy_index
from semantik.postgres import library_store, schema, server_vectors
from semantik.postgres import server as server_module
from semantik.postgres.address import StoreAddress
from semantik.postgres.library_store import LibraryStore
from semantik.postgres.server import Server
from semantik.records import ImageFile, Reason

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

FOLDER = Path("/fotos").absolute()
DIM = 16


@pytest.fixture
def server(address, monkeypatch):
    monkeypatch.setattr(server_module, "PATIENCE", 0.0)
    found = Server(StoreAddress(address))
    yield found
    found.close()


def store_of(server: Server, **how) -> LibraryStore:
    return LibraryStore(server, str(FOLDER), "fake", **how)


def vectors_of(rows: int, seed: int = 1) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=(rows, DIM)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def files_of(rows: int, first: int = 0) -> list[ImageFile]:
    names = [f"viaje {row}/mar\udcff{row}.jpg" for row in range(first, first + rows)]  # no UTF-8, too
    return [ImageFile(name, 10**12 + row, 2**70 + row) for row, name in enumerate(names, first)]


def filled(store, rows: int = 300) -> ImageIndex:
    index = ImageIndex(store, FOLDER, "fake/space", DIM)
    vectors = vectors_of(rows)
    vectors[rows // 2 :: 7] = vectors[0]  # equal ones
    with index.locked():
        index.add(files_of(rows), vectors, [f"{row:x}" for row in range(rows)])
        index.skip(ImageFile("rota.jpg", 5, 5), Reason.DAMAGED, "abc")
        index.save()
        index.remove([file.path for file in files_of(rows)[::11]])
        index.save()
    return index


def test_answers_are_those_of_files_ties_and_filters_included(server, tmp_path):
    there, here = filled(store_of(server)), filled(tmp_path / "store")
    again = ImageIndex.load(store_of(server), FOLDER)
    assert list(again.rows()) == list(here.rows()) == list(there.rows())
    assert [again.file_of(row) for row in again.rows().values()] == [here.file_of(row) for row in here.rows().values()]
    assert again.problems() == here.problems()
    random = np.random.default_rng(3)
    for number, query in enumerate(np.concatenate([vectors_of(6, seed=5), vectors_of(1)[:1]])):
        for share in (1.0, 0.5, 0.02):
            keys = [key for key in here.rows() if random.random() < share] or [next(iter(here.rows()))]
            found = []
            for index in (here, there, again):
                scores, rows = index.search(query, 1 + 40 * number, index.mask(index.rows()[key] for key in keys))
                found.append((scores, [index.key_of(row) for row in rows.tolist()]))
            (truth, wanted), *others = found
            for scores, names in others:
                assert len(names) == min(1 + 40 * number, len(keys))
                assert np.abs(scores - truth).max() <= 1e-3
                near = np.abs(np.diff(truth)) < 2e-3  # such may change places in half precision, equal ones may not
                assert names == wanted or near.any()
    # Equal vectors keep the order of rows.
    _, rows = again.search(vectors_of(1)[0], 20)
    assert rows.tolist() == sorted(rows.tolist())


@pytest.mark.parametrize(("given", "used"), [("64MB", "1GB"), ("3GB", "3GB")])
def test_a_graph_has_room_and_more_where_the_server_gives_more(address, given, used):
    with psycopg.connect(address) as base:
        base.execute(f"SET maintenance_work_mem = '{given}'")
        base.execute(library_store.ROOM_FOR_GRAPH)
        assert base.execute("SHOW maintenance_work_mem").fetchone() == (used,)


def test_a_graph_finds_k_of_what_passes_and_is_asked_for_in_exact_mode_by_nobody(server, monkeypatch):
    monkeypatch.setattr(library_store, "GRAPH_FROM", 1000)
    monkeypatch.setattr(server_vectors, "FEW_ROWS", 100)
    index = filled(store_of(server), 3000)
    index.quantize()
    graph, exact = (ImageIndex.load(store_of(server, exact=how), FOLDER) for how in (False, True))
    assert [one.runs()[0].graph for one in (index, graph, exact)] == [True, True, False]
    same = total = 0
    for query in vectors_of(20, seed=9):
        for step in (1, 3):
            among = np.arange(graph.total_rows) % step == 0
            approximate, truth = (one.search(query, 10, among)[1].tolist() for one in (graph, exact))
            assert len(approximate) == 10
            assert all(among[approximate])
            same, total = same + len({*approximate} & {*truth}), total + 10
    assert same / total >= 0.97


def test_folders_on_the_server_and_in_files_are_searched_as_one(server, tmp_path):
    joined = JoinedIndexes([filled(tmp_path / "store"), filled(store_of(server))])
    scores, rows = joined.search(vectors_of(9, seed=4)[8], 8)
    assert np.abs(scores[::2] - scores[1::2]).max() <= 1e-3
    assert sorted(rows % joined.starts[1]) == sorted([*(rows[rows < joined.starts[1]])] * 2) or len(rows) == 8


def test_there_and_back_nothing_is_lost(server, tmp_path):
    source = filled(tmp_path / "store")
    count = copy_index(FOLDER, tmp_path / "store", store_of(server))
    assert count == source.count == 272
    assert copy_index(FOLDER, store_of(server), tmp_path / "back") == count
    assert copy_index(FOLDER, tmp_path / "back", store_of(server)) == count
    with source.locked():
        source.add(files_of(1, 1000), vectors_of(1, 8))
        source.save()
    with pytest.raises(StoreTaken):
        copy_index(FOLDER, tmp_path / "store", store_of(server))


def test_a_copy_that_differs_in_one_number_is_refused(server, tmp_path, monkeypatch):
    filled(tmp_path / "store")
    real = library_store.add_rows

    def spoil(base, library, *rest):
        real(base, library, *rest)
        base.execute(f"UPDATE semantik.pictures_{library} SET size = size + 1 WHERE id = 100")

    monkeypatch.setattr(library_store, "add_rows", spoil)
    with pytest.raises(StoreCopyDiffers) as told:
        copy_index(FOLDER, tmp_path / "store", store_of(server))
    assert told.value.params["path"].startswith("viaje ")


def test_moved_and_learnt_rows_are_kept_and_two_may_change_places(server):
    index = filled(store_of(server))
    one, two = files_of(3)[1:]
    with index.locked():
        index.move([(one.path, ImageFile(two.path, 1, 1)), (two.path, ImageFile(one.path, 2, 2))])
        index.learn({one.path: "neu"})
        index.save()
    again = ImageIndex.load(store_of(server), FOLDER)
    assert [again.file_of(again.rows()[path]).size for path in (one.path, two.path)] == [2, 1]
    assert again.fingerprint_of(again.rows()[one.path]) == "neu"
    assert np.abs(again.vector(one.path) - index.vector(one.path)).max() <= 1e-3


def test_one_writes_and_what_another_wrote_is_not_written_over(server, address):
    index = filled(store_of(server))
    other_server = Server(StoreAddress(address))
    other = ImageIndex.load(store_of(other_server), FOLDER)
    with index.locked(), pytest.raises(IndexLocked), other.locked():
        pass
    with other.locked():
        other.add(files_of(1, 5000), vectors_of(1))
        other.save()
    other_server.close()
    assert index.is_stale()
    with index.locked(), pytest.raises(IndexNotSaved):
        index.add(files_of(1, 6000), vectors_of(1))
        index.save()
    # What was removed since is still found by who opened the library before.
    query = index.vector(files_of(3)[2].path)
    with other_of(address) as last, last.locked():
        last.remove([files_of(3)[2].path])
        last.save()
    assert index.key_of(int(index.search(query, 1)[1][0])) == files_of(3)[2].path


class other_of:  # noqa: N801
    """An index loaded by another program."""

    def __init__(self, address: str) -> None:
        self._server = Server(StoreAddress(address))

    def __enter__(self) -> ImageIndex:
        return ImageIndex.load(store_of(self._server), FOLDER)

    def __exit__(self, *failure: object) -> None:
        self._server.close()


def test_a_server_that_is_killed_loses_nothing_and_is_waited_for(server, postgres, monkeypatch):
    index = filled(store_of(server))
    query, before = vectors_of(1, 7)[0], index.search(vectors_of(1, 7)[0], 5)
    with index.locked():
        index.add(files_of(5, 900), vectors_of(5, 6))
        postgres.crash()
        with pytest.raises(StoreUnreachable):
            index.search(query, 5)
        with pytest.raises(StoreUnreachable):
            index.save()
        monkeypatch.setattr(server_module, "PATIENCE", 600.0)
        starting = threading.Thread(target=postgres.start)
        starting.start()
        index.save()  # waits
        starting.join()
    again = ImageIndex.load(store_of(server), FOLDER)
    assert again.count == index.count == 272 + 5
    scores, _ = again.search(query, 5)
    assert (scores >= before[0] - 1e-6).all()


def test_a_lock_can_be_had_as_soon_as_it_was_let_go(server, address):
    other = Server(StoreAddress(address))
    for one in (server, other) * 20:  # the end of a connection comes to the server when it likes
        with one.locked(7, "fotos"):
            pass
    other.close()


def test_a_save_whose_end_was_not_heard_is_not_made_twice(server, monkeypatch):
    index = filled(store_of(server))
    monkeypatch.setattr(server_module, "PATIENCE", 600.0)
    real, calls = LibraryStore._commit, []

    def breaks_off(self, base, *rest):
        if not calls:
            calls.append(1)
            with base.transaction():
                real(self, base, *rest)
            base.execute("COMMIT")
            base.execute("BEGIN")
            base.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return real(self, base, *rest)

    monkeypatch.setattr(LibraryStore, "_commit", breaks_off)
    with index.locked():
        index.add(files_of(5, 900), vectors_of(5, 6))
        index.save()
    again = ImageIndex.load(store_of(server), FOLDER)
    assert calls == [1]
    assert list(again.rows()) == list(index.rows())
    assert index.search(vectors_of(5, 6)[4], 1)[0][0] == pytest.approx(1, abs=1e-3)


def test_older_tables_are_brought_up_to_date_and_newer_ones_left_alone(server, address, monkeypatch):
    with pytest.raises(NoIndex):
        ImageIndex.load(store_of(server), FOLDER)
    index = filled(store_of(server))
    step = "ALTER TABLE semantik.libraries ADD COLUMN note text NOT NULL DEFAULT ''"  # as a later version may take
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    assert ImageIndex.load(store_of(server), FOLDER).count == index.count  # read as it is
    with index.locked():
        index.remove([files_of(2)[1].path])
        index.save()
    assert server.read(schema.version) == schema.VERSION
    with psycopg.connect(address, autocommit=True) as base:
        assert base.execute("SELECT note FROM semantik.libraries").fetchall() == [("",)]
        base.execute("UPDATE semantik.version SET version = 99")
    for use in (lambda: ImageIndex.load(store_of(server), FOLDER), index.is_stale):
        with pytest.raises(IndexTooNew):
            use()


def test_what_the_server_refuses_is_told(server, address):
    index = filled(store_of(server))
    with psycopg.connect(address, autocommit=True) as base:
        base.execute("DROP TABLE semantik.vectors_1")
    with pytest.raises(StoreRefused) as told:
        index.search(vectors_of(1)[0], 5)
    assert "vectors_1" in told.value.params["detail"]
