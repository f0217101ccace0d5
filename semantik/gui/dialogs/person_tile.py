"""One group of faces in the window of the people: its best face, how many there are, and who it is."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from tkinter import ttk
from typing import TYPE_CHECKING, Any

from semantik.gui.widgets.entries import HintedEntry
from semantik.gui.widgets.fine_pictures import for_tk
from semantik.gui.widgets.screen_scale import px
from semantik.gui.widgets.tile_grid import TickBox
from semantik.gui.widgets.tooltip import Tooltip
from semantik.words.shown_names import visible
from semantik.words.text import counted, number, say

if TYPE_CHECKING:
    from PIL import Image

    from semantik.engine.people import PersonGroup

SIDE = 128
"""Of a face, in pixels at 100 %."""

_LETTERS = 14  # the width of the entry


@dataclass(frozen=True, slots=True)
class TileActions:
    """What a tile asks for."""

    rename: Callable[[PersonGroup, str], bool]  # save a name; whether it is one that the group may have
    go_on: Callable[[str], object]  # put the keyboard on the next group without a name after the one of this id
    open_group: Callable[[PersonGroup], object]  # show all its faces
    choose: Callable[[PersonGroup, bool], object]  # it was chosen, or no longer is
    step: Callable[[str, str, int, int], str]  # put the keyboard on this part of a tile columns and rows away


class FaceButton(tk.Label):
    """A picture that can be pressed, by mouse or keyboard, with a ring around it while the keyboard is on it.

    The theme's buttons draw their ground from hundreds of small pictures: a grid of large ones would take a second.
    """

    def __init__(self, parent: tk.Misc, picture: Any, command: Callable[[], object]) -> None:
        ring = px(parent, 2)
        super().__init__(parent, image=picture, borderwidth=0, highlightthickness=ring, takefocus=True, cursor="hand2")
        self._command = command
        for event in ("<Button-1>", "<Return>", "<KP_Enter>", "<space>"):
            self.bind(event, lambda event: self.invoke())

    def invoke(self) -> str:
        """Press it."""
        self.focus_set()
        self._command()
        return "break"  # Return anywhere else presses the window's button


class PersonTile(ttk.Frame):
    """A button with the face, which opens the group; a box to choose it; and an entry for the name."""

    def __init__(self, parent: tk.Misc, do: TileActions, group: PersonGroup, blank: Any, *, chosen: bool) -> None:
        """``blank`` is shown until there is a picture."""
        super().__init__(parent, padding=px(parent, 4))
        self._do = do
        self.group = group
        self._photo = blank  # Tk keeps no picture alive
        self.face = FaceButton(self, blank, lambda: do.open_group(self.group))
        self.face.pack()
        row = ttk.Frame(self)
        row.pack(pady=(px(self, 2), 0))
        self.box: TickBox = TickBox(row, ticked=chosen, command=lambda: do.choose(self.group, self.box.ticked))
        self.box.pack(side="left")
        self._count = ttk.Label(row)
        self._count.pack(side="left")
        self._count.bind("<Button-1>", lambda event: self.box.invoke())
        self.entry = HintedEntry(self, say("persons.who"), width=_LETTERS)
        self.entry.pack(fill="x", pady=(px(self, 2), 0))
        self.whole_name = Tooltip(self.entry, "")  # of a name that does not fit
        self.entry.put(group.name)
        self._bind()
        self.take(group)

    def _bind(self) -> None:
        for key in ("<Return>", "<KP_Enter>"):
            self.entry.bind(key, lambda event: self._enter())
        self.entry.bind("<Escape>", lambda event: self._restore())
        # Once it is known what has the keyboard now: another program's window is no reason to ask anything.
        self.entry.bind("<FocusOut>", lambda event: self.nametowidget(".").after_idle(self._left), add=True)
        arrows: tuple[tuple[str, int, int], ...] = (("<Up>", 0, -1), ("<Down>", 0, 1))
        for key, columns, rows in arrows:
            self.entry.bind(key, self._stepping("entry", columns, rows))
        for key, columns, rows in (*arrows, ("<Left>", -1, 0), ("<Right>", 1, 0)):
            self.face.bind(key, self._stepping("face", columns, rows))
            self.box.bind(key, self._stepping("box", columns, rows))

    def _stepping(self, part: str, columns: int, rows: int) -> Callable[[Any], str]:
        return lambda event: self._do.step(self.group.id, part, columns, rows)

    def take(self, group: PersonGroup) -> None:
        """Show what is known of the group now; what is being typed stays."""
        if not self.typed:
            self.entry.put(group.name)
        self.group = group
        self.whole_name.text = visible(group.name) if len(group.name) > _LETTERS else ""
        hidden = say("persons.faces_hidden", count=number(group.count))  # short: there is no room for more
        self._count.configure(text=hidden if group.hidden else counted("persons.faces", group.count))

    def show(self, picture: Image.Image | None) -> None:
        """Show the face; None where it cannot be read."""
        if picture is not None:
            self._photo = for_tk(self, picture)
            self.face.configure(image=self._photo)

    def uncheck(self) -> None:
        """It is chosen no longer."""
        self.box.tick(False)

    @property
    def typed(self) -> bool:
        """Whether another name stands there than the one that is saved."""
        return " ".join(self.entry.value.split()) != self.group.name

    def commit(self) -> bool:
        """Save what was typed; False if the group may not be called so."""
        return not self.typed or self._do.rename(self.group, " ".join(self.entry.value.split()))

    def _enter(self) -> str:
        if self.commit():
            self._do.go_on(self.group.id)
        return "break"  # Return anywhere else presses the window's button

    def _left(self) -> None:
        if not self.winfo_exists():
            return
        focus = str(self.tk.call("focus"))
        inside = focus and str(self.tk.call("winfo", "toplevel", focus)) == str(self.winfo_toplevel())
        if inside and focus != str(self.entry):
            self.commit()

    def _restore(self) -> str:
        """Escape: the name that is saved, and only then the window's end."""
        if not self.typed:
            return ""
        self.entry.put(self.group.name)
        self.entry.icursor("end")
        return "break"
