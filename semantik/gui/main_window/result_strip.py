"""The pictures that the last search found, inside the window: a row, or a grid of larger ones where there is room."""

from __future__ import annotations

import contextlib
import tkinter as tk
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tkinter import ttk
from typing import TYPE_CHECKING, Any

from semantik.gui.main_window.commands import Commands
from semantik.gui.widgets.fine_pictures import for_tk, pixels
from semantik.gui.widgets.screen_scale import px
from semantik.gui.widgets.theme import Badge, Hint
from semantik.gui.widgets.tooltip import Tooltip
from semantik.words.text import say

if TYPE_CHECKING:
    from PIL import Image

MOST = 24
"""Pictures at most; as many of them are shown as fit."""

WIDTH, HEIGHT = 72, 54
"""Of one picture, in pixels at 100 %: 4 to 3, the middle of others."""

SIZES = (3.0, 2.0, 1.5, 1.0)
"""How many times as large pictures may be: the largest at which all of them fit."""

_GAP = 2
_AROUND = 4 + 1  # what a button has around its picture


@dataclass(frozen=True, slots=True)
class Found:
    """A picture for the strip, or a moment of a video: a thumbnail of any size or None, and what the tooltip says.

    ``new``: it came since this starred search was looked at last.
    """

    path: Path
    picture: Image.Image | None
    told: str
    new: bool = False


class ResultStrip(ttk.Frame):
    """Buttons with pictures: one stop of the Tab key, within which the arrows go; a hint while there are none."""

    def __init__(self, parent: tk.Misc, do: Commands) -> None:
        super().__init__(parent)
        self._do = do
        self.buttons: list[ttk.Button] = []
        self.tips: list[Tooltip] = []
        self._photos: list[Any] = []  # Tk keeps no picture alive
        self._found: list[Found] = []
        self._size = 1.0  # of ``SIZES``
        self._columns = 1
        self.columnconfigure(0, weight=1)
        room = px(self, HEIGHT) + 2 * px(self, _AROUND)  # what a button needs: the window does not jump
        self.configure(height=room)
        self.grid_propagate(False)  # pictures take the room that there is, and ask for none
        self.rowconfigure(0, weight=1)
        self.hint = Hint(self, anchor="center", justify="center")
        self.hint.grid(row=0, column=0, sticky="ew")
        self._row = ttk.Frame(self)
        self.side = ttk.Frame(self)
        self.among = Hint(self.side, anchor="center", justify="center", wraplength=px(self, 2 * WIDTH))
        self.page_button = ttk.Button(self.side, text=say("strip.page"), command=do.open_page)
        self.menu = tk.Menu(self, tearoff=False)
        self.bind("<Configure>", lambda event: self._fit(event.width, event.height))

    def say(self, hint: str) -> None:
        """Show a hint instead of pictures."""
        self._forget()
        self._row.grid_remove()
        self.side.grid_remove()
        self.hint.configure(text=hint)
        self.hint.grid()
        self.event_generate("<<Relabel>>")

    def show(self, found: Sequence[Found], among: str = "") -> None:
        """Show pictures, best first; ``among`` says of how many they are, where these are not all."""
        self._forget()
        self.hint.grid_remove()
        self._found = list(found[:MOST])  # drawn as large as the last ones, which mostly is right
        for number in range(len(self._found)):
            self._add(number)
        self._row.grid(row=0, column=0, sticky="nw")
        self.among.configure(text=among)
        self.page_button.grid(row=0, column=0)
        if among:
            self.among.grid(row=1, column=0)
        else:
            self.among.grid_remove()
        self.side.grid(row=0, column=1, padx=(px(self, 8), 0), sticky="n")
        self.side.update_idletasks()
        self._fit(self.winfo_width(), self.winfo_height())
        self.event_generate("<<Relabel>>")

    def _forget(self) -> None:
        for button in self.buttons:
            button.destroy()
        self.buttons, self.tips, self._photos, self._found = [], [], [], []

    def _photo(self, one: Found) -> Any:
        from PIL import Image, ImageOps

        size = (pixels(self, self._size * WIDTH), pixels(self, self._size * HEIGHT))
        return for_tk(self, ImageOps.fit(one.picture, size) if one.picture else Image.new("RGB", size, "#8a8a8a"))

    def _add(self, number: int) -> None:
        one = self._found[number]
        photo = self._photo(one)
        button = ttk.Button(
            self._row,
            image=photo,
            style="Thumb.Toolbutton",
            takefocus=number == 0,
            command=lambda: self._do.open_picture(one.path),
        )
        for key, step in (("<Left>", number - 1), ("<Right>", number + 1), ("<Home>", 0), ("<End>", MOST)):
            button.bind(key, lambda event, step=step: self.go(step))  # type: ignore[misc]  # mypy knows no default here
        for key, rows in (("<Up>", -1), ("<Down>", 1)):
            button.bind(key, lambda event, rows=rows: self._go_rows(number, rows))  # type: ignore[misc]
        for key in ("<Return>", "<KP_Enter>"):
            button.bind(key, lambda event: self._press(button))
        # The key for menus is called Menu on X11 and App on Windows; each knows but its own.
        for event in ("<Button-2>", "<Button-3>", "<Shift-F10>", "<Menu>", "<App>"):
            with contextlib.suppress(tk.TclError):
                button.bind(event, lambda event: self.offer(number))
        self.buttons.append(button)
        self.tips.append(Tooltip(button, say("strip.told_new", told=one.told) if one.new else one.told))
        self._photos.append(photo)
        if one.new:
            self._mark(button, number)

    def _mark(self, button: ttk.Button, number: int) -> None:
        """Write on a corner of a picture that it is new; by the mouse it is a part of the picture."""
        mark = Badge(button, say("page.new"))
        mark.place(x=px(self, _AROUND), y=px(self, _AROUND))
        mark.bind("<Button-1>", lambda event: button.invoke())
        for event in ("<Button-2>", "<Button-3>"):
            mark.bind(event, lambda event: self.offer(number))

    @property
    def shown(self) -> list[Path]:
        """The pictures that fit in now."""
        return [one.path for one, button in zip(self._found, self.buttons, strict=True) if button.winfo_manager()]

    def _fit(self, width: int, height: int) -> None:
        if not self.buttons:
            self.hint.configure(wraplength=max(px(self, 200), width - px(self, 16)))
            return
        width -= self.side.winfo_reqwidth() + px(self, 8)
        fitting = (size for size in SIZES if self._places(size, width, height)[2] >= len(self.buttons))
        size = next(fitting, SIZES[-1])
        if size != self._size:
            self._size = size
            self._photos = [self._photo(one) for one in self._found]
            for button, photo in zip(self.buttons, self._photos, strict=True):
                button.configure(image=photo)
        self._columns, _, places = self._places(size, width, height)
        for number, button in enumerate(self.buttons):
            if number < places:
                row, column = divmod(number, self._columns)
                button.grid(row=row, column=column, padx=(0, px(self, _GAP)), pady=(px(self, _GAP) if row else 0, 0))
            else:
                button.grid_remove()

    def _places(self, size: float, width: int, height: int) -> tuple[int, int, int]:
        """Columns, rows and places in so many pixels; at the least size there is a row in any case."""
        around = self.buttons[0].winfo_reqwidth() - px(self, self._size * WIDTH)
        wide = px(self, size * WIDTH) + around + px(self, _GAP)
        high = px(self, size * HEIGHT) + around + px(self, _GAP)
        least = size == SIZES[-1]
        columns, rows = max(least, width // wide), max(least, (height + px(self, _GAP)) // high)
        return int(columns), int(rows), int(columns * rows)

    def _go_rows(self, number: int, rows: int) -> str:
        """Up or down to the picture in the same column, if there is one."""
        wanted = number + rows * self._columns
        return self.go(wanted if 0 <= wanted < len(self.shown) else number)

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
        path, button = self._found[number].path, self.buttons[number]
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
