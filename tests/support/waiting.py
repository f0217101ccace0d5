"""Waiting for something, but not for ever."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.support.systems import WINE

PATIENCE = 120.0 if WINE else 20.0
"""Seconds, unless a test has its own; wine takes long to start a program."""


def wait_until(condition: Callable[[], object], seconds: float = PATIENCE, what: str = "") -> object:
    """What ``condition`` gives as soon as it counts as true; AssertionError, which names ``what``, if it never does."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"never happened within {seconds} s: {what or condition}")
        time.sleep(0.01)
    return value
