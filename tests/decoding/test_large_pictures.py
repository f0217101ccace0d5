"""Large pictures: decoded by one patient process where the machine has the memory, refused where they only pretend."""

from __future__ import annotations

import struct
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from semantik.decoding import memory_shares, process_lending
from semantik.decoding.decoded import Decoded, Description
from semantik.decoding.fitting import InputSpec
from semantik.decoding.memory_shares import (
    LARGE_SHARE,
    MEMORY_LIMIT,
    Allowance,
    NeedsMore,
    large_limit,
    picture_memory,
    time_for,
)
from semantik.decoding.pictures import openers, tiff_parts, webp
from semantik.decoding.pictures.decode import load_image
from semantik.decoding.pictures.sizes import MAX_PIXELS
from semantik.decoding.pool import DecodePool
from semantik.errors import DecodeFailed
from semantik.records import Reason
from tests.decoding.test_bombs import idat, jpeg_of, lying_tiff, png, webp_canvas
from tests.support.pictures import BLUE, GREEN, RED, WHITE, corners, encoded, failure, near, quarters
from tests.support.waiting import PATIENCE

SPEC = InputSpec(16, 16, "squash", "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
COLOURS = [RED, GREEN, BLUE, WHITE]
GREYS = [(76,) * 3, (150,) * 3, (29,) * 3, WHITE]
MIB = 2**20


# -- What a picture may take


@given(needs=st.integers(0, 2**36), free=st.integers(0, 2**37))
def test_a_large_picture_gets_what_it_needs_or_is_told_that_there_is_too_little(needs: int, free: int) -> None:
    limit = large_limit(needs, free)
    if limit is None:
        assert needs * 1.2 + 256 * MIB > free * LARGE_SHARE - 2  # a fifth more, and the libraries; bytes are whole
    else:
        assert picture_memory(limit) >= needs - 1
        assert limit <= max(MEMORY_LIMIT, free * LARGE_SHARE)


def test_time_grows_with_the_pixels() -> None:
    assert time_for(0, 20) == time_for(12_000_000, 20) == 20
    assert time_for(MAX_PIXELS, 20) == 200


def test_memory_of_read_files_is_free_in_a_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, content in (("max", "1000"), ("current", "900"), ("stat", "anon 300\ninactive_file 500\n")):
        (tmp_path / f"memory.{name}").write_text(content, encoding="ascii")
    monkeypatch.setattr(memory_shares, "_GROUP", tmp_path)
    assert memory_shares.free_memory() == 600
    (tmp_path / "memory.max").write_text("max", encoding="ascii")
    assert memory_shares.free_memory() > 1000


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("JPEG", {"progressive": True}),
        ("WEBP", {}),
        ("AVIF", {}),
        ("JPEG2000", {}),
        ("TIFF", {}),
        ("BMP", {}),
    ],
)
def test_a_decoder_says_what_it_would_need(tmp_path: Path, kind: str, options: dict[str, object]) -> None:
    (tmp_path / "a.bin").write_bytes(encoded(quarters((320, 240)), kind, **options))
    with pytest.raises(NeedsMore) as caught:
        load_image(tmp_path / "a.bin", 8, Allowance(1000))
    assert caught.value.memory > 1000 and caught.value.pixels == 320 * 240
    near(corners(load_image(tmp_path / "a.bin", 8, Allowance(caught.value.memory))), COLOURS, 12)


# -- The pool


def test_what_an_ordinary_process_may_not_take_a_patient_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_lending, "share_memory", lambda *_: (1, 150 * MIB))
    rotated = Image.Exif()
    rotated[0x0112] = 6
    quarters((6000, 5000)).save(tmp_path / "large.png", compress_level=1, exif=rotated)
    quarters().save(tmp_path / "small.png")
    with DecodePool(1) as decoders:
        paths = [tmp_path / name for name in ("small.png", "large.png", "small.png")]
        for result in decoders.fit_all(paths, SPEC):
            assert isinstance(result, Decoded)
            assert result.width in (64, 5000)
            turned = result.width == 5000
            near([tuple(map(int, result.pixels[4, 4]))], [BLUE if turned else RED], 3)
        assert decoders.thumbnail(paths[1], 400).height == 400
        (told,) = decoders.describe(paths[1:2])
        assert isinstance(told, Description) and (told.width, told.height) == (5000, 6000)
        assert len(decoders.pids()) == 1  # the patient ones are gone


def test_too_little_memory_is_the_reason_and_it_is_for_the_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [400 * MIB]
    monkeypatch.setattr(process_lending, "free_memory", lambda: free[0])
    quarters((9000, 8000), "L").save(tmp_path / "large.png", compress_level=1)
    with DecodePool(1) as decoders:
        with pytest.raises(DecodeFailed) as caught:
            decoders.fit(tmp_path / "large.png", SPEC)
        assert caught.value.params["reason"] is Reason.OUT_OF_MEMORY
        assert "MiB of memory are needed" in caught.value.params["detail"]
        free[0] = 4000 * MIB
        assert decoders.fit(tmp_path / "large.png", SPEC).width == 9000


def test_others_wait_while_one_takes_the_memory_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_lending, "share_memory", lambda *_: (2, 40 * MIB))
    monkeypatch.setattr(process_lending, "SHARE", 0.0)
    monkeypatch.setattr(process_lending, "MEMORY_LIMIT", 1)
    quarters((3000, 2000)).save(tmp_path / "large.png", compress_level=1)
    quarters().save(tmp_path / "small.png")
    with DecodePool(2) as decoders, ThreadPoolExecutor(6) as threads:
        asked = [threads.submit(decoders.fit, tmp_path / f"{name}.png", SPEC) for name in ("small", "large") * 3]
        assert sorted(one.result(PATIENCE).width for one in asked) == [64] * 3 + [3000] * 3


def test_with_no_process_over_the_limit_of_the_caller(tmp_path: Path) -> None:
    quarters((9000, 8000), "L").save(tmp_path / "large.png", compress_level=1)
    with DecodePool(1, memory_limit=100 * MIB) as decoders, pytest.raises(DecodeFailed) as caught:
        decoders.fit(tmp_path / "large.png", SPEC)
    assert caught.value.params["reason"] is Reason.OUT_OF_MEMORY


# -- Formats


def test_a_truly_large_png_and_jpeg(tmp_path: Path) -> None:
    quarters((18_000, 8_000), "L").save(tmp_path / "a.png", compress_level=1)  # 144 megapixels
    Image.new("L", (26_000, 18_000), 77).save(tmp_path / "a.jpg", quality=20)  # 468
    with DecodePool(1) as decoders:
        png_, jpeg = decoders.fit_all([tmp_path / "a.png", tmp_path / "a.jpg"], SPEC)
    assert isinstance(png_, Decoded) and (png_.width, png_.height) == (18_000, 8_000)
    near([tuple(map(int, png_.pixels[y, x])) for y in (4, 12) for x in (4, 12)], GREYS, 3)
    assert isinstance(jpeg, Decoded) and jpeg.width == 26_000
    assert np.abs(jpeg.pixels.astype(int) - 77).max() < 4


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("lossless", [False, True])
def test_a_large_webp_is_not_read_by_way_of_an_animation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lossless: bool, mode: str
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Maker"
    quarters((64, 48), mode).save(tmp_path / "a.webp", lossless=lossless, exif=exif, quality=95)
    wanted = load_image(tmp_path / "a.webp", 8)
    monkeypatch.setattr(openers, "SMALL", 100)
    loaded = load_image(tmp_path / "a.webp", 8)
    assert (loaded.width, loaded.height, loaded.camera) == (wanted.width, wanted.height, "Maker") == (48, 64, "Maker")
    assert np.abs(np.asarray(loaded.image, dtype=int) - np.asarray(wanted.image, dtype=int)).max() <= 3
    frames = [quarters(), Image.new("RGB", (64, 48), BLUE)]
    frames[0].save(tmp_path / "b.webp", save_all=True, append_images=frames[1:], lossless=True)
    near(corners(load_image(tmp_path / "b.webp", 8)), COLOURS, 3)
    with (tmp_path / "b.webp").open("rb") as file:
        assert webp.webp_size(file) == ((64, 48), True)


def test_a_large_webp_is_good_where_its_exif_data_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quarters().save(tmp_path / "a.webp", lossless=True, exif=b"no EXIF data")
    for small in (openers.SMALL, 100):
        monkeypatch.setattr(openers, "SMALL", small)
        near(corners(load_image(tmp_path / "a.webp", 8)), COLOURS, 3)


@pytest.mark.parametrize("options", [{}, {"no_jp2": True}, {"num_resolutions": 1}, {"tile_size": (64, 64)}])
def test_jpeg_2000_is_decoded_at_the_size_that_is_wanted(tmp_path: Path, options: dict[str, object]) -> None:
    (tmp_path / "a.jp2").write_bytes(encoded(quarters((511, 403)), "JPEG2000", **options))
    loaded = load_image(tmp_path / "a.jp2", 20)
    assert (loaded.width, loaded.height) == (511, 403)
    assert min(loaded.image.size) >= 40
    near(corners(loaded), COLOURS, 3)
    assert load_image(tmp_path / "a.jp2", 400).image.size == (511, 403)


def test_an_avif_beyond_what_its_reader_takes_is_unsupported(tmp_path: Path) -> None:
    data = encoded(quarters(), "AVIF")
    at = data.index(b"ispe") + 8
    (tmp_path / "a.avif").write_bytes(data[:at] + struct.pack(">II", 20_000, 16_000) + data[at + 8 :])
    assert failure(tmp_path / "a.avif")[0] is Reason.UNSUPPORTED


# -- Bombs


LIES = {
    "empty.png": lambda: png(22_000, 22_000, idat(3000)),
    "progressive.jpg": lambda: jpeg_of(21_000, 21_000, 0xC2),
    "baseline.jpg": lambda: jpeg_of(22_000, 22_000),
    "raw.tif": lambda: lying_tiff(22_000),
    "lzw.tif": lambda: lying_tiff(22_000, compression=5),
    "canvas.webp": lambda: webp_canvas(16_383, 16_383),
    "a.ppm": lambda: b"P6 22000 22000 255\n" + bytes(1000),
    "a.qoi": lambda: b"qoif" + struct.pack(">IIBB", 22_000, 22_000, 3, 0) + bytes(100),
    "a.hdr": lambda: b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 22000 +X 22000\n" + bytes(100),
    "a.bmp": lambda: b"BM" + struct.pack("<IIIIiiHHIIiiII", 0, 0, 54, 40, 22000, 22000, 1, 24, 0, 0, 0, 0, 0, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_what_declares_more_than_its_file_can_hold_is_refused_at_once(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(LIES[name]())
    start = time.process_time()
    reason, detail = failure(tmp_path / name, 224)
    assert time.process_time() - start < 1
    assert reason is Reason.TOO_LARGE, detail


def test_a_large_tiff_takes_no_more_memory_than_a_band(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openers, "SMALL_TIFF", 1000)
    monkeypatch.setattr(tiff_parts, "_BAND_BYTES", 2**16)
    quarters((800, 600)).save(tmp_path / "a.tif", compression="tiff_lzw")
    near(corners(load_image(tmp_path / "a.tif", 8, Allowance(2 * MIB))), COLOURS, 1)
