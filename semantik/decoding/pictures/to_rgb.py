"""Any picture that Pillow can open, as 8-bit RGB of a handy size, the right way up."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import numpy as np
from PIL import Image

from semantik.decoding.pictures.icc_profiles import profile_of, space_of, to_srgb

log = logging.getLogger(__name__)

OVERSAMPLING = 2
"""How many times larger than asked for a picture stays, so that the final resize has detail to average."""

_BAND_PIXELS = 2_000_000
_WHITE, _GREY = (255, 255, 255), (128, 128, 128)
_GREYS = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16L", "I;16B", "I;16N"})
_LIGHT = 230.0  # mean brightness from which a drawing would vanish on white

SampleRange = tuple[float, float]


def reduction(size: tuple[float, float], min_side: int) -> int:
    """By which whole factor ``reduced_rgb`` shrinks a picture of that size."""
    return max(1, int(min(size)) // (OVERSAMPLING * min_side))


def reduced_rgb(image: Image.Image, factor: int) -> tuple[Image.Image, bytes | None]:
    """A loaded picture of any mode as RGB, ``factor`` times smaller; sizes are rounded up.

    And the ICC profile that is still to bring its colours to sRGB, by ``to_srgb``; None where that is done. Only
    plain RGB comes so: it can be made smaller yet before.

    Works in bands of rows, so that converting a huge picture takes no second copy of it. Transparent parts
    lie on white, which is what drawings, logos and screenshots are made for; a drawing that is itself
    nearly white lies on mid grey, where it can be seen. Colours come to sRGB by the picture's ICC profile, at
    last, when there are fewer pixels of them.
    """
    if image.mode == "RGB" and not image.has_transparency_data:
        return image if factor == 1 else image.reduce(factor), profile_of(image)
    samples = _sample_range(image)
    target: Image.Image | None = None
    for top, band in _bands(image, factor):
        part = _plain(band, samples)
        part = part if factor == 1 else part.reduce(factor)
        if part.height * factor >= image.height:
            return _on_ground(_sampled_colours(part, image)), None
        if target is None:
            target = Image.new(part.mode, (part.width, -(-image.height // factor)))
        target.paste(part, (0, top // factor))
    assert target is not None
    return _on_ground(_sampled_colours(target, image)), None


def _sampled_colours(plain: Image.Image, image: Image.Image) -> Image.Image:
    """What ``_plain`` made of ``image``, in sRGB."""
    profile = profile_of(image)
    if profile is None or image.mode == "LAB":
        return plain
    grey = image.mode in _GREYS and space_of(profile) == "GRAY"
    return to_srgb(plain, profile, grey=grey)


def _bands(image: Image.Image, factor: int = 1) -> Iterator[tuple[int, Image.Image]]:
    """Strips of the picture with their top rows; heights are multiples of ``factor`` but for the last."""
    rows = max(1, _BAND_PIXELS // image.width // factor) * factor
    if rows >= image.height:
        yield 0, image
        return
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _plain(image: Image.Image, samples: SampleRange | None) -> Image.Image:
    """RGB, or RGBA when there is transparency, or CMYK as it is when a profile tells what its inks look like."""
    if image.mode == "CMYK" and profile_of(image):
        return image
    if samples is not None:
        low, high = samples
        levels = (np.asarray(image).astype(np.float32) - low) * np.float32(255.0 / (high - low))
        levels = np.nan_to_num(levels, posinf=255.0, neginf=0.0)
        return Image.fromarray(np.clip(levels + 0.5, 0, 255).astype(np.uint8)).convert("RGB")
    if image.mode == "LAB":
        return _lab_to_rgb(image)
    if image.has_transparency_data:
        straight = {"La": "LA", "RGBa": "RGBA"}.get(image.mode)
        return (image.convert(straight) if straight else image).convert("RGBA")
    return image.convert("RGB")


def _sample_range(image: Image.Image) -> SampleRange | None:
    """Which sample values of a deep greyscale picture are black and white; None for 8-bit pictures.

    PNG, PNM and JPEG XL define 16 bits as full scale. Elsewhere 10, 12 and 14 bits often lie in 16, so white is
    the end of the smallest binary range that holds all samples. Integers beyond 16 bits, and numbers
    outside [0, 1], are spread over their own range.
    """
    if not (image.mode in ("I", "F") or image.mode.startswith("I;16")):
        return None
    low, high = np.inf, -np.inf
    for _, band in _bands(image):
        values = np.asarray(band)
        values = values[np.isfinite(values)]
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    if low > high:
        return 0.0, 1.0
    if image.mode == "F":
        return (0.0, 1.0) if low >= 0 and high <= 1 else (low, max(high, low + 1e-6))
    if low < 0 or high > 65535:
        return low, max(high, low + 1)
    if image.format in ("PNG", "PPM", "JXL"):
        return 0.0, 65535.0
    return 0.0, float(max(255, 2 ** int(high).bit_length() - 1))


def _lab_to_rgb(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    assert converted is not None
    return converted


def _on_ground(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    alpha = image.getchannel("A")
    colours = image.convert("RGB")
    weights = np.asarray(alpha, dtype=np.float32)
    total = float(weights.sum())
    brightness = float((np.asarray(colours.convert("L")) * weights).sum()) / total if total else 0.0
    ground = Image.new("RGB", image.size, _GREY if brightness > _LIGHT else _WHITE)
    ground.paste(colours, mask=alpha)
    return ground
