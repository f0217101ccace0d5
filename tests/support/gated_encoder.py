"""The predictable encoder, held before its batches until a test lets it on."""

from __future__ import annotations

import threading

from tests.support.fake_encoder import FakeEncoder
from tests.support.waiting import PATIENCE

TIMEOUT = PATIENCE


class GatedEncoder(FakeEncoder):
    """Stops before each batch of pictures while it is ``gated``, until it is let on."""

    def __init__(self) -> None:
        super().__init__()
        self.gated = False
        self.arrived = threading.Semaphore(0)
        self.gate = threading.Semaphore(0)

    def encode_images(self, batch):
        if self.gated:
            self.arrived.release()
            assert self.gate.acquire(timeout=TIMEOUT)
        return super().encode_images(batch)

    def wait_at_gate(self) -> None:
        assert self.arrived.acquire(timeout=TIMEOUT)

    def let_on(self, *, free: bool = False) -> None:
        self.gated = self.gated and not free
        self.gate.release()
