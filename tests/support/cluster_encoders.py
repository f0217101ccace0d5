"""Predictable encoders for workers in other processes, which tests hold, find and kill."""

from __future__ import annotations

import functools
import os
import signal
import time
from pathlib import Path

import numpy as np

from tests.support.fake_encoder import FakeEncoder

POISON = (255, 0, 255)


class WorkerEncoder(FakeEncoder):
    """Notes in ``place`` which process works, holds still while there is a file ``hold``, and dies of a colour.

    Where there is a file ``store`` when it is loaded, its process knows ``object_store.SharedDisk``.
    """

    def __init__(self, place: Path) -> None:
        super().__init__()
        self._place = place

    def load(self, **options):
        if (self._place / "store").exists():
            from tests.support.object_store import SharedDisk, fsspec

            fsspec.register_implementation("archivo", SharedDisk, clobber=True)
        super().load(**options)

    def encode_images(self, batch):
        vectors = super().encode_images(batch)
        (self._place / f"{os.getpid()}.pid").touch()
        while (self._place / "hold").exists():
            time.sleep(0.01)
        poison = np.array(POISON, np.float32) / 255
        if (np.abs(batch.mean(axis=(2, 3)) - poison) < 0.01).all(axis=1).any():
            os.kill(os.getpid(), signal.SIGKILL)
        return vectors


def recipe(place: Path) -> functools.partial[WorkerEncoder]:
    """What makes one on any machine."""
    return functools.partial(WorkerEncoder, place)


def working(place: Path) -> list[int]:
    """The processes that were seen to work."""
    return [int(path.stem) for path in place.glob("*.pid")]
