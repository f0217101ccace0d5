"""The index: scores and orders, the files on disk, and what it refuses."""

from __future__ import annotations

import hashlib
import json
import shutil

import faiss
import numpy as np
import pytest

from semantik.errors import IndexDamaged, IndexLocked, IndexNotSaved, IndexTooNew, NoIndex
from semantik.index import ImageIndex, set_aside
from semantik.index.store import flat_header
from semantik.records import ImageFile, Problem, Reason
from tests.support.systems import WINDOWS, posix_only


def unit(*rows):
    vectors = np.array(rows, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def files(*names, size=10, mtime_ns=1_700_000_000_000_000_001):
    return [ImageFile(name, size, mtime_ns) for name in names]


@pytest.fixture
def index(tmp_path):
    made = ImageIndex(tmp_path / "store", tmp_path / "fotos", "fake/rgb", 3)
    made.add(files("a.jpg", "b.jpg", "c.jpg"), unit((1, 0, 0), (0, 1, 0), (1, 1, 0)))
    return made


def saved(index):
    with index.locked():
        index.save()
    return ImageIndex.load(index.store, index.folder)


def test_search_orders_by_score(index, tmp_path):
    scores, rows = index.search(unit((1, 0, 0))[0], 3)
    assert [index.path_of(row) for row in rows] == [tmp_path / "fotos" / name for name in ("a.jpg", "c.jpg", "b.jpg")]
    assert scores == pytest.approx([1.0, 0.70710678, 0.0], abs=1e-6)
    assert scores.dtype == np.float32


def test_more_results_than_pictures_are_not_padded(index):
    scores, rows = index.search(unit((1, 0, 0))[0], 100)
    assert len(scores) == 3
    assert rows.tolist() == [0, 2, 1]


def test_equal_scores_keep_row_order_across_segments(index):
    index = saved(index)
    index.add(files("d.jpg", "e.jpg"), unit((1, 0, 0), (1, 0, 0)))
    assert index.search(unit((1, 0, 0))[0], 3)[1].tolist() == [0, 3, 4]


def test_reload_gives_the_same_scores_and_files(index):
    query = unit((0.3, 0.5, 0.1))[0]
    before = index.search(query, 3)
    again = saved(index)
    after = again.search(query, 3)
    assert after[0].tolist() == before[0].tolist()
    assert after[1].tolist() == before[1].tolist()
    assert list(again.files()) == files("a.jpg", "b.jpg", "c.jpg")
    assert (again.space, again.dim, again.count, again.generation) == ("fake/rgb", 3, 3, 1)


def test_the_vector_file_is_a_plain_faiss_index(index):
    saved(index)
    data = np.fromfile(index.store / "image_index.1.bin", dtype=np.uint8)
    read = faiss.deserialize_index(data)
    assert isinstance(read, faiss.IndexFlatIP)
    assert read.reconstruct_n(0, 3) == pytest.approx(unit((1, 0, 0), (0, 1, 0), (1, 1, 0)))
    assert faiss.serialize_index(read).tobytes() == data.tobytes()


def test_header_is_the_one_faiss_writes():
    for rows, dim in ((1, 1), (7, 512), (300, 3)):
        flat = faiss.IndexFlatIP(dim)
        flat.add(np.zeros((rows, dim), dtype=np.float32))
        assert flat_header(rows, dim) == faiss.serialize_index(flat).tobytes()[:45]


def test_metadata_on_disk(index):
    saved(index)
    stored = json.loads((index.store / "image_index.json").read_text())
    body = stored["index"]
    assert stored["format"] == 3
    assert (body["space"], body["dim"], body["count"]) == ("fake/rgb", 3, 3)
    assert body["paths"] == ["a.jpg", "b.jpg", "c.jpg"]
    assert body["mtimes_ns"] == [1_700_000_000_000_000_001] * 3
    vectors = (index.store / body["segments"][0]["file"]).read_bytes()
    assert hashlib.sha256(vectors).hexdigest() == body["segments"][0]["sha256"]


def test_a_changed_picture_replaces_its_vector(index):
    index.add(files("a.jpg", mtime_ns=5), unit((0, 0, 1)))
    assert index.count == 3
    again = saved(index)
    scores, rows = again.search(unit((0, 0, 1))[0], 3)
    assert again.path_of(rows[0]).name == "a.jpg"
    assert scores[0] == pytest.approx(1.0)
    assert again.search(unit((1, 0, 0))[0], 3)[0] == pytest.approx([0.70710678, 0, 0], abs=1e-6)
    assert {f.path: f.mtime_ns for f in again.files()}["a.jpg"] == 5


def test_removed_pictures_are_never_found(index):
    index = saved(index)
    index.remove(["a.jpg", "unknown.jpg"])
    for state in (index, saved(index)):
        scores, rows = state.search(unit((1, 0, 0))[0], 3)
        assert [state.path_of(row).name for row in rows] == ["c.jpg", "b.jpg"]
        assert scores == pytest.approx([0.70710678, 0], abs=1e-6)
        assert state.count == 2


def test_an_emptied_index_saves_and_loads(index):
    index.remove(["a.jpg", "b.jpg", "c.jpg"])
    again = saved(index)
    assert again.count == 0
    assert again.search(unit((1, 0, 0))[0], 3)[0].tolist() == []


def test_one_more_picture_costs_one_small_file(tmp_path):
    rng = np.random.default_rng(0)
    index = ImageIndex(tmp_path / "store", tmp_path, "s", 64)
    index.add(files(*(f"{n}.jpg" for n in range(1000))), unit(*rng.standard_normal((1000, 64))))
    index = saved(index)
    base = (index.store / "image_index.1.bin").stat()
    index.add(files("new.jpg"), unit(rng.standard_normal(64)))
    saved(index)
    assert (index.store / "image_index.2.bin").stat().st_size == 45 + 64 * 4
    assert (index.store / "image_index.1.bin").stat().st_mtime_ns == base.st_mtime_ns


def test_many_saves_leave_few_segments_and_every_vector(tmp_path):
    rng = np.random.default_rng(1)
    index = ImageIndex(tmp_path / "store", tmp_path, "s", 8)
    expected = {}
    with index.locked():
        for batch in range(100):
            rows = unit(*rng.standard_normal((3, 8)))
            names = [f"{batch}-{n}.jpg" for n in range(3)]
            index.add(files(*names), rows)
            expected |= dict(zip(names, rows, strict=True))
            index.save()
    again = ImageIndex.load(index.store, index.folder)
    assert len(list(index.store.glob("*.bin"))) <= 9  # log2(300)
    assert again.count == 300
    for name, row in expected.items():
        assert again.vector(name).tolist() == row.tolist()


def test_removing_most_rewrites_without_the_dead(tmp_path):
    rng = np.random.default_rng(2)
    index = ImageIndex(tmp_path / "store", tmp_path, "s", 4)
    rows = unit(*rng.standard_normal((3000, 4)))
    index.add(files(*(f"{n}.jpg" for n in range(3000))), rows)
    index = saved(index)
    index.remove([f"{n}.jpg" for n in range(3000) if n % 3])
    again = saved(index)
    assert (index.store / "image_index.2.bin").stat().st_size == 45 + 1000 * 16
    if not WINDOWS:  # which deletes no file that is mapped, see below
        assert not (index.store / "image_index.1.bin").exists()
    assert again.vector("2997.jpg").tolist() == rows[2997].tolist()
    assert [f.path for f in again.files()] == [f"{n}.jpg" for n in range(0, 3000, 3)]
    del index
    again.remove(["0.jpg"])
    last = saved(again)
    assert last.count == 999
    assert not (last.store / "image_index.1.bin").exists()  # with the next save at the latest


def test_names_that_are_not_utf8_survive(tmp_path):
    name = b"\xff\xfe.jpg".decode("utf-8", "surrogateescape")
    index = ImageIndex(tmp_path / "store", tmp_path, "s", 2)
    index.add(files(name, "ñandú ☃.jpg"), unit((1, 0), (0, 1)))
    assert [f.path for f in saved(index).files()] == [name, "ñandú ☃.jpg"]


def test_compare_tells_added_changed_removed(index):
    seen = [*files("a.jpg"), *files("b.jpg", size=11), *files("new.jpg")]
    changes = index.compare(seen)
    assert [f.path for f in changes.added] == ["new.jpg"]
    assert [f.path for f in changes.changed] == ["b.jpg"]
    assert changes.removed == ["c.jpg"]
    assert changes.unchanged == 1
    assert not index.compare(files("a.jpg", "b.jpg", "c.jpg"))


def test_pictures_in_an_unreadable_folder_are_not_missed(tmp_path):
    index = ImageIndex(tmp_path / "store", tmp_path, "s", 2)
    index.add(files("nas/a.jpg", "nas2/b.jpg"), unit((1, 0), (0, 1)))
    assert index.compare([], unreadable=["nas/"]).removed == ["nas2/b.jpg"]


def test_known_bad_files_are_no_news(index):
    (bad, locked) = files("bad.jpg", "locked.jpg")
    index.skip(bad, Reason.DAMAGED)
    index.skip(locked, Reason.PERMISSION)
    again = saved(index)
    everything = [*again.files(), bad, locked]
    assert not again.compare(everything)
    assert again.compare(everything, retry=True).added == [locked]
    assert again.compare([*again.files(), *files("bad.jpg", size=99), locked]).added == files("bad.jpg", size=99)
    assert [(p.path, p.reason) for p in again.problems()] == [
        ("bad.jpg", Reason.DAMAGED),
        ("locked.jpg", Reason.PERMISSION),
    ]


def test_a_warning_keeps_the_picture(index):
    index.skip(files("a.jpg")[0], Reason.TRUNCATED)
    assert index.count == 3
    index.skip(files("b.jpg")[0], Reason.DAMAGED)
    assert index.count == 2


def test_wrong_shapes_are_refused(index):
    with pytest.raises(ValueError, match="dim 3"):
        index.add(files("d.jpg"), unit((1, 0)))
    with pytest.raises(ValueError, match="twice"):
        index.add(files("d.jpg", "d.jpg"), unit((1, 0, 0), (1, 0, 0)))
    assert index.count == 3


def test_a_second_writer_is_told(index):
    other = ImageIndex(index.store, index.folder, "fake/rgb", 3)
    with index.locked(), pytest.raises(IndexLocked), other.locked():
        pass
    with other.locked():
        pass


def test_a_stale_index_never_overwrites_a_newer_one(index):
    stale = saved(index)
    index.add(files("d.jpg"), unit((0, 0, 1)))
    saved(index)
    assert stale.is_stale()
    stale.add(files("e.jpg"), unit((0, 0, 1)))
    with stale.locked(), pytest.raises(IndexNotSaved):
        stale.save()
    assert [f.path for f in ImageIndex.load(index.store, index.folder).files()] == ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]


@posix_only("Windows deletes no file that is mapped")
def test_an_index_deleted_under_us_is_written_whole(index):
    again = saved(index)
    again.add(files("d.jpg"), unit((0, 0, 1)))
    for path in index.store.iterdir():
        path.unlink()
    assert saved(again).count == 4


def test_nothing_stored(tmp_path):
    with pytest.raises(NoIndex):
        ImageIndex.load(tmp_path / "none", tmp_path)


def rewrite_manifest(store, **changes):
    """A manifest with other content and a right checksum: what only a check of the content can refuse."""
    path = store / "image_index.json"
    body = json.loads(path.read_text())["index"] | changes
    text = json.dumps(body, separators=(",", ":")).encode()
    digest = hashlib.sha256(text).hexdigest().encode()
    path.write_bytes(b'{"format":3,"generation":%d,"sha256":"%s","index":%s}\n' % (body["generation"], digest, text))


@pytest.mark.parametrize(
    "changes",
    [
        {"dim": 4},
        {"dim": "3"},
        {"count": 4},
        {"paths": ["a.jpg", "b.jpg"]},
        {"paths": ["a.jpg", "a.jpg", "c.jpg"]},
        {"paths": ["a.jpg", 7, "c.jpg"]},
        {"sizes": [1, 2, None]},
        {"sizes": "abc"},
        {"fingerprints": ["", ""]},
        {"fingerprints": ["", "", None]},
        {"removed": [3], "count": 2},
        {"removed": [0, 0], "count": 1},
        {"segments": []},
        {"segments": [{"file": "../image_index.1.bin", "rows": 3, "sha256": "0"}]},
        {"segments": [{"file": "image_index.1.bin", "rows": 3, "sha256": "0" * 64}]},
        {"segments": [{"file": "image_index.9.bin", "rows": 3, "sha256": "0" * 64}]},
        {"skipped": [["x", 1, 2, "no such reason"]]},
        {"skipped": [["x", 1]]},
        {"space": None},
    ],
)
def test_manifests_of_the_wrong_shape_are_refused(index, changes):
    saved(index)
    rewrite_manifest(index.store)
    assert ImageIndex.load(index.store, index.folder).count == 3
    rewrite_manifest(index.store, **changes)
    with pytest.raises(IndexDamaged):
        ImageIndex.load(index.store, index.folder)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"\x00" * 400, b'{"format":1}', b"not json"])
def test_foreign_manifests_are_refused(index, content):
    saved(index)
    (index.store / "image_index.json").write_bytes(content)
    with pytest.raises(IndexDamaged):
        ImageIndex.load(index.store, index.folder)


def test_a_newer_format_is_refused_politely(index):
    saved(index)
    path = index.store / "image_index.json"
    path.write_bytes(path.read_bytes().replace(b'"format":3', b'"format":4', 1))
    with pytest.raises(IndexTooNew) as caught:
        ImageIndex.load(index.store, index.folder)
    assert caught.value.params == {"version": 4}


def test_damaged_files_are_kept_aside(index):
    saved(index)
    store = index.store.with_name("dañado")
    shutil.copytree(index.store, store)  # Windows moves no file that is mapped, as those of ``index`` are
    before = {path.name: path.read_bytes() for path in store.glob("image_index.*")}
    aside = set_aside(store)
    assert {path.name: path.read_bytes() for path in aside.iterdir()} == before
    assert len(before) == 2
    with pytest.raises(NoIndex):
        ImageIndex.load(store, index.folder)
    assert set_aside(store) is None


def test_an_index_of_the_first_format_is_taken_over(index):
    """It had no fingerprints: they are unknown, and the next save writes the present format."""
    index.remove(["b.jpg"])
    saved(index)
    path = index.store / "image_index.json"
    body = json.loads(path.read_text())["index"]
    del body["fingerprints"]
    text = json.dumps(body, separators=(",", ":")).encode()
    digest = hashlib.sha256(text).hexdigest().encode()
    path.write_bytes(b'{"format":1,"generation":%d,"sha256":"%s","index":%s}\n' % (body["generation"], digest, text))
    old = ImageIndex.load(index.store, index.folder)
    assert [file.path for file in old.files()] == ["a.jpg", "c.jpg"]
    assert old.vector("c.jpg") == pytest.approx([0.70710678, 0.70710678, 0], abs=1e-6)
    assert [old.fingerprint_of(row) for row in range(3)] == ["", "", ""]
    old.learn({"a.jpg": "0" * 32})
    again = saved(old)
    assert json.loads(path.read_text())["format"] == 3
    assert [again.fingerprint_of(row) for row in range(3)] == ["0" * 32, "", ""]


def test_pictures_change_places_and_keep_their_vectors(index):
    index.learn({"a.jpg": "a" * 32, "b.jpg": "b" * 32})
    index.skip(files("a.jpg")[0], Reason.TRUNCATED)
    [a, b], [other] = files("a.jpg", "b.jpg", size=20), files("viaje/c.jpg", mtime_ns=7)
    index.move([("a.jpg", b), ("b.jpg", a), ("c.jpg", other)])
    again = saved(index)
    assert list(again.files()) == [b, a, other]
    assert again.vector("b.jpg") == pytest.approx([1, 0, 0])
    assert again.vector("a.jpg") == pytest.approx([0, 1, 0])
    assert [again.fingerprint_of(again.rows()[name]) for name in ("a.jpg", "b.jpg")] == ["b" * 32, "a" * 32]
    assert again.problems() == [Problem("b.jpg", Reason.TRUNCATED)]


def test_a_picture_moves_over_another(index):
    index.move([("a.jpg", files("b.jpg", size=3)[0])])
    again = saved(index)
    assert sorted(file.path for file in again.files()) == ["b.jpg", "c.jpg"]
    assert again.vector("b.jpg") == pytest.approx([1, 0, 0])


def test_a_video_moves_and_is_copied_with_all_its_frames(index):
    index.add(files("v.mp4#t=1.00", "v.mp4#t=2.50"), unit((0, 0, 1), (0, 1, 1)), ["f" * 32] * 2)
    [moved, copied] = files("x/w.mp4", "otra.mp4", mtime_ns=9)
    index.move([("v.mp4", moved)])
    index.copy([("x/w.mp4", copied)])
    again = saved(index)
    assert list(again.rows())[3:] == [
        "x/w.mp4#t=1.00",
        "x/w.mp4#t=2.50",
        "otra.mp4#t=1.00",
        "otra.mp4#t=2.50",
    ]
    assert again.vector("otra.mp4#t=2.50") == pytest.approx([0, 0.70710678, 0.70710678])
    assert {again.fingerprint_of(row) for row in again.rows_of("otra.mp4")} == {"f" * 32}
    assert not again.rows_of("v.mp4")
