"""Waiting for something, but not for ever."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 240.0
"""Seconds that anything may take, as every wait ends with its condition: a machine may do ten other things."""

SOON = 20.0
"""Seconds within which happens what waits for nothing, on such a machine; what it must not wait for takes longer."""


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE, what: str = "") -> object:
    """What ``condition`` gives as soon as it counts as true; AssertionError, which names ``what``, if it never does."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"never happened within {seconds} s: {what or condition}")
        time.sleep(0.01)
    return value
