"""Every layout of samples that tifffile writes, read by the program and by a plain Pillow, against what was written.

tifffile (BSD) is the other reader and writer: it shares no code with Pillow's. A picture counts as right when it
differs by less than four levels on average.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from semantik.decoding.pictures.decode import load_image
from semantik.errors import DecodeFailed

Array = np.ndarray[Any, Any]
HEIGHT, WIDTH = 96, 128
_DOWN, _ACROSS = np.mgrid[0:HEIGHT, 0:WIDTH]
LIGHT = np.stack(
    [_ACROSS / (WIDTH - 1), _DOWN / (HEIGHT - 1), ((_ACROSS // 16 + _DOWN // 16) % 2) * 0.8 + 0.1], axis=-1
)
OPAQUE = np.ones((HEIGHT, WIDTH, 1))
KINDS: dict[str, tuple[str, Array, list[str]]] = {
    "grey": ("minisblack", LIGHT[..., :1], []),
    "white is zero": ("miniswhite", 1 - LIGHT[..., :1], []),
    "grey, alpha": ("minisblack", np.dstack([LIGHT[..., :1], OPAQUE]), ["unassalpha"]),
    "RGB": ("rgb", LIGHT, []),
    "RGB, alpha": ("rgb", np.dstack([LIGHT, OPAQUE]), ["unassalpha"]),
    "RGB, one more": ("rgb", np.dstack([LIGHT, LIGHT[..., :1]]), ["unspecified"]),
    "RGB, two more": ("rgb", np.dstack([LIGHT, LIGHT[..., :2]]), ["unspecified"] * 2),
    "CMYK": ("separated", np.dstack([1 - LIGHT, 0 * OPAQUE]), []),
}
TYPES = ["u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8"]
WAYS: list[dict[str, Any]] = [
    {}, {"bigtiff": True}, {"tile": (32, 48)}, {"compression": "zlib"}, {"compression": "zlib", "tile": (32, 48)},
    {"compression": "zlib", "predictor": True}, {"compression": "zlib", "predictor": True, "tile": (32, 48)},
]  # fmt: skip


def as_type(values: Array, kind: str) -> Array:
    dtype = np.dtype(kind)
    return values.astype(dtype) if dtype.kind == "f" else np.round(values * np.iinfo(dtype).max).astype(dtype)


def by_program(path: Path) -> Array | None:
    try:
        return np.asarray(load_image(path, 4096).image, dtype=float)
    except DecodeFailed:
        return None


def by_pillow(path: Path) -> Array | None:
    try:
        with Image.open(path) as image:
            if image.mode in ("I", "F") or image.mode.startswith("I;16"):  # its range is for the caller to know
                values = np.asarray(image, dtype=float)
                low, high = float(values.min()), float(values.max())
                return np.repeat((255 * (values - low) / max(high - low, 1e-9))[..., None], 3, axis=2)
            return np.asarray(image.convert("RGB"), dtype=float)
    except (OSError, ValueError, SyntaxError):
        return None


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    readers = {"a plain Pillow": by_pillow, "the program": by_program}
    counts: dict[tuple[str, str], Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.tif"
        for name, kind, planar, order, way in itertools.product(KINDS, TYPES, (False, True), "<>", WAYS):
            photometric, values, extra = KINDS[name]
            if planar and values.shape[2] == 1:
                continue
            samples = as_type(values, kind).astype(np.dtype(kind).newbyteorder(order))
            strips = {} if "tile" in way else {"rowsperstrip": 40}
            try:
                tifffile.imwrite(
                    path, np.moveaxis(samples, -1, 0) if planar else samples.squeeze(),
                    photometric=photometric, byteorder=order,
                    planarconfig="separate" if planar else "contig", extrasamples=extra, metadata=None, **strips, **way,
                )  # fmt: skip
            except (ValueError, KeyError, RuntimeError, ImportError):
                continue  # the writer's own limits
            wanted = 255 * (np.repeat(LIGHT[..., :1], 3, axis=2) if values.shape[2] < 3 else LIGHT)
            for reader, read in readers.items():
                found = read(path)
                right = found is not None and found.shape == wanted.shape and np.abs(found - wanted).mean() < 4
                outcome = "refused" if found is None else "right" if right else "wrong"
                counts.setdefault(("planes" if planar else "together", kind), Counter())[f"{reader}: {outcome}"] += 1
    columns = [f"{reader}: {outcome}" for reader in readers for outcome in ("right", "wrong", "refused")]
    print(f"| samples | type | {' | '.join(columns)} |\n|---|---|{'---|' * len(columns)}")
    for (arrangement, kind), count in sorted(counts.items()):
        print(f"| {arrangement} | {kind} | {' | '.join(str(count[column]) for column in columns)} |")
    total = sum(counts.values(), Counter())
    print(f"| all | | {' | '.join(str(total[column]) for column in columns)} |")


if __name__ == "__main__":
    main()
