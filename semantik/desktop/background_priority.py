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

_BELOW_NORMAL, _NORMAL = 0x4000, 0x20  # SetPriorityClass
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
    try:
        if sys.platform == "darwin":
            ctypes.CDLL(None).pthread_set_qos_class_self_np(_QOS_UTILITY, 0)
        elif sys.platform == "linux":
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, min(19, os.getpriority(os.PRIO_PROCESS, thread) + NICE))
    except (OSError, AttributeError) as error:
        log.info("priority not lowered: %s", error)
    yield


@contextlib.contextmanager
def _process_below_normal() -> Iterator[None]:
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]  # exists on Windows only
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    kernel.GetPriorityClass.argtypes = [ctypes.c_void_p]
    kernel.SetPriorityClass.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    process = kernel.GetCurrentProcess()
    if kernel.GetPriorityClass(process) != _NORMAL:  # somebody chose another: it is left alone
        yield
        return
    kernel.SetPriorityClass(process, _BELOW_NORMAL)
    try:
        yield
    finally:
        kernel.SetPriorityClass(process, _NORMAL)
