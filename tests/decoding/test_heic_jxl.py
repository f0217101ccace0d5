"""HEIC and JPEG XL: turned once, deep, transparent, of tiles, cut, and lying about their size."""

from __future__ import annotations

import struct
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from semantik.decoding.decoded import Description
from semantik.decoding.pictures.decode import describe_image, load_image
from semantik.decoding.pictures.jpeg_xl import read_header
from semantik.records import Reason
from tests.support.pictures import BLUE, GREEN, RED, WHITE, corners, encoded, failure, near, photo, quarters

pytest.importorskip("pillow_heif").register_heif_opener()
pytest.importorskip("pillow_jxl")

COLOURS = [RED, GREEN, BLUE, WHITE]
MOMENT = datetime(2019, 8, 3, 17, 5, 9)
GREYS = [(76,) * 3, (150,) * 3, (29,) * 3, WHITE]


def exif(orientation: int = 1) -> bytes:
    made = Image.Exif()
    made[ExifTags.Base.Orientation] = orientation
    made[ExifTags.Base.Make], made[ExifTags.Base.Model] = "Apple", "iPhone 12"
    made.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2019:08:03 17:05:09"
    return made.tobytes()


# -- HEIC ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.heic", "grid.heic"])
def test_heic_is_turned_once(tmp_path: Path, name: str, orientation: int) -> None:
    # The encoder writes the EXIF orientation as irot and imir, which libheif applies.
    tiles = {"tile_size": 128} if name == "grid.heic" else {}
    stored = quarters((400, 300))
    stored.save(tmp_path / name, exif=exif(orientation), quality=90, **tiles)
    loaded = load_image(tmp_path / name, 16)
    told = describe_image(tmp_path / name)
    assert told == Description(loaded.width, loaded.height, MOMENT, "Apple iPhone 12")
    assert (loaded.width > loaded.height) == (orientation < 5)
    assert (loaded.taken, loaded.camera) == (MOMENT, "Apple iPhone 12")
    upright = [RED, GREEN, BLUE, WHITE]
    shown = {
        1: (0, 1, 2, 3), 2: (1, 0, 3, 2), 3: (3, 2, 1, 0), 4: (2, 3, 0, 1),
        5: (0, 2, 1, 3), 6: (2, 0, 3, 1), 7: (3, 1, 2, 0), 8: (1, 3, 0, 2),
    }[orientation]  # fmt: skip
    near(corners(loaded), [upright[i] for i in shown], 6)


def test_heic_with_a_hundred_tiles_deep_colour_and_transparency(tmp_path: Path) -> None:
    quarters((1280, 1280)).save(tmp_path / "tiles.heic", tile_size=128, quality=90)
    near(corners(load_image(tmp_path / "tiles.heic", 64)), COLOURS, 4)
    import pillow_heif

    deep = np.asarray(quarters()).astype(np.uint16) * 257
    pillow_heif.encode("RGB;16", (64, 48), deep.tobytes(), tmp_path / "deep.heic", quality=-1)
    near(corners(load_image(tmp_path / "deep.heic", 16)), COLOURS, 4)
    clear = quarters(mode="RGBA")
    clear.paste((0, 0, 0, 0), (0, 0, 32, 24))
    clear.save(tmp_path / "clear.heic", quality=95)
    near(corners(load_image(tmp_path / "clear.heic", 16)), [WHITE, GREEN, BLUE, WHITE], 6)


def test_of_several_pictures_in_a_heic_the_primary_is_shown(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (64, 48), RED), quarters()
    first.save(tmp_path / "a.heic", save_all=True, append_images=[second], primary_index=1, quality=95)
    near(corners(load_image(tmp_path / "a.heic", 16)), COLOURS, 6)


def test_a_heic_that_declares_too_much_is_refused(tmp_path: Path) -> None:
    data = encoded(quarters((64, 64)), "HEIF")
    at = data.index(b"ispe") + 8
    (tmp_path / "a.heic").write_bytes(data.replace(data[at : at + 8], struct.pack(">II", 30_000, 30_000)))
    assert failure(tmp_path / "a.heic")[0] is Reason.TOO_LARGE


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
@pytest.mark.parametrize("kind", ["HEIF", "JXL", "AVIF"])
def test_cut_files_are_damaged_or_incomplete(tmp_path: Path, kind: str, share: float) -> None:
    data = encoded(photo(), kind)
    path = tmp_path / f"a.{kind.lower()}"
    path.write_bytes(data[: int(len(data) * share)])
    assert failure(path)[0] is Reason.DAMAGED


# -- JPEG XL ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(8, 8), (64, 48), (1, 1), (300, 200), (9000, 7), (256, 256), (640, 360), (33, 77)])
def test_the_size_is_read_from_the_header(size: tuple[int, int]) -> None:
    data = encoded(Image.new("L", size), "JXL")
    assert read_header(data[:64]) == (*size, 1)


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "RGB"])
def test_jxl_in_every_mode(tmp_path: Path, mode: str) -> None:
    quarters(mode=mode).save(tmp_path / "a.jxl", lossless=True)
    near(corners(load_image(tmp_path / "a.jxl", 16)), GREYS if "L" in mode else COLOURS, 0)


def test_deep_jxl_spans_the_full_scale(tmp_path: Path) -> None:
    # This encoder says that deep pictures are linear light: 20000 of 65535 are 150 of 255 in sRGB.
    dark = np.zeros((48, 64), np.uint16)
    dark[:, 32:] = 20000
    Image.fromarray(dark).save(tmp_path / "a.jxl", lossless=True)
    near(corners(load_image(tmp_path / "a.jxl", 16)), [(0,) * 3, (150,) * 3] * 2, 1)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("rebuilt", [True, False])
def test_jxl_made_of_a_jpeg_is_turned_once(tmp_path: Path, orientation: int, rebuilt: bool) -> None:
    quarters((64, 48)).save(tmp_path / "a.jpg", exif=exif(orientation), quality=95, subsampling=0)
    with Image.open(tmp_path / "a.jpg") as jpeg:
        jpeg.save(tmp_path / "a.jxl", lossless_jpeg=True)
    if not rebuilt:  # without what is needed to rebuild the JPEG, libjxl decodes pixels
        data = (tmp_path / "a.jxl").read_bytes()
        at = data.index(b"jbrd") - 4
        (tmp_path / "a.jxl").write_bytes(data[:at] + data[at + int.from_bytes(data[at : at + 4], "big") :])
    loaded = load_image(tmp_path / "a.jxl", 16)
    wanted = load_image(tmp_path / "a.jpg", 16)
    assert (loaded.width, loaded.height) == (wanted.width, wanted.height)
    near(corners(loaded), corners(wanted), 4)
    told = describe_image(tmp_path / "a.jxl")
    assert (told.width, told.height) == (wanted.width, wanted.height)
    if rebuilt:
        assert (loaded.camera, told.camera, told.taken) == ("Apple iPhone 12", "Apple iPhone 12", MOMENT)


def test_plain_exif_data_of_a_jxl(tmp_path: Path) -> None:
    # 18181-2: the codestream's orientation counts, not that of the EXIF data.
    quarters().save(tmp_path / "a.jxl", exif=exif(6), lossless=True)
    assert describe_image(tmp_path / "a.jxl") == Description(64, 48, MOMENT, "Apple iPhone 12")
    loaded = load_image(tmp_path / "a.jxl", 16)
    assert (loaded.width, loaded.height, loaded.taken) == (64, 48, MOMENT)
    near(corners(loaded), COLOURS, 0)


def test_a_jxl_that_declares_too_much_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pillow_jxl

    monkeypatch.setattr(pillow_jxl, "Decoder", None)
    bits = 0 | 3 << 1 | (2**30 - 1) << 3 | 1 << 33  # height 2**30, ratio 1:1
    (tmp_path / "bomb.jxl").write_bytes(b"\xff\x0a" + bits.to_bytes(40, "little"))
    assert failure(tmp_path / "bomb.jxl")[0] is Reason.TOO_LARGE
