"""The list of several folders in the main window, as a person adds to it and reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from semantik.gui.widgets import file_dialogs
from semantik.words.text import say
from tests.support.window import Window


def add(window: Window, folder: Path) -> None:
    """ "Añadir…", with this folder chosen in the system's dialog."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_dialogs.filedialog, "askdirectory", lambda **options: str(folder))
        window.more_options()
        window.press(window.button(say("window.add_folder")))
    window.wait_idle()


def select(window: Window, place: int) -> None:
    """Select the folder of a line of the list, and put the keyboard there."""
    table = window.table(say("window.folder_group"))
    table.selection_set(str(place))
    table.focus(str(place))
    table.focus_force()
    window.root.update()


def toggle(window: Window, place: int) -> None:
    """Press the space key on a line: search in its folder, or no longer."""
    select(window, place)
    window.key(window.table(say("window.folder_group")), "<space>")
    window.root.update()


def rows(window: Window) -> list[tuple[str, ...]]:
    """What the list shows: mark, path, count and state of each folder."""
    table = window.table(say("window.folder_group"))
    cells = [tuple(map(str, table.item(row, "values"))) for row in table.get_children()]
    return [(mark, path, count, state) for mark, path, count, _, state in cells]
