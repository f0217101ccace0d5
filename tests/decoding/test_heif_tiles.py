"""HEIC pictures in tiles, as phones write them: shown by FFmpeg as libheif shows them, or else by libheif."""

from __future__ import annotations

import io
import logging
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from semantik.decoding.pictures import heif_tiles
from semantik.decoding.pictures.decode import load_image
from semantik.decoding.pictures.heif_items import HeifGrid, read_grid
from semantik.decoding.pictures.hevc_colours import HevcColours, told_colours
from tests.support.pictures import photo

pillow_heif = pytest.importorskip("pillow_heif")
pillow_heif.register_heif_opener()

CLOSE = 4  # levels, and half as many on average: both convert YCbCr by whole numbers, which round differently


def heic(path: Path, size: tuple[int, int] = (320, 240), **options: Any) -> Path:
    """A photograph in tiles of 64 pixels."""
    photo(size).save(path, "HEIF", **({"tile_size": 64, "quality": 80} | options))
    return path


@pytest.fixture
def by_libheif(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What libheif makes of a file, as if it had no tiles."""

    def read(path: Path, side: int) -> Image.Image:
        with monkeypatch.context() as patched:
            patched.setattr(heif_tiles, "readable_grid", lambda image, file: None)
            return load_image(path, side).image

    return read


@pytest.fixture
def films(monkeypatch: pytest.MonkeyPatch) -> list[HeifGrid]:
    """The pictures that were given to FFmpeg."""
    seen: list[HeifGrid] = []
    real = heif_tiles.film_of
    monkeypatch.setattr(heif_tiles, "film_of", lambda file, grid: (seen.append(grid), real(file, grid))[1])
    return seen


def same(shown: Image.Image, wanted: Image.Image) -> None:
    assert shown.size == wanted.size
    difference = np.abs(np.asarray(shown, np.int16) - np.asarray(wanted, np.int16))
    assert difference.max() <= CLOSE and difference.mean() <= CLOSE / 2


# -- The same picture ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "options"),
    [
        ((320, 240), {}),
        ((321, 243), {}),  # the last tiles reach beyond it
        ((64, 200), {}),
        ((320, 240), {"full_range_flag": 0}),
        ((320, 240), {"quality": -1, "chroma": 420}),
    ],
    ids=["even", "odd", "one column", "16 to 235", "lossless"],
)
def test_tiles_are_shown_as_libheif_shows_them(
    tmp_path: Path, by_libheif: Any, films: list[HeifGrid], size: tuple[int, int], options: dict[str, Any]
) -> None:
    path = heic(tmp_path / "a.heic", size, **options)
    shown = load_image(path, 1000)
    assert films[0].size == size
    assert (shown.width, shown.height) == size
    same(shown.image, by_libheif(path, 1000))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_tiles_are_turned_as_libheif_turns_them(
    tmp_path: Path, by_libheif: Any, films: list[HeifGrid], orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = heic(tmp_path / "a.heic", exif=exif.tobytes())
    same(load_image(path, 1000).image, by_libheif(path, 1000))
    assert bool(films[0].turns) == (orientation != 1)


def test_a_large_picture_comes_smaller_by_a_whole_factor(
    tmp_path: Path, by_libheif: Any, films: list[HeifGrid]
) -> None:
    path = heic(tmp_path / "a.heic", (640, 512))
    shown = load_image(path, 64)  # 128 pixels of the shorter side are asked for
    assert (shown.image.size, shown.width, shown.height, shown.box) == ((160, 128), 640, 512, (0.0, 0.0, 160.0, 128.0))
    same(shown.image, by_libheif(path, 1000).reduce(4))
    assert len(films) == 1


def test_colour_profiles_stay_with_the_picture(tmp_path: Path, films: list[HeifGrid]) -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    opened = heif_tiles.HeifPicture(Image.open(heic(tmp_path / "a.heic", icc_profile=profile)), 12, None)  # type: ignore[arg-type]
    with (tmp_path / "a.heic").open("rb") as opened.file:
        opened.prepare(100)
        assert opened.load()[0].info["icc_profile"] == profile
    assert len(films) == 1


# -- What libheif shows -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [{"chroma": 444}, {"matrix_coefficients": 1}, {"tile_size": 0}],
    ids=["4:4:4", "BT.709", "no tiles"],
)
def test_what_is_unusual_is_left_to_libheif(
    tmp_path: Path, by_libheif: Any, films: list[HeifGrid], options: dict[str, Any]
) -> None:
    path = heic(tmp_path / "a.heic", **options)
    same(load_image(path, 1000).image, by_libheif(path, 1000))
    assert not films


@pytest.mark.parametrize("mode", ["RGBA", "L", "I;16"])
def test_pictures_of_other_kinds_are_left_to_libheif(tmp_path: Path, films: list[HeifGrid], mode: str) -> None:
    photo((320, 240)).convert(mode.replace("I;16", "I")).convert(mode).save(
        tmp_path / "a.heic", tile_size=64, quality=90
    )
    assert load_image(tmp_path / "a.heic", 1000).image.size == (320, 240)
    assert not films


def test_tiles_that_do_not_come_out_are_left_to_libheif(
    tmp_path: Path, by_libheif: Any, films: list[HeifGrid], caplog: pytest.LogCaptureFixture
) -> None:
    path = heic(tmp_path / "a.heic")
    with path.open("rb") as file:
        grid = read_grid(file)
    assert grid is not None
    data = bytearray(path.read_bytes())
    start, length = grid.parts[7][0]
    data[start : start + length] = bytes(length)
    path.write_bytes(data)
    with caplog.at_level(logging.DEBUG, "semantik.decoding"):
        shown = load_image(path, 1000).image
    assert "tile 8 of 20 does not come out" in caplog.text
    assert np.array_equal(np.asarray(shown), np.asarray(by_libheif(path, 1000)))
    assert len(films) == 1


# -- What the file tells -------------------------------------------------------------------------------------


def test_the_grid_of_a_file(tmp_path: Path) -> None:
    path = heic(tmp_path / "a.heic", (300, 130))
    with path.open("rb") as file:
        grid = read_grid(file)
        assert grid is not None
        first = grid.parts[0][0]
        file.seek(first[0])
        unit = file.read(first[1])
    assert (grid.size, grid.tile, grid.columns, len(grid.parts), grid.turns) == ((300, 130), (64, 64), 5, 15, ())
    assert struct.unpack(">I", unit[:4])[0] <= first[1] - 4  # a unit of the stream with its length before it
    assert told_colours(grid.configuration) == HevcColours(True, 6)


@given(st.data())
def test_no_file_makes_the_reader_fail(heic_bytes: bytes, data: st.DataObject) -> None:
    changed = bytearray(heic_bytes)
    meta = changed.index(b"mdat")
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, meta))] = data.draw(st.integers(0, 255))
    grid = read_grid(io.BytesIO(changed[: data.draw(st.sampled_from([len(changed), meta, meta // 2]))]))
    if grid is not None:
        told_colours(grid.configuration)
        assert len(grid.parts) % grid.columns == 0
        assert all(start + length <= len(changed) for part in grid.parts for start, length in part)


@pytest.fixture(scope="module")
def heic_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return heic(tmp_path_factory.mktemp("heic") / "a.heic", (130, 130)).read_bytes()


@given(st.binary(max_size=200))
def test_no_configuration_makes_the_reader_fail(configuration: bytes) -> None:
    assert told_colours(configuration) is None or isinstance(told_colours(configuration), HevcColours)
