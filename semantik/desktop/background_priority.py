"""Working in the background: other programs, and the window, go first when the processor is busy."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import sys
import threading
from collections.abc import Iterator

log = logging.getLogger(__name__)

NICE = 5
"""Added niceness on Linux, as of the decoders: a quarter of the share of a program in use, all of an idle processor.

With 10, indexing nearly stands still beside one busy core of two, since its threads wait for each other.
"""

_QOS_UTILITY = 0x11  # pthread_set_qos_class_self_np


@contextlib.contextmanager
def in_background() -> Iterator[None]:
    """Low priority for what this thread does; call it in a thread that ends with its task.

    Linux: niceness belongs to threads, and those that the encoder starts (OpenMP) inherit it; it cannot be taken
    back, which is why the thread must end. Windows: threads inherit nothing, so the whole process gets the class
    "below normal" and its old one back; the window in front keeps the system's boost. macOS: the thread gets the
    quality of service "utility"; the encoder's helpers keep theirs. Where it is refused, work goes on as it is.
    """
    if sys.platform == "win32":
        with _process_below_normal():
            yield
        return
    with _refusal_told(AttributeError):
        if sys.platform == "darwin":
            ctypes.CDLL(None).pthread_set_qos_class_self_np(_QOS_UTILITY, 0)
        elif sys.platform == "linux":
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, min(19, os.getpriority(os.PRIO_PROCESS, thread) + NICE))
    yield


@contextlib.contextmanager
def _process_below_normal() -> Iterator[None]:
    import psutil  # other systems need none

    normal: int = psutil.NORMAL_PRIORITY_CLASS  # type: ignore[attr-defined,unused-ignore]  # exists on Windows only
    below_normal: int = psutil.BELOW_NORMAL_PRIORITY_CLASS  # type: ignore[attr-defined,unused-ignore]
    process = psutil.Process()
    lowered = False
    with _refusal_told(psutil.Error):
        if process.nice() == normal:  # else somebody chose another: it is left alone
            process.nice(below_normal)
            lowered = True
    try:
        yield
    finally:
        if lowered:
            with _refusal_told(psutil.Error):
                process.nice(normal)


@contextlib.contextmanager
def _refusal_told(*errors: type[Exception]) -> Iterator[None]:
    refused: tuple[type[Exception], ...] = (OSError, *errors)
    try:
        yield
    except refused as error:
        log.info("priority not changed: %s", error)
