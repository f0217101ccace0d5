"""Colours as the file means them: ICC profiles, inks, deep samples, all brought to sRGB."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from semantik.decoding.pictures import icc_profiles
from semantik.decoding.pictures.decode import load_image
from tests.support import photo_files
from tests.support.photo_files import ADOBE_RGB, DISPLAY_P3, LINEAR_GREY, PROPHOTO, cmyk_profile
from tests.support.pictures import BLUE, GREEN, RED, WHITE, corners, encoded, near, quarters

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SOFT = [(200, 60, 60), (60, 180, 60), (60, 60, 200), (230, 230, 230)]
"""Colours that all the spaces have, in sRGB."""
XYZ_FROM_SRGB = np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]])  # D50
COLORANTS = {
    "Display P3": (np.array([[0.5151, 0.2920, 0.1571], [0.2412, 0.6922, 0.0666], [-0.0011, 0.0419, 0.7841]]), 2.2),
    "Adobe RGB": (np.array([[0.6097, 0.2053, 0.1492], [0.3111, 0.6257, 0.0632], [0.0195, 0.0609, 0.7446]]), 2.2),
    "ProPhoto": (np.array([[0.7977, 0.1352, 0.0313], [0.2880, 0.7119, 0.0001], [0.0, 0.0, 0.8249]]), 1.8),
}
PROFILES = {"Display P3": DISPLAY_P3, "Adobe RGB": ADOBE_RGB, "ProPhoto": PROPHOTO}


def four(colours: list[tuple[int, ...]], size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Image.Image:
    """Four quarters of the given colours."""
    image = Image.new(mode, size)
    for number, colour in enumerate(colours):
        left, top = size[0] // 2 * (number % 2), size[1] // 2 * (number // 2)
        image.paste(colour, (left, top, left + size[0] // 2, top + size[1] // 2))
    return image


def in_space(name: str, colour: tuple[int, ...]) -> tuple[int, ...]:
    """An sRGB colour as another space writes it, computed from the definitions of both."""
    matrix, gamma = COLORANTS[name]
    value = np.array(colour) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    other = np.linalg.solve(matrix, XYZ_FROM_SRGB @ linear)
    return tuple(int(v) for v in np.round(255 * np.clip(other, 0, 1) ** (1 / gamma)))


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize(
    ("kind", "size"),
    [
        *((kind, (64, 48)) for kind in ("a.png", "a.jpg", "a.tif", "a.webp", "a.avif", "a.heic")),
        *((kind, (2000, 1500)) for kind in ("a.png", "a.jpg")),  # reduced before their colours are converted
    ],
)
def test_embedded_profiles(tmp_path: Path, name: str, kind: str, size: tuple[int, int]) -> None:
    if kind == "a.heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    stored = [in_space(name, colour) for colour in SOFT]
    assert max(abs(a - b) for pair in zip(stored, SOFT, strict=True) for a, b in zip(*pair, strict=True)) > 10
    four(stored, size).save(tmp_path / kind, icc_profile=PROFILES[name], quality=98)
    near(corners(load_image(tmp_path / kind, 16)), SOFT, 6)


def test_what_lies_outside_srgb_is_clipped_not_wrapped(tmp_path: Path) -> None:
    quarters().save(tmp_path / "a.png", icc_profile=DISPLAY_P3)
    near(corners(load_image(tmp_path / "a.png", 16)), [RED, GREEN, BLUE, WHITE], 2)


def test_an_srgb_profile_changes_no_pixel(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png", icc_profile=SRGB)
    assert np.array_equal(np.asarray(load_image(tmp_path / "a.png", 64).image), noise)
    assert icc_profiles._transform(SRGB, "RGB") is None


@pytest.mark.parametrize(
    "profile",
    [
        b"no profile",
        b"x" * 1000,
        DISPLAY_P3[:200],
        DISPLAY_P3[:132] + bytes(len(DISPLAY_P3) - 132),
        DISPLAY_P3[:128] + struct.pack(">I", 2**31) + DISPLAY_P3[132:],
        LINEAR_GREY,  # of another colour space
        cmyk_profile(),
        DISPLAY_P3 + bytes(5 * 2**20),
    ],
    ids=["words", "x", "cut", "empty", "lying", "grey", "cmyk", "huge"],
)
def test_a_broken_or_foreign_profile_is_ignored(tmp_path: Path, profile: bytes) -> None:
    image = four(SOFT)
    image.save(tmp_path / "a.tif", icc_profile=profile)
    loaded = load_image(tmp_path / "a.tif", 16)
    assert loaded.warning is None
    near(corners(loaded), SOFT, 0)


def test_every_mode_keeps_its_profile(tmp_path: Path) -> None:
    stored = [in_space("Adobe RGB", colour) for colour in SOFT]
    palette = four(stored).quantize(4)
    palette.save(tmp_path / "p.png", icc_profile=ADOBE_RGB)
    near(corners(load_image(tmp_path / "p.png", 16)), SOFT, 3)
    clear = four(stored).convert("RGBA")
    clear.paste((0, 0, 0, 0), (0, 0, 32, 24))
    clear.save(tmp_path / "a.png", icc_profile=ADOBE_RGB)
    near(corners(load_image(tmp_path / "a.png", 16)), [WHITE, *SOFT[1:]], 3)


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_grey_with_a_profile(tmp_path: Path, mode: str) -> None:
    levels = [0, 64, 128, 255]
    image = four([(level,) * 3 for level in levels]).convert("L")
    stored = Image.fromarray(np.asarray(image).astype(np.uint16) * 257) if mode == "I;16" else image.convert(mode)
    stored.save(tmp_path / "a.png", icc_profile=LINEAR_GREY)
    linear = np.array(levels) / 255
    wanted = np.round(255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055))
    near(corners(load_image(tmp_path / "a.png", 16)), [(int(level),) * 3 for level in wanted], 2)


# -- Inks ----------------------------------------------------------------------------------------------

INKS = [(255, 0, 0, 0), (0, 255, 0, 0), (0, 0, 255, 0), (0, 0, 0, 255)]


@pytest.mark.parametrize("name", ["a.jpg", "a.tif", "a.psd"])
@pytest.mark.parametrize("size", [(64, 48), (2000, 1500)])
def test_cmyk_without_a_profile(tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    save(four(INKS, size, "CMYK"), tmp_path / name)
    near(corners(load_image(tmp_path / name, 16)), [(0, 255, 255), (255, 0, 255), (255, 255, 0), (0, 0, 0)], 3)


def save(image: Image.Image, path: Path, profile: bytes | None = None) -> None:
    if path.suffix == ".psd":
        path.write_bytes(photo_files.psd(image))
    else:
        image.save(path, icc_profile=profile, **({"quality": 98, "subsampling": 0} if path.suffix == ".jpg" else {}))


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
@pytest.mark.parametrize("size", [(64, 48), (2000, 1500)])
def test_cmyk_with_its_profile(tmp_path: Path, name: str, size: tuple[int, int]) -> None:
    save(four(INKS, size, "CMYK"), tmp_path / name, cmyk_profile())
    # This press's cyan is green. (Lab of its four inks, see cmyk_profile.)
    wanted = [from_lab(60, -70, 60), from_lab(60, 70, -20), from_lab(95, 0, 80), (0, 0, 0)]
    assert wanted[0][1] > 2 * wanted[0][2]
    near(corners(load_image(tmp_path / name, 16)), wanted, 10)


def from_lab(light: float, a: float, b: float) -> tuple[int, ...]:
    """CIE L*a*b* of D50 in sRGB, computed from the definitions."""
    f = np.array([(light + 16) / 116 + a / 500, (light + 16) / 116, (light + 16) / 116 - b / 200])
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * [0.9642, 1.0, 0.8249]
    linear = np.clip(np.linalg.solve(XYZ_FROM_SRGB, xyz), 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return tuple(int(value) for value in np.round(255 * encoded))


def test_adobe_inverts_the_inks_of_its_jpegs(tmp_path: Path) -> None:
    # Pillow writes what Adobe does: an APP14 mark, and inks the wrong way round. So must they be read.
    data = encoded(four(INKS, mode="CMYK"), "JPEG", quality=98, subsampling=0)
    assert b"Adobe" in data
    (tmp_path / "a.jpg").write_bytes(data)
    near(corners(load_image(tmp_path / "a.jpg", 16)), [(0, 255, 255), (255, 0, 255), (255, 255, 0), (0, 0, 0)], 3)
    at = data.index(b"Adobe") + 11  # how the inks were transformed before: 2 is YCCK
    assert data[at] in (0, 2)


# -- Deep samples --------------------------------------------------------------------------------------


def png16(samples: np.ndarray) -> bytes:
    """A PNG of 16-bit RGB or RGBA samples."""
    height, width, channels = samples.shape

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    head = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_deep_colour_png(tmp_path: Path) -> None:
    deep = np.asarray(four(SOFT)).astype(np.uint16) * 257
    (tmp_path / "a.png").write_bytes(png16(deep))
    near(corners(load_image(tmp_path / "a.png", 16)), SOFT, 1)
    alpha = np.full((*deep.shape[:2], 1), 65535, np.uint16)
    alpha[:24, :32] = 0
    (tmp_path / "b.png").write_bytes(png16(np.concatenate([deep, alpha], axis=-1)))
    near(corners(load_image(tmp_path / "b.png", 16)), [WHITE, *SOFT[1:]], 1)


@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_deep_colour_tiff(tmp_path: Path, compression: str | None) -> None:
    tifffile = pytest.importorskip("tifffile")
    if compression == "lzw":
        pytest.importorskip("imagecodecs")
    deep = np.asarray(four(SOFT)).astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb", compression=compression)
    near(corners(load_image(tmp_path / "a.tif", 16)), SOFT, 1)
