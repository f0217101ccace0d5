"""The groups of faces in a grid: what is typed and chosen there, and whose faces are to be seen."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from tkinter import ttk
from typing import TYPE_CHECKING

from semantik.gui.dialogs.face_pictures import FacePictures, blank_face
from semantik.gui.dialogs.person_tile import SIDE, PersonTile, TileActions
from semantik.gui.widgets.fine_pictures import pixels
from semantik.gui.widgets.screen_scale import px
from semantik.gui.widgets.tile_grid import TileGrid
from semantik.gui.window_services import WindowServices

if TYPE_CHECKING:
    from PIL import Image

    from semantik.engine.engine import Engine
    from semantik.engine.people import PersonGroup

WIDTH, HEIGHT = SIDE + 28, SIDE + 86
"""Of a tile, in pixels at 100 %."""


@dataclass(frozen=True, slots=True)
class GridActions:
    """What the grid asks of its window."""

    rename: Callable[[PersonGroup, str], bool]  # save a name; whether the group may be called so
    open_group: Callable[[PersonGroup], object]  # show all its faces
    all_named: Callable[[], object]  # there is no group without a name to go on to
    chosen: Callable[[], object]  # others are chosen than before


class PeopleGrid(TileGrid):
    """Tiles with the best face of each group, in the order in which the groups come."""

    def __init__(self, parent: tk.Misc, services: WindowServices, engine: Engine, do: GridActions) -> None:
        super().__init__(parent, (px(parent, WIDTH), px(parent, HEIGHT)), self._make_tile, self._want)
        self._do = do
        self._groups: dict[str, PersonGroup] = {}
        self._faces: dict[str, str] = {}  # by the ids of the best ones: their groups
        self._chosen: set[str] = set()
        self._blank = blank_face(self, SIDE)
        self._pictures = FacePictures(services, engine, pixels(self, SIDE), self._show_face)

    def fill(self, groups: Sequence[PersonGroup]) -> None:
        """Show these groups; what is chosen, and what is being typed, stays."""
        self._groups = {group.id: group for group in groups}
        self._faces = {group.faces[0].id: group.id for group in groups if group.faces}
        self._chosen &= set(self._groups)
        for tile in self.people():
            if tile.group.id in self._groups:
                tile.take(self._groups[tile.group.id])
        self.show([group.id for group in groups])

    def people(self) -> Iterator[PersonTile]:
        """The tiles that are made now."""
        return (tile for tile in tuple(self.tiles.values()) if isinstance(tile, PersonTile))

    def close(self) -> None:
        """No pictures are needed any more."""
        self._pictures.close()

    # -- Tiles

    def _make_tile(self, parent: tk.Misc, key: str) -> ttk.Frame:
        do = TileActions(self._rename, self.go_on, self._do.open_group, self._choose, self._step)
        return PersonTile(parent, do, self._groups[key], self._blank, chosen=key in self._chosen)

    def _want(self, keys: Sequence[str]) -> None:
        self._pictures.want([self._groups[key].faces[0] for key in keys if self._groups[key].faces])

    def _show_face(self, face: str, picture: Image.Image | None) -> None:
        tile = self.tiles.get(self._faces.get(face, ""))
        if isinstance(tile, PersonTile):
            tile.show(picture)

    def _step(self, key: str, part: str, columns: int, rows: int) -> str:
        if tile := self.see(self.beside(key, columns, rows)):
            getattr(tile, part).focus_set()
        return "break"

    # -- Names

    def go_on(self, key: str = "") -> None:
        """Put the keyboard on the next group after this one that has no name."""
        order = list(self._groups)
        place = order.index(key) + 1 if key in order else 0
        following = [one for one in order[place:] + order[:place] if not self._groups[one].name and one != key]
        if following and isinstance(tile := self.see(following[0]), PersonTile):
            tile.entry.focus_set()
        elif key:
            self._do.all_named()

    def _rename(self, group: PersonGroup, name: str) -> bool:
        return self._do.rename(group, name)

    def put_name(self, group: PersonGroup) -> None:
        """A group is called otherwise now, which the next ``fill`` will say as well."""
        self._groups[group.id] = group
        if isinstance(tile := self.tiles.get(group.id), PersonTile):
            tile.take(group)

    @property
    def is_typed_in(self) -> bool:
        """Whether a name stands somewhere that is not saved yet."""
        return any(tile.typed for tile in self.people())

    def commit(self) -> bool:
        """Save what was typed; False if a group may not be called so."""
        return all(tile.commit() for tile in self.people())

    # -- What is chosen

    @property
    def chosen(self) -> list[PersonGroup]:
        """The groups that are chosen, those with a name first."""
        return sorted((g for g in self._groups.values() if g.id in self._chosen), key=lambda group: not group.name)

    def _choose(self, group: PersonGroup, chosen: bool) -> None:
        (self._chosen.add if chosen else self._chosen.discard)(group.id)
        self._do.chosen()

    def unchoose(self) -> None:
        """Nothing is chosen any more."""
        self._chosen.clear()
        for tile in self.people():
            tile.uncheck()
        self._do.chosen()
