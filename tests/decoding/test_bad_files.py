"""Incomplete, broken, vanishing and special files: what is shown of them, or which reason they get."""

from __future__ import annotations

import errno
import io
import os
import random
import socket
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from semantik.decoding.pictures import decode
from semantik.decoding.pictures.decode import load_image
from semantik.records import Reason
from tests.support.pictures import BLUE, GREEN, RED, WHITE, corners, encoded, failure, near, photo, quarters

# -- Incomplete files ----------------------------------------------------------------------------------


def cut(path: Path, data: bytes, share: float) -> Path:
    path.write_bytes(data[: int(len(data) * share)])
    return path


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_cut_jpeg_is_shown_as_far_as_it_goes(tmp_path: Path, share: float, progressive: bool) -> None:
    whole = np.asarray(photo((800, 600)))
    data = encoded(photo((800, 600)), "JPEG", quality=90, progressive=progressive)
    loaded = load_image(cut(tmp_path / "a.jpg", data, share), 300)
    assert (loaded.width, loaded.height, loaded.warning) == (800, 600, Reason.TRUNCATED)
    rows = int(600 * share * 0.7)  # the header and the last, broken blocks take a little
    shown = np.asarray(loaded.image)[:rows].astype(int)
    if progressive:  # all of it, without detail yet: compare what is left of both when seen from afar
        shown, whole = (np.asarray(image.reduce(20)).astype(int) for image in (loaded.image, photo((800, 600))))
    assert np.abs(shown - whole[: len(shown)].astype(int)).mean() < (15 if progressive else 5)
    if not progressive:
        assert np.abs(np.asarray(loaded.image)[-20:].astype(int) - 128).max() <= 1  # what is missing is grey


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TGA"])
def test_other_cut_files_are_shown_as_far_as_they_go(tmp_path: Path, kind: str) -> None:
    data = encoded(photo(), kind, interlace=0)
    with Image.open(io.BytesIO(data)) as image:
        whole = np.asarray(image.convert("RGB"))
    loaded = load_image(cut(tmp_path / f"a.{kind.lower()}", data, 0.6), 200)
    assert (loaded.width, loaded.height, loaded.warning) == (400, 300, Reason.TRUNCATED)
    shown = np.asarray(loaded.image)
    if kind in ("BMP", "TGA"):  # stored from the bottom up
        shown, whole = shown[::-1], whole[::-1]
    assert np.array_equal(shown[:140], whole[:140])


def test_a_file_that_lacks_only_its_end_mark_is_whole(tmp_path: Path) -> None:
    data = encoded(photo(), "JPEG")
    (tmp_path / "a.jpg").write_bytes(data[:-2])
    loaded = load_image(tmp_path / "a.jpg", 200)
    near([loaded.image.getpixel((395, 295))], [photo().getpixel((395, 295))], 20)


@pytest.mark.parametrize("share", [0.02, 0.04])
def test_a_file_that_shows_nothing_is_damaged(tmp_path: Path, share: float) -> None:
    data = encoded(photo((1600, 1200)), "JPEG", quality=95)
    assert failure(cut(tmp_path / "a.jpg", data, share))[0] is Reason.DAMAGED
    data = encoded(photo((1600, 1200)), "PNG")
    assert failure(cut(tmp_path / "a.png", data, share))[0] is Reason.DAMAGED


def test_leniency_does_not_stay(tmp_path: Path) -> None:
    data = encoded(photo(), "PNG")
    assert load_image(cut(tmp_path / "a.png", data, 0.5), 32).warning is Reason.TRUNCATED
    assert decode.ImageFile.LOAD_TRUNCATED_IMAGES is False


# -- Reasons -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.jpg", b"", Reason.EMPTY),
        ("text.jpg", b"Hello, this is no picture", Reason.NOT_AN_IMAGE),
        ("page.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", Reason.NOT_AN_IMAGE),
        ("film.gif", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", Reason.NOT_AN_IMAGE),
        ("zip.webp", b"PK\x03\x04" + bytes(50), Reason.NOT_AN_IMAGE),
        ("head.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF", Reason.DAMAGED),
        ("head.png", b"\x89PNG\r\n\x1a\n", Reason.DAMAGED),
        ("noise.tga", random.Random(2).randbytes(300), Reason.DAMAGED),
        ("noise.webp", b"RIFF\x30\0\0\0WEBPVP8 " + random.Random(3).randbytes(40), Reason.DAMAGED),
        ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(60), Reason.DAMAGED),
        ("a.jxl", b"\xff\x0a" + bytes(60), Reason.DAMAGED),
        ("a.svg", b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg">', Reason.DAMAGED),
        ("a.cr2", b"II*\0\x10\0\0\0CR\x02\0" + bytes(60), Reason.UNSUPPORTED),
        ("a.hdr", b"#?RADIANCE\n", Reason.DAMAGED),
        ("a.exr", b"\x76\x2f\x31\x01" + bytes(60), Reason.NO_DECODER),
        ("a.bmp", b"BM" + bytes(8) + struct.pack("<IIiiHHIIiiII", 54, 40, 4, 4, 1, 24, 9, 48, 0, 0, 0, 0) + bytes(48),
         Reason.UNSUPPORTED),
    ],
)  # fmt: skip
def test_a_bad_file_has_its_reason(tmp_path: Path, name: str, content: bytes, reason: Reason) -> None:
    (tmp_path / name).write_bytes(content)
    assert failure(tmp_path / name)[0] is reason


def test_a_picture_under_another_kinds_name_is_read(tmp_path: Path) -> None:
    quarters().save(tmp_path / "a.jpg", "PNG")
    near(corners(load_image(tmp_path / "a.jpg", 16)), [RED, GREEN, BLUE, WHITE], 0)


def test_a_decoder_that_pillow_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quarters().save(tmp_path / "a.webp")
    monkeypatch.setattr(features, "check", lambda feature: feature != "webp")
    assert failure(tmp_path / "a.webp") == (Reason.NO_DECODER, "WEBP")


def test_a_missing_file_has_vanished(tmp_path: Path) -> None:
    assert failure(tmp_path / "gone.jpg")[0] is Reason.VANISHED
    (tmp_path / "file").write_bytes(b"x")
    assert failure(tmp_path / "file" / "gone.jpg")[0] is Reason.VANISHED


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.EACCES, Reason.PERMISSION), (errno.EIO, Reason.UNREADABLE), (errno.ENAMETOOLONG, Reason.UNREADABLE)],
)
def test_errors_on_opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: Reason) -> None:
    quarters().save(tmp_path / "a.png")

    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refuse)
    assert failure(tmp_path / "a.png")[0] is reason


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_a_disk_error_while_reading_is_no_damage() -> None:
    assert failure(Path("/proc/self/mem")) == (Reason.UNREADABLE, "[Errno 5] Input/output error")


def test_a_disk_error_in_mid_picture_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quarters().save(tmp_path / "a.png")

    def fail(self: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(decode.ImageFile.ImageFile, "load", fail)
    assert failure(tmp_path / "a.png")[0] is Reason.UNREADABLE


@pytest.mark.parametrize("error", [MemoryError(), OSError("out of memory when reading image file")])
def test_want_of_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    quarters().save(tmp_path / "a.png")

    def fail(self: object) -> None:
        raise error

    monkeypatch.setattr(decode.ImageFile.ImageFile, "load", fail)
    assert failure(tmp_path / "a.png")[0] is Reason.OUT_OF_MEMORY


@pytest.mark.parametrize("good", [True, False])
def test_a_file_written_to_meanwhile_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, good: bool) -> None:
    path = tmp_path / "a.png"
    data = encoded(photo(), "PNG")
    path.write_bytes(data if good else data[:200])
    attempt = decode._attempt

    def slow(*arguments: object) -> object:
        with path.open("ab") as file:
            file.write(b"more")
        return attempt(*arguments)

    monkeypatch.setattr(decode, "_attempt", slow)
    assert failure(path)[0] is Reason.CHANGED


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs POSIX special files")
def test_special_files_never_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.jpg"))
        (tmp_path / "device.jpg").symlink_to("/dev/zero")
        for name in ("pipe.jpg", "folder.jpg", "socket.jpg", "device.jpg"):
            assert failure(tmp_path / name) == (Reason.NOT_AN_IMAGE, "not a regular file")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs POSIX special files")
def test_a_file_that_becomes_a_pipe_does_not_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jpg"
    quarters().save(path)
    really_open = os.open

    def swap(name: object, flags: int) -> int:
        path.unlink()
        os.mkfifo(path)
        return really_open(path, flags)

    monkeypatch.setattr(os, "open", swap)
    assert failure(path) == (Reason.NOT_AN_IMAGE, "not a regular file")


def test_names_of_any_bytes(tmp_path: Path) -> None:
    names = ["ñandú 犬.png", "a" * 251 + ".png"]
    if os.name == "posix":
        names.append(os.fsdecode(b"not utf-8 \xff\xfe\x80.png"))
    for name in names:
        data = encoded(quarters(), "PNG")
        try:
            (tmp_path / name).write_bytes(data)
        except OSError:  # macOS refuses names that are not UTF-8
            continue
        near(corners(load_image(tmp_path / name, 16)), [RED, GREEN, BLUE, WHITE], 0)
    assert failure(Path("nul\0byte.png"))[0] is Reason.UNREADABLE
