"""What is made small before it is turned and brought to sRGB is what the whole would have been, whatever the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.Image import Transpose

from semantik.decoding.fingerprint import fingerprint, fingerprint_and_content
from semantik.decoding.fitting import InputSpec, fit_pixels
from semantik.decoding.pictures.decode import load_image, load_stored
from tests.support.photo_files import DISPLAY_P3
from tests.support.pictures import photo

STORED = {
    1: None,
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_90,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_270,
}
SIZES = {"whole": (97, 61), "reduced": (331, 253), "tall and reduced": (171, 397)}
MEAN = (0.0, 0.0, 0.0)
SPECS = [
    InputSpec(16, 16, "crop", "bicubic", MEAN, MEAN),
    InputSpec(20, 12, "crop", "bilinear", MEAN, MEAN),
    InputSpec(12, 20, "squash", "bicubic", MEAN, MEAN),
]


@pytest.fixture(scope="module")
def uprights() -> dict[str, Image.Image]:
    # A ramp beneath the photo: its sides differ, so that one that is turned wrongly is far off. Soft colours: what
    # sRGB lacks is clipped pixel by pixel, and so not alike at two sizes.
    made = {}
    for name, size in SIZES.items():
        ramp = np.linspace(50, 90, size[0])[np.newaxis, :] + np.linspace(0, 60, size[1])[:, np.newaxis]
        pixels = 0.25 * np.asarray(photo(size), np.float32) + np.stack([ramp, ramp + 15, ramp + 5], axis=-1)
        made[name] = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    return made


@pytest.mark.parametrize("profile", [None, DISPLAY_P3], ids=["sRGB", "Display P3"])
@pytest.mark.parametrize("ending", ["jpg", "png"])
@pytest.mark.parametrize("scale", SIZES)
def test_whatever_the_orientation_it_is_the_original_made_small(
    tmp_path: Path, uprights: dict[str, Image.Image], scale: str, ending: str, profile: bytes | None
) -> None:
    upright = uprights[scale]
    for orientation, step in STORED.items():
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        path = tmp_path / f"{orientation}.{ending}"
        options = {"quality": 97, "subsampling": 0} if ending == "jpg" else {"compress_level": 1}
        (upright.transpose(step) if step is not None else upright).save(path, exif=exif, icc_profile=profile, **options)
        with Image.open(path) as opened:  # at full size
            whole = load_image(path, 2000).image
            assert opened.size == (upright.size[::-1] if orientation >= 5 else upright.size)
        for spec in SPECS:
            stored = load_stored(path, max(spec.width, spec.height))
            fitted = stored.fitted(spec).astype(int)
            assert (stored.width, stored.height) == upright.size
            assert fitted.shape == (spec.height, spec.width, 3)
            off = np.abs(fitted - fit_pixels(whole, spec))
            assert off.mean() < 1, (orientation, spec, off.mean())
            assert off.max() <= 8, (orientation, spec, off.max())


def test_content_that_was_read_gives_what_the_file_gives(tmp_path: Path, uprights: dict[str, Image.Image]) -> None:
    for ending, options in [("jpg", {}), ("jpg", {"progressive": True}), ("png", {}), ("webp", {}), ("tif", {})]:
        path = tmp_path / f"a.{ending}"
        uprights["reduced"].save(path, **options)
        found, content = fingerprint_and_content(path)
        assert content == path.read_bytes()
        assert found == fingerprint(path)
        held, read = load_stored(path, 16, content=content), load_stored(path, 16)
        assert held.image.tobytes() == read.image.tobytes()
        assert (held.width, held.height, held.box, held.warning) == (read.width, read.height, read.box, None)


def test_content_that_breaks_off_is_told_as_the_file_is(tmp_path: Path, uprights: dict[str, Image.Image]) -> None:
    path = tmp_path / "a.jpg"
    uprights["reduced"].save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    content = fingerprint_and_content(path)[1]
    held, read = load_stored(path, 16, content=content), load_stored(path, 16)
    assert held.warning == read.warning is not None
    assert held.image.tobytes() == read.image.tobytes()
