"""The controls for filters and for the order of the hits; what they say is the same as in the query's syntax."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk

from semantik.gui.widgets.access_keys import AccessKeys
from semantik.gui.widgets.screen_scale import px
from semantik.gui.widgets.theme import Hint
from semantik.gui.widgets.tooltip import Tooltip
from semantik.queries import Filters, Order, Shape
from semantik.search.typed_filters import EXCLUDED, limited
from semantik.words.text import say

_TYPES = ("jpg", "png", "webp", "gif", "tiff", "heic", "avif", "raw", "video")


class FilterPanel(ttk.Frame):
    """Folder, dates, size, shape, type, order and what is excluded; empty controls filter nothing."""

    def __init__(self, parent: tk.Misc, folders: Callable[[], Sequence[str]], letters: AccessKeys) -> None:
        """``folders`` gives the folders below the library, for the list to choose from."""
        super().__init__(parent)
        self._keys: dict[str, ttk.Entry] = {}
        self._folders = folders
        self._letters = letters
        for column in (1, 3, 5):
            self.columnconfigure(column, weight=1)
        self._folder = ttk.Combobox(self, postcommand=self._list_folders)
        self._add("folder", 0, 0, self._folder).grid(columnspan=3)
        orders = [say(f"syntax.order_{order.value}") for order in Order]
        self._add("order", 0, 4, _choice(self, orders, empty=False))
        self._keys["order"].set(say("syntax.order_relevance"))  # type: ignore[attr-defined]  # a combobox
        self._add("since", 1, 0, ttk.Entry(self, width=12))
        self._add("until", 1, 2, ttk.Entry(self, width=12))
        self._add("type", 1, 4, ttk.Combobox(self, values=["", *_TYPES], width=12))
        self._add("shape", 2, 0, _choice(self, [say(f"syntax.shape_{shape.value}") for shape in Shape]))
        self._add("side", 2, 2, ttk.Entry(self, width=12))
        Tooltip(self._add(EXCLUDED, 2, 4, ttk.Entry(self, width=12)), say("filters.excluded_hint"))
        self.clear_button = ttk.Button(self, text=say("filters.clear"), command=self.clear)
        self.clear_button.grid(row=3, column=4, columnspan=2, sticky="e", pady=px(self, 3))
        hint = Hint(self, text=say("filters.hint"))
        hint.grid(row=3, column=1, columnspan=3, sticky="w")

    def _add(self, key: str, row: int, column: int, control: ttk.Entry) -> ttk.Entry:
        label = ttk.Label(self, text=say(f"filters.{key}"))
        label.grid(
            row=row,
            column=column,
            sticky="w",
            pady=px(self, 3),
            padx=(px(self, 0 if column == 0 else 16), px(self, 10)),
        )
        control.grid(row=row, column=column + 1, sticky="ew", pady=px(self, 3))
        self._letters.name(label, control)
        self._keys[key] = control
        return control

    def control(self, key: str) -> ttk.Entry:
        """The control for a key of ``filter_words.KEYS``."""
        return self._keys[key]

    def read(self) -> tuple[Filters, Order]:
        """What the controls say. Raises BadFilter."""
        filters, order = Filters(), Order.RELEVANCE
        for key, control in self._keys.items():
            if value := control.get().strip():
                filters, order = limited(key, value, filters, order)
        return filters, order

    def count(self) -> int:
        """How many controls say something."""
        said = {key: control.get().strip() for key, control in self._keys.items()}
        return sum(bool(value) for value in said.values()) - (said["order"] == say("syntax.order_relevance"))

    def clear(self) -> None:
        """Empty all controls."""
        for key, control in self._keys.items():
            state = str(control.cget("state"))
            control.configure(state="normal")
            control.delete(0, "end")
            if key == "order":
                control.insert(0, say("syntax.order_relevance"))
            control.configure(state=state)

    def values(self) -> dict[str, str]:
        """What stands in the controls, for ``restore`` of another panel in another language."""
        return {key: control.get() for key, control in self._keys.items() if key not in ("shape", "order")}

    def typed(self) -> tuple[str, ...]:
        """What stands in all controls now, to see whether any was changed."""
        return tuple(control.get() for control in self._keys.values())

    def restore(self, values: dict[str, str]) -> None:
        """Put back what ``values`` gave."""
        for key, value in values.items():
            self._keys[key].insert(0, value)

    def _list_folders(self) -> None:
        self._folder.configure(values=["", *self._folders()])


def _choice(parent: tk.Misc, values: Sequence[str], *, empty: bool = True) -> ttk.Combobox:
    return ttk.Combobox(parent, values=["", *values] if empty else list(values), state="readonly", width=12)
