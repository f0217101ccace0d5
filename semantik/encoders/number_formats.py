"""In which numbers an encoder's image side can work, what a machine is worth trying with, and torch's lower precision.

Text sides stay in single precision: a query is one text, and its time is not what anybody waits for.
"""

from __future__ import annotations

import importlib.util
import os
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, Literal, get_args

from semantik.encoders import devices

if TYPE_CHECKING:
    import torch

    Network = Callable[[torch.Tensor], torch.Tensor]

NumberFormat = Literal["fp32", "bf16", "fp16", "int8"]
"""Single precision, bfloat16, half precision; 8-bit integers for the matrix products, run by ONNX Runtime."""

FORMATS: tuple[NumberFormat, ...] = get_args(NumberFormat)
EXACT: NumberFormat = "fp32"
INT8: NumberFormat = "int8"
"""Has a space, and so indexes, of its own; the vectors of the other formats may be in one index."""

INT8_PACKAGES = ("onnx", "onnxruntime")
_RUN_BY = ("torch", "onnxruntime", "onnx", "numpy", "open_clip_torch")

# What torch calls instructions that make a format quick: without them it is slower than single precision.
_FOR_BF16 = frozenset({"amx_bf16", "avx512_bf16", "arm_bf16", "bf16"})
_FOR_INT8 = frozenset({"avx2", "avx_vnni", "avx512_vnni", "amx_int8", "arm_dotprod", "neon_dotprod", "dotprod"})


@dataclass(frozen=True, slots=True)
class Machine:
    """What an encoder's speed depends on: "cpu", "cuda" or "mps", its name, and what the processor can do."""

    device: str
    name: str
    instructions: frozenset[str] = frozenset()

    @classmethod
    def here(cls) -> Machine:
        """This one. Needs torch; raises ImportError or OSError when that is not installed well."""
        import torch

        device = devices.usable_devices()[0]
        if device == "cuda":
            return cls(device, torch.cuda.get_device_name())
        told = _capabilities()
        found = {name for name, value in told.items() if value is True}
        return cls(device, str(told.get("cpu_name") or platform.processor()), frozenset(found))


def _capabilities() -> dict[str, Any]:
    """What torch tells of the processor; older versions only know some things."""
    import torch

    ask = getattr(torch.cpu, "get_capabilities", None)
    if ask is not None:
        return dict(ask())
    known = {"avx2": "_is_avx2_supported", "avx512_vnni": "_is_vnni_supported"}
    known |= {"avx512_bf16": "_is_avx512_bf16_supported", "amx_bf16": "_is_amx_tile_supported"}
    return {name: getattr(torch.cpu, function, bool)() for name, function in known.items()}


def worth_trying(machine: Machine, offered: Iterable[NumberFormat]) -> tuple[NumberFormat, ...]:
    """Of the formats that an encoder offers, those that may be quicker than single precision on a machine."""
    if machine.device in ("cuda", "mps"):
        quicker: set[NumberFormat] = {"fp16"}
    else:
        quicker = set()
        if machine.instructions & _FOR_BF16:
            quicker.add("bf16")
        if machine.instructions & _FOR_INT8 and int8_is_available():
            quicker.add(INT8)
    return tuple(each for each in FORMATS if each in quicker and each in set(offered))


def int8_is_available() -> bool:
    """Whether the packages that 8-bit integers take are installed."""
    return all(map(importlib.util.find_spec, INT8_PACKAGES))


def what_counts(machine: Machine) -> str:
    """What a trial's outcome is about, in a line: with another processor, torch or the like it must be made anew."""
    limits = [os.environ.get(name, "") for name in ("ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY")]
    return " ".join([machine.device, machine.name, *sorted(machine.instructions), *map(_version, _RUN_BY), *limits])


def _version(package: str) -> str:
    try:
        return f"{package}={metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return f"{package}=none"


def lowered(network: Any, number_format: NumberFormat, device: str) -> Network:
    """The same network with its matrix products in bf16 or fp16: its large weights are converted here, in place."""
    lower_weights(network, number_format)
    return under_autocast(network, number_format, device)


def lower_weights(network: Any, number_format: NumberFormat) -> None:
    """Keep the weights of matrix products and convolutions in bf16 or fp16, or autocast converts them in every pass."""
    import torch

    kind = _torch_type(number_format)
    if hasattr(network, "lower"):
        network.lower(kind)
        return
    # torch's fused attention reads its own layer's weights, and takes them in one precision only.
    fused = torch.nn.modules.linear.NonDynamicallyQuantizableLinear
    for module in network.modules():
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d) and not isinstance(module, fused):
            module.to(kind)


def under_autocast(network: Network, number_format: NumberFormat, device: str) -> Network:
    """``network`` with what torch deems safe in bf16 or fp16; sums, norms and the result stay in single precision."""
    import torch

    kind = _torch_type(number_format)

    def encode(pictures: torch.Tensor) -> torch.Tensor:
        with torch.autocast(device, kind):
            rows = network(pictures)
        return rows.float()

    return encode


def _torch_type(number_format: NumberFormat) -> torch.dtype:
    import torch

    return {"bf16": torch.bfloat16, "fp16": torch.float16}[number_format]
