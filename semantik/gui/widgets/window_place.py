"""Where the main window opens: where it was when it was closed last, or in the middle of the screen; and whole."""

from __future__ import annotations

import contextlib
import re
import tkinter as tk

from semantik.gui.widgets.screen_scale import AROUND, px

ZOOMED = "zoomed"
"""The place of a window that fills its screen."""

_PLACE = re.compile(r"(?:(\d{1,5})x(\d{1,5}))?\+(-?\d{1,5})\+(-?\d{1,5})")


def open_at(root: tk.Tk, place: str) -> None:
    """Show a window that is withdrawn at ``place`` of ``place_of``, as far as the screens of now allow.

    Without a place, or with one that nobody can read: in the middle of the screen.
    """
    root.update_idletasks()
    found = _PLACE.fullmatch(place)
    least = root.minsize()
    width, height = max(root.winfo_reqwidth(), least[0]), max(root.winfo_reqheight(), least[1])
    size = ""
    if found and found[1]:
        width = min(max(width, int(found[1])), root.winfo_vrootwidth())
        height = min(max(height, int(found[2])), root.winfo_vrootheight() - px(root, AROUND))
        size = f"{width}x{height}"
    if found:
        x, y = _kept(root, int(found[3]), int(found[4]), width, height)
    else:
        x = max(0, (root.winfo_screenwidth() - width) // 2)
        y = max(0, (root.winfo_screenheight() - px(root, AROUND) - height) // 2)
    root.geometry(f"{size}+{x}+{y}")
    if place == ZOOMED:
        _zoom(root)
    root.deiconify()
    root.update()  # what is in a window is mapped after it: now all of it is drawn at once


def place_of(root: tk.Tk) -> str:
    """Where a window is, for ``open_at``; its size only where the user gave it another than it needs."""
    if _zoomed(root):
        return ZOOMED
    width, height, x, y = map(int, re.findall(r"-?\d+", root.geometry()))
    least = root.minsize()
    natural = width <= max(root.winfo_reqwidth(), least[0]) and height <= max(root.winfo_reqheight(), least[1])
    return f"+{x}+{y}" if natural else f"{width}x{height}+{x}+{y}"


def stay_on_screen(root: tk.Misc, height: int) -> None:
    """Move a window that needs ``height`` pixels now up, as far as its end would be below the screen."""
    top = root.winfo_toplevel()
    if not top.winfo_viewable():
        return
    bottom = top.winfo_vrooty() + top.winfo_vrootheight() - px(top, AROUND) // 2
    over = top.winfo_rooty() + height - bottom
    if over > 0 and top.winfo_rooty() >= 0 and top.winfo_height() < height:
        x, y = map(int, re.findall(r"\+(-?\d+)", top.wm_geometry()))
        top.wm_geometry(f"+{x}+{max(0, y - over)}")


def _kept(root: tk.Tk, x: int, y: int, width: int, height: int) -> tuple[int, int]:
    """The place on a screen that exists: the virtual root is all screens together."""
    left, top = root.winfo_vrootx(), root.winfo_vrooty()
    right = left + root.winfo_vrootwidth() - width
    bottom = top + root.winfo_vrootheight() - height - px(root, AROUND) // 2
    return max(left, min(x, right)), max(top, min(y, bottom))


def _zoomed(root: tk.Tk) -> bool:
    if root.tk.call("tk", "windowingsystem") == "x11":
        return bool(root.attributes("-zoomed"))
    return root.state() == ZOOMED


def _zoom(root: tk.Tk) -> None:
    with contextlib.suppress(tk.TclError):
        if root.tk.call("tk", "windowingsystem") == "x11":
            root.attributes("-zoomed", True)
        else:
            root.state(ZOOMED)
