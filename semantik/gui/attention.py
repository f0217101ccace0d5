"""Calling a user who does something else meanwhile."""

from __future__ import annotations

import ctypes
import sys
import tkinter as tk

from semantik.desktop.notifications import notify
from semantik.words.text import say

LONG = 30.0
"""Seconds after which nobody is expected to be still watching."""

_FLASH_UNTIL_SEEN = 0x0C | 0x02  # FLASHW_TIMERNOFG | FLASHW_TRAY


class _Flash(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint32),
        ("window", ctypes.c_void_p),
        ("flags", ctypes.c_uint32),
        ("count", ctypes.c_uint32),
        ("timeout", ctypes.c_uint32),
    )


def call_user(root: tk.Tk, message: str, seconds: float) -> bool:
    """Tell the end of a task of so many seconds unless the window is in front; whether it was told."""
    if seconds < LONG or in_front(root):
        return False
    notify(say("window.title"), message)
    if sys.platform == "win32":
        window = ctypes.windll.user32.GetParent(root.winfo_id())
        flash = _Flash(ctypes.sizeof(_Flash), window, _FLASH_UNTIL_SEEN, 0, 0)
        ctypes.windll.user32.FlashWindowEx(ctypes.byref(flash))
    return True


def in_front(root: tk.Tk) -> bool:
    """Whether one of the program's windows has the keyboard."""
    return bool(root.tk.call("focus", "-displayof", root))
