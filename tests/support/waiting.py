"""Waiting for what other threads and programs do: until it is so, and never for ever.

One short function in a file of its own, because tests of every wing wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], seconds: float = 20, what: str = "") -> None:
    """Return as soon as ``condition`` holds; after ``seconds`` fail with ``what`` was waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} seconds in vain: {what or condition}"
        time.sleep(0.01)
