"""TIFF pictures in every layout of samples: read right or refused, and never taken for something else."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from semantik.decoding.pictures import openers, tiff_parts
from semantik.decoding.pictures.decode import describe_image, load_image
from semantik.decoding.pictures.tiff_parts import TiffParts
from semantik.records import Reason
from tests.support.pictures import failure, photo
from tests.support.tiff_files import CODECS, codec_cases, write_tiff

Array = np.ndarray[Any, Any]
WIDTH, HEIGHT = 53, 47
_ACROSS, _DOWN = np.linspace(0, 1, WIDTH)[None, :], np.linspace(0, 1, HEIGHT)[:, None]
LIGHT = np.stack([_ACROSS + 0 * _DOWN, _DOWN + 0 * _ACROSS, 1 - (_ACROSS + _DOWN) / 2], axis=-1)
"""What all of them show, (height, width, 3) in [0, 1]."""
OPAQUE = np.ones((HEIGHT, WIDTH, 1))

KINDS: dict[str, tuple[int, Array, tuple[int, ...], Array]] = {
    # photometric, samples, what the extra ones mean, what is to be seen
    "grey": (1, LIGHT[..., :1], (), np.repeat(LIGHT[..., :1], 3, axis=2)),
    "white is zero": (0, 1 - LIGHT[..., :1], (), np.repeat(LIGHT[..., :1], 3, axis=2)),
    "grey and alpha": (1, np.dstack([LIGHT[..., :1], OPAQUE]), (2,), np.repeat(LIGHT[..., :1], 3, axis=2)),
    "RGB": (2, LIGHT, (), LIGHT),
    "RGB and alpha": (2, np.dstack([LIGHT, OPAQUE]), (2,), LIGHT),
    "RGB, premultiplied": (2, np.dstack([LIGHT, OPAQUE]), (1,), LIGHT),
    "RGB and two more": (2, np.dstack([LIGHT, LIGHT[..., :2]]), (0, 0), LIGHT),
    "CMYK": (5, np.dstack([1 - LIGHT, 0 * OPAQUE]), (), LIGHT),
}
TYPES = ["u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8"]


def as_type(values: Array, kind: str) -> Array:
    letter = np.dtype(kind)
    return values.astype(letter) if letter.kind == "f" else np.round(values * np.iinfo(letter).max).astype(letter)


def difference(path: Path, wanted: Array, min_side: int = 500) -> float:
    """The mean difference in levels from what is to be seen, of a picture that is read without a warning."""
    loaded = load_image(path, min_side)
    assert (loaded.width, loaded.height, loaded.warning) == (WIDTH, HEIGHT, None)
    assert (describe_image(path).width, describe_image(path).height) == (WIDTH, HEIGHT)
    return float(np.abs(np.asarray(loaded.image, dtype=float) - 255 * wanted).mean())


@pytest.mark.parametrize("compression", codec_cases())
def test_every_type_kind_and_arrangement(tmp_path: Path, compression: int) -> None:
    arrangements = itertools.product(KINDS, TYPES, (False, True), "<>", (None, (32, 16)), (1, 2, 3))
    # Each codec sees some of them, and others than the rest: they know nothing of what their bytes mean.
    chosen = list(arrangements)[list(CODECS).index(compression) :: 7 if compression in (1, 8) else 43]
    read = 0
    for number, (name, kind, planar, order, tile, predictor) in enumerate(chosen):
        photometric, values, extra, wanted = KINDS[name]
        signed = kind[0] == "i" and name == "white is zero"
        if predictor == (2 if kind[0] == "f" else 3) or signed or (predictor > 1 and compression in (1, 32773)):
            continue
        path = write_tiff(
            tmp_path / "a.tif", as_type(values, kind), photometric, planar=planar and values.shape[2] > 1, order=order,
            tile=tile, predictor=predictor, compression=compression, extra=extra, big=number % 2 == 1,
        )  # fmt: skip
        assert difference(path, wanted) < 3, (name, kind, planar, order, tile, predictor, compression)
        read += 1
    assert read > (60 if compression in (1, 8) else 8)


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [1, 2, 4, 5, 7, 8, 10, 12, 14, 16, 20, 24, 32])
def test_any_number_of_bits(tmp_path: Path, bits: int, order: str, planar: bool) -> None:
    for name in ("RGB", "grey"):
        photometric, values, _, wanted = KINDS[name]
        samples = np.round(values * (2.0**bits - 1)).astype(
            np.uint32 if bits > 16 else np.uint16 if bits > 8 else np.uint8
        )
        path = write_tiff(
            tmp_path / "a.tif", samples, photometric, bits=bits, planar=planar and name == "RGB", order=order
        )
        assert difference(path, np.round(wanted * (2.0**bits - 1)) / (2.0**bits - 1)) < 2, name


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("kind", ["u1", "u2"])
def test_lab_by_both_its_signs(tmp_path: Path, kind: str, planar: bool) -> None:
    from PIL import ImageCms

    shown = Image.fromarray(np.round(255 * LIGHT).astype(np.uint8))
    to_lab = [ImageCms.createProfile(name) for name in ("sRGB", "LAB")]
    made = ImageCms.profileToProfile(shown, *to_lab, outputMode="LAB")
    assert made is not None
    lab = np.asarray(made)
    for photometric, numbers in ((8, lab), (9, lab ^ np.array([0, 128, 128], np.uint8))):
        samples = numbers if kind == "u1" else numbers.astype(np.uint16) * np.array([257, 256, 256], np.uint16)
        path = write_tiff(tmp_path / "a.tif", samples, photometric, planar=planar)
        assert difference(path, np.asarray(shown) / 255) < 4, photometric


@pytest.mark.parametrize("bits", [8, 16])
def test_a_palette_of_any_size(tmp_path: Path, bits: int) -> None:
    colours = np.random.default_rng(1).integers(0, 256, (2**bits, 3))
    numbers = np.random.default_rng(2).integers(0, 2**bits, (HEIGHT, WIDTH, 1)).astype(f"u{bits // 8}")
    entries = {320: ("H", tuple((colours.T * 257).ravel().tolist()))}
    path = write_tiff(tmp_path / "a.tif", numbers, 3, bits=bits, tags=entries)
    assert difference(path, colours[numbers[..., 0]] / 255) < 1


@given(
    width=st.integers(1, 70), height=st.integers(1, 70), rows=st.integers(1, 80), factor=st.integers(1, 9),
    tile=st.sampled_from([None, (16, 16), (16, 64), (64, 16)]), planar=st.booleans(),
    band=st.sampled_from([1, 300, 2**24]),
)  # fmt: skip
def test_parts_are_put_together_and_averaged(tmp_path_factory, *, width, height, rows, factor, tile, planar, band):
    samples = np.random.default_rng(width * height).integers(0, 2**16, (height, width, 3), dtype=np.uint16)
    path = write_tiff(tmp_path_factory.getbasetemp() / "parts.tif", samples, 2, rows=rows, tile=tile, planar=planar)
    with path.open("rb") as file, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiff_parts, "_BAND_BYTES", band)
        picture = TiffParts(file, *openers.read_layout(file))
        picture.prepare(max(1, min(width, height) // factor))
        image, extent = picture.load()
    k = picture.factor
    assert image.size == (-(-width // k), -(-height // k)) and extent == (width / k, height / k)
    for x, y in itertools.product({0, image.width // 2, image.width - 1}, {0, image.height // 2, image.height - 1}):
        cell = samples[y * k : y * k + k, x * k : x * k + k].reshape(-1, 3).mean(axis=0) / 257
        assert np.abs(np.asarray(image)[y, x] - cell).max() <= 1


def test_orientation_and_details_of_what_is_read_by_parts(tmp_path: Path) -> None:
    samples = as_type(LIGHT, "u2")
    for planar in (False, True):
        path = write_tiff(tmp_path / "a.tif", samples, 2, planar=planar, tags={274: ("H", (6,))}, big=planar)
        loaded = load_image(path, 500)
        assert (loaded.width, loaded.height) == (HEIGHT, WIDTH)
        assert (describe_image(path).width, describe_image(path).height) == (HEIGHT, WIDTH)
        turned = np.rot90(255 * LIGHT, -1)
        assert np.abs(np.asarray(loaded.image, dtype=float) - turned).mean() < 2


def test_light_beyond_one_is_brought_into_range(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", (40 * LIGHT).astype(np.float32), 2, planar=True)
    pixels = np.asarray(load_image(path, 500).image)
    assert pixels.max() > 150 and 60 < pixels.mean() < 200


@pytest.mark.parametrize(
    ("photometric", "shape", "options"),
    [
        (32803, 1, {}),  # a sensor's mosaic
        (2, 3, {"tags": {266: ("H", (2,))}}),  # bits from the right
        (6, 3, {}),
        (5, 3, {}),  # three inks
        (2, 3, {"tags": {258: ("H", (16, 8, 16))}}),
        (2, 3, {"predictor": 3}),
    ],
)
def test_what_nobody_reads_right_is_unsupported(tmp_path: Path, photometric: int, shape: int, options: Any) -> None:
    samples = as_type(LIGHT[..., :shape], "u2")
    path = write_tiff(tmp_path / "a.tif", samples, photometric, planar=shape > 1, **options)
    assert failure(path)[0] is Reason.UNSUPPORTED


@pytest.mark.parametrize("compression", codec_cases())
def test_a_file_that_ends_early_shows_what_there_is(tmp_path: Path, compression: int) -> None:
    samples = np.asarray(photo((400, 300))).astype(np.uint16) * 257
    path = write_tiff(tmp_path / "a.tif", samples, 2, compression=compression, rows=10)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    loaded = load_image(path, 32)
    assert loaded.warning is Reason.TRUNCATED
    assert (loaded.width, loaded.height) == (400, 300)


def test_a_tile_larger_than_any_picture_is_refused(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", as_type(LIGHT, "u2"), 2, tile=(64, 64), planar=True, compression=8)
    data = path.read_bytes()
    for tag in (322, 323):
        data = data.replace(struct.pack("<HHII", tag, 4, 1, 64), struct.pack("<HHII", tag, 4, 1, 65_536))
    path.write_bytes(data)
    assert failure(path)[0] is Reason.TOO_LARGE
