"""Where networks run: the devices to try, how many pictures suit them, and batches that do not fit."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semantik.encoders.workers import MOST_WORKERS, PictureWorkers

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

PICTURES_PER_PASS = 8  # per processor; measured in benchmarks/indexing_speed.md
_APPLE, _CUDA = 64, 128
_CUDA_BYTES_PER_PIXEL = (16 << 20) / 224**2  # a generous bound for activations


def usable_devices() -> list[str]:
    """The fastest first, "cpu" last. Raises ImportError or OSError when torch is not installed well."""
    import torch

    found = ["cuda"] if torch.cuda.is_available() else ["mps"] if torch.backends.mps.is_available() else []
    return [*found, "cpu"]


def batch_size_on(device: str, side: int) -> int:
    """Pictures per call that suit a device, for square pictures of ``side`` pixels."""
    import torch

    if device == "cpu":
        return PICTURES_PER_PASS * min(torch.get_num_threads(), MOST_WORKERS)
    if device != "cuda":
        return _APPLE
    free, _ = torch.cuda.mem_get_info()
    return int(min(_CUDA, max(1, free // 2 // (_CUDA_BYTES_PER_PIXEL * side * side))))


def encode_in_parts(
    encode: Callable[[torch.Tensor], torch.Tensor], batch: torch.Tensor, on_halved: Callable[[int], None]
) -> NDArray[np.float32]:
    """Encode a batch; one that does not fit into the GPU's memory is halved, and ``on_halved`` told the new size."""
    import torch

    try:
        rows: NDArray[np.float32] = encode(batch).float().cpu().numpy()
        return rows
    except torch.cuda.OutOfMemoryError:
        if len(batch) == 1:
            raise
        log.warning("no memory for a batch of %d, halving it", len(batch))
    torch.cuda.empty_cache()
    half = (len(batch) + 1) // 2
    on_halved(half)
    return np.concatenate([encode_in_parts(encode, part, on_halved) for part in (batch[:half], batch[half:])])


def encode_pictures(
    encode: Callable[[torch.Tensor], torch.Tensor],
    batch: NDArray[np.float32],
    device: str,
    workers: PictureWorkers | None,
    on_halved: Callable[[int], None],
) -> NDArray[np.float32]:
    """Encode float32 (n, 3, H, W) on ``device``, or in parts by ``workers`` on the processor: (n, dim), not unit."""

    def run(part: NDArray[np.float32]) -> NDArray[np.float32]:
        import torch

        with torch.inference_mode():
            return encode_in_parts(encode, torch.from_numpy(part).to(device), on_halved)

    pictures = np.require(batch, np.float32, ["C", "W"])
    return np.concatenate(workers.map(run, pictures) if workers else [run(pictures)])
