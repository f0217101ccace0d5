"""Files that are only in OneDrive, iCloud or the like: recognised by their status, told, and not downloaded unasked."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from semantik.decoding.pool import DecodePool
from semantik.errors import DecodeFailed
from semantik.folders import embedding_run, scan
from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.folders.picture_details import DetailsStore, FolderDetails
from semantik.queries import Query
from semantik.records import ImageFile, Problem, Reason
from semantik.storage import regular_files
from semantik.storage.regular_files import fetch, is_away, is_only_in_cloud
from semantik.words.phrases import index_summary
from tests.support.libraries import paint, together


@pytest.mark.parametrize(
    ("status", "away"),
    [
        ({"st_file_attributes": 0x400020}, True),  # OneDrive: recalled when its data is read
        ({"st_file_attributes": 0x441620}, True),  # as OneDrive's files on demand really are
        ({"st_file_attributes": 0x40000}, True),  # recalled when it is opened
        ({"st_file_attributes": 0x1000}, True),  # offline: older services, and archives on tape
        ({"st_file_attributes": 0x20}, False),
        ({"st_file_attributes": 0x80620}, False),  # pinned: always kept on this device
        ({"st_flags": 0x40000000}, True),  # iCloud
        ({"st_flags": 0x40000060}, True),
        ({"st_flags": 0x8000}, False),  # hidden
        ({}, False),
    ],
)
def test_the_status_tells(status, away):
    assert is_only_in_cloud(SimpleNamespace(**status)) is away


class Cloud:
    """Files whose content is elsewhere: what is on the disk in their place is no picture at all.

    They are known by their times of access, in years to come: what Windows tells of a file in a folder's list has no
    inode.
    """

    def __init__(self, monkeypatch):
        self.contents: dict[int, bytes] = {}
        self.fetched: list[str] = []
        self.marks = itertools.count(2 * 10**18, 10**9)
        for module in (regular_files, scan):
            monkeypatch.setattr(module, "is_only_in_cloud", lambda status: status.st_atime_ns in self.contents)
        monkeypatch.setattr(embedding_run, "fetch", self.fetch)

    def take(self, path: Path, *, changed: int = 0) -> Path:
        status = path.stat()
        mark = next(self.marks)
        self.contents[mark] = path.read_bytes()
        path.write_bytes(b"x" * status.st_size)
        os.utime(path, ns=(mark, changed or status.st_mtime_ns))
        return path

    def fetch(self, path, is_over=lambda: False):
        status = path.stat()
        assert not is_over()
        self.fetched.append(path.name)
        path.write_bytes(self.contents.pop(status.st_atime_ns))
        os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns))


@pytest.fixture
def cloud(monkeypatch):
    return Cloud(monkeypatch)


@pytest.fixture
def opened(home, library, fake, pool):
    def opened(**options) -> IndexedFolder:
        return IndexedFolder(home, library, fake, pool, **options)

    return opened


AWAY = [Problem("rojo.png", Reason.ONLY_IN_CLOUD), Problem("verde.png", Reason.ONLY_IN_CLOUD)]


def take_two(cloud, folder):
    cloud.take(folder / "rojo.png")
    cloud.take(paint(folder / "verde.png", (0, 250, 0)))


def test_they_are_told_and_not_opened(opened, cloud, library):
    take_two(cloud, library)
    folder = opened()
    report = folder.update()
    assert [bad for bad in report.problems if bad.reason is Reason.ONLY_IN_CLOUD] == AWAY
    assert "2 imágenes solo están en la nube y no se han descargado." in index_summary(report)
    assert "rojo.png" not in folder.index.rows()
    assert cloud.fetched == []
    assert folder.only_in_cloud == 2
    # They are no news, however often the folder is looked at.
    again = opened()
    check = again.open()
    assert check.state is State.READY
    assert list(check.problems) == AWAY
    assert again.only_in_cloud == 2
    answer = together(again).ask(Query.of_text("rojo"), 1)
    notices = answer.page({}, "modelo", None).notices
    assert notices == ["2 imágenes solo están en la nube y no se ha buscado en ellas"]


def test_what_was_indexed_before_it_left_the_disk_is_still_found(opened, cloud, library):
    opened().update()
    cloud.take(library / "rojo.png")
    folder = opened()
    assert folder.open().state is State.READY
    assert folder.only_in_cloud == 0
    report = folder.update()
    assert (report.added, report.removed) == (0, 0)
    assert [hit.path.name for hit in together(folder).search(Query.of_text("rojo"), 1)] == ["rojo.png"]


def test_what_changed_in_the_cloud_is_found_as_it_was(opened, cloud, library):
    folder = opened()
    folder.update()
    cloud.take(library / "rojo.png", changed=10**18)
    check = folder.check()
    assert (check.state, list(check.problems)) == (State.READY, AWAY[:1])
    report = folder.update()
    assert (report.added, report.removed) == (0, 0)
    assert "rojo.png" in folder.index.rows()


def test_those_that_the_user_chooses_are_downloaded(opened, cloud, library):
    take_two(cloud, library)
    folder = opened()
    folder.update()
    report = folder.update(again=["verde.png"])
    assert (report.added, cloud.fetched) == (1, ["verde.png"])
    assert [bad for bad in report.problems if bad.reason is Reason.ONLY_IN_CLOUD] == AWAY[:1]
    assert "verde.png" in folder.index.rows()


def test_all_are_downloaded_where_the_settings_say_so(opened, cloud, library):
    take_two(cloud, library)
    folder = opened(fetch_cloud=True)
    report = folder.update()
    assert sorted(cloud.fetched) == ["rojo.png", "verde.png"]
    assert folder.only_in_cloud == 0
    assert not [bad for bad in report.problems if bad.reason is Reason.ONLY_IN_CLOUD]
    assert {"rojo.png", "verde.png"} <= folder.index.rows().keys()


def test_those_that_were_downloaded_meanwhile_are_news(opened, cloud, library):
    take_two(cloud, library)
    folder = opened()
    folder.update()
    cloud.fetch(library / "verde.png")
    check = folder.check()
    assert [file.path for file in check.changes.added] == ["verde.png"]
    assert list(check.problems) == AWAY[:1]


def test_neither_thumbnails_nor_details_download_them(cloud, library, pool, tmp_path):
    path = cloud.take(library / "rojo.png")
    with pytest.raises(DecodeFailed) as refused:
        pool.thumbnail(path, 40)
    assert refused.value.params["reason"] is Reason.ONLY_IN_CLOUD
    (described,) = pool.describe([path])
    assert described.params["reason"] is Reason.ONLY_IN_CLOUD
    # Once it is here, its details are read: that it could not be read before is not kept.
    status = path.stat()
    file = ImageFile("rojo.png", status.st_size, status.st_mtime_ns)
    details = FolderDetails(library, pool, DetailsStore(tmp_path / "details.sqlite"))
    assert details.of([file]) == [None]
    cloud.fetch(path)
    assert details.of([file])[0].width > 0


def test_thumbnails_download_them_where_the_settings_say_so(cloud, library):
    path = cloud.take(library / "rojo.png")
    with DecodePool(1, fetch_cloud=True) as willing:
        with pytest.raises(DecodeFailed) as failed:
            willing.thumbnail(path, 40)
        assert failed.value.params["reason"] is Reason.NOT_AN_IMAGE  # it was opened, which the cloud would have noticed


def test_fetching_reads_to_the_end_or_until_it_is_over(tmp_path, monkeypatch):
    path = tmp_path / "x.jpg"
    path.write_bytes(b"x" * (3 * 2**20))
    reads = []
    real = regular_files.BoundedReader.read
    monkeypatch.setattr(
        regular_files.BoundedReader, "read", lambda file, size=-1: reads.append(size) or real(file, size)
    )
    fetch(path)
    assert len(reads) == 4
    fetch(path, lambda: len(reads) >= 5)
    assert len(reads) == 5
    fetch(tmp_path / "nowhere.jpg")
    assert is_away(tmp_path / "nowhere.jpg") is False
