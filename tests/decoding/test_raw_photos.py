"""Camera RAW: by its preview when that is fit, else developed; upright either way."""

from __future__ import annotations

import struct
from datetime import datetime
from pathlib import Path

import pytest

from semantik.decoding.decoded import Description
from semantik.decoding.pictures import raw_photos, sizes
from semantik.decoding.pictures.decode import describe_image, load_image
from semantik.records import Reason
from tests.support import photo_files
from tests.support.pictures import WHITE, corners, encoded, failure, near, quarters

pytest.importorskip("rawpy")

MOMENT = datetime(2019, 8, 3, 17, 5, 9)
DEVELOPED: list[tuple[int, ...]] = [(255, 85, 85), (85, 255, 85), (85, 85, 255), WHITE]


TURNS = [(1, (0, 1, 2, 3)), (3, (3, 2, 1, 0)), (6, (2, 0, 3, 1)), (8, (1, 3, 0, 2))]  # which corner is where then


@pytest.mark.parametrize(("orientation", "shown"), TURNS)
def test_raw_is_developed_upright(tmp_path: Path, orientation: int, shown: tuple[int, ...]) -> None:
    path = photo_files.dng(tmp_path / "a.dng", orientation=orientation)
    loaded = load_image(path, 64)
    size = (640, 480) if orientation < 5 else (480, 640)
    assert describe_image(path) == Description(*size, MOMENT, "ACME One")
    assert (loaded.width, loaded.height, loaded.taken, loaded.camera) == (*size, MOMENT, "ACME One")
    near(corners(loaded), [DEVELOPED[i] for i in shown], 8)
    left, top, right, bottom = loaded.box
    assert (right - left, bottom - top) == loaded.image.size


SHOWN = [(200, 0, 0), (0, 200, 0), (0, 0, 200), (200, 200, 200)]


def preview(size: tuple[int, int], share: float = 1.0) -> tuple[bytes, tuple[int, int]]:
    """A JPEG darker than what the sensor saw, or the first part of it."""
    image = quarters(size).point([value * 200 // 255 for value in range(256)] * 3)
    data = encoded(image, "JPEG", quality=95, subsampling=0)
    return data[: int(len(data) * share)], size


@pytest.mark.parametrize(("orientation", "shown"), TURNS)
def test_the_preview_is_shown_and_turned_as_the_picture_is(
    tmp_path: Path, orientation: int, shown: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_photos.RawPicture, "_develop", None)
    path = photo_files.dng(tmp_path / "a.dng", (1600, 1200), orientation, preview((800, 600)))
    loaded = load_image(path, 64)
    assert (loaded.width, loaded.height) == ((1600, 1200) if orientation < 5 else (1200, 1600))
    assert min(loaded.image.size) == 150  # a quarter of the preview, by the JPEG decoder
    near(corners(loaded), [SHOWN[i] for i in shown], 6)


def test_a_preview_that_is_upright_already_is_not_turned_again(tmp_path: Path) -> None:
    path = photo_files.dng(tmp_path / "a.dng", (640, 480), 6, preview((480, 640)))
    loaded = load_image(path, 64)
    assert (loaded.width, loaded.height) == (480, 640)
    near(corners(loaded), SHOWN, 6)


@pytest.mark.parametrize(
    "unfit",
    [preview((160, 120)), preview((640, 360)), preview((640, 480), 0.5), (b"\xff\xd8 no picture \xff\xd9", (640, 480))],
    ids=["small", "another shape", "cut", "broken"],
)
def test_an_unfit_preview_is_not_shown(tmp_path: Path, unfit: tuple[bytes, tuple[int, int]]) -> None:
    path = photo_files.dng(tmp_path / "a.dng", (640, 480), 1, unfit)
    near(corners(load_image(path, 100)), DEVELOPED, 8)


def test_a_cut_raw_file_is_damaged(tmp_path: Path) -> None:
    path = photo_files.dng(tmp_path / "a.dng")
    path.write_bytes(path.read_bytes()[:300_000])
    assert failure(path, 100)[0] is Reason.DAMAGED


def test_a_huge_raw_file_is_refused_before_it_is_developed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw_photos.RawPicture, "_develop", None)
    monkeypatch.setattr(sizes, "MAX_PIXELS", 300_000)
    path = photo_files.dng(tmp_path / "a.dng")
    assert failure(path)[0] is Reason.TOO_LARGE


def test_a_raw_file_that_declares_more_than_it_has_is_not_developed(tmp_path: Path) -> None:
    path = photo_files.dng(tmp_path / "a.dng")
    data = bytearray(path.read_bytes())
    for tag, side in ((256, 640), (257, 480)):
        at = data.index(struct.pack("<HHII", tag, 4, 1, side))
        data[at : at + 12] = struct.pack("<HHII", tag, 4, 1, 30_000)
    path.write_bytes(data)
    assert failure(path)[0] in (Reason.TOO_LARGE, Reason.DAMAGED)
