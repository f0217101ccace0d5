"""The pictures that the last search found, in a row inside the window."""

from __future__ import annotations

import contextlib
import tkinter as tk
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tkinter import ttk
from typing import TYPE_CHECKING

from semantik.gui.main_window.commands import Commands
from semantik.gui.widgets.fine_pictures import for_tk, pixels
from semantik.gui.widgets.screen_scale import px
from semantik.gui.widgets.theme import Hint
from semantik.gui.widgets.tooltip import Tooltip
from semantik.words.text import say

if TYPE_CHECKING:
    from PIL import Image

MOST = 12
"""Pictures at most; as many of them are shown as fit."""

WIDTH, HEIGHT = 72, 54
"""Of one picture, in pixels at 100 %: 4 to 3, the middle of others."""

_GAP = 2


@dataclass(frozen=True, slots=True)
class Found:
    """A picture for the strip, or a moment of a video: a thumbnail of any size or None, and what the tooltip says."""

    path: Path
    picture: Image.Image | None
    told: str


class ResultStrip(ttk.Frame):
    """Buttons with pictures: one stop of the Tab key, within which the arrows go; a hint while there are none."""

    def __init__(self, parent: tk.Misc, do: Commands) -> None:
        super().__init__(parent)
        self._do = do
        self.buttons: list[ttk.Button] = []
        self.tips: list[Tooltip] = []
        self._photos: list[object] = []  # Tk keeps no picture alive
        self._paths: list[Path] = []
        self.columnconfigure(0, weight=1)
        room = px(self, HEIGHT) + 2 * px(self, 4 + 1)  # what a button needs: the window does not jump
        self.rowconfigure(0, minsize=room)
        self.hint = Hint(self, anchor="center", justify="center")
        self.hint.grid(row=0, column=0, sticky="ew")
        self._row = ttk.Frame(self)
        self.page_button = ttk.Button(self, text=say("strip.page"), command=do.open_page)
        self.menu = tk.Menu(self, tearoff=False)
        self.bind("<Configure>", lambda event: self._fit(event.width))

    def say(self, hint: str) -> None:
        """Show a hint instead of pictures."""
        self._forget()
        self._row.grid_remove()
        self.page_button.grid_remove()
        self.hint.configure(text=hint)
        self.hint.grid()
        self.event_generate("<<Relabel>>")

    def show(self, found: Sequence[Found]) -> None:
        """Show pictures, best first."""
        self._forget()
        self.hint.grid_remove()
        for number, one in enumerate(found[:MOST]):
            self._add(number, one)
        self._row.grid(row=0, column=0, sticky="w")
        self.page_button.grid(row=0, column=1, padx=(px(self, 8), 0))
        self._fit(self.winfo_width())
        self.event_generate("<<Relabel>>")

    def _forget(self) -> None:
        for button in self.buttons:
            button.destroy()
        self.buttons, self.tips, self._photos, self._paths = [], [], [], []

    def _add(self, number: int, one: Found) -> None:
        from PIL import Image, ImageOps

        size = (pixels(self, WIDTH), pixels(self, HEIGHT))
        picture = ImageOps.fit(one.picture, size) if one.picture else Image.new("RGB", size, "#8a8a8a")
        photo = for_tk(self, picture)
        button = ttk.Button(
            self._row,
            image=photo,
            style="Thumb.Toolbutton",
            takefocus=number == 0,
            command=lambda: self._do.open_picture(one.path),
        )
        for key, step in (("<Left>", number - 1), ("<Right>", number + 1), ("<Home>", 0), ("<End>", MOST)):
            button.bind(key, lambda event, step=step: self.go(step))  # type: ignore[misc]  # mypy knows no default here
        for key in ("<Return>", "<KP_Enter>"):
            button.bind(key, lambda event: self._press(button))
        # The key for menus is called Menu on X11 and App on Windows; each knows but its own.
        for event in ("<Button-2>", "<Button-3>", "<Shift-F10>", "<Menu>", "<App>"):
            with contextlib.suppress(tk.TclError):
                button.bind(event, lambda event: self.offer(number))
        self.buttons.append(button)
        self.tips.append(Tooltip(button, one.told))
        self._photos.append(photo)
        self._paths.append(one.path)

    @property
    def shown(self) -> list[Path]:
        """The pictures that fit in now."""
        return [path for path, button in zip(self._paths, self.buttons, strict=True) if button.winfo_manager()]

    def _fit(self, width: int) -> None:
        if not self.buttons:
            self.hint.configure(wraplength=max(px(self, 200), width - px(self, 16)))
            return
        each = self.buttons[0].winfo_reqwidth() + px(self, _GAP)
        room = max(1, (width - self.page_button.winfo_reqwidth() - px(self, 8)) // each)
        for number, button in enumerate(self.buttons):
            if number < room:
                button.grid(row=0, column=number, padx=(0, px(self, _GAP)))
            else:
                button.grid_remove()

    def go(self, number: int) -> str:
        """Put the keyboard on another picture; beyond the ends stays there."""
        number = max(0, min(number, len(self.shown) - 1))
        for place, button in enumerate(self.buttons):
            button.configure(takefocus=place == number)
        self.buttons[number].focus_set()
        return "break"

    def _press(self, button: ttk.Button) -> str:
        button.invoke()
        return "break"  # Return anywhere else searches

    def offer(self, number: int) -> str:
        """The menu of a picture, below it."""
        path, button = self._paths[number], self.buttons[number]
        self.go(number)
        self.menu.delete(0, "end")
        for key, act in (
            ("strip.open", self._do.open_picture),
            ("strip.similar", self._do.find_similar),
            ("strip.reveal", self._do.reveal_picture),
        ):
            label = say(key)
            self.menu.add_command(label=label, underline=0, command=lambda act=act: act(path))  # type: ignore[misc]
        self.menu.tk_popup(button.winfo_rootx(), button.winfo_rooty() + button.winfo_height())
        return "break"
