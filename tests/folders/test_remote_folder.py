"""Pictures in an object store: what is made of them is what is made of the same folder on a disk."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from semantik.errors import (
    FolderUrlBad,
    NoImages,
    NotAFolder,
    RemoteFolderForbidden,
    RemoteFolderNotFound,
    RemoteFolderUnreachable,
    RemotePackageMissing,
)
from semantik.folder_urls import has_secret, is_remote, shown_path
from semantik.folders import fetched_files
from semantik.folders.content_reading import ContentReading, TextReader
from semantik.folders.fetched_files import fetched_ahead
from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.folders.remote_files import RemoteFiles, changed_ns
from semantik.folders.scan import find_images
from semantik.long_tasks import TaskControl
from semantik.records import ImageFile, Reason
from semantik.storage.typed_paths import path_named
from semantik.words.text import explain
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import change_silently
from tests.support.object_store import UPLOADED, Museum, museum_in, upload

FOLDER = path_named("museo://cubo/fotos/")


@pytest.fixture
def museum(tmp_path, monkeypatch):
    with museum_in(tmp_path, monkeypatch) as store:
        yield store


@pytest.fixture
def open_folder(home, pool, museum):
    """The folder in the store, with a new encoder; its index in the home is loaded."""

    def opened(folder: Path = FOLDER) -> IndexedFolder:
        found = IndexedFolder(home, folder, FakeEncoder(), pool)
        found.load()
        return found

    return opened


def fetched() -> list[str]:
    """What was fetched since the last look, within the folder."""
    names = sorted(name.removeprefix("cubo/fotos/") for name in Museum.fetched)
    Museum.fetched.clear()
    return names


class Stop(TaskControl):
    """Cancels a run once so many pictures are done."""

    def __init__(self, done: int) -> None:
        super().__init__(lambda progress: self.cancel() if progress.done >= done else None)


def test_the_index_is_that_of_the_same_folder_on_a_disk(open_folder, tmp_path, library, pool):
    (library / "rota.jpg").write_bytes((library / "rojo.png").read_bytes()[:70])
    (library / "vacía.jpg").write_bytes(b"")
    (library / "leame.txt").write_text("nada")
    upload(library)
    found, disk = open_folder(), IndexedFolder(tmp_path / "other", library, FakeEncoder(), pool)
    report, expected = found.update(), disk.update()
    assert (report.added, report.count, report.problems) == (expected.added, expected.count, expected.problems)
    assert found.index.rows().keys() == disk.index.rows().keys()
    for key in disk.index.rows():
        assert np.array_equal(found.index.vector(key), disk.index.vector(key))
        assert found.index.content_of(key)[1] == disk.index.content_of(key)[1] != ""
    for one, other in zip(found.index.files(), disk.index.files(), strict=True):
        (told,), (there,) = found.details.of([one]), disk.details.of([other])
        assert (told.width, told.height, told.camera) == (there.width, there.height, there.camera)
        assert told.date.replace(microsecond=0) == UPLOADED.astimezone().replace(tzinfo=None)
    # Once each, for all that is known of them; and what is opened again is not asked.
    assert fetched() == sorted(path.relative_to(library).as_posix() for path in library.rglob("*.*[gp]"))
    again = open_folder()
    assert again.check().state is State.READY
    assert (again.update().added, again.encoder.images, fetched()) == (0, 0, ["rota.jpg"][:0])


def test_what_changed_is_embedded_anew_and_what_is_gone_goes(open_folder, library):
    upload(library)
    open_folder().update()
    fetched()
    before = Museum.objects["cubo/fotos/rojo.png"]
    change_silently(library / "rojo.png", (0, 255, 255))
    Museum.objects["cubo/fotos/rojo.png"] = (library / "rojo.png").read_bytes()
    assert len(before) == len(Museum.objects["cubo/fotos/rojo.png"])  # and uploaded in the same second
    del Museum.objects["cubo/fotos/verde.png"]
    Museum.objects["cubo/fotos/2024/azul.png"] = Museum.objects.pop("cubo/fotos/azul.png")
    found = open_folder()
    report = found.update()
    assert (report.added, report.removed, report.count, found.encoder.images) == (1, 1 + 1, 5, 1)
    assert found.index.rows().keys() == {
        *("rojo.png", "2024/azul.png", "viaje/amarillo.png", "viaje/blanco.png", "viaje/playa/naranja.png")
    }
    assert np.allclose(found.index.vector("rojo.png"), np.array([0, 1, 1]) / np.sqrt(2), atol=0.01)
    assert fetched() == ["2024/azul.png", "rojo.png"]
    # Uploaded once more, as it was: nothing is embedded, and what cannot be another content is not read.
    Museum.later = timedelta(hours=1)
    touched = open_folder()
    assert (touched.update().count, touched.encoder.images) == (5, 0)


NAMES = {
    "con espacio.png": True,
    "año ñandú.png": True,
    "50 %20.png": True,
    "a#b.png": True,
    "c[1]*{}.png": True,
    "viaje/d?e=1.png": True,
    "¿qué?/日本.png": True,
    ".oculta.png": None,  # as on a disk
    ".thumbnails/x.png": None,
    "carpeta/": None,  # the empty object that stands for a folder
    "a//b.png": "a//",
    "/c.png": "/",
    "viaje/../d.png": "viaje/../",
    "viaje/./e.png": "viaje/./",
    "c:/f.png": "c:/f.png",
    "g.png/": None,
}
"""Keys below the folder: whether each is found, left out without a word, or told, and by which path."""


def test_names_of_all_kinds(open_folder, library):
    picture = (library / "rojo.png").read_bytes()
    for number, name in enumerate(NAMES):
        Museum.objects[f"cubo/fotos/{name}"] = b"" if name.endswith("/") else picture + bytes(number)
    found = open_folder()
    report = found.update()
    assert found.index.rows().keys() == {name for name, how in NAMES.items() if how is True}
    told = {problem.path for problem in report.problems}
    assert told == {how for how in NAMES.values() if isinstance(how, str)}
    assert {problem.reason for problem in report.problems} == {Reason.ODD_NAME}
    again = open_folder()
    assert (again.count, again.update().added) == (found.count, 0)


def test_what_cannot_be_had_is_told_and_the_rest_goes_on(open_folder, library):
    upload(library)
    Museum.failures |= {
        "cubo/fotos/rojo.png": [FileNotFoundError("NoSuchKey")],
        "cubo/fotos/verde.png": [PermissionError("AccessDenied")],
        "cubo/fotos/azul.png": [OSError(errno.EIO, "SlowDown"), TimeoutError()],  # and then it comes
        "cubo/fotos/viaje/blanco.png": [OSError(errno.ENOSPC, "No space left on device")],
    }
    found = open_folder()
    report = found.update()
    assert {problem.path: problem.reason for problem in report.problems} == {
        "rojo.png": Reason.VANISHED,
        "verde.png": Reason.PERMISSION,
        "viaje/blanco.png": Reason.NO_ROOM,
    }
    assert report.count == 3
    assert open_folder().update().count == 6  # each is tried again


def test_what_does_not_fit_on_the_disk_is_not_fetched(open_folder, library, monkeypatch):
    from semantik.folders import remote_files

    upload(library)
    sizes = sorted(map(len, Museum.objects.values()))
    usage = remote_files.shutil.disk_usage("/")._replace(free=2 * sizes[-1] - 1)
    monkeypatch.setattr(remote_files.shutil, "disk_usage", lambda place: usage)
    report = open_folder().update()
    assert {problem.reason for problem in report.problems} == {Reason.NO_ROOM}
    assert report.count == sum(size < sizes[-1] for size in sizes)


def test_a_store_that_goes_away_costs_nothing_that_was_done(open_folder, library, monkeypatch):
    monkeypatch.setattr(fetched_files, "_MOST_FILES", 2)
    upload(library)
    gone = [ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")] * 3
    Museum.failures["cubo/fotos/viaje/playa/naranja.png"] = list(gone)
    found = open_folder()
    with pytest.raises(RemoteFolderUnreachable) as told:
        found.update()
    assert "«museo://cubo/fotos» no responde (Connection refused)" in explain(told.value).replace("[Errno 111] ", "")
    first = fetched()
    done = open_folder()
    assert done.count in (2, 4)
    assert done.update().count == 6
    # Twice at most: what was fetched ahead.
    assert len(first) + len(fetched()) <= 6 + 2
    # The whole folder is gone, or nobody is let in: what is known stays.
    for failure, kind in (
        (FileNotFoundError("x"), RemoteFolderNotFound),
        (PermissionError("y"), RemoteFolderForbidden),
    ):
        Museum.failures["cubo/fotos"] = [failure]
        with pytest.raises(kind):
            open_folder().update()
        assert open_folder().count == 6
    # So it is when that comes to light in the middle.
    Museum.objects["cubo/fotos/nueva.png"] = b"x"
    Museum.failures |= {"cubo/fotos/nueva.png": [PermissionError("ExpiredToken")]}
    ls, asked = Museum.ls, []

    def ls_once(self, path, **options):
        asked.append(path)
        told = ls(self, path, **options)
        if len(asked) == 3:  # all folders are listed
            Museum.failures["cubo/fotos"] = [PermissionError("ExpiredToken")]
        return told

    monkeypatch.setattr(Museum, "ls", ls_once)
    with pytest.raises(RemoteFolderForbidden):
        open_folder().update()
    assert [problem.path for problem in open_folder().problems()] == []


def test_a_stopped_run_goes_on(open_folder, library, monkeypatch):
    monkeypatch.setattr(fetched_files, "_MOST_FILES", 1)
    upload(library)
    report = open_folder().update(Stop(2))
    assert report.cancelled
    assert report.count < 6
    assert open_folder().update().count == 6


@pytest.mark.parametrize(
    ("url", "failure", "kind"),
    [
        ("museo://nadie/fotos", None, RemoteFolderNotFound),
        ("museo://cubo/fot", None, RemoteFolderNotFound),  # the beginning of a name is no folder
        ("museo://cubo/fotos/rojo.png", None, NotAFolder),
        ("museo://cubo", None, NoImages),
        ("museo://cubo/fotos", PermissionError("InvalidAccessKeyId"), RemoteFolderForbidden),
        ("museo://cubo/fotos", OSError(errno.EIO, "https://u:clave@nas:9000 broke"), RemoteFolderUnreachable),
        ("nunca://cubo/fotos", None, FolderUrlBad),
        ("https://cubo/fotos", None, FolderUrlBad),
    ],
)
def test_what_is_wrong_with_a_folder_is_told(request, open_folder, url, failure, kind):
    caplog = request.getfixturevalue("caplog")
    if kind is not NoImages:
        upload(request.getfixturevalue("library"))
    if failure:
        Museum.failures["cubo/fotos"] = [failure] * 3
    found = open_folder(path_named(url))
    with caplog.at_level(logging.DEBUG), pytest.raises(kind) as told:
        found.update()
    said = explain(told.value)
    assert (url in said) is (kind is not FolderUrlBad)
    assert "clave" not in said + caplog.text


class NoCredentialsError(Exception):
    """As botocore has it, which is no OSError."""

    __module__ = "botocore.exceptions"


def test_missing_credentials_are_no_broken_line(open_folder, library):
    upload(library)
    Museum.failures["cubo/fotos"] = [NoCredentialsError("Unable to locate credentials")]
    with pytest.raises(RemoteFolderForbidden):
        open_folder().update()
    Museum.failures["cubo/fotos"] = [ZeroDivisionError()]  # of ours
    with pytest.raises(ZeroDivisionError):
        open_folder().update()


def test_a_missing_package_is_named(open_folder, monkeypatch):
    import fsspec.registry

    def missing(protocol):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "get_filesystem_class", missing)
    found = open_folder(path_named("s3://cubo/fotos"))
    with pytest.raises(RemotePackageMissing) as told:
        found.update()
    assert "pip install s3fs" in explain(told.value)


def test_texts_are_read_in_what_is_fetched_for_it(open_folder, library):
    from semantik.decoding.decoded import PictureContent

    upload(library)
    found = open_folder()
    found.update()
    fetched()
    reading = ContentReading(FOLDER, found.index, [TextReader(found.texts, lambda: True)])
    read = []

    def look(path, kinds, models):
        read.append(path.read_bytes())
        return PictureContent((), None)

    while reading.left:
        reading.step(look)
    assert sorted(read) == sorted(Museum.objects.values())
    assert len(fetched()) == reading.read == 6


def test_a_folder_is_listed_part_by_part(museum, library):
    """Of a million objects none is asked for before the ones before it are taken."""
    upload(library)
    listed = find_images(FOLDER)
    assert next(listed).path == "azul.png"
    del Museum.objects["cubo/fotos/viaje/playa/naranja.png"]
    assert [file.path for file in listed] == ["rojo.png", "verde.png", "viaje/amarillo.png", "viaje/blanco.png"]


def test_what_killed_programs_left_is_deleted(museum, tmp_path):
    place = tmp_path / "temporary"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    ours, theirs = fetched_files._machine(), "0" * 8
    names = {f"{ours}-{gone.pid}-a": False, f"{ours}-{os.getpid()}-b": True, f"{theirs}-{gone.pid}-c": True}
    names |= {f"{theirs}-{os.getpid()}-d": False, "strange": True}
    for name in names:
        (place / f"semantik-fetched-{name}" / "0").mkdir(parents=True)
    os.utime(place / f"semantik-fetched-{theirs}-{os.getpid()}-d", (1, 1))  # long ago
    with fetched_ahead(FOLDER, []):
        pass
    left = {path.name.removeprefix("semantik-fetched-") for path in place.iterdir()}
    assert left == {name for name, stays in names.items() if stays}
    for path in place.iterdir():
        shutil.rmtree(path)


def test_a_cut_off_file_is_no_picture(museum, tmp_path):
    Museum.objects["cubo/fotos/a.png"] = b"half"
    with fetched_ahead(FOLDER, [ImageFile("a.png", 8, 1)]) as portions:
        assert next(portions)[0][1].reason is Reason.CHANGED
    with pytest.raises(FolderUrlBad):
        RemoteFiles(path_named("file2://x/y"))


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ({"LastModified": UPLOADED}, 1715941800),
        ({"mtime": UPLOADED.timestamp() + 0.25}, 1715941800.25),
        ({"updated": "2024-05-17T10:30:00.5Z"}, 1715941800.5),
        ({"mtime": UPLOADED.replace(tzinfo=None)}, 1715941800),
        ({"last_modified": "who knows"}, 0),
        ({"mtime": None, "created": datetime(1969, 12, 31, tzinfo=UTC)}, -86400),
        ({}, 0),
    ],
)
def test_times_as_stores_tell_them(told, seconds):
    assert changed_ns(told) == int(seconds * 4) * 10**9 // 4
    one, other = changed_ns({**told, "ETag": '"a"'}), changed_ns({**told, "ETag": '"b"'})
    assert one != other
    assert one // 10**9 == other // 10**9 == int(seconds // 1)
    assert one % 100 == 0  # what any file system keeps


@pytest.mark.parametrize(
    ("typed", "remote", "shown"),
    [
        ("s3://museo/fotos", True, "s3://museo/fotos"),
        ("S3://Museo/fotos/", True, "s3://Museo/fotos"),
        ("gs://museo/año 1/a%20b", True, "gs://museo/año 1/a%20b"),
        ("s3://museo", True, "s3://museo"),
        ("/home/ana/fotos", False, "/home/ana/fotos"),
        ("fotos", False, "fotos"),
        ("file:///home/ana", False, "/home/ana"),
        ("C://fotos", False, "C:/fotos"),
    ],
)
def test_what_is_typed(typed, remote, shown):
    path = path_named(typed)
    assert (is_remote(path), shown_path(path)) == (remote, shown)
    assert is_remote(path / "a" / "b.jpg") is remote
    assert (Path(str(path)), is_remote(path_named("notas:/x"))) == (path, False)


@pytest.mark.parametrize("typed", ["sftp://ana:clave@nas/fotos", "az://c/fotos?sig=clave", "s3://k:clave@museo"])
def test_passwords_are_refused(typed):
    assert has_secret(path_named(typed))
    assert not has_secret(path_named("sftp://ana@nas/fo:tos@2"))
