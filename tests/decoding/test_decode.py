"""The door through which files become pixels: colours, orientation, scale."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from semantik.decoding.fitting import fit_pixels
from semantik.decoding.pictures.decode import IMAGE_EXTENSIONS, load_image
from semantik.decoding.pictures.exif import turn
from tests.support.pictures import BLUE, CLIP_SPEC, GREEN, GREY, RED, WHITE, corners, encoded, near, photo, quarters

# -- Colours -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "tolerance"),
    [
        ("a.png", {}, 0),
        ("a.gif", {}, 0),
        ("a.webp", {"lossless": True}, 0),
        ("a.bmp", {}, 0),
        ("a.dib", {}, 0),
        ("a.tif", {"compression": "tiff_lzw"}, 0),
        ("a.tiff", {}, 0),
        ("a.avif", {"quality": 100}, 6),
        ("a.jp2", {}, 0),
        ("a.j2k", {}, 0),
        ("a.tga", {}, 0),
        ("a.ico", {"sizes": [(64, 48)]}, 0),
        ("a.ppm", {}, 0),
        ("a.qoi", {}, 0),
        ("a.pcx", {}, 0),
        ("a.dds", {}, 0),
        ("a.jpg", {"quality": 95, "subsampling": 0}, 6),
        ("a.jpg", {"quality": 95, "progressive": True}, 6),
    ],
)
def test_every_format_keeps_its_colours(tmp_path: Path, name: str, options: dict[str, object], tolerance: int) -> None:
    path = tmp_path / name
    quarters().save(path, **options)
    loaded = load_image(path, 16)
    assert (loaded.width, loaded.height, loaded.warning, loaded.image.mode) == (64, 48, None, "RGB")
    near(corners(loaded), [RED, GREEN, BLUE, WHITE], tolerance)
    assert path.suffix in IMAGE_EXTENSIONS


@pytest.mark.parametrize(
    ("mode", "name", "wanted"),
    [
        ("L", "a.png", [(76,) * 3, (150,) * 3, (29,) * 3, WHITE]),
        ("L", "a.jpg", [(76,) * 3, (150,) * 3, (29,) * 3, WHITE]),
        ("1", "a.tif", None),
        ("P", "a.png", [RED, GREEN, BLUE, WHITE]),
        ("RGBA", "a.png", [RED, GREEN, BLUE, WHITE]),
        ("LA", "a.png", [(76,) * 3, (150,) * 3, (29,) * 3, WHITE]),
        ("CMYK", "a.jpg", [RED, GREEN, BLUE, WHITE]),
        ("CMYK", "a.tif", [RED, GREEN, BLUE, WHITE]),
        ("YCbCr", "a.tif", [RED, GREEN, BLUE, WHITE]),
    ],
)
@pytest.mark.parametrize("size", [(64, 48), (2000, 1500)])  # the second is converted in bands and reduced
def test_every_mode_becomes_rgb(
    tmp_path: Path, mode: str, name: str, wanted: list[tuple[int, ...]] | None, size: tuple[int, int]
) -> None:
    image = quarters(size)
    if mode == "1":  # half-tones would average to grey
        image = image.convert("L").point(lambda value: 255 * (value > 100))
        wanted = [(0, 0, 0), WHITE, (0, 0, 0), WHITE]
    path = tmp_path / name
    image.convert(mode).save(path)
    loaded = load_image(path, 16)
    assert (loaded.width, loaded.height, loaded.image.mode) == (*size, "RGB")
    assert wanted is not None
    near(corners(loaded), wanted, 3)
    assert min(loaded.image.size) >= min(32, *size)


def ramp(dtype: str, top: float) -> np.ndarray:
    """Four quarters of 0, 1/4, 1/2 and all of ``top``."""
    samples = np.zeros((48, 64), dtype)
    samples[:24, 32:], samples[24:, :32], samples[24:, 32:] = top / 4, top / 2, top
    return samples


@pytest.mark.parametrize(
    ("name", "samples", "white"),
    [
        ("16-bit.png", ramp("uint16", 65535), 255),
        ("dark-16-bit.png", ramp("uint16", 20000), 78),  # PNG defines full scale: dark stays dark
        ("16-bit.pgm", ramp("uint16", 65535), 255),
        ("16-bit.tif", ramp("uint16", 65535), 255),
        ("12-bit.tif", ramp("uint16", 4095), 255),  # 12 bits in a 16-bit file
        ("float.tif", ramp("float32", 1.0), 255),
        ("big-float.tif", ramp("float32", 30000.0), 255),
        ("32-bit.tif", ramp("int32", 10_000_000), 255),
    ],
)
def test_deep_greyscale_is_scaled_to_8_bits(tmp_path: Path, name: str, samples: np.ndarray, white: int) -> None:
    Image.fromarray(samples).save(tmp_path / name)
    wanted = [(0,) * 3, (white // 4,) * 3, (white // 2,) * 3, (white,) * 3]
    near(corners(load_image(tmp_path / name, 16)), wanted, 1)


def test_float_pictures_survive_missing_samples(tmp_path: Path) -> None:
    samples = ramp("float32", 1.0)
    samples[:24, :32] = np.nan
    samples[24:, :32] = np.inf
    Image.fromarray(samples).save(tmp_path / "nan.tif")
    near(corners(load_image(tmp_path / "nan.tif", 16)), [(0,) * 3, (64,) * 3, WHITE, WHITE], 1)
    Image.fromarray(np.full((8, 8), np.nan, np.float32)).save(tmp_path / "all-nan.tif")
    assert load_image(tmp_path / "all-nan.tif", 16).image.getextrema() == ((0, 0),) * 3


def test_lab_becomes_rgb(tmp_path: Path) -> None:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    image = ImageCms.profileToProfile(quarters(), srgb, lab, outputMode="LAB")
    assert image is not None
    image.save(tmp_path / "lab.tif")
    near(corners(load_image(tmp_path / "lab.tif", 16)), [RED, GREEN, BLUE, WHITE], 24)  # 8-bit Lab is coarse


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    image = quarters(mode="RGBA")
    image.paste((255, 0, 0, 0), (0, 0, 32, 24))  # hidden red: must not show
    image.paste((0, 255, 0, 128), (32, 0, 64, 24))
    image.save(tmp_path / "a.png")
    near(corners(load_image(tmp_path / "a.png", 16)), [WHITE, (127, 255, 127), BLUE, WHITE], 1)

    palette = quarters().convert("P", palette=Image.Palette.ADAPTIVE, colors=4)
    palette.save(tmp_path / "p.png", transparency=palette.getpixel((1, 1)))
    near(corners(load_image(tmp_path / "p.png", 16)), [WHITE, GREEN, BLUE, WHITE], 0)

    quarters().save(tmp_path / "key.png", transparency=BLUE)
    near(corners(load_image(tmp_path / "key.png", 16)), [RED, GREEN, WHITE, WHITE], 0)

    Image.new("RGBA", (8, 8), (9, 9, 9, 0)).save(tmp_path / "nothing.png")
    near(corners(load_image(tmp_path / "nothing.png", 16)), [WHITE] * 4, 0)


def test_a_white_drawing_lies_on_grey(tmp_path: Path) -> None:
    image = Image.new("RGBA", (64, 48), (0, 0, 0, 0))
    image.paste((255, 255, 255, 255), (0, 0, 32, 24))
    image.save(tmp_path / "white.webp", lossless=True)
    near(corners(load_image(tmp_path / "white.webp", 16)), [WHITE, GREY, GREY, GREY], 0)


def test_an_animation_shows_its_first_frame(tmp_path: Path) -> None:
    frames = [quarters(), *(Image.new("RGB", (64, 48), colour) for colour in (RED, GREEN, BLUE))]
    for name in ("a.gif", "a.webp", "a.png", "a.tif", "a.avif"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], quality=100)
        near(corners(load_image(tmp_path / name, 16)), [RED, GREEN, BLUE, WHITE], 8)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
@pytest.mark.parametrize("blank", [(0, 0, 0, 255), (255, 255, 255, 255), (9, 9, 9, 0)])
def test_an_animation_that_begins_blank_shows_its_middle(tmp_path: Path, name: str, blank: tuple[int, ...]) -> None:
    faded = quarters(mode="RGBA")
    frames = [Image.new("RGBA", (64, 48), blank), Image.new("RGBA", (64, 48), (*RED, 255)), faded, faded.rotate(180)]
    frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:], lossless=True, disposal=1, duration=100)
    near(corners(load_image(tmp_path / name, 16)), [RED, GREEN, BLUE, WHITE], 8)


def test_an_animation_that_breaks_off_behind_its_blank_beginning_is_read(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (64, 48), GREEN), quarters(), quarters().rotate(180), photo((64, 48))]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    (tmp_path / "a.gif").write_bytes(data[: data.index(b"\x21\xf9", 30) + 30])
    near(corners(load_image(tmp_path / "a.gif", 16)), [GREEN] * 4, 8)


def test_a_tiff_that_begins_with_its_thumbnail_shows_its_largest_page(tmp_path: Path) -> None:
    thumbnail, page, mask = Image.new("RGB", (16, 12), GREY), quarters(), Image.new("RGB", (200, 200))
    tifffile = pytest.importorskip("tifffile")
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for image, kind in ((thumbnail, 1), (page, 0), (mask, 1)):
            writer.write(np.asarray(image), subfiletype=kind, photometric="rgb")
    near(corners(load_image(tmp_path / "a.tif", 16)), [RED, GREEN, BLUE, WHITE], 0)
    with tifffile.TiffWriter(tmp_path / "b.tif") as writer:  # an unmarked smaller first page is the picture
        for image in (thumbnail, page):
            writer.write(np.asarray(image), photometric="rgb")
    assert load_image(tmp_path / "b.tif", 16).width == 16


# -- Orientation ---------------------------------------------------------------------------------------

UNTURN = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def turned(orientation: int, size: tuple[int, int] = (64, 48)) -> tuple[Image.Image, Image.Exif]:
    """A picture stored turned, with the EXIF orientation that turns it back."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    step = UNTURN[orientation]
    return (quarters(size).transpose(step) if step is not None else quarters(size)), exif


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp", "a.avif"])
def test_pictures_come_upright(tmp_path: Path, name: str, orientation: int) -> None:
    image, exif = turned(orientation)
    image.save(tmp_path / name, exif=exif, quality=95)
    loaded = load_image(tmp_path / name, 16)
    assert (loaded.width, loaded.height) == (64, 48)
    near(corners(loaded), [RED, GREEN, BLUE, WHITE], 8)


def test_reduced_pictures_come_upright(tmp_path: Path) -> None:
    image, exif = turned(6, (1600, 1200))
    image.save(tmp_path / "a.jpg", exif=exif)
    loaded = load_image(tmp_path / "a.jpg", 64)
    assert (loaded.width, loaded.height, loaded.image.size) == (1600, 1200, (200, 150))
    near(corners(loaded), [RED, GREEN, BLUE, WHITE], 8)


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12\0\x03" * 9,
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0\0\0\0\0",  # orientation 99
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x04\0\0\0six\0\0\0\0\0",  # orientation "six"
        random.Random(1).randbytes(500),
    ],
)
def test_broken_exif_never_fails_a_good_picture(tmp_path: Path, exif: bytes) -> None:
    quarters().save(tmp_path / "a.jpg", exif=exif, quality=95)
    loaded = load_image(tmp_path / "a.jpg", 16)
    assert (loaded.width, loaded.height, loaded.warning) == (64, 48, None)
    near(corners(loaded), [RED, GREEN, BLUE, WHITE], 8)


@pytest.mark.parametrize("shape", ["Landscape", "Portrait"])
def test_all_sample_orientations_agree(shared: Path, shape: str) -> None:
    loaded = [load_image(shared / "orientation" / f"{shape}_{i}.jpg", 224) for i in range(9)]
    assert len({(one.width, one.height) for one in loaded}) == 1
    assert (loaded[0].width > loaded[0].height) == (shape == "Landscape")
    fitted = [fit_pixels(one.image, CLIP_SPEC).astype(float) for one in loaded]
    for pixels in fitted[1:]:
        assert np.abs(pixels - fitted[0]).mean() < 6  # each was compressed anew after turning
        assert np.corrcoef(pixels.ravel(), fitted[0].ravel())[0, 1] > 0.99


# -- Scale ---------------------------------------------------------------------------------------------


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(1e-9, ((a.astype(float) - b.astype(float)) ** 2).mean())))


def test_reduced_decoding_gives_what_full_size_gives(shared: Path) -> None:
    ratios = []
    for path in sorted((shared / "camera").glob("*.jpg"))[::3]:
        with Image.open(path) as image:
            upright = turn(image.convert("RGB"), image.getexif().get(ExifTags.Base.Orientation, 1))
        full = fit_pixels(upright, CLIP_SPEC)
        loaded = load_image(path, 224)
        assert (loaded.width, loaded.height) == upright.size
        assert 448 <= min(loaded.image.size) < min(upright.size)
        ratios.append(psnr(fit_pixels(loaded.image, CLIP_SPEC), full))
    assert min(ratios) > 42
    assert np.mean(ratios) > 46


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_the_edges_of_a_reduced_picture_are_known(tmp_path: Path, name: str, orientation: int) -> None:
    # 1003 x 757 is no multiple of any factor, and the ramp shows by its brightness where its middle lies.
    ramp = np.linspace(0, 250, 1003)[np.newaxis, :] * np.ones((757, 1))
    slope = np.linspace(0, 250, 757)[:, np.newaxis] * np.ones((1, 1003))
    upright = Image.fromarray(np.stack([ramp, slope, ramp], axis=-1).astype(np.uint8))
    step = UNTURN[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored = upright.transpose(step) if step is not None else upright
    stored.save(tmp_path / name, exif=exif, quality=95, subsampling=0)
    loaded = load_image(tmp_path / name, 48)
    assert (loaded.width, loaded.height) == (1003, 757)
    factor = 4 if name == "a.jpg" else 7
    left, top, right, bottom = loaded.box
    assert right - left == pytest.approx(1003 / factor)
    assert bottom - top == pytest.approx(757 / factor)
    middle = loaded.image.resize((2, 2), Image.Resampling.BOX, box=loaded.box)
    whole = upright.resize((2, 2), Image.Resampling.BOX)
    assert np.abs(np.asarray(middle).astype(int) - np.asarray(whole)).max() <= 1


def test_small_pictures_keep_every_pixel(tmp_path: Path) -> None:
    photo((440, 330)).save(tmp_path / "a.png")
    loaded = load_image(tmp_path / "a.png", 224)
    assert np.array_equal(np.asarray(loaded.image), np.asarray(photo((440, 330))))
