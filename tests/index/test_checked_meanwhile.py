"""Large vector files are compared with their checksums while the index is in use: what that finds is told."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from semantik.errors import IndexDamaged
from semantik.index import ImageIndex, Verify, vector_files
from semantik.index.content_check import ContentCheck
from semantik.records import ImageFile

ROWS = np.eye(64, dtype=np.float32)


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr("semantik.index.opened_file.HELD_BYTES", 0)
    index = ImageIndex(tmp_path / "store", tmp_path, "s", 64)
    index.add([ImageFile(f"{number}.jpg", 1, 1) for number in range(64)], ROWS)
    with index.locked():
        index.save()
    return index.store


def opened(store, verify=Verify.MEANWHILE):
    return ImageIndex.load(store, store.parent, verify=verify)


def damage(store):
    (file,) = store.glob("*.bin")
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.unlink()
    file.write_bytes(data)


def test_searches_do_not_wait_and_damage_ends_them(store, monkeypatch):
    damage(store)
    gate, looked = threading.Event(), []
    real = ContentCheck

    def held(is_good):
        looked.append(is_good)
        return real(lambda: gate.wait(60) and is_good())

    monkeypatch.setattr(vector_files, "ContentCheck", held)
    index = opened(store)
    assert index.search(ROWS[5], 1)[1].tolist() == [5]
    assert len(looked) == 1
    gate.set()
    with pytest.raises(IndexDamaged) as caught:
        index._saved[0].check(whole=True)
    assert caught.value.params == {"why": "vectors", "detail": "image_index.1.bin"}
    for read in (lambda: index.search(ROWS[5], 1), lambda: index.vector("5.jpg"), lambda: index.sample(3)):
        with pytest.raises(IndexDamaged):
            read()


def test_nothing_damaged_is_written_anew(store):
    damage(store)
    index = opened(store)
    index.add([ImageFile("new.jpg", 1, 1)], ROWS[:1])  # so few rows are merged with the new one
    before = {path: path.read_bytes() for path in store.iterdir()}
    with pytest.raises(IndexDamaged), index.locked():
        index.save()
    assert {path: path.read_bytes() for path in store.iterdir()} == before


def test_a_good_one_goes_on_and_is_saved(store):
    index = opened(store)
    index.add([ImageFile("new.jpg", 1, 1)], ROWS[:1])
    with index.locked():
        index.save()
    assert opened(store, Verify.NOW).count == 65


def test_at_once_where_that_is_asked_for(store):
    damage(store)
    with pytest.raises(IndexDamaged):
        opened(store, Verify.NOW)


def test_small_ones_are_always_checked_at_once(store, monkeypatch):
    monkeypatch.setattr("semantik.index.opened_file.HELD_BYTES", 1 << 20)
    damage(store)
    with pytest.raises(IndexDamaged):
        opened(store)


def test_a_disk_that_goes_is_no_good_content():
    def gone():
        raise OSError("gone")

    check = ContentCheck(gone)
    assert check.wait() is False
    assert check.is_bad
