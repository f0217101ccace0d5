"""The rows of the main window between the query and its answer: how many, which model, and the buttons."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any

from semantik.gui.main_window.commands import Commands
from semantik.gui.widgets.access_keys import AccessKeys
from semantik.gui.widgets.screen_scale import px
from semantik.gui.window_services import WindowServices
from semantik.words.text import say

MODEL_WIDTH = 38  # average characters, for the longest title


class OptionRows(ttk.Frame):
    """How many results, the options behind "Más opciones", and "Buscar" with its neighbours."""

    def __init__(
        self,
        parent: tk.Misc,
        do: Commands,
        services: WindowServices,
        letters: AccessKeys,
        on_more: Callable[[bool], None],
    ) -> None:
        """``on_more``: the user wants to see more options, or no longer."""
        super().__init__(parent)
        self.columnconfigure(3, weight=1)
        count = ttk.Label(self, text=say("window.top_k"))
        count.grid(row=0, column=0)
        self.top_k = ttk.Spinbox(self, from_=1, to=1_000_000, width=5)
        self.top_k.set(services.config.top_k)
        self.top_k.grid(row=0, column=1, padx=(px(self, 10), px(self, 14)))
        model = ttk.Label(self, text=say("window.model"))
        self.model_box = ttk.Combobox(self, state="disabled", width=MODEL_WIDTH)
        self._more = tk.BooleanVar(self, services.config.more_options)
        self.more_button = ttk.Checkbutton(
            self, style="Toggle.TButton", variable=self._more, command=lambda: on_more(self._more.get())
        )
        self.more_button.grid(row=0, column=4, sticky="e", padx=(px(self, 10), 0))
        self.model_box.bind("<<ComboboxSelected>>", lambda event: do.choose_model())
        letters.name(count, self.top_k)
        letters.name(model, self.model_box)
        checks = ttk.Frame(self)
        self._further: dict[tk.Misc, dict[str, Any]] = {
            model: {"row": 0, "column": 2},
            self.model_box: {"row": 0, "column": 3, "sticky": "ew", "padx": (px(self, 10), 0)},
            checks: {"row": 1, "column": 0, "columnspan": 5, "sticky": "w", "pady": (px(self, 4), 0)},
        }
        self.relevant_check = self._add_check(checks, services, "only_relevant", services.config.only_relevant)
        self.fold_check = self._add_check(checks, services, "fold_similar", services.config.fold_similar)
        self.names_check = self._add_check(checks, services, "names_count", services.config.names_count)
        actions = ttk.Frame(self)
        actions.grid(row=2, column=0, columnspan=5, sticky="ew", pady=(px(self, 8), 0))
        actions.columnconfigure(0, weight=1)
        self.search_button = ttk.Button(actions, text=say("window.search"), style="Accent.TButton", command=do.search)
        self.search_button.grid(row=0, column=0, sticky="ew")
        self.settings_button = ttk.Button(actions, text=say("window.settings"), command=do.show_settings)
        self.settings_button.grid(row=0, column=1, padx=(px(self, 8), 0))
        self.about_button = ttk.Button(actions, text=say("window.about"), width=3, command=do.show_about)
        self.about_button.grid(row=0, column=2, padx=(px(self, 8), 0))

    def show_more(self, more: bool, filters: int) -> None:
        """Show the options, or hide them; ``filters`` that are set are told while they are hidden."""
        told = say("window.more_set", count=filters) if filters and not more else say("window.more")
        self.more_button.configure(text=told)
        for widget, place in self._further.items():
            if more:
                widget.grid(**place)  # type: ignore[attr-defined]  # as all widgets
            else:
                widget.grid_remove()  # type: ignore[attr-defined]

    def _add_check(self, parent: tk.Misc, services: WindowServices, setting: str, value: bool) -> ttk.Checkbutton:
        """A check box that is a setting; its text is called after it."""
        chosen = tk.BooleanVar(self, value)
        check = ttk.Checkbutton(
            parent,
            text=say(f"window.{setting}"),
            variable=chosen,
            command=lambda: services.save(**{setting: chosen.get()}),
        )
        check.variable = chosen  # type: ignore[attr-defined]  # Tk's variables live as long as their Python objects
        check.pack(side="left", padx=(0, px(self, 18)))
        return check
