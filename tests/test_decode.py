"""The door through which files become pixels: colours, orientation, scale, hostile and broken files."""

from __future__ import annotations

import errno
import io
import os
import random
import socket
import struct
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, features

from semantik import decode
from semantik.decode import IMAGE_EXTENSIONS, LoadedImage, load_image
from semantik.encoders.base import InputSpec, fit_pixels
from semantik.errors import DecodeFailed
from semantik.records import Reason
from semantik.safe_open import open_regular

RED, GREEN, BLUE, WHITE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (128, 128, 128)
CLIP_SPEC = InputSpec(224, 224, "crop", "bicubic", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def corners(loaded: LoadedImage) -> list[tuple[int, ...]]:
    """The colours well inside the four quarters: top left, top right, bottom left, bottom right."""
    pixels = np.asarray(loaded.image)
    height, width = pixels.shape[:2]
    return [tuple(int(v) for v in pixels[y, x]) for y in (height // 4, -height // 4) for x in (width // 4, -width // 4)]


def quarters(size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Image.Image:
    """A picture of four plain quarters: red, green / blue, white."""
    image = Image.new("RGB", size)
    half = (size[0] // 2, size[1] // 2)
    for i, colour in enumerate((RED, GREEN, BLUE, WHITE)):
        left, top = half[0] * (i % 2), half[1] * (i // 2)
        image.paste(colour, (left, top, left + half[0], top + half[1]))
    return image.convert(mode)


def near(colours: list[tuple[int, ...]], wanted: list[tuple[int, ...]], tolerance: int) -> None:
    difference = np.array(colours, dtype=int) - np.array(wanted, dtype=int)
    assert np.abs(difference).max() <= tolerance, f"{colours} is not {wanted}"


def failure(path: Path, min_side: int = 32) -> tuple[Reason, str]:
    with pytest.raises(DecodeFailed) as caught:
        load_image(path, min_side)
    assert caught.value.params["path"] == str(path)
    return caught.value.params["reason"], caught.value.params["detail"]


def photo(size: tuple[int, int] = (400, 300)) -> Image.Image:
    """Something with detail everywhere, so that no row is of one colour."""
    noise = np.random.default_rng(1).integers(0, 256, (size[1] // 10, size[0] // 10, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


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
    frames = [Image.new("RGB", (64, 48), colour) for colour in (RED, GREEN, BLUE)]
    for name in ("a.gif", "a.webp", "a.png", "a.tif", "a.avif"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        near(corners(load_image(tmp_path / name, 16)), [RED] * 4, 4)


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
            upright = decode.turn(image.convert("RGB"), image.getexif().get(ExifTags.Base.Orientation, 1))
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


# -- Incomplete files ----------------------------------------------------------------------------------


def cut(path: Path, data: bytes, share: float) -> Path:
    path.write_bytes(data[: int(len(data) * share)])
    return path


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


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
        ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(60), Reason.NO_DECODER),
        ("a.jxl", b"\xff\x0a" + bytes(60), Reason.NO_DECODER),
        ("a.svg", b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', Reason.NO_DECODER),
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


# -- Bombs ---------------------------------------------------------------------------------------------


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
