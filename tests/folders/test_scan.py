"""Finding picture files without opening them."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from semantik.errors import FolderNotFound, FolderPrivate, FolderUnreadable
from semantik.folders import walk
from semantik.folders.scan import find_images
from semantik.records import ImageFile, Reason
from semantik.storage import regular_files
from semantik.storage.regular_files import is_link
from tests.support.systems import WINDOWS, links


def touch(path, data=b"x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def names(folder, **options):
    return [file.path for file in find_images(folder, **options)]


def test_pictures_in_name_order_with_size_and_time(tmp_path):
    touch(tmp_path / "b.JPG", b"12345")
    touch(tmp_path / "a" / "z.png")
    touch(tmp_path / "notes.txt")
    changed = 1_600_000_000_123_456_700 if WINDOWS else 1_600_000_000_123_456_789  # it counts in steps of 100 ns
    os.utime(tmp_path / "b.JPG", ns=(1, changed))
    found = list(find_images(tmp_path))
    assert [file.path for file in found] == ["a/z.png", "b.JPG"]
    assert found[1] == ImageFile("b.JPG", 5, changed)


def test_hidden_and_litter_are_left_out(tmp_path):
    touch(tmp_path / "photo.jpg")
    for litter in (".hidden.jpg", "._photo.jpg", ".git/x.jpg", "@eaDir/photo.jpg/thumb.jpg", "$RECYCLE.BIN/x.jpg"):
        touch(tmp_path / litter)
    assert names(tmp_path) == ["photo.jpg"]


def test_excluded_folders_are_left_out(tmp_path):
    touch(tmp_path / "photo.jpg")
    touch(tmp_path / "home" / "thumbnails" / "t.jpg")
    assert names(tmp_path, exclude=[tmp_path / "home" / "thumbnails", tmp_path / "nowhere"]) == ["photo.jpg"]


@links
def test_link_loops_end_and_folders_count_once(tmp_path):
    touch(tmp_path / "a" / "x.jpg")
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "b").symlink_to(tmp_path / "a", target_is_directory=True)
    (tmp_path / "broken.jpg").symlink_to(tmp_path / "nothing.jpg")
    assert names(tmp_path) == ["a/x.jpg"]


@links
def test_linked_pictures_count(tmp_path):
    outside = touch(tmp_path / "outside" / "x.jpg", b"123")
    folder = tmp_path / "fotos"
    folder.mkdir()
    (folder / "link.jpg").symlink_to(outside)
    assert list(find_images(folder)) == [ImageFile("link.jpg", 3, outside.stat().st_mtime_ns)]


def test_a_folder_that_cannot_be_listed_is_a_problem_and_the_rest_goes_on(tmp_path, monkeypatch):
    touch(tmp_path / "locked" / "x.jpg")
    touch(tmp_path / "open" / "y.jpg")
    real = os.scandir

    def scandir(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    problems = []
    assert [file.path for file in find_images(tmp_path, problems.append)] == ["open/y.jpg"]
    assert [(problem.path, problem.reason) for problem in problems] == [("locked/", Reason.PERMISSION)]


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(FolderNotFound):
        names(tmp_path / "none")
    with pytest.raises(FolderNotFound):
        names(touch(tmp_path / "file.jpg"))


@pytest.mark.skipif(os.name == "nt", reason="Windows file names are Unicode")
def test_names_that_are_not_utf8(tmp_path):
    with open(os.fsencode(tmp_path) + b"/\xff\xfe.jpg", "wb") as file:  # noqa: PTH123 - a path in bytes
        file.write(b"x")
    (found,) = find_images(tmp_path)
    assert os.fsencode(found.path) == b"\xff\xfe.jpg"


def test_deep_folders_beyond_260_characters(tmp_path):
    deep = tmp_path
    for level in range(30):
        deep = deep / f"carpeta-{level:02}"
    touch(deep / "x.jpg")
    (found,) = names(tmp_path)
    assert len(found) > 300
    assert found.endswith("carpeta-29/x.jpg")


def test_a_folder_that_goes_away_meanwhile_is_a_problem_and_a_file_is_none(tmp_path):
    for name in ("a/x.jpg", "b/x.jpg", "c/x.jpg", "c/y.jpg"):
        touch(tmp_path / name)
    problems = []
    found = find_images(tmp_path, problems.append)
    assert next(found).path == "a/x.jpg"
    shutil.rmtree(tmp_path / "b")
    (tmp_path / "c" / "y.jpg").unlink()
    assert [file.path for file in found] == ["c/x.jpg"]
    # A disk may be going away, so what the index knows below it must not be dropped.
    assert [(problem.path, problem.reason) for problem in problems] == [("b/", Reason.VANISHED)]


def test_a_library_that_goes_away_meanwhile_is_told(tmp_path):
    folder = tmp_path / "fotos"
    for name in ("a/x.jpg", "b/x.jpg"):
        touch(folder / name)
    found = find_images(folder)
    assert next(found).path == "a/x.jpg"
    folder.rename(tmp_path / "fuera")
    folder.mkdir()  # as the empty mount point of an unmounted disk
    with pytest.raises(FolderNotFound):
        list(found)


@links
def test_linked_folders_come_last(tmp_path):
    for name in ("m/x.jpg", "z.jpg"):
        touch(tmp_path / "fotos" / name)
    touch(tmp_path / "fuera" / "y.jpg")
    (tmp_path / "fotos" / "a").symlink_to(tmp_path / "fotos" / "m", target_is_directory=True)
    (tmp_path / "fotos" / "b").symlink_to(tmp_path / "fuera", target_is_directory=True)
    assert names(tmp_path / "fotos") == ["m/x.jpg", "z.jpg", "b/y.jpg"]


@links
def test_folders_of_a_file_system_that_numbers_nothing_are_told_apart(tmp_path, monkeypatch):
    for name in ("a/x.jpg", "b/x.jpg"):
        touch(tmp_path / name)
    (tmp_path / "b" / "loop").symlink_to(tmp_path, target_is_directory=True)
    real = Path.stat

    def stat(path, **options):
        fields = list(real(path, **options))
        fields[1] = 0  # st_ino
        return os.stat_result(fields)

    monkeypatch.setattr(Path, "stat", stat)
    assert names(tmp_path) == ["a/x.jpg", "b/x.jpg"]


# -- Libraries of photo programs, and what macOS's privacy rules refuse ----------------------------------


LIBRARY = {
    "Fotos.photoslibrary": ("originals/0/a.heic", "resources/derivatives/0/a_1.jpg", "scopes/x/originals/b.jpg"),
    "Viejas.photoslibrary": ("Masters/2014/c.jpg", "Thumbnails/2014/c.jpg", "resources/media/face/d.jpg"),
    "iPhoto.photolibrary": ("Originals/2009/e.jpg", "Masters/f.jpg", "Previews/e.jpg", "Data/f.jpg", "g.jpg"),
    "Aperture Library.APLIBRARY": ("Masters/h.nef", "Previews/h.jpg"),
    "originals": ("resources/i.jpg",),
}


def test_of_a_photo_library_only_the_originals_are_found(tmp_path):
    for folder, inside in LIBRARY.items():
        for name in inside:
            touch(tmp_path / folder / name)
    assert names(tmp_path) == [
        "Aperture Library.APLIBRARY/Masters/h.nef",
        "Fotos.photoslibrary/originals/0/a.heic",
        "Viejas.photoslibrary/Masters/2014/c.jpg",
        "iPhoto.photolibrary/Masters/f.jpg",
        "iPhoto.photolibrary/Originals/2009/e.jpg",
        "originals/resources/i.jpg",
    ]
    assert names(tmp_path / "Fotos.photoslibrary") == ["originals/0/a.heic"]
    # Who opens a folder inside knows what is there.
    assert names(tmp_path / "Fotos.photoslibrary" / "resources") == ["derivatives/0/a_1.jpg"]


@pytest.mark.parametrize(
    ("code", "error", "reason"),
    [(errno.EPERM, FolderPrivate, Reason.PRIVACY), (errno.EACCES, FolderUnreadable, Reason.PERMISSION)],
)
def test_a_refusal_by_the_privacy_rules_of_macos_says_so(tmp_path, monkeypatch, code, error, reason):
    touch(tmp_path / "a" / "x.jpg")
    touch(tmp_path / "b.jpg")
    real, refused, problems = os.scandir, "a", []

    def scandir(path):
        if str(path).endswith(refused):
            raise PermissionError(code, os.strerror(code), str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert names(tmp_path, on_problem=problems.append) == ["b.jpg"]
    assert [(bad.path, bad.reason) for bad in problems] == [("a/", reason)]
    refused = tmp_path.name
    with pytest.raises(FolderUnreadable) as told:
        names(tmp_path)
    assert type(told.value) is error


# -- Junctions of Windows ---------------------------------------------------------------------------------


def test_a_junction_is_a_link_and_never_names_what_is_there_anyhow(tmp_path, monkeypatch):
    """In each user's Documents, Windows has "My Pictures" for older programs: it comes before the real Pictures."""
    touch(tmp_path / "Pictures" / "x.jpg")
    junction = tmp_path / "Documents" / "My Pictures"
    junction.parent.mkdir()
    if os.name == "nt":
        import _winapi

        try:
            _winapi.CreateJunction(str(tmp_path / "Pictures"), str(junction))
        except OSError as error:
            pytest.skip(f"wine makes no junctions: {error}")
    else:  # which tells no more of it than that it is a folder
        junction.symlink_to(tmp_path / "Pictures")
        monkeypatch.setattr(walk, "is_link", lambda entry: Path(entry.path) == junction)
    assert names(tmp_path) == ["Pictures/x.jpg"]


class Entry:
    """A folder as Windows tells of it."""

    def __init__(self, tag):
        self.tag = tag

    def is_symlink(self):
        return self.tag == 0xA000000C

    def stat(self, follow_symlinks=True):
        assert not follow_symlinks
        return SimpleNamespace(st_reparse_tag=self.tag)


@pytest.mark.parametrize(
    ("tag", "link"), [(0, False), (0xA0000003, True), (0xA000000C, True), (0x9000101A, False)]
)  # nothing, a junction, a symbolic link, a folder of OneDrive's
def test_junctions_are_told_by_their_tag(monkeypatch, tag, link):
    monkeypatch.setattr(regular_files.os, "name", "nt")
    assert is_link(Entry(tag)) is link
