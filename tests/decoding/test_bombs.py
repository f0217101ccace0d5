"""Decompression bombs: refused at once, by what they declare."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from semantik.decoding.fitting import fit_pixels
from semantik.decoding.pictures.decode import IMAGE_EXTENSIONS, load_image
from semantik.errors import DecodeFailed
from semantik.records import Reason
from semantik.storage.regular_files import open_regular
from tests.support.pictures import BLUE, CLIP_SPEC, GREEN, corners, encoded, failure, near, photo


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


def idat(size: int) -> bytes:
    return chunk(b"IDAT", zlib.compress(bytes(size), 9))


def gif(frames: int, width: int = 2, height: int = 2) -> bytes:
    frame = b"\x2c\0\0\0\0\x02\0\x02\0\0\x02\x03\x84\x51\x05\0"
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + bytes(6) + frame * frames + b";"


def tiff(*tags: tuple[int, int, int, int]) -> bytes:
    """A little-endian TIFF whose one directory has the given (tag, type, count, value)."""
    entries = b"".join(struct.pack("<HHII", *tag) for tag in sorted(tags))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4 + 64)


def lying_tiff(side: int, compression: int = 1, samples: int = 3) -> bytes:
    return tiff(
        (256, 4, 1, side), (257, 4, 1, side), (258, 3, 1, 8), (259, 3, 1, compression), (262, 3, 1, 2),
        (273, 4, 1, 8), (277, 3, 1, samples), (278, 4, 1, 2**32 - 1), (279, 4, 1, 2**32 - 1),
    )  # fmt: skip


def jpeg_of(width: int, height: int, marker: int = 0xC0) -> bytes:
    data = encoded(Image.new("RGB", (16, 16)), "JPEG", progressive=marker == 0xC2, subsampling=0)
    at = data.index(bytes([0xFF, marker])) + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def ico_with(content: bytes) -> bytes:
    return struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(content), 22) + content


def webp_canvas(width: int, height: int) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + size
    return b"RIFF" + struct.pack("<I", len(body)) + body


BOMBS: dict[str, Callable[[], bytes]] = {
    "50000.png": lambda: png(50000, 50000, idat(3_000_000)),
    "wide.png": lambda: png(2**31 - 1, 1, idat(1000)),
    "121-megapixels.png": lambda: png(11000, 11001, idat(1000)),
    "million-frames.gif": lambda: gif(1_000_000),
    "canvas.gif": lambda: gif(1, 65535, 65535),
    "lying.tif": lambda: lying_tiff(50000),
    "lying-lzw.tif": lambda: lying_tiff(2**31 - 1, compression=5),
    "jpeg.jpg": lambda: jpeg_of(65500, 65500),
    "251-megapixels.jpg": lambda: jpeg_of(16000, 15700),
    "progressive.jpg": lambda: jpeg_of(15800, 15800, 0xC2),
    "png-inside.ico": lambda: ico_with(png(50000, 50000, idat(1000))),
    "canvas.webp": lambda: webp_canvas(16384, 16383),
    "50000.bmp": lambda: b"BM" + struct.pack("<IIIIiiHHIIiiII", 0, 0, 54, 40, 50000, 50000, 1, 24, 0, 0, 0, 0, 0, 0),
    "50000.ppm": lambda: b"P6 50000 50000 255\n" + bytes(1000),
    "50000.qoi": lambda: b"qoif" + struct.pack(">IIBB", 50000, 50000, 3, 0) + bytes(100),
    "30000.tga": lambda: struct.pack("<BBBHHBHHHHBB", 0, 0, 10, 0, 0, 0, 0, 0, 30000, 30000, 24, 0) + b"\xff\0\0\0" * 9,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_at_once(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(BOMBS[name]())
    start = time.process_time()  # nothing in it waits, and a busy machine should not fail the test
    reason, detail = failure(tmp_path / name, 224)
    assert time.process_time() - start < 1
    assert reason is Reason.TOO_LARGE, detail


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.png", lambda: png(8, 8, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**27))), idat(8 * 25))),
        ("samples.tif", lambda: lying_tiff(64, samples=65535)),
        ("strips.tif", lambda: lying_tiff(64, compression=5)),
        ("palette.gif", lambda: gif(1)[:12]),
    ],
)
def test_small_files_that_swell_fail_at_once(tmp_path: Path, name: str, content: Callable[[], bytes]) -> None:
    (tmp_path / name).write_bytes(content())
    start = time.process_time()  # nothing in it waits, and a busy machine should not fail the test
    try:
        assert load_image(tmp_path / name, 224).width == 8
    except DecodeFailed as error:
        assert error.params["reason"] in (Reason.DAMAGED, Reason.UNSUPPORTED)
    assert time.process_time() - start < 1


def test_a_lying_length_reserves_no_memory(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"0123456789")
    with open_regular(tmp_path / "a.bin") as file:
        assert file.read(2**60) == b"0123456789"  # as a plain file this would be a MemoryError
        assert file.read(2**60) == b""
        file.seek(4)
        assert (file.read(2), file.read()) == (b"45", b"6789")
    noise = encoded(photo(), "PNG")
    at = noise.index(b"IDAT") - 4
    (tmp_path / "a.png").write_bytes(noise[:at] + struct.pack(">I", 2**31 - 1) + noise[at + 4 :])
    assert load_image(tmp_path / "a.png", 32).warning is Reason.TRUNCATED


def test_long_strips_are_judged_by_what_they_take(tmp_path: Path) -> None:
    # A strip cannot be reduced without losing its height, so that all its pixels are converted.
    (tmp_path / "long.png").write_bytes(png(300_000, 350, idat(1000)))
    assert failure(tmp_path / "long.png", 224)[0] is Reason.TOO_LARGE
    Image.new("RGB", (60_000, 100), BLUE).save(tmp_path / "strip.png")
    loaded = load_image(tmp_path / "strip.png", 224)
    assert (loaded.width, loaded.height, loaded.image.size) == (60_000, 100, (60_000, 100))
    assert (fit_pixels(loaded.image, CLIP_SPEC) == BLUE).all()


def test_large_honest_pictures_are_welcome(tmp_path: Path) -> None:
    Image.new("RGB", (15000, 15000), GREEN).save(tmp_path / "a.jpg", quality=20)  # 225 megapixels
    loaded = load_image(tmp_path / "a.jpg", 224)
    assert (loaded.width, loaded.image.size) == (15000, (469, 469))
    near(corners(loaded), [GREEN] * 4, 3)
    (tmp_path / "a.gif").write_bytes(gif(50_000))
    assert load_image(tmp_path / "a.gif", 224).width == 2


def test_what_the_scan_takes() -> None:
    photographs = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".jp2", ".heic", ".heif"}
    assert photographs < IMAGE_EXTENSIONS
    assert all(name == name.lower() and name.startswith(".") for name in IMAGE_EXTENSIONS)
    assert not {".eps", ".ps", ".pdf", ".wmf", ".emf", ".mp4", ".txt", ".h5"} & IMAGE_EXTENSIONS
