"""What becomes of a file does not depend on what the same process decoded before."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from semantik.decoding.decoded import Decoded
from semantik.decoding.fitting import InputSpec
from semantik.decoding.pool import DecodePool
from tests.support import photo_files
from tests.support.pictures import encoded, quarters
from tests.support.tiff_files import write_tiff

SPEC = InputSpec(16, 16, "squash", "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
_SMALL = 25_000  # bytes

for _reader in ("pillow_heif", "pillow_jxl", "rawpy", "resvg_py"):
    pytest.importorskip(_reader)


def test_odd_files_in_several_orders_in_one_process(tmp_path: Path, shared: Path) -> None:
    odd = sorted(path for path in (shared / "odd").iterdir() if path.suffix != ".json")
    paths = [path for path in odd if path.stat().st_size < _SMALL]
    deep = np.asarray(quarters()).astype(np.uint16) * 257
    paths.append(write_tiff(tmp_path / "planar.tif", deep, 2, planar=True))
    paths.append(write_tiff(tmp_path / "mosaic.tif", deep[..., :1], 32803))
    for name, mode, bits in (("rgb16", 3, 16), ("rgb32", 3, 32), ("multichannel", 7, 16)):
        paths.append(tmp_path / f"{name}.psd")
        paths[-1].write_bytes(photo_files.deep_psd(deep / 65535, mode, bits))
    for kind in ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "AVIF", "JPEG2000"):  # whole, and cut in the middle
        data = encoded(quarters((200, 160)), kind)
        for name, content in (("whole", data), ("cut", data[: len(data) // 2])):
            paths.append(tmp_path / f"{name}.{kind.lower()}.jpg")
            paths[-1].write_bytes(content)
    orders = [paths, paths[::-1], random.Random(1).sample(paths, len(paths))]
    with DecodePool(1) as pool:
        outcomes = [_outcomes(pool, order) for order in orders]
    for later in outcomes[1:]:
        assert {path.name for path in paths if later[path] != outcomes[0][path]} == set()


def _outcomes(pool: DecodePool, paths: list[Path]) -> dict[Path, tuple[object, ...]]:
    found: dict[Path, tuple[object, ...]] = {}
    for path, one in zip(paths, pool.fit_all(paths, SPEC), strict=True):
        if isinstance(one, Decoded):
            found[path] = (one.pixels.tobytes(), one.width, one.height, one.warning, one.taken, one.camera)
        else:
            found[path] = (one.params["reason"], str(one.params["detail"]).partition(" object at 0x")[0])  # type: ignore[union-attr]
    return found
