"""Finding picture files without opening them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from semantik.errors import FolderNotFound
from semantik.folders.scan import find_images
from semantik.records import ImageFile, Reason
from tests.support.systems import links


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
    os.utime(tmp_path / "b.JPG", ns=(1, 1_600_000_000_123_456_789))
    found = list(find_images(tmp_path))
    assert [file.path for file in found] == ["a/z.png", "b.JPG"]
    assert found[1] == ImageFile("b.JPG", 5, 1_600_000_000_123_456_789)


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
