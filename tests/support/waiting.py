"""Waiting for something, but not for ever."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], seconds: float = 20.0, what: str = "") -> object:
    """What ``condition`` gives as soon as it counts as true; AssertionError, which names ``what``, if it never does."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"never happened within {seconds} s: {what or condition}")
        time.sleep(0.01)
    return value
