"""What Windows alone asks of a program: who it is in the task bar, the colour of a title bar, colours in its console.

A system that knows none of it is left as it is.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from typing import Any

APP_ID = "SemantikSearch.SemantikSearch"
"""By what the task bar groups windows and keeps a pinned icon; without it, they count as Python's."""

_DARK_TITLE = (20, 19)  # DWMWA_USE_IMMERSIVE_DARK_MODE, and its number before Windows 10 2004
_FRAME_CHANGED = 0x0037  # SWP_FRAMECHANGED | SWP_NOACTIVATE | SWP_NOZORDER | SWP_NOMOVE | SWP_NOSIZE
_STDERR = -12
_VIRTUAL_TERMINAL = 0x4  # ENABLE_VIRTUAL_TERMINAL_PROCESSING


def claim_task_bar() -> None:
    """Before the first window: be a program of one's own in the task bar, with one's own icon."""
    if sys.platform == "win32":
        with contextlib.suppress(AttributeError, OSError):
            _library("shell32").SetCurrentProcessExplicitAppUserModelID(ctypes.c_wchar_p(APP_ID))


def darken_title(window: int, dark: bool) -> None:
    """Make the title bar of a window, a handle, dark or light. Windows 10 draws it anew only when told so."""
    if sys.platform == "win32":
        with contextlib.suppress(AttributeError, OSError):
            handle, on = ctypes.c_void_p(window), ctypes.c_int(dark)
            set_attribute = _library("dwmapi").DwmSetWindowAttribute
            for attribute in _DARK_TITLE:
                if set_attribute(handle, attribute, ctypes.byref(on), ctypes.sizeof(on)) == 0:
                    break
            _library("user32").SetWindowPos(handle, None, 0, 0, 0, 0, _FRAME_CHANGED)


def understands_escapes() -> bool:
    """Whether the terminal that stderr goes to follows escape sequences; the classic console does when it is asked."""
    if sys.platform == "win32":
        with contextlib.suppress(AttributeError, OSError):
            kernel = _library("kernel32")
            kernel.GetStdHandle.restype = ctypes.c_void_p
            handle, mode = ctypes.c_void_p(kernel.GetStdHandle(_STDERR)), ctypes.c_uint32()
            if kernel.GetConsoleMode(handle, ctypes.byref(mode)):
                wanted = mode.value | _VIRTUAL_TERMINAL
                return wanted == mode.value or bool(kernel.SetConsoleMode(handle, wanted))
        return False
    return True


def _library(name: str) -> Any:
    return ctypes.WinDLL(name)  # type: ignore[attr-defined,unused-ignore]  # exists on Windows only
