"""A file whose content no decoder can read is not tried again under another name, with another time, or once more."""

from __future__ import annotations

import os
import shutil
import struct

import pytest

from semantik.folders.indexer import scan_changes, update_index
from semantik.index import ImageIndex
from semantik.records import LASTING, Lasts, Reason
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import paint

HOUR = 3600 * 10**9


def bomb():
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + head + bytes(40)


BAD = {
    "texto.jpg": b"no picture at all, whatever it is called",
    "corte.png": b"\x89PNG\r\n\x1a\n" + bytes(60),
    "nada.gif": b"GIF89a" + bytes(7),
    "bomba.png": bomb(),
    "raro.psd": b"8BPS\x00\x01" + bytes(6) + struct.pack(">HIIHH", 3, 8, 8, 16, 15) + bytes(50),
    "sin.tga": b"\xff" * 90,
}


class Counting:
    """A pool, and the names of the files that it was to decode."""

    def __init__(self, pool):
        self._pool = pool
        self.names = []

    def fit_all(self, paths, spec, **options):
        paths = list(paths)
        self.names += sorted(path.name for path in paths)
        return self._pool.fit_all(paths, spec, **options)

    def __getattr__(self, name):
        return getattr(self._pool, name)


@pytest.fixture
def index(tmp_path, pool):
    """Of a folder with bad files of every kind, and a good one."""
    folder = tmp_path / "fotos"
    paint(folder / "buena.png", (1, 2, 3))
    for name, content in BAD.items():
        (folder / name).write_bytes(content)
    fake = FakeEncoder()
    index = ImageIndex(tmp_path / "store", folder, fake.space, fake.dim)
    report = update_index(folder, fake, index, pool=pool)
    assert {problem.path for problem in report.problems} == set(BAD)
    assert all(LASTING[problem.reason] is Lasts.FOR_GOOD for problem in report.problems)
    assert len({problem.reason for problem in report.problems}) >= 3
    return index


def update(index, pool, **options):
    """The reasons by path, and what was decoded."""
    counting, again = Counting(pool), ImageIndex.load(index.store, index.folder)
    report = update_index(index.folder, FakeEncoder(), again, pool=counting, **options)
    assert report.count == 1
    assert not scan_changes(again)[0]
    return {problem.path: problem.reason for problem in report.problems}, counting.names


def test_renamed_moved_touched_and_copied_it_keeps_its_reason(index, pool):
    before = {problem.path: problem.reason for problem in index.problems()}
    folder = index.folder
    (folder / "otra").mkdir()
    for name in BAD:
        (folder / name).rename(folder / "otra" / f"x{name}")
    wanted = {f"otra/x{name}": reason for name, reason in before.items()}
    assert update(index, pool) == (wanted, [])
    for name in BAD:
        path = folder / "otra" / f"x{name}"
        os.utime(path, ns=(0, path.stat().st_mtime_ns - HOUR))
    assert update(index, pool) == (wanted, [])
    for name in BAD:
        shutil.copy(folder / "otra" / f"x{name}", folder / name)
    assert update(index, pool) == (wanted | before, [])
    shutil.rmtree(folder / "otra")  # the copies know by themselves
    for name in BAD:
        (folder / name).rename(folder / f"y{name}")
    assert update(index, pool) == ({f"y{name}": reason for name, reason in before.items()}, [])


def test_another_ending_matters_where_it_chooses_the_reader(index, pool):
    folder = index.folder
    (folder / "corte.png").rename(folder / "corte.jpeg")
    (folder / "sin.tga").rename(folder / "sin.jpg")
    reasons, decoded = update(index, pool)
    assert decoded == ["sin.jpg"]
    assert reasons.keys() == {*BAD, "corte.jpeg", "sin.jpg"} - {"corte.png", "sin.tga"}


def test_what_the_user_asks_for_is_tried_again(index, pool):
    assert update(index, pool, again=["corte.png"])[1] == ["corte.png"]
    shutil.copy(index.folder / "corte.png", index.folder / "copia.png")
    assert update(index, pool)[1] == []
    assert update(index, pool, again=["corte.png"])[1] == ["corte.png"]


def test_a_full_check_sees_that_it_is_another_file(index, pool):
    path = index.folder / "texto.jpg"
    before = path.stat()
    path.write_bytes(BAD["texto.jpg"].upper())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert update(index, pool)[1] == []
    assert update(index, pool, check=True)[1] == ["texto.jpg"]
    assert update(index, pool, check=True)[1] == []


def test_content_of_the_same_size_is_not_taken_for_it(index, pool):
    (index.folder / "otro.jpg").write_bytes(BAD["texto.jpg"][::-1])
    assert update(index, pool)[1] == ["otro.jpg"]


@pytest.mark.parametrize("reason", sorted(Reason, key=str))
def test_only_what_stays_so_is_kept_by_content(reason):
    from semantik.index.skipped_files import skip_of
    from semantik.records import ImageFile

    told = skip_of(ImageFile("a.jpg", 10, 20), reason, None, "f" * 32)
    assert bool(told.fingerprint) == (LASTING[reason] is Lasts.FOR_GOOD)
