"""Lengths on screens of any resolution: everything is designed for 96 pixels per inch and grows with the screen's."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import sys
import tkinter as tk

from semantik.desktop.helper_programs import ask

AROUND = 80
"""Pixels of a screen that the window's title and a task bar take, at 100 %."""

_VARIABLE = "::semantik_scale"  # lives as long as the window's interpreter
_STEP = 0.25  # finer ones would blur lines for nothing
_LARGEST = 4.0
_POINTS = 96 / 72  # pixels of a point at 100 %


def claim_pixels() -> None:
    """Before the first window: tell Windows that the program draws for the screen's real pixels.

    For the main screen's: Tk 8.6 does not follow a window to a screen of another resolution, so there Windows
    scales it (https://learn.microsoft.com/windows/win32/hidpi/high-dpi-desktop-application-development-on-windows).
    """
    if sys.platform == "win32":
        with contextlib.suppress(AttributeError, OSError):
            ctypes.windll.shcore.SetProcessDpiAwareness(1)


def prepare(root: tk.Tk) -> float:
    """Set Tk's own scale, on which fonts in points depend, and keep it for ``px``. Returns the scale; 1 is 100 %."""
    found = _LARGEST if (wanted := _wanted(root)) > _LARGEST else max(1.0, round(wanted / _STEP) * _STEP)
    if root.tk.call("tk", "windowingsystem") != "aqua":  # macOS scales by itself
        root.tk.call("tk", "scaling", found * _POINTS)
        # A font in points keeps the size that it got before.
        for name in root.tk.splitlist(root.tk.call("font", "names")):
            root.tk.call("font", "configure", name, "-size", root.tk.call("font", "configure", name, "-size"))
    root.tk.call("set", _VARIABLE, found)
    return found


def _wanted(root: tk.Tk) -> float:
    system = root.tk.call("tk", "windowingsystem")
    if system == "aqua":
        return 1.0
    if system == "x11":
        # What desktops set for the user; the screen's size in millimetres often is not true.
        if dpi := _xft_dpi():
            return dpi / 96
        with contextlib.suppress(ValueError):
            return float(os.environ["GDK_SCALE"]) if "GDK_SCALE" in os.environ else root.winfo_fpixels("1i") / 96
    return root.winfo_fpixels("1i") / 96


def _xft_dpi() -> float | None:
    resources = ask(["xrdb", "-query"], 2)
    found = re.search(r"^Xft\.dpi:\s*(\d+(?:\.\d+)?)\s*$", resources.output, re.MULTILINE)
    return float(found[1]) if found else None


def scale(widget: tk.Misc) -> float:
    """The scale of the window that ``widget`` is in; 1 is 100 %."""
    try:
        return float(widget.tk.call("set", _VARIABLE))
    except tk.TclError:
        return 1.0


def px(widget: tk.Misc, length: float) -> int:
    """Pixels on this screen for a length in pixels of the design."""
    return round(length * scale(widget))
