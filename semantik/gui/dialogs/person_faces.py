"""All faces of one group: those of somebody else are taken out of it."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from pathlib import Path
from tkinter import ttk
from typing import TYPE_CHECKING, Any

from semantik.gui.dialogs.face_pictures import FacePictures, blank_face
from semantik.gui.widgets.dialog import Dialog
from semantik.gui.widgets.fine_pictures import for_tk, pixels
from semantik.gui.widgets.screen_scale import AROUND, px
from semantik.gui.widgets.theme import Hint
from semantik.gui.widgets.tile_grid import TickBox, TileGrid
from semantik.gui.widgets.tooltip import Tooltip
from semantik.gui.window_services import WindowServices
from semantik.records import split_path
from semantik.words.shown_names import brief, visible
from semantik.words.text import counted, say

if TYPE_CHECKING:
    from PIL import Image

    from semantik.engine.engine import Engine
    from semantik.engine.people import People, PersonGroup, ShownFace

SIDE = 96
"""Of a face, in pixels at 100 %."""

WIDTH, HEIGHT = SIDE + 48, SIDE + 24
"""Of a tile."""

COLUMNS, ROWS = 5, 3.4
OTHERS = 160  # pixels at 100 % above and below the tiles


class PersonDialog(Dialog):
    """A grid of faces, each a box to tick. What is taken out is a group of its own, without a name."""

    def __init__(
        self,
        services: WindowServices,
        engine: Engine,
        people: People,
        group: PersonGroup,
        change: Callable[[Callable[[], object]], object],
    ) -> None:
        """``change`` does something with the people in the background, after what was asked for before."""
        super().__init__(services.root, brief(group.name) or say("persons.unnamed"))
        self._services, self._people, self._group, self._change = services, people, group, change
        self._faces: dict[str, ShownFace] = {}
        self._ticked: set[str] = set()
        self.body.columnconfigure(0, weight=1)
        self.body.rowconfigure(1, weight=1)
        self.count = ttk.Label(self.body, text=counted("persons.faces", group.count))
        self.count.grid(row=0, column=0, sticky="w", pady=(0, px(self, 8)))
        self.grid_of_faces = TileGrid(self.body, (px(self, WIDTH), px(self, HEIGHT)), self._make_tile, self._want)
        self.grid_of_faces.grid(row=1, column=0, sticky="nsew")
        room = (self.winfo_screenheight() - px(self, AROUND + OTHERS)) / px(self, HEIGHT)
        self.grid_of_faces.ask_for(COLUMNS, min(ROWS, max(1.0, room)))
        self.message = Hint(self.body, text=say("persons.tick_wrong"))
        self.message.grid(row=2, column=0, sticky="ew", pady=px(self, 8))
        self._build_buttons()
        self._blank = blank_face(self, SIDE)
        self._pictures = FacePictures(services, engine, pixels(self, SIDE), self._show_face)
        self._show_ticked()
        self.show(self.close_button)
        self._load()

    def _build_buttons(self) -> None:
        row = ttk.Frame(self.body)
        row.grid(row=3, column=0, sticky="ew")
        row.columnconfigure(2, weight=1)
        name = self._group.name
        wrong = say("persons.not_them", name=brief(name)) if name else say("persons.not_the_same")
        self.wrong_button = ttk.Button(row, text=wrong, command=self.take_out)
        self.open_button = ttk.Button(row, text=say("persons.open"), command=self.open_picture)
        self.close_button = self.default = ttk.Button(row, text=say("persons.close"), command=self.destroy)
        self.wrong_button.grid(row=0, column=0, padx=(0, px(self, 8)))
        self.open_button.grid(row=0, column=1)
        self.close_button.grid(row=0, column=3)

    # -- What is shown

    def _load(self, work: Callable[[], object] = lambda: None) -> None:
        people, group = self._people, self._group.id

        def body() -> None:
            work()
            faces = people.faces_of(group)
            self._services.tasks.post(lambda: self._take(faces))

        self._change(body)

    def _take(self, faces: Sequence[ShownFace]) -> None:
        if not self.winfo_exists():
            return
        if not faces:  # nobody is left in it
            self.destroy()
            return
        first = not self._faces
        self._faces = {face.id: face for face in faces}
        self.count.configure(text=counted("persons.faces", len(faces)))
        self.grid_of_faces.show(list(self._faces))
        if first:
            self._step(faces[0].id, 0, 0)

    def _make_tile(self, parent: tk.Misc, key: str) -> ttk.Frame:
        ticked, step = key in self._ticked, self._step
        return FaceTile(parent, self._faces[key], self._blank, self._tick, step, ticked=ticked)

    def _want(self, keys: Sequence[str]) -> None:
        self._pictures.want([self._faces[key] for key in keys])

    def _show_face(self, face: str, picture: Image.Image | None) -> None:
        tile = self.grid_of_faces.tiles.get(face) if self.winfo_exists() else None
        if isinstance(tile, FaceTile):
            tile.show(picture)

    def _step(self, key: str, columns: int, rows: int) -> str:
        tile = self.grid_of_faces.see(self.grid_of_faces.beside(key, columns, rows))
        if isinstance(tile, FaceTile):
            tile.box.focus_set()
        return "break"

    def _tick(self, key: str, ticked: bool) -> None:
        (self._ticked.add if ticked else self._ticked.discard)(key)
        self._show_ticked()

    def _show_ticked(self) -> None:
        for button, possible in ((self.wrong_button, self._ticked), (self.open_button, len(self._ticked) == 1)):
            button.state(["!disabled" if possible else "disabled"])

    # -- What the user wants

    def take_out(self) -> None:
        """The ticked faces are somebody else's."""
        faces, people, group = sorted(self._ticked), self._people, self._group.id
        self._ticked.clear()
        self._show_ticked()
        self.message.configure(text=counted("persons.taken_out", len(faces)))
        self._load(lambda: people.split(group, faces))

    def open_picture(self) -> None:
        """Open the picture of the ticked face in the system's viewer."""
        from semantik.desktop.file_manager import open_picture

        path: Path = self._faces[next(iter(self._ticked))].picture
        self._services.start_aside(lambda: open_picture(split_path(path)[0]))

    def destroy(self) -> None:
        """Close it; nothing is read for it any more."""
        self._pictures.close()
        super().destroy()


class FaceTile(ttk.Frame):
    """A box with a face."""

    def __init__(
        self,
        parent: tk.Misc,
        face: ShownFace,
        blank: Any,
        tick: Callable[[str, bool], object],
        step: Callable[[str, int, int], str],
        *,
        ticked: bool,
    ) -> None:
        """``blank`` is shown until there is a picture; ``step`` puts the keyboard on another tile."""
        super().__init__(parent)
        self._photo = blank  # Tk keeps no picture alive
        self.box: TickBox = TickBox(self, ticked=ticked, image=blank, command=lambda: tick(face.id, self.box.ticked))
        self.box.pack()
        Tooltip(self.box, visible(split_path(face.picture)[0].name))
        for key, columns, rows in (("<Left>", -1, 0), ("<Right>", 1, 0), ("<Up>", 0, -1), ("<Down>", 0, 1)):
            self.box.bind(key, lambda event, columns=columns, rows=rows: step(face.id, columns, rows))  # type: ignore[misc]

    def show(self, picture: Image.Image | None) -> None:
        """Show the face; None where it cannot be read."""
        if picture is not None:
            self._photo = for_tk(self, picture)
            self.box.configure(image=self._photo)
