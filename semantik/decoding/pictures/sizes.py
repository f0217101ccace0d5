"""How large a picture may be: any that is honest up to ``MAX_PIXELS``, as far as there is memory for it."""

from __future__ import annotations

from semantik.decoding.memory_shares import Allowance, NeedsMore
from semantik.decoding.pictures.formats import ImageFormat
from semantik.decoding.pictures.opened_picture import Picture
from semantik.decoding.refusals import Refused
from semantik.records import Reason

MAX_PIXELS = 500_000_000
"""Largest picture that is decoded."""

ORDINARY_PIXELS = 120_000_000
"""Pixels that are decoded in a moment; a picture of more has a process of its own, which may take its time."""

ORDINARY_SCALED_PIXELS = 250_000_000
"""As ``ORDINARY_PIXELS``, where the decoder delivers a smaller picture directly."""

ORDINARY_MEMORY = 800 * 2**20
"""Bytes that a picture may take while it is decoded, until the size of its file is looked at."""

_CONVERSION = 12  # bytes per pixel: the RGB copy, its turned copy, the ground under a transparent picture


def check_size(picture: Picture, factor: int, kind: ImageFormat, file_bytes: int, allowance: Allowance) -> None:
    """Look at what a picture declares, before anything is allocated for it; ``factor``: by which it will be reduced.

    Raises Refused for one that nobody can decode, or whose file is too small to hold what it declares; NeedsMore.
    """
    needs = picture.needs()
    # A long strip cannot be reduced.
    cost = int(needs.pixels * needs.cost) + needs.extra + needs.pixels // factor**2 * _CONVERSION
    told = f"{needs.coded / 1e6:.0f} megapixels, {cost / 2**20:.0f} MiB"
    if needs.coded > MAX_PIXELS:
        raise Refused(Reason.TOO_LARGE, told)
    slow = needs.coded > (ORDINARY_SCALED_PIXELS if picture.scales else ORDINARY_PIXELS)
    # Small pictures may be as empty as they like.
    if (slow or cost > ORDINARY_MEMORY) and needs.coded * needs.depth > file_bytes * min(kind.swells, needs.swells):
        raise Refused(Reason.TOO_LARGE, f"{told}, from {file_bytes} bytes")
    if cost > allowance.memory or (slow and not allowance.patient):
        raise NeedsMore(cost, needs.coded)
