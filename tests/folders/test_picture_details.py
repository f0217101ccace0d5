"""What a picture's file tells without being decoded: size, moment, camera."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image

from semantik.decoding.date_spellings import parse_moment
from semantik.decoding.decoded import Decoded, Description
from semantik.decoding.fitting import InputSpec
from semantik.decoding.pictures.decode import describe_image, load_image
from semantik.decoding.pictures.exif import camera_name
from semantik.decoding.pool import DecodePool
from semantik.errors import DecodeFailed
from semantik.records import Reason

SPEC = InputSpec(8, 8, "squash", "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
MOMENT = datetime(2019, 8, 3, 17, 5, 9)


def exif(orientation: int = 1, **tags: object) -> bytes:
    """EXIF data; the tags of the photograph go where cameras put them."""
    made = Image.Exif()
    made[ExifTags.Base.Orientation] = orientation
    for name, value in tags.items():
        tag = ExifTags.Base[name]
        in_photo = tag in (ExifTags.Base.DateTimeOriginal, ExifTags.Base.DateTimeDigitized)
        (made.get_ifd(ExifTags.IFD.Exif) if in_photo else made)[tag] = value
    return made.tobytes()


CAMERA = {"Make": "NIKON CORPORATION", "Model": "NIKON D70", "DateTimeOriginal": "2019:08:03 17:05:09"}


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp", "a.avif"])
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_headers_tell_what_decoding_tells(tmp_path: Path, name: str, orientation: int) -> None:
    size = (64, 48) if orientation < 5 else (48, 64)
    Image.new("RGB", size, (9, 99, 199)).save(tmp_path / name, exif=exif(orientation, **CAMERA))
    told = describe_image(tmp_path / name)
    assert told == Description(64, 48, MOMENT, "NIKON D70")
    loaded = load_image(tmp_path / name, 16)
    assert (loaded.width, loaded.height, loaded.taken, loaded.camera) == (64, 48, MOMENT, "NIKON D70")


@pytest.mark.parametrize("name", ["a.gif", "a.bmp", "a.jp2", "a.tga", "a.ppm", "a.qoi", "a.pcx", "a.dds", "a.ico"])
def test_formats_without_exif_tell_their_size(tmp_path: Path, name: str) -> None:
    Image.new("RGB", (64, 48), (9, 99, 199)).save(tmp_path / name, **({"sizes": [(64, 48)]} if "ico" in name else {}))
    assert describe_image(tmp_path / name) == Description(64, 48)


def test_radiance_tells_its_size(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.hdr"), np.ones((30, 50, 3), dtype=np.float32))
    assert describe_image(tmp_path / "a.hdr") == Description(50, 30)


def test_a_huge_picture_is_described_without_decoding_it(tmp_path: Path) -> None:
    path = tmp_path / "big.png"
    Image.new("1", (9000, 9000)).save(path, exif=exif(6, **CAMERA))
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"IDAT") + 40])  # nothing to decode
    assert describe_image(path) == Description(9000, 9000, MOMENT, "NIKON D70")


def test_exif_data_behind_the_pixels_of_a_png(tmp_path: Path) -> None:
    Image.new("RGB", (48, 64)).save(tmp_path / "a.png", exif=exif(6, **CAMERA))
    data = (tmp_path / "a.png").read_bytes()
    start = data.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(data[start : start + 4], "big")
    tail = data.index(b"IEND") - 4
    (tmp_path / "b.png").write_bytes(data[:start] + data[end:tail] + data[start:end] + data[tail:])
    assert describe_image(tmp_path / "b.png") == Description(64, 48, MOMENT, "NIKON D70")
    assert load_image(tmp_path / "b.png", 16).taken == MOMENT


@pytest.mark.parametrize(
    ("tags", "taken"),
    [
        (CAMERA | {"DateTimeDigitized": "2020:01:01 00:00:00", "DateTime": "2021:01:01 00:00:00"}, MOMENT),
        (
            {"DateTimeDigitized": "2020:01:02 03:04:05", "DateTime": "2021:01:01 00:00:00"},
            datetime(2020, 1, 2, 3, 4, 5),
        ),
        ({"DateTimeOriginal": "0000:00:00 00:00:00", "DateTime": "2021:01:02 03:04:05"}, datetime(2021, 1, 2, 3, 4, 5)),
        ({"DateTimeOriginal": "    :  :     :  :  "}, None),
        ({"DateTimeOriginal": "1850:01:01 00:00:00"}, None),
        ({}, None),
    ],
)
def test_which_moment_counts(tmp_path: Path, tags: dict[str, object], taken: datetime | None) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg", exif=exif(**tags))
    assert describe_image(tmp_path / "a.jpg").taken == taken


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2019:08:03 17:05:09", MOMENT),
        (b"2019:08:03 17:05:09\0", MOMENT),
        ("2019-08-03T17:05:09.123+02:00", MOMENT),
        ("2019/08/03 17:05:09", MOMENT),
        ("2019:02:30 10:00:00", None),
        ("2019:08:03 24:00:00", datetime(2019, 8, 3)),
        ("2101:01:01 00:00:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (20190803, None),
        (("2019:08:03 17:05:09",), None),
    ],
)
def test_moments(text: object, moment: datetime | None) -> None:
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    ("make", "model", "name"),
    [
        ("Canon", "Canon EOS 5D", "Canon EOS 5D"),
        ("NIKON CORPORATION", "NIKON D70", "NIKON D70"),
        ("EASTMAN KODAK COMPANY", "KODAK DX3900 ZOOM", "KODAK DX3900 ZOOM"),
        ("Apple", "iPhone 12", "Apple iPhone 12"),
        ("SONY\0\0\0", "DSC-T1\0garbage", "SONY DSC-T1"),
        (b"Fuji\xff", "X\x1b[31m \u202e100", "Fuji\ufffd X [31m 100"),
        ("Canon", None, "Canon"),
        (None, "E-M5", "E-M5"),
        (None, None, ""),
        (7, ("x",), ""),
        ("Leica", "M" * 200, "Leica " + "M" * 74),
    ],
)
def test_camera_names(make: object, model: object, name: str) -> None:
    assert camera_name(make, model) == name


def test_broken_exif_data_tell_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, data in enumerate(
        [b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x87\x69" * 9]
    ):
        path = tmp_path / f"{number}.jpg"
        Image.new("RGB", (30, 20)).save(path, exif=data)
        assert describe_image(path) == Description(30, 20)
        assert load_image(path, 8).camera == ""


def test_camera_samples_tell(shared: Path) -> None:
    paths = sorted((shared / "camera").glob("*.jpg"))
    told = [describe_image(path) for path in paths]
    loaded = [load_image(path, 32) for path in paths]
    assert [(one.width, one.height, one.taken, one.camera) for one in told] == [
        (one.width, one.height, one.taken, one.camera) for one in loaded
    ]
    assert sum(bool(one.camera) for one in told) > 0


# -- Through the pool ----------------------------------------------------------------------------------


def test_the_pool_describes_in_order(tmp_path: Path, pool: DecodePool) -> None:
    paths = []
    for number in range(1, 9):
        Image.new("RGB", (number, 2)).save(tmp_path / f"{number}.png", exif=exif(6, **CAMERA))
        paths.append(tmp_path / f"{number}.png")
    (tmp_path / "3.png").write_bytes(b"no picture")
    (tmp_path / "5.png").unlink()
    (tmp_path / "7.png").write_bytes(b"")
    results = list(pool.describe(paths))
    assert [one.width if isinstance(one, Description) else 0 for one in results] == [2, 2, 0, 2, 0, 2, 0, 2]
    assert results[3] == Description(2, 4, MOMENT, "NIKON D70")
    assert [one.params["reason"] for one in results if isinstance(one, DecodeFailed)] == [
        Reason.NOT_AN_IMAGE,
        Reason.VANISHED,
        Reason.EMPTY,
    ]


def test_fitting_brings_the_details_too(tmp_path: Path, pool: DecodePool) -> None:
    Image.new("RGB", (40, 30)).save(tmp_path / "a.jpg", exif=exif(**CAMERA))
    Image.new("RGB", (40, 30)).save(tmp_path / "b.jpg")
    told, plain = (pool.fit(tmp_path / name, SPEC) for name in ("a.jpg", "b.jpg"))
    assert isinstance(told, Decoded) and (told.taken, told.camera) == (MOMENT, "NIKON D70")
    assert (plain.taken, plain.camera, plain.width) == (None, "", 40)
