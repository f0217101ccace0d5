"""Image sides as ONNX Runtime runs them: exported from torch, loaded, and what may go wrong with both."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PICTURES, EMBEDDINGS = "pictures", "embeddings"


def export(visual: Any, height: int, width: int, target: Path | BinaryIO) -> None:
    """Write an image network as ONNX: "pictures", float32 (n, 3, H, W) -> "embeddings", float32 (n, dim).

    ``visual`` is a ``torch.nn.Module`` in single precision, on the processor and in evaluation. Raises OSError,
    RuntimeError, and ImportError when torch is not installed well.
    """
    import torch

    written: Any = os.fspath(target) if isinstance(target, Path) else target  # its annotation knows paths only
    with warnings.catch_warnings(), _plain_attention():
        # The older exporter is called obsolescent; the newer one needs one more package and minutes.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            visual,
            (torch.zeros(2, 3, height, width),),
            written,
            dynamo=False,
            input_names=[PICTURES],
            output_names=[EMBEDDINGS],
            dynamic_axes={PICTURES: {0: "n"}, EMBEDDINGS: {0: "n"}},
        )


@contextlib.contextmanager
def _plain_attention() -> Iterator[None]:
    """Without torch's fused attention, for which ONNX has no operator: that of open_clip's transformers."""
    import torch

    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)


class OnnxImages:
    """A network that ``export`` wrote, in a file or in memory. May be called from several threads.

    It works on the thread that calls it: pictures are shared out by the caller. Raises RuntimeError for what is
    damaged, and ImportError when onnxruntime is not installed well.
    """

    def __init__(self, network: Path | bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        source, name = (os.fspath(network), network.name) if isinstance(network, Path) else (network, "network")
        try:
            self._session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
        except _failures() as error:
            raise RuntimeError(f"{name}: {error}") from error

    def one(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Encode one picture in a run of its own: float32 (1, 3, H, W) -> float32 (1, dim). Raises RuntimeError."""
        try:
            row: NDArray[np.float32] = self._session.run(None, {PICTURES: picture})[0]
        except _failures() as error:
            raise RuntimeError(str(error)) from error
        return row


def _failures() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises for a file or a machine that it cannot work with."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    damaged = (state.Fail, state.InvalidProtobuf, state.InvalidGraph, state.InvalidArgument, state.NoSuchFile)
    return (*damaged, state.NotImplemented, state.RuntimeException)
