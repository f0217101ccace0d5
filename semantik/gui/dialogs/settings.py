"""The settings window: the models, what is left out, and the languages of the window and of the searches."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Iterable
from tkinter import ttk
from typing import TYPE_CHECKING

from semantik.desktop.system_language import SYSTEM
from semantik.gui.dialogs.model_panel import ModelPanel
from semantik.gui.widgets.access_keys import AccessKeys
from semantik.gui.widgets.dialog import Dialog
from semantik.gui.widgets.screen_scale import px
from semantik.gui.widgets.theme import Hint
from semantik.gui.window_services import WindowServices
from semantik.storage.settings import HEMISPHERES, QUERY_LANGUAGES, THEMES
from semantik.words.catalogue import LANGUAGES
from semantik.words.text import native_name, say

if TYPE_CHECKING:
    from semantik.engine.engine import Engine

WINDOW_LANGUAGES = (SYSTEM, *LANGUAGES)


class SettingsDialog(Dialog):
    """Opened while nothing runs."""

    HIGH = True

    def __init__(
        self, services: WindowServices, engine: Engine, on_people: Callable[[], object] = lambda: None
    ) -> None:
        """``on_people`` shows the window of the people; this one is closed then."""
        super().__init__(services.root, say("settings.title"))
        self._on_people = on_people
        self._services = services
        self._engine = engine
        self.body.columnconfigure(0, weight=1)
        self.body.rowconfigure(0, weight=1)
        self.models = ModelPanel(self.body, services, engine.models, self._leave, self._lock)
        self.models.grid(row=0, column=0, sticky="nsew")
        self._build_languages()
        self.excluded = ExcludedBox(self.body, services.config.exclude, self.letters)
        self.excluded.grid(row=2, column=0, sticky="ew", pady=(px(self, 14), 0))
        self.read_texts = tk.BooleanVar(self, services.config.read_texts)
        read = ttk.Checkbutton(
            self.body, text=say("settings.read_texts"), variable=self.read_texts, command=self.choose_reading
        )
        read.grid(row=3, column=0, sticky="w", pady=(px(self, 14), 0))
        self.exact_numbers = tk.BooleanVar(self, services.config.exact_numbers)
        exact = ttk.Checkbutton(
            self.body, text=say("settings.exact_numbers"), variable=self.exact_numbers, command=self.choose_numbers
        )
        exact.grid(row=4, column=0, sticky="w", pady=(px(self, 6), 0))
        bottom = ttk.Frame(self.body)
        bottom.grid(row=5, column=0, sticky="ew", pady=(px(self, 14), 0))
        bottom.columnconfigure(2, weight=1)
        self.theme = _choice(bottom, 0, "theme", THEMES, services.config.theme, letters=self.letters)
        self.theme.bind("<<ComboboxSelected>>", lambda event: self.choose_theme())
        self.people_button = ttk.Button(bottom, text=say("settings.people"), command=self.show_people)
        self.people_button.grid(row=0, column=3, padx=(px(self, 8), px(self, 8)))
        self.close_button = ttk.Button(bottom, text=say("settings.close"), command=self.close)
        self.close_button.grid(row=0, column=4)
        self.default = self.close_button
        self.measure()
        self.minsize(self.winfo_reqwidth() + self.bar_width, self.winfo_reqheight())
        self.bind("<Escape>", lambda event: self.close())
        self.protocol("WM_DELETE_WINDOW", self.close)
        self.show(self.models.table.rows)

    def show_people(self) -> None:
        """Show the people in the pictures instead."""
        self.close()
        self._on_people()

    def close(self) -> None:
        """Close the window; when other files are excluded than before, the open folder is looked at again."""
        changed = self._keep_excluded()
        self.destroy()
        if changed:
            self._services.happened.exclusions_changed()

    def _leave(self) -> None:
        """Close the window for another model, which opens the folder itself."""
        self._keep_excluded()
        self.destroy()

    def _keep_excluded(self) -> bool:
        """Save what is excluded; whether it is another list than before."""
        patterns = self.excluded.patterns()
        if patterns == self._services.config.exclude:
            return False
        self._services.save(exclude=patterns)
        self._engine.exclude(patterns)
        return True

    def _build_languages(self) -> None:
        group = ttk.LabelFrame(self.body, text=say("settings.language_group"), padding=px(self, 10))
        group.grid(row=1, column=0, sticky="ew", pady=(px(self, 14), 0))
        self.window_language = _choice(
            group, 0, "window", WINDOW_LANGUAGES, self._services.config.language, letters=self.letters
        )
        self.window_language.bind("<<ComboboxSelected>>", lambda event: self.choose_window_language())
        self.query_language = _choice(
            group, 2, "query", QUERY_LANGUAGES, self._services.config.query_language, letters=self.letters
        )
        self.hemisphere = _choice(
            group, 0, "hemisphere", HEMISPHERES, self._services.config.hemisphere, letters=self.letters, row=1
        )
        self.hemisphere.bind("<<ComboboxSelected>>", lambda event: self.choose_hemisphere())
        self.query_language.bind("<<ComboboxSelected>>", lambda event: self.choose_query_language())

    def _lock(self, busy: bool) -> None:
        for box in (self.window_language, self.query_language, self.hemisphere, self.theme):
            box.state(["disabled" if busy else "!disabled"])

    def choose_window_language(self) -> None:
        """Show both windows anew in the chosen language."""
        chosen = WINDOW_LANGUAGES[self.window_language.current()]
        if chosen != self._services.config.language:
            self._services.save(language=chosen)
            self._keep_excluded()
            self.destroy()
            self._services.happened.language_chosen()

    def choose_theme(self) -> None:
        """Show all windows in the chosen theme."""
        self._services.save(theme=THEMES[self.theme.current()])

    def choose_reading(self) -> None:
        """Read texts in pictures from now on, or no more."""
        self._services.save(read_texts=self.read_texts.get())

    def choose_numbers(self) -> None:
        """Look at pictures in single precision always, or as trials tell; the models in use go on as they are."""
        self._services.save(exact_numbers=self.exact_numbers.get())

    def choose_hemisphere(self) -> None:
        """Read the seasons in the next queries by the chosen half of the world."""
        chosen = HEMISPHERES[self.hemisphere.current()]
        self._services.save(hemisphere=chosen)
        self._engine.choose_hemisphere(chosen)

    def choose_query_language(self) -> None:
        """Let the chosen text model read the next queries."""
        chosen = QUERY_LANGUAGES[self.query_language.current()]
        if chosen != self._services.config.query_language:
            self._services.save(query_language=chosen)
            self._engine.models.read_queries(chosen)


def _choice(
    parent: tk.Misc,
    column: int,
    kind: str,
    values: tuple[str, ...],
    chosen: str,
    *,
    letters: AccessKeys,
    row: int = 0,
) -> ttk.Combobox:
    titles = [
        native_name(value) if kind == "window" and value != SYSTEM else say(f"settings.{kind}_{value}")
        for value in values
    ]
    named = f"settings.{kind}_language" if kind in ("window", "query") else f"settings.{kind}"
    label = ttk.Label(parent, text=say(named))
    below = 0 if row == 0 else px(parent, 8)
    label.grid(
        row=row, column=column, sticky="w", padx=(px(parent, 0 if column == 0 else 28), px(parent, 10)), pady=(below, 0)
    )
    box = ttk.Combobox(parent, state="readonly", values=titles, width=max(map(len, titles)) + 2)
    box.current(values.index(chosen))
    box.grid(row=row, column=column + 1, sticky="w", pady=(below, 0))
    letters.name(label, box)
    return box


# -- The editor for what is left out: one pattern per line

LINES = 3


class ExcludedBox(ttk.LabelFrame):
    """A few lines of text with a hint below; Tab leaves it, as it leaves all other controls."""

    def __init__(self, parent: tk.Misc, patterns: Iterable[str], letters: AccessKeys) -> None:
        super().__init__(parent, text=say("settings.exclude_group"), padding=px(parent, 10))
        self.columnconfigure(0, weight=1)
        self.text = tk.Text(
            self, height=LINES, width=40, wrap="none", undo=True, font="TkDefaultFont", highlightthickness=px(self, 1)
        )
        self.text.grid(row=0, column=0, sticky="ew")
        bar = ttk.Scrollbar(self, command=self.text.yview)
        bar.grid(row=0, column=1, sticky="ns")
        self.text.configure(yscrollcommand=bar.set)
        self.text.insert("1.0", "\n".join(patterns))
        self.text.edit_reset()
        self.text.bind("<Tab>", lambda event: _leave(self.text.tk_focusNext()))
        self.text.bind("<<PrevWindow>>", lambda event: _leave(self.text.tk_focusPrev()))
        hint = Hint(self, text=say("settings.exclude_hint"), justify="left", wraplength=px(self, 560))
        hint.grid(row=1, column=0, columnspan=2, sticky="ew", pady=(px(self, 6), 0))
        self.bind("<Configure>", lambda event: hint.configure(wraplength=max(1, event.width - px(self, 24))))
        letters.name(self, self.text)

    def patterns(self) -> tuple[str, ...]:
        """What is typed: each pattern once, without blank lines."""
        lines = (line.strip() for line in self.text.get("1.0", "end").splitlines())
        return tuple(dict.fromkeys(filter(None, lines)))


def _leave(to: tk.Misc | None) -> str:
    if to:
        to.focus_set()
    return "break"  # else the key would be typed as well
