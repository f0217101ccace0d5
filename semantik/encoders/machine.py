"""What a machine can do, as far as the choice of number formats depends on it."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from semantik.encoders import devices
from semantik.encoders.number_formats import EXACT_ONNX, FORMATS, INT8, NumberFormat, onnx_is_available

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
        if machine.instructions & _FOR_INT8 and onnx_is_available():
            quicker.add(INT8)
    if onnx_is_available():  # what offers it works on the processor, whatever else there is
        quicker.add(EXACT_ONNX)
    return tuple(each for each in FORMATS if each in quicker and each in set(offered))


def what_counts(machine: Machine) -> str:
    """What a trial's outcome is about, in a line: with another processor, torch or the like it must be made anew."""
    limits = [os.environ.get(name, "") for name in ("ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY")]
    return " ".join([machine.device, machine.name, *sorted(machine.instructions), *map(_version, _RUN_BY), *limits])


def _version(package: str) -> str:
    try:
        return f"{package}={metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return f"{package}=none"
