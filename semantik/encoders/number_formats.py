"""In which numbers an encoder's image side can work, and torch's lower precision.

Text sides stay in single precision: a query is one text, and its time is not what anybody waits for.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    import torch

    Network = Callable[[torch.Tensor], torch.Tensor]

NumberFormat = Literal["fp32", "fp32-onnx", "bf16", "fp16", "int8"]
"""Single precision by torch, and by ONNX Runtime on the processor; bfloat16, half precision; 8-bit integers for the
matrix products, run by ONNX Runtime."""

FORMATS: tuple[NumberFormat, ...] = get_args(NumberFormat)
EXACT: NumberFormat = "fp32"
EXACT_ONNX: NumberFormat = "fp32-onnx"
INT8: NumberFormat = "int8"
"""Has a space, and so indexes, of its own; the vectors of the other formats may be in one index."""

SAME_VECTORS: tuple[NumberFormat, ...] = (EXACT, EXACT_ONNX)
"""Those of which it does not matter which computer of several made a vector: an index that they share takes no others
of its space."""

TWO_TOWER_FORMATS: tuple[NumberFormat, ...] = tuple(each for each in FORMATS if each != EXACT_ONNX)
"""Those of CLIP's families, which ONNX Runtime runs in single precision no faster (benchmarks/onnx_images.md)."""

ONNX_PACKAGES = ("onnx", "onnxruntime")


def onnx_is_available() -> bool:
    """Whether the packages that ONNX Runtime's formats take are installed."""
    return all(map(importlib.util.find_spec, ONNX_PACKAGES))


def lowered(network: Any, number_format: NumberFormat, device: str) -> Network:
    """The same network with what torch deems safe in bf16 or fp16 (autocast); sums, norms and the result stay.

    Its large weights are converted here, in place: autocast would do that in every pass.
    """
    import torch

    kind = {"bf16": torch.bfloat16, "fp16": torch.float16}[number_format]
    _lower_weights(network, kind)

    def encode(pictures: torch.Tensor) -> torch.Tensor:
        with torch.autocast(device, kind):
            rows: torch.Tensor = network(pictures)
        return rows.float()

    return encode


def _lower_weights(network: Any, kind: torch.dtype) -> None:
    import torch

    if hasattr(network, "lower"):
        network.lower(kind)
        return
    # torch's fused attention reads its own layer's weights, and takes them in one precision only.
    fused = torch.nn.modules.linear.NonDynamicallyQuantizableLinear
    for module in network.modules():
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d) and not isinstance(module, fused):
            module.to(kind)
