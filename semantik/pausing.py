"""Holding a long task still, and letting it go on."""

from __future__ import annotations

import threading


class Pause:
    """Set by one thread, obeyed by the task of another at its next chance."""

    def __init__(self) -> None:
        self._go = threading.Event()
        self._go.set()

    @property
    def held(self) -> bool:
        """Whether the task is to hold still."""
        return not self._go.is_set()

    def hold(self) -> None:
        """Ask the task to hold still."""
        self._go.clear()

    def release(self) -> None:
        """Let the task go on."""
        self._go.set()

    def wait(self) -> None:
        """For the task: block until it may go on."""
        self._go.wait()
