"""Colours as the file's ICC profile means them, brought to sRGB."""

from __future__ import annotations

import io
import logging
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

log = logging.getLogger(__name__)

_LARGEST = 4 * 2**20  # bytes of a profile; those of printing presses have one or two MB
_SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK"}
_IDENTICAL = 2  # levels by which a profile may differ from sRGB and still count as sRGB


def profile_of(image: Image.Image) -> bytes | None:
    """The ICC profile in a picture that ``to_srgb`` could use, or None."""
    profile = image.info.get("icc_profile")
    return profile if isinstance(profile, bytes) and 128 < len(profile) <= _LARGEST else None


def space_of(profile: bytes) -> str:
    """The colour space that a profile is made for: "RGB", "GRAY", "CMYK" ... (ICC.1:2022, 7.2.8)."""
    return profile[16:20].decode("latin-1").strip()


def to_srgb(image: Image.Image, profile: bytes, grey: bool = False) -> Image.Image:
    """An RGB, RGBA or CMYK picture in sRGB: RGB, or RGBA as it was. ``grey`` says that its channels are equal.

    Relative colorimetric with black point compensation, which is what browsers and photo programs do. A profile
    that is broken, or that is made for another colour space, is ignored, and Pillow's own formula converts.
    """
    target = "RGBA" if image.mode == "RGBA" else "RGB"
    plain = image.getchannel("R") if grey else image.convert("RGB") if image.mode == "RGBA" else image
    transform = _transform(profile, plain.mode)
    if transform is not None:
        try:
            converted = transform.apply(plain)
        except (ImageCms.PyCMSError, ValueError, OSError):
            log.debug("unusable colour profile", exc_info=True)
        else:
            if target == "RGBA":
                converted.putalpha(image.getchannel("A"))
            return converted
    return image if image.mode == target else image.convert(target)


@lru_cache(maxsize=8)  # a library's pictures share a few profiles, and reading one takes milliseconds
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """How to get from the profile to sRGB; None for a profile that is no use or is sRGB itself."""
    if _SPACES.get(mode) != space_of(profile):
        return None
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        if mode != "CMYK":
            levels = np.arange(0, 256, 15, dtype=np.uint8)
            grid = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(len(levels), -1, 3)
            probe = Image.fromarray(grid if mode == "RGB" else grid[..., 0])
            after = np.asarray(transform.apply(probe), dtype=np.int16)
            if np.abs(after - np.asarray(probe.convert("RGB"), dtype=np.int16)).max() <= _IDENTICAL:
                return None
    except (ImageCms.PyCMSError, ValueError, OSError, ImportError):  # the last: a Pillow without LittleCMS
        log.debug("unusable colour profile", exc_info=True)
        return None
    return transform
