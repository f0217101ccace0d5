"""An image side in 8-bit integers, run by ONNX Runtime, for processors.

Weights are quantised once, per channel and symmetric; activations as they come, per tensor ("dynamic
quantisation", https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html). Seven bits of
weights are used (``reduce_range``): on processors without VNNI, products of full 8-bit values saturate and
embeddings drift ten times as far.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from semantik.encoders import onnx_images
from semantik.storage.atomic_files import replace_file

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)


def int8_path(kept: Path) -> Path:
    """Where the quantised image side is kept: beside the weights, whose name tells their SHA-256."""
    return kept.with_name(f"{kept.stem}-int8.onnx")


def make(visual: Any, height: int, width: int, target: Path) -> None:
    """Export an image network (float32, on the processor), quantise it and keep it. Raises OSError."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    target.parent.mkdir(parents=True, exist_ok=True)
    with _scratch(target.parent) as scratch:
        exact, small = scratch / "exact.onnx", scratch / "int8.onnx"
        onnx_images.export(visual, height, width, exact)
        quantize_dynamic(
            exact,
            small,
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gemm"],
        )
        replace_file(target, small.read_bytes(), mode=0o644, ours=False)
    log.info("8-bit image side kept in %s", target)


@contextlib.contextmanager
def _scratch(beside: Path) -> Iterator[Path]:
    """A folder for a while. ``tempfile`` would try for ever where Windows lets nothing be made."""
    folder = beside / f".{secrets.token_hex(8)}.tmp"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def load(path: Path, exportable: Callable[[], Any], height: int, width: int) -> Int8ImageTower:
    """The quantised image side that is kept in ``path``, made of what ``exportable`` makes unless a good one is there.

    Raises OSError or RuntimeError, and what ``exportable`` raises.
    """
    if path.is_file():
        try:
            return Int8ImageTower(path)
        except RuntimeError as error:
            log.warning("made again: %s", error)
    make(exportable(), height, width, path)
    return Int8ImageTower(path)


class Int8ImageTower:
    """``tower(pictures)``: float32 (n, 3, H, W) -> float32 (n, dim), not unit. May be called from several threads.

    Each picture is a run of its own: activations are scaled per run, and a picture's embedding must not
    depend on its neighbours. Raises RuntimeError for a file that is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._network = onnx_images.OnnxImages(path)

    def __call__(self, pictures: torch.Tensor) -> torch.Tensor:
        import torch

        planes = pictures.numpy()
        return torch.from_numpy(np.concatenate([self._network.one(planes[i : i + 1]) for i in range(len(planes))]))
