"""Where networks run: the devices to try, how many pictures suit them, batches that do not fit, threads."""

from __future__ import annotations

import logging
import math
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

PICTURES_PER_PASS = 8  # per processor; measured in benchmarks/indexing_speed.md
MOST_WORKERS = 16  # threads that encode pictures on a processor, one core each
PICTURES_PER_BATCH_ON_APPLE = 64
MOST_PICTURES_PER_BATCH_ON_CUDA = 128
CUDA_BYTES_PER_PIXEL = (16 << 20) / 224**2  # a generous bound for activations


def usable_devices() -> list[str]:
    """The fastest first, "cpu" last. Raises ImportError or OSError when torch is not installed well."""
    import torch

    found = ["cuda"] if torch.cuda.is_available() else ["mps"] if torch.backends.mps.is_available() else []
    return [*found, "cpu"]


def processors() -> int:
    """Threads that encode pictures without torch: one for each core that this program may use, or OMP_NUM_THREADS."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(int(wanted) if wanted.isdecimal() else cores, MOST_WORKERS))


def batch_size_on(device: str, side: int) -> int:
    """Pictures per call that suit a device, for square pictures of ``side`` pixels."""
    import torch

    if device == "cpu":
        return PICTURES_PER_PASS * min(torch.get_num_threads(), MOST_WORKERS)
    if device != "cuda":
        return PICTURES_PER_BATCH_ON_APPLE
    free, _ = torch.cuda.mem_get_info()
    fitting = free // 2 // (CUDA_BYTES_PER_PIXEL * side * side)
    return int(min(MOST_PICTURES_PER_BATCH_ON_CUDA, max(1, fitting)))


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


class PictureWorkers:
    """Threads that share out a batch among the processors: one part at a time each, with torch on that one only.

    Torch's own threads wait for each other after every layer. While other processes decode pictures on
    the same processors, that wait makes two threads several times slower than one.
    """

    def __init__(self, pictures_per_pass: int) -> None:
        """``pictures_per_pass`` at most are in one part: more activations do not fit the processor's cache."""
        import torch

        self.count = min(torch.get_num_threads(), MOST_WORKERS)
        self._per_pass = pictures_per_pass
        self._pool = single_threaded_workers(self.count)

    def map(
        self, function: Callable[[NDArray[np.float32]], NDArray[np.float32]], batch: NDArray[np.float32]
    ) -> list[NDArray[np.float32]]:
        """``function`` of each part of the batch, in order."""
        size = min(self._per_pass, max(1, math.ceil(len(batch) / self.count)))
        parts = [batch[start : start + size] for start in range(0, len(batch), size)]
        return list(self._pool.map(function, parts))


def single_threaded_workers(count: int) -> ThreadPoolExecutor:
    """``count`` threads in which torch uses no other thread."""
    import torch

    everywhere = torch.get_num_threads()
    started = threading.Barrier(count + 1)

    def begin() -> None:
        torch.set_num_threads(1)
        torch.get_num_threads()  # fixes the number for this thread; later changes reach only new ones
        started.wait()

    pool = ThreadPoolExecutor(count, "pictures")
    begun = [pool.submit(begin) for _ in range(count)]
    started.wait()
    for task in begun:
        task.result()
    torch.set_num_threads(everywhere)
    return pool
