"""Threads that share out pictures among the processors, each running torch on one of them."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

MOST_WORKERS = 16

Result = TypeVar("Result")


class PictureWorkers:
    """Runs a function over parts of a batch, one part per processor at a time.

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
