"""Damaged index files: refused with a reason or right to the last bit, never a wrong answer, never overwritten."""

from __future__ import annotations

import gc
import hashlib
import json
import random
import shutil
import weakref

import faiss
import numpy as np
import pytest

from semantik.errors import (
    FolderEmptied,
    FolderNotFound,
    IndexDamaged,
    IndexNotSaved,
    IndexTooNew,
    NoIndex,
    SemantikError,
)
from semantik.folders import embedding_run, file_embedder
from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.index import ImageIndex, commit
from semantik.index.manifest import MANIFEST
from semantik.index.row_table import RowTable
from semantik.long_tasks import UNATTENDED
from semantik.queries import Query
from semantik.records import ImageFile, Reason
from semantik.words.text import explain
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import paint, together
from tests.support.systems import mapped_files
from tests.support.task_controls import CancelledWhen


def unit(count, seed):
    rows = np.random.default_rng(seed).standard_normal((count, 3)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def content(index):
    vectors = {file.path: (file, index.vector(file.path).tolist()) for file in index.files()}
    return index.space, index.dim, vectors, index.problems()


def make(store, seed=0, dim=3):
    """An index in two vector files, with a removed row, a skipped file and names of all kinds."""
    index = ImageIndex(store, store.parent, "fake/rgb", dim)
    names = ["a.jpg", 'comillas".png', "ñandú ☃.jpg", b"\xff.jpg".decode("utf-8", "surrogateescape"), "e.jpg"]
    index.add([ImageFile(name, n, 10**18 + n) for n, name in enumerate(names)], unit(5, seed)[:, :dim].copy())
    with index.locked():
        index.save()
        index.add([ImageFile("viaje/f.jpg", 7, 7)], unit(1, seed + 1)[:, :dim].copy())
        index.remove(["e.jpg"])
        index.skip(ImageFile("mala.jpg", 3, 4), Reason.DAMAGED)
        index.save()
    return index


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The files of a sound index, and what it holds."""
    store = tmp_path_factory.mktemp("good") / "store"
    make(store)
    files = {path.name: path.read_bytes() for path in store.glob("image_index.*")}
    assert sorted(files) == ["image_index.1.bin", "image_index.2.bin", MANIFEST]
    return files, content(ImageIndex.load(store, store.parent))


@pytest.fixture
def outcome(tmp_path, good):
    """``outcome(name, data)`` loads the sound index with one file's content replaced: "same", or the error's kind.

    ``None`` deletes the file. Anything but the same content or an error is a failure.
    """
    store = tmp_path / "store"
    store.mkdir()
    for name, data in good[0].items():
        (store / name).write_bytes(data)
    damaged = set()

    def load(name, data):
        for other in damaged - {name}:
            (store / other).write_bytes(good[0][other])
        damaged.intersection_update({name})
        damaged.add(name)
        path = store / name
        path.unlink(missing_ok=True)  # rewriting in place makes some file systems flush each time
        if data is not None:
            path.write_bytes(data)
        try:
            index = ImageIndex.load(store, tmp_path)
        except (IndexDamaged, IndexTooNew, NoIndex) as error:
            return type(error).__name__
        assert content(index) == good[1], (name, data)
        return "same"

    return load


FILES = ("image_index.1.bin", "image_index.2.bin", MANIFEST)


@pytest.mark.parametrize("name", FILES)
def test_every_byte_flipped(outcome, good, name):
    data = good[0][name]
    cases = 0
    for position in range(len(data)):
        for mask in (0x01, 0x80, 0xFF):
            flipped = bytearray(data)
            flipped[position] ^= mask
            kind = outcome(name, bytes(flipped))
            assert kind in ("IndexDamaged", "IndexTooNew"), (position, mask)
            # Another version is believed only where the version stands.
            assert kind == "IndexDamaged" or (name == MANIFEST and position == len('{"format":'))
            cases += 1
    assert cases == 3 * len(data)


@pytest.mark.parametrize("name", FILES)
def test_every_range_flipped_or_cut(outcome, good, name):
    data = good[0][name]
    length = 2
    while length <= len(data):
        for start in range(0, len(data) - length + 1, max(1, length // 2)):
            flipped = bytes(byte ^ 0xFF for byte in data[start : start + length])
            for middle in (flipped, b"", bytes(length)):
                damaged = data[:start] + middle + data[start + length :]
                assert outcome(name, damaged) == ("same" if damaged == data else "IndexDamaged"), (start, length)
        length *= 2


@pytest.mark.parametrize("name", FILES)
def test_cut_at_every_length(outcome, good, name):
    data = good[0][name]
    for length in range(len(data)):
        assert outcome(name, data[:length]) == "IndexDamaged", length


@pytest.mark.parametrize("name", FILES)
def test_extended_by_anything(outcome, good, name):
    data = good[0][name]
    for tail in (b"\0", b"\n", b" ", b"}", b"}\n", data, bytes(4096), random.Random(1).randbytes(1000)):
        assert outcome(name, data + tail) == "IndexDamaged", tail[:10]
        assert outcome(name, tail + data) == "IndexDamaged", tail[:10]


def test_a_missing_file(outcome):
    assert [outcome(name, None) for name in FILES] == ["IndexDamaged", "IndexDamaged", "NoIndex"]


def test_files_swapped_within_an_index_between_generations_and_between_indexes(tmp_path, good, outcome):
    files = good[0]
    assert outcome("image_index.1.bin", files["image_index.2.bin"]) == "IndexDamaged"
    assert outcome("image_index.2.bin", files["image_index.1.bin"]) == "IndexDamaged"
    # The same names, sizes and file list, other pictures.
    make(tmp_path / "other", seed=5)
    for name in FILES:
        assert outcome(name, (tmp_path / "other" / name).read_bytes()) == "IndexDamaged"
    # An older manifest of the same index: a vector file that it does not know hurts nothing, a newer row count does.
    older = ImageIndex(tmp_path / "older", tmp_path, "fake/rgb", 3)
    older.add([ImageFile("a.jpg", 0, 10**18)], unit(1, 3))
    with older.locked():
        older.save()
    assert outcome("image_index.1.bin", (older.store / "image_index.1.bin").read_bytes()) == "IndexDamaged"
    assert outcome(MANIFEST, (older.store / MANIFEST).read_bytes()) == "IndexDamaged"


def test_other_dims(tmp_path, outcome):
    make(tmp_path / "flat", dim=2)
    for name in FILES:
        assert outcome(name, (tmp_path / "flat" / name).read_bytes()) == "IndexDamaged"


def sealed(body, generation=2):
    """A manifest with any content and a right checksum: what only a check of the content can refuse."""
    return sealed_text(json.dumps(body, separators=(",", ":")).encode(), generation)


def sealed_text(text, generation=2):
    digest = hashlib.sha256(text).hexdigest().encode()
    return b'{"format":3,"generation":%d,"sha256":"%s","index":%s}\n' % (generation, digest, text)


def test_checksums_that_are_right_and_content_that_is_not(outcome, good):
    body = json.loads(good[0][MANIFEST])["index"]
    assert outcome(MANIFEST, sealed(body)) == "same"
    wrong = [None, True, 1, -1, 1.5, 10**30, "", "x", [], [None], [[]], ["x"], [1], {}, {"a": 1}]
    cases = 0
    for key in body:
        if key in ("program", "folder"):
            continue  # for people to read
        assert outcome(MANIFEST, sealed({k: v for k, v in body.items() if k != key})) == "IndexDamaged"
        for value in wrong:
            if (key == "space" and isinstance(value, str)) or (key, value) in (("skipped", []), ("removed", [1])):
                continue  # another index, but one that does not contradict itself
            assert outcome(MANIFEST, sealed(body | {key: value})) == "IndexDamaged", (key, value)
            cases += 1
    assert cases > 120


def test_forged_layouts_are_refused(outcome, good):
    text = good[0][MANIFEST][: -len(b"}\n")].partition(b'"index":')[2]
    lines = text.split(b"\n")
    assert lines[-1] == b"]}"
    assert outcome(MANIFEST, sealed_text(text)) == "same"
    for number, line in enumerate(lines):
        if line.startswith(b'["mala.jpg"'):
            continue  # without it the index would know less, but not contradict itself
        for forged in (b"", b"]", b"[", b"],[", b'],"paths":[', b'],"x":[', b"{", b"1]", b"null", b"\xff"):
            changed = b"\n".join([*lines[:number], forged, *lines[number + 1 :]])
            assert outcome(MANIFEST, sealed_text(changed)) == "IndexDamaged", (number, forged)
    deep = b"[" * 100_000 + b"]" * 100_000
    assert outcome(MANIFEST, sealed_text(deep)) == "IndexDamaged"


def test_columns_longer_than_a_line_come_back_whole(tmp_path):
    count = 12_345
    index = ImageIndex(tmp_path / "store", tmp_path, "s", 2)
    files = [ImageFile(f"carpeta/{n}.jpg", n, 10**18 + n) for n in range(count)]
    index.add(files, np.tile(np.float32([[0.6, 0.8]]), (count, 1)))
    index.remove([f"carpeta/{n}.jpg" for n in range(0, 2000, 2)])
    index.skip(ImageFile("x.jpg", 1, 2), Reason.EMPTY)
    with index.locked():
        index.save()
    data = (index.store / MANIFEST).read_bytes()
    assert max(map(len, data.split(b"\n"))) < 5000 * 24
    whole = json.loads(data)["index"]
    assert whole["paths"] == [file.path for file in files]
    assert whole["mtimes_ns"] == [file.mtime_ns for file in files]
    assert whole["removed"] == list(range(0, 2000, 2))
    again = ImageIndex.load(index.store, tmp_path)
    assert list(again.files()) == [file for file in files if file.size % 2 or file.size >= 2000]
    assert (again.store / MANIFEST).read_bytes() == data


# -- What the program does about it --------------------------------------------------------------------


@pytest.fixture
def opened(tmp_path, library, pool):
    """A library that was indexed; ``opened()`` opens it again, as a program that is started anew."""

    def reopen():
        return IndexedFolder(tmp_path / "home", library, FakeEncoder(), pool)

    first = reopen()
    assert first.open().state is State.NEW
    assert first.update().count == 6
    return reopen


def snapshot(store):
    return {
        path.relative_to(store).as_posix(): path.read_bytes()
        for path in store.rglob("*")
        if path.is_file() and path.name != "index.lock"
    }


def tamper(store, how):
    manifest, vectors = store / MANIFEST, store / "image_index.1.bin"
    match how:
        case "vector flipped":
            data = bytearray(vectors.read_bytes())
            data[60] ^= 1
            vectors.write_bytes(data)
        case "vectors cut":
            vectors.write_bytes(vectors.read_bytes()[:-1])
        case "vectors missing":
            vectors.unlink()
        case "manifest flipped":
            manifest.write_bytes(manifest.read_bytes().replace(b"azul", b"azur"))
        case "manifest emptied":
            manifest.write_bytes(b"")
        case "envelope broken":
            manifest.write_bytes(b"x" + manifest.read_bytes())
        case "folder in its place":
            manifest.unlink()
            manifest.mkdir()
        case "newer":
            manifest.write_bytes(manifest.read_bytes().replace(b'"format":3', b'"format":7', 1))
        case "newer, laid out otherwise":
            manifest.write_bytes(b'{"format":4,"database":"index.sqlite"}')
        case "other space":
            body = json.loads(manifest.read_bytes())["index"] | {"space": "fake/older"}
            manifest.write_bytes(sealed(body, body["generation"]))


DAMAGE = {
    "vector flipped": (State.DAMAGED, "sus vectores están dañados (image_index.1.bin)"),
    "vectors cut": (State.DAMAGED, "sus vectores están dañados (image_index.1.bin)"),
    "vectors missing": (State.DAMAGED, "falta uno de sus archivos (image_index.1.bin)"),
    "manifest flipped": (State.DAMAGED, "su lista de imágenes está dañada (image_index.json)"),
    "manifest emptied": (State.DAMAGED, "su lista de imágenes está dañada (image_index.json)"),
    "envelope broken": (State.DAMAGED, "su lista de imágenes está dañada (image_index.json)"),
    "folder in its place": (State.DAMAGED, "el disco no permite leerlo"),
    "newer": (State.TOO_NEW, "Una versión más reciente del programa creó este índice (formato 7)"),
    "newer, laid out otherwise": (State.TOO_NEW, "Una versión más reciente del programa creó este índice (formato 4)"),
    "other space": (State.OTHER_SPACE, "es de otra versión del modelo (fake/older)"),
}


@pytest.mark.parametrize("how", DAMAGE)
def test_damage_is_told_left_alone_and_repaired_when_asked(opened, how):
    state, message = DAMAGE[how]
    tamper(opened().store, how)
    library = opened()
    before = snapshot(library.store)
    check = library.open()
    assert check.state is state
    assert message in explain(check.error)
    with pytest.raises(type(check.error)) as refused:  # no word of a missing index: the true reason
        together(library).search(Query.of_text("rojo"), 1)
    assert explain(refused.value) == explain(check.error)
    # Updating without the word "rebuild" must not cost the bytes that might still be of use.
    with pytest.raises((IndexDamaged, IndexTooNew)) as caught:
        library.update()
    assert type(caught.value) is type(check.error)
    assert snapshot(library.store) == before
    report = library.update(rebuild=True)
    assert (report.added, report.count) == (6, 6)
    kept = {
        name.partition("/")[2]: data for name, data in snapshot(library.store).items() if name.startswith("damaged-")
    }
    if how != "folder in its place":  # nothing is in an empty folder
        assert kept == before
    again = opened()
    assert again.open().state is State.READY
    assert [hit.path.name for hit in together(again).search(Query.of_text("rojo"), 1)] == ["rojo.png"]


@pytest.mark.parametrize("how", ["vector flipped", "rows mixed up", "other space", "laid out otherwise by faiss"])
def test_an_error_that_is_kept_holds_no_file_of_the_index(opened, how, monkeypatch):
    """Windows moves no file that is mapped, and so no damaged index could be rebuilt while the window tells of it."""
    mapped = []
    real = np.memmap

    def memmap(*arguments, **options):
        made = real(*arguments, **options)
        mapped.append(weakref.ref(made))
        return made

    library = opened()
    if how == "rows mixed up":
        monkeypatch.setattr(RowTable, "__len__", lambda table: 0)
    elif how == "laid out otherwise by faiss":
        monkeypatch.setattr(faiss, "read_index", lambda *arguments: (_ for _ in ()).throw(RuntimeError("no index")))
    else:
        tamper(library.store, how)
    monkeypatch.setattr(np, "memmap", memmap)
    gc.disable()  # which nobody waits for, either
    try:
        kept = library.open()
        assert isinstance(kept.error, IndexDamaged)
        assert mapped
        assert [reference() for reference in mapped] == [None] * len(mapped)
    finally:
        gc.enable()


def test_an_update_that_failed_and_is_told_holds_no_file_of_the_index(opened):
    library = opened()
    library.open()
    paint(library.folder / "nuevo.png", (9, 200, 9))
    tamper(library.store, "newer")
    (outcome,) = together(library).update([library])
    assert isinstance(outcome.error, IndexTooNew)
    index = weakref.ref(library.index)
    gc.disable()
    try:
        library.index = None
        assert index() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("how", ["bad files", "encoder fails", "copies and moves", "cancelled", "all read again"])
def test_an_update_that_is_over_holds_no_file_of_the_index(opened, how, monkeypatch):
    """Else a good index, too, could not be rebuilt on Windows before Python happens to collect its garbage."""
    library = opened()
    library.open()
    gc.collect()
    gc.disable()
    try:
        control = UNATTENDED
        paint(library.folder / "nuevo.png", (9, 200, 9))
        if how == "bad files":
            (library.folder / "rota.jpg").write_bytes(b"x")
            (library.folder / "vacía.jpg").write_bytes(b"")
            (library.folder / "falsa.mp4").write_bytes(b"\0" * 100)
        elif how == "encoder fails":
            monkeypatch.setattr(library.encoder, "encode_images", lambda pixels: np.ones((len(pixels), 1), np.float32))
            monkeypatch.setattr(file_embedder.log, "disabled", True)  # pytest keeps what is logged, errors with calls
        elif how == "copies and moves":
            shutil.copy2(library.folder / "rojo.png", library.folder / "otro rojo.png")
            (library.folder / "azul.png").rename(library.folder / "mar.png")
        elif how == "cancelled":
            control = CancelledWhen(lambda: True)
        report = library.update(control, check=how == "all read again")
        assert report.cancelled == (how == "cancelled")
        assert len(report.problems) == {"bad files": 3, "encoder fails": 1}.get(how, 0)
        index = weakref.ref(library.index)
        library.index = None
        assert index() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "how",
    [
        pytest.param("vector flipped", marks=mapped_files),
        "manifest flipped",
        "envelope broken",
        "newer",
        "folder in its place",
    ],
)
def test_damage_that_strikes_while_the_program_runs(opened, how):
    """The index in memory goes on answering; what is on the disk is not overwritten."""
    library = opened()
    library.open()
    paint(library.folder / "nuevo.png", (9, 200, 9))
    tamper(library.store, how)
    before = snapshot(library.store)
    if how == "vector flipped":
        # Nobody reads the vectors again before the next start, which tells.
        assert library.update().added == 1
        assert opened().open().state is State.DAMAGED
        return
    if how == "manifest flipped":
        # Its stamp still stands for the state that is in memory, so it is replaced by the same state and more.
        assert library.update().added == 1
        assert opened().open().state is State.READY
        return
    with pytest.raises((IndexDamaged, IndexTooNew)):
        library.update()
    assert snapshot(library.store) == before
    assert len(together(library).search(Query.of_text("rojo"), 6)) == 6


def test_a_rebuild_that_cannot_begin_touches_nothing(opened, tmp_path):
    library = opened()
    library.open()
    before = snapshot(library.store)
    aside = library.folder.rename(tmp_path / "fuera")
    with pytest.raises(FolderNotFound):
        library.update(rebuild=True)
    library.folder.mkdir()
    with pytest.raises(FolderEmptied):
        library.update(rebuild=True)
    library.folder.rmdir()
    aside.rename(library.folder)
    library.encoder.load = lambda **sides: (_ for _ in ()).throw(SemantikError())
    with pytest.raises(SemantikError):
        library.update(rebuild=True)
    assert snapshot(library.store) == before
    assert len(together(library).search(Query.of_text("rojo"), 6)) == 6


def test_a_rebuild_that_fails_before_its_first_save_puts_the_old_index_back(opened, monkeypatch):
    library = opened()
    library.open()
    before = snapshot(library.store)

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(commit, "write_segment", full)
        with pytest.raises(IndexNotSaved):
            library.update(rebuild=True)
    assert snapshot(library.store) == before
    assert not list(library.store.glob("damaged-*"))
    assert len(together(library).search(Query.of_text("rojo"), 6)) == 6
    assert library.update(rebuild=True).added == 6


def test_a_rebuild_that_fails_later_keeps_both(opened, monkeypatch):
    library = opened()
    library.open()
    before = snapshot(library.store)
    monkeypatch.setattr(embedding_run, "CHECKPOINT_IMAGES", 4)
    real, saves = commit.write_segment, []

    def fills_up(*arguments, **options):
        saves.append(1)
        if len(saves) > 1:
            raise OSError(28, "No space left on device")
        return real(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(commit, "write_segment", fills_up)
        with pytest.raises(IndexNotSaved):
            library.update(rebuild=True)
    now = snapshot(library.store)
    assert {name.partition("/")[2]: data for name, data in now.items() if "/" in name} == before
    assert opened().load().state is State.READY
    assert library.count == 6  # in memory, and nothing of it is done again
    library.encoder.images = 0
    assert library.update().count == 6
    assert library.encoder.images == 0
    assert opened().open().state is State.READY


@mapped_files
def test_an_index_that_was_deleted_while_the_program_runs_is_written_again(opened):
    library = opened()
    library.open()
    shutil.rmtree(library.store)
    library.encoder.images = 0
    assert library.update().reused == 6
    assert library.encoder.images == 0
    assert opened().open().state is State.READY
