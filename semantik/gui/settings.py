"""The settings window: the models, and the languages of the window and of the searches."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import TYPE_CHECKING, Protocol

from semantik.config import QUERY_LANGUAGES
from semantik.gui import model_panel
from semantik.gui.dialogs import Dialog
from semantik.gui.model_panel import ModelPanel
from semantik.text import say

if TYPE_CHECKING:
    from semantik.config import Config
    from semantik.engine import Engine

WINDOW_LANGUAGES = ("system", "es", "en")


class Owner(model_panel.Owner, Protocol):
    """What the settings need of the app."""

    config: Config

    def save_config(self, **changes: object) -> None: ...
    def show_settings(self) -> None: ...
    def speak(self) -> None: ...


class SettingsDialog(Dialog):
    """Opened while nothing runs."""

    def __init__(self, app: Owner, engine: Engine) -> None:
        super().__init__(app.root, say("settings.title"))
        self._app = app
        self._engine = engine
        self.body.columnconfigure(0, weight=1)
        self.body.rowconfigure(0, weight=1)
        self.models = ModelPanel(self.body, app, engine, self.destroy, self._lock)
        self.models.grid(row=0, column=0, sticky="nsew")
        self._build_languages()
        self.close_button = ttk.Button(self.body, text=say("settings.close"), command=self.destroy)
        self.close_button.grid(row=2, column=0, sticky="e", pady=(14, 0))
        self.update_idletasks()
        self.minsize(self.winfo_reqwidth(), self.winfo_reqheight())
        self.show(self.models.table.rows)

    def _build_languages(self) -> None:
        group = ttk.LabelFrame(self.body, text=say("settings.language_group"), padding=10)
        group.grid(row=1, column=0, sticky="ew", pady=(14, 0))
        self.window_language = _choice(group, 0, "window", WINDOW_LANGUAGES, self._app.config.language)
        self.window_language.bind("<<ComboboxSelected>>", lambda event: self.choose_window_language())
        self.query_language = _choice(group, 2, "query", QUERY_LANGUAGES, self._app.config.query_language)
        self.query_language.bind("<<ComboboxSelected>>", lambda event: self.choose_query_language())

    def _lock(self, busy: bool) -> None:
        for box in (self.window_language, self.query_language):
            box.state(["disabled" if busy else "!disabled"])

    def choose_window_language(self) -> None:
        """Show both windows anew in the chosen language."""
        chosen = WINDOW_LANGUAGES[self.window_language.current()]
        if chosen != self._app.config.language:
            self._app.save_config(language=chosen)
            self.destroy()
            self._app.speak()
            self._app.show_settings()

    def choose_query_language(self) -> None:
        """Let the chosen text model read the next queries."""
        chosen = QUERY_LANGUAGES[self.query_language.current()]
        if chosen != self._app.config.query_language:
            self._app.save_config(query_language=chosen)
            self._engine.read_queries(chosen)


def _choice(parent: tk.Misc, column: int, kind: str, values: tuple[str, ...], chosen: str) -> ttk.Combobox:
    titles = [say(f"settings.{kind}_{value}") for value in values]
    label = ttk.Label(parent, text=say(f"settings.{kind}_language"))
    label.grid(row=0, column=column, padx=(0 if column == 0 else 28, 10))
    box = ttk.Combobox(parent, state="readonly", values=titles, width=max(map(len, titles)) + 2)
    box.current(values.index(chosen))
    box.grid(row=0, column=column + 1)
    return box
