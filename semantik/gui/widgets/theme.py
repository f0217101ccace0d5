"""The window's look: light or dark as the system or the user wants, in every widget."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import time
import tkinter as tk
from collections.abc import Callable
from tkinter import font, ttk
from typing import Any

from semantik.desktop import system_theme, windows_window
from semantik.gui.widgets import screen_scale, sun_valley

log = logging.getLogger(__name__)

_PATIENCE = 0.5  # seconds that the first window waits for the system to tell its theme
_ASK_AGAIN = 30.0  # seconds after which the system is asked again while nothing else gives a reason to
_SOON = 2.0  # seconds within which it is not asked twice

_LONGEST_FAMILY = 31
"""Letters of a font's name on Windows, LF_FACESIZE without its end."""

_FILE_LIST = """
    if {[%W cget -background] eq "white"} {%W configure -background [ttk::style lookup . -background]}
"""
"""For the list in Tk's own file dialogs, used on X11: white whatever the theme, with the theme's text on it."""

_ACCENT = "#2f60d8"

COLOURS = {
    "light": {"hint": "#5c5c5c", "selected": "#e2e2e2", "selected_text": "#191919", "border": "#c8c8c8"},
    "dark": {"hint": "#b4b4b4", "selected": "#3d3d3d", "selected_text": "#fafafa", "border": "#4a4a4a"},
}
"""What the theme leaves out, by theme."""


class Look:
    """Dresses a window in the theme of the settings, and follows the system's when that is the one wanted."""

    def __init__(self, root: tk.Tk, post: Callable[[Callable[[], None]], None]) -> None:
        """``post``: from any thread, have a function called on the window's."""
        self._root = root
        self._post = post
        self._wanted = "system"
        self._asked = 0.0
        self._after = ""
        sun_valley.load(root, screen_scale.prepare(root))
        root.bind("<FocusIn>", lambda event: self._look_again(), add=True)  # the system's settings are another window
        root.tk.call("bind", "Canvas", "<Map>", _FILE_LIST)
        for name in ("Toplevel", root.winfo_class()):
            root.bind_class(name, "<Map>", lambda event: _dress_frame(event.widget), add=True)

    def wear(self, wanted: str) -> None:
        """Use "light", "dark" or, from now on, the "system"'s theme."""
        self._wanted = wanted
        if wanted != "system":
            dress(self._root, wanted)
            return
        answers: list[bool] = []
        asking = threading.Thread(target=lambda: answers.append(system_theme.prefers_dark()), daemon=True)
        asking.start()
        asking.join(_PATIENCE)
        dress(self._root, _name(answers[0]) if answers else worn(self._root))
        self._keep_looking()

    def close(self) -> None:
        """Follow no longer."""
        if self._after:
            self._root.after_cancel(self._after)

    def _keep_looking(self) -> None:
        if self._after:
            self._root.after_cancel(self._after)
        self._after = self._root.after(round(_ASK_AGAIN * 1000), self._keep_looking)
        self._look_again()

    def _look_again(self) -> None:
        if self._wanted != "system" or time.monotonic() - self._asked < _SOON:
            return
        self._asked = time.monotonic()

        def ask() -> None:
            name = _name(system_theme.prefers_dark())
            self._post(lambda: self._system_is(name))

        threading.Thread(target=ask, name="system theme", daemon=True).start()

    def _system_is(self, name: str) -> None:
        if self._wanted == "system" and name != worn(self._root):
            log.info("the system's theme is %s now", name)
            dress(self._root, name)


class Hint(ttk.Label):
    """What is said beside, in a colour of its own, whose contrast is above 4.5 to 1, too."""

    def __init__(self, parent: tk.Misc, **options: Any) -> None:
        super().__init__(parent, **options)
        # No style can say so: tk_setPalette, which the theme calls, gives every label the colour of texts.
        self.bind("<<ThemeChanged>>", lambda event: self._dress())
        self._dress()

    def _dress(self) -> None:
        self.configure(foreground=COLOURS[worn(self)]["hint"])


class Badge(ttk.Label):
    """A word in white on the accent's colour, in both themes and over any picture: its contrast is above 5 to 1."""

    def __init__(self, parent: tk.Misc, text: str) -> None:
        padding = (screen_scale.px(parent, 3), 0)
        super().__init__(parent, text=text, padding=padding, font=sun_valley.CAPTION_FONT, takefocus=False)
        self.bind("<<ThemeChanged>>", lambda event: self._dress())  # as for Hint
        self._dress()

    def _dress(self) -> None:
        self.configure(foreground="#ffffff", background=_ACCENT)


def worn(widget: tk.Misc) -> str:
    """The theme that the window wears now: "light" or "dark"."""
    return "dark" if ttk.Style(widget).theme_use() == sun_valley.THEMES["dark"] else "light"


def dress(root: tk.Tk, name: str) -> None:
    """Show everything in the theme "light" or "dark". Widgets hear <<ThemeChanged>>."""
    style, colours = ttk.Style(root), COLOURS[name]
    style.theme_use(sun_valley.THEMES[name])
    _use_system_font(root)
    # The theme shows a selected row alike whether the keyboard is on it or not.
    style.map(
        "Treeview",
        background=[("selected", "focus", _ACCENT), ("selected", colours["selected"])],
        foreground=[("selected", "focus", "#ffffff"), ("selected", colours["selected_text"])],
    )
    style.configure("Thumb.Toolbutton", padding=screen_scale.px(root, 1))
    style.configure("Tip.TLabel", padding=(screen_scale.px(root, 8), screen_scale.px(root, 4)))
    line = font.nametofont(sun_valley.BODY_FONT, root).metrics("linespace")
    style.configure("Treeview", rowheight=line + screen_scale.px(root, 4))
    _dress_frame(root)
    for window in root.winfo_children():
        if isinstance(window, tk.Toplevel):
            _dress_frame(window)


def _name(dark: bool) -> str:
    return "dark" if dark else "light"


def _use_system_font(root: tk.Tk) -> None:
    """The theme asks for Windows 11's fonts; where there are none, Tk would take any, so it gets the system's.

    On Windows 10 that is Segoe UI. Windows 11 knows "Segoe UI Variable Display Semibold" by its first letters only.
    """
    there = set(font.families(root))
    wanted = {name: str(font.nametofont(name, root).cget("family")) for name in sun_valley.fonts(root)}
    if there.issuperset(wanted.values()):
        return
    if there.issuperset(family[:_LONGEST_FAMILY] for family in wanted.values()):
        for name, family in wanted.items():
            font.nametofont(name, root).configure(family=family[:_LONGEST_FAMILY])
        return
    family = font.nametofont("TkDefaultFont", root).actual("family")
    for name in wanted:
        strong = any(word in name for word in ("Strong", "Title", "Subtitle", "Display"))
        font.nametofont(name, root).configure(family=family, weight="bold" if strong else "normal")


def _dress_frame(window: tk.Misc) -> None:
    """The title bar, where the system lets a program choose; on X11 it is the window manager's."""
    dark = worn(window) == "dark"
    if sys.platform == "win32":
        # A frame that is not there yet comes with <Map>, which is heard.
        windows_window.darken_title(int(window.tk.call("wm", "frame", window), 16), dark)
    elif window.tk.call("tk", "windowingsystem") == "aqua":
        with contextlib.suppress(tk.TclError):
            look = "darkaqua" if dark else "aqua"
            window.tk.call("::tk::unsupported::MacWindowStyle", "appearance", window, look)
