"""A published archive as named weights, and named weights as ``clip``'s own network."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semantik.encoders.clip.package import model_module
from semantik.encoders.tensor_files import Weights

if TYPE_CHECKING:
    import torch

_SIZE_BUFFERS = ("input_resolution", "context_length", "vocab_size")  # in the published files beside the weights


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

    Raises RuntimeError and others for a damaged one (``weights_source.LOAD_ERRORS``).
    """
    import torch

    # True, and no news for the user: this is the format in which OpenAI publishes.
    warnings.filterwarnings("ignore", message="`torch.jit.load` is deprecated", category=FutureWarning)
    with path.open("rb") as file:  # Python opens it: torch's own reader fails on some names on Windows
        archive: Any = torch.jit.load(file, map_location="cpu")  # type: ignore[no-untyped-call]
    state: dict[str, torch.Tensor] = archive.state_dict()
    return {name: tensor for name, tensor in state.items() if name not in _SIZE_BUFFERS}


def shape_of(weights: Weights) -> tuple[int, int] | None:
    """Side of the input in pixels and length of an embedding; None when these are not CLIP's weights."""
    try:
        dim = weights.shape("text_projection")[1]
        if "visual.proj" in weights.names:
            grid = round((weights.shape("visual.positional_embedding")[0] - 1) ** 0.5)
            return weights.shape("visual.conv1.weight")[-1] * grid, dim
        return 32 * round((weights.shape("visual.attnpool.positional_embedding")[0] - 1) ** 0.5), dim
    except (KeyError, IndexError):
        return None


def build(weights: Weights, *, single: bool) -> Any:
    """``clip.model.CLIP`` with all weights, as ``clip.load`` makes it.

    ``single`` makes them float32, what processors and Apple's GPU need; else they have the precisions that
    clip gives them on CUDA. Raises RuntimeError, KeyError, AttributeError for weights of another network.
    """

    with without_random_weights():
        network = model_module().build_model({name: weights.tensor(name) for name in sorted(weights.names)})
    if single:
        network = network.float()
    return network.requires_grad_(False)


@contextmanager
def without_random_weights() -> Iterator[None]:
    """Within the context, and in this thread only, random initialisation leaves tensors as they are.

    For code that builds a model and then loads every parameter strictly, as ``clip.load`` does: the
    draws are a fifth of its time. torch's own ``skip_init`` serves single modules, not whole models.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    draws = {
        torch.Tensor.normal_,
        torch.Tensor.uniform_,
        torch.nn.init.normal_,
        torch.nn.init.uniform_,
        torch.nn.init.kaiming_uniform_,
        torch.nn.init.xavier_uniform_,
    }

    class SkipDraws(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs = kwargs or {}
            if func in draws:
                return kwargs["tensor"] if "tensor" in kwargs else args[0]
            return func(*args, **kwargs)

    with SkipDraws():
        yield
