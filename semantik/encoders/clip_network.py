"""From named weights to ``clip``'s own network: whole, or only the side that is needed."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from semantik.encoders.clip_package import model_module
from semantik.encoders.tower_cache import Weights

if TYPE_CHECKING:
    import torch

Side = Literal["image", "text"]
_SIZES = ("input_resolution", "context_length", "vocab_size")  # buffers of the published files, no weights


def is_torchscript(path: Path) -> bool:
    """Whether the file is a TorchScript archive. Nothing in it is executed or unpickled."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False
    return any(name.endswith("/constants.pkl") for name in names) and any("/code/" in name for name in names)


def read_archive(path: Path) -> dict[str, torch.Tensor]:
    """The weights in a TorchScript archive such as OpenAI publishes. Executes it: only for a file that is trusted.

    Raises RuntimeError and others for a damaged one (``clip.LOAD_ERRORS``).
    """
    import torch

    # True, and no news for the user: this is the format in which OpenAI publishes.
    warnings.filterwarnings("ignore", message="`torch.jit.load` is deprecated", category=FutureWarning)
    with path.open("rb") as file:  # Python opens it: torch's own reader fails on some names on Windows
        archive: Any = torch.jit.load(file, map_location="cpu")  # type: ignore[no-untyped-call]
    state: dict[str, torch.Tensor] = archive.state_dict()
    return {name: tensor for name, tensor in state.items() if name not in _SIZES}


def shape_of(weights: Weights) -> tuple[int, int] | None:
    """Side of the input in pixels and length of an embedding; None when these are not CLIP's weights."""
    shapes = weights.shapes()
    try:
        dim = shapes["text_projection"][1]
        if "visual.proj" in shapes:
            grid = round((shapes["visual.positional_embedding"][0] - 1) ** 0.5)
            return shapes["visual.conv1.weight"][-1] * grid, dim
        return 32 * round((shapes["visual.attnpool.positional_embedding"][0] - 1) ** 0.5), dim
    except (KeyError, IndexError):
        return None


def build(weights: Weights, side: Side | None, *, single: bool) -> Any:
    """``clip.model.CLIP`` with the weights of one side, or of both for None; the other side stays empty.

    ``single`` makes all weights float32, what processors and Apple's GPU need; else they have the
    precisions that clip gives them on CUDA. Raises RuntimeError, KeyError, AttributeError for weights
    that are not those of a CLIP network.
    """
    import torch

    meta = {name: torch.empty(shape, device="meta") for name, shape in weights.shapes().items()}
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # filling a network without memory does nothing, as it should here
        network = model_module().build_model(dict(meta))
    wanted: dict[str, torch.Tensor] = {}
    for name, skeleton in network.state_dict().items():
        if side is None or name.startswith("visual.") == (side == "image"):
            tensor = weights.tensor(name)
            dtype = torch.float32 if single and skeleton.is_floating_point() else skeleton.dtype
            # A copy in any case: the file that is mapped may be replaced, and pages come from it once only.
            wanted[name] = tensor.to(dtype, copy=True)
    found = network.load_state_dict(wanted, strict=False, assign=True)
    if side is None and found.missing_keys:
        raise KeyError(", ".join(found.missing_keys[:3]))
    mask = network.build_attention_mask()
    for block in network.transformer.resblocks:
        block.attn_mask = mask
    return network.eval().requires_grad_(False)
