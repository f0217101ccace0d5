"""The main window's widgets: where everything is and what it is called; what it does comes from the app."""

from __future__ import annotations

import logging
import tkinter as tk
from collections.abc import Sequence
from pathlib import Path
from tkinter import font, ttk
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

import sv_ttk

from semantik.config import Config
from semantik.gui.drops import accept_drops
from semantik.gui.filter_panel import FilterPanel
from semantik.gui.history_box import HistoryBox
from semantik.history import SearchHistory
from semantik.text import language, say

log = logging.getLogger(__name__)

MODEL_WIDTH = 38  # average characters, for the longest title


class Examples(Protocol):
    """Where example pictures come from."""

    def take(self, paths: Sequence[Path]) -> None: ...
    def paste(self, *, asked: bool) -> None: ...


class Commands(Protocol):
    """What the widgets call; the app class has it."""

    @property
    def examples(self) -> Examples: ...

    def browse_folder(self) -> None: ...
    def take_folder(self) -> bool: ...
    def update_index(self) -> None: ...
    def browse_image(self) -> None: ...
    def take_image(self) -> None: ...
    def choose_model(self) -> None: ...
    def save_config(self, **changes: object) -> None: ...
    def folders(self) -> Sequence[str]: ...
    def search(self) -> None: ...
    def show_about(self) -> None: ...
    def show_settings(self) -> None: ...
    def show_problems(self) -> None: ...
    def cancel(self) -> None: ...


class MainView(ttk.Frame):
    """All widgets of the main window, built into ``root``."""

    def __init__(self, root: tk.Tk, do: Commands, config: Config, history: SearchHistory) -> None:
        sv_ttk.set_theme("light", root)
        super().__init__(root, padding=16)
        self.pack(fill="both", expand=True)
        self.columnconfigure(1, weight=1)
        self._build_folder(do)
        self._build_query(do, history)
        self._build_filters(do)
        self._build_options(do, config)
        self._build_bottom(do)
        accept_drops(self, do.examples.take)
        # What people expect of Ctrl+A; Tk on X11 would go to the start of the line.
        for kind in ("TEntry", "TCombobox"):
            root.bind_class(kind, "<Control-a>", "%W selection range 0 end; %W icursor end; break")
        root.bind("<<Paste>>", lambda event: do.examples.paste(asked=False))
        root.bind("<Return>", lambda event: do.search())
        root.bind("<KP_Enter>", lambda event: do.search())
        self.text_entry.focus_set()
        self.fit()
        # Tk's own message boxes, where the system has none, speak the program's language.
        root.tk.eval(f"::msgcat::mclocale {language()}; ::msgcat::mcload [file join $::tk_library msgs]")

    def _build_folder(self, do: Commands) -> None:
        group = ttk.LabelFrame(self, text=say("window.folder_group"), padding=10)
        group.grid(row=0, column=0, columnspan=4, sticky="ew")
        group.columnconfigure(0, weight=1)
        self.folder_entry = ttk.Entry(group, width=48)
        self.folder_entry.grid(row=0, column=0, sticky="ew")
        self.folder_entry.bind("<FocusOut>", lambda event: do.take_folder())
        self.folder_button = ttk.Button(group, text=say("window.browse"), command=do.browse_folder)
        self.folder_button.grid(row=0, column=1, padx=(8, 0))
        self.update_button = ttk.Button(group, text=say("window.update"), command=do.update_index)
        self.update_button.grid(row=0, column=2, padx=(8, 0))

    def _build_query(self, do: Commands, history: SearchHistory) -> None:
        self.mode = tk.StringVar(self, "text")
        modes = ttk.Frame(self)
        modes.grid(row=1, column=0, columnspan=4, sticky="w", pady=(14, 6))
        self.by_text = ttk.Radiobutton(modes, text=say("window.by_text"), value="text", variable=self.mode)
        self.by_image = ttk.Radiobutton(modes, text=say("window.by_image"), value="image", variable=self.mode)
        self.by_both = ttk.Radiobutton(modes, text=say("window.by_both"), value="both", variable=self.mode)
        for button in (self.by_text, self.by_image, self.by_both):
            button.configure(command=self._focus_query)
            button.pack(side="left", padx=(0, 18))
        ttk.Label(self, text=say("window.text")).grid(row=2, column=0, sticky="w", pady=4)
        self.text_entry = HistoryBox(self, history)
        self.text_entry.grid(row=2, column=1, columnspan=3, sticky="ew", padx=(10, 0), pady=4)
        self.text_entry.bind("<KeyPress>", lambda event: self._typing(event.char))
        ttk.Label(self, text=say("window.image")).grid(row=3, column=0, sticky="w", pady=4)
        self.image_entry = ttk.Entry(self)
        self.image_entry.grid(row=3, column=1, sticky="ew", padx=(10, 0), pady=4)
        self.image_entry.bind("<FocusOut>", lambda event: do.take_image())
        self.image_button = ttk.Button(self, text=say("window.browse"), command=do.browse_image)
        self.image_button.grid(row=3, column=2, padx=(8, 0))
        self.paste_button = ttk.Button(self, text=say("window.paste"), command=lambda: do.examples.paste(asked=True))
        self.paste_button.grid(row=3, column=3, padx=(8, 0))

    def _build_filters(self, do: Commands) -> None:
        self.filters_shown = tk.BooleanVar(self, value=False)
        self.filters = FilterPanel(self, do.folders)
        self.filters_button = ttk.Checkbutton(
            self, style="Toggle.TButton", variable=self.filters_shown, command=self.show_filters
        )
        self.filters_button.grid(row=4, column=0, sticky="w", pady=(8, 0))
        ttk.Label(self, text=say("window.syntax_hint")).grid(
            row=4, column=1, columnspan=3, sticky="w", padx=(10, 0), pady=(8, 0)
        )
        self.show_filters()

    def show_filters(self) -> None:
        """Show the controls for filters, or tell on their button how many of them still filter."""
        shown, count = self.filters_shown.get(), self.filters.count()
        told = say("window.filters_set", count=count) if count and not shown else say("window.filters")
        self.filters_button.configure(text=told)
        if shown:
            self.filters.grid(row=5, column=0, columnspan=4, sticky="ew", pady=(8, 0))
        else:
            self.filters.grid_remove()
        self.fit()

    def fit(self) -> None:
        """Let the window be no smaller than what it shows."""
        root = self.winfo_toplevel()
        root.update_idletasks()
        # The status may take two lines, for which a window that its user made small does not grow.
        line = font.Font(root, font="TkDefaultFont").metrics("linespace")
        width, height = root.winfo_reqwidth(), root.winfo_reqheight() + line
        root.minsize(width, height)

    def _build_options(self, do: Commands, config: Config) -> None:
        options = ttk.Frame(self)
        options.grid(row=6, column=0, columnspan=4, sticky="ew", pady=(12, 12))
        options.columnconfigure(3, weight=1)
        ttk.Label(options, text=say("window.top_k")).grid(row=0, column=0)
        self.top_k = ttk.Spinbox(options, from_=1, to=1_000_000, width=6)
        self.top_k.set(config.top_k)
        self.top_k.grid(row=0, column=1, padx=(10, 24))
        ttk.Label(options, text=say("window.model")).grid(row=0, column=2)
        self.model_box = ttk.Combobox(options, state="disabled", width=MODEL_WIDTH)
        self.model_box.grid(row=0, column=3, sticky="ew", padx=(10, 0))
        self.model_box.bind("<<ComboboxSelected>>", lambda event: do.choose_model())
        checks = ttk.Frame(options)
        checks.grid(row=1, column=0, columnspan=4, sticky="w", pady=(8, 0))
        self.relevant_check = self._add_check(checks, do, "only_relevant", config.only_relevant)
        self.fold_check = self._add_check(checks, do, "fold_similar", config.fold_similar)
        self.names_check = self._add_check(checks, do, "names_count", config.names_count)
        actions = ttk.Frame(self)
        actions.grid(row=7, column=0, columnspan=4, sticky="ew")
        actions.columnconfigure(0, weight=1)
        self.search_button = ttk.Button(actions, text=say("window.search"), style="Accent.TButton", command=do.search)
        self.search_button.grid(row=0, column=0, sticky="ew")
        self.about_button = ttk.Button(actions, text=say("window.about"), width=3, command=do.show_about)
        self.settings_button = ttk.Button(actions, text=say("window.settings"), command=do.show_settings)
        self.settings_button.grid(row=0, column=1, padx=(8, 0))
        self.about_button.grid(row=0, column=2, padx=(8, 0))

    def _add_check(self, parent: tk.Misc, do: Commands, setting: str, value: bool) -> ttk.Checkbutton:
        """A check box that is a setting; its text is called after it."""
        chosen = tk.BooleanVar(self, value)
        check = ttk.Checkbutton(
            parent,
            text=say(f"window.{setting}"),
            variable=chosen,
            command=lambda: do.save_config(**{setting: chosen.get()}),
        )
        check.variable = chosen  # type: ignore[attr-defined]  # Tk's variables live as long as their Python objects
        check.pack(side="left", padx=(0, 18))
        return check

    def _build_bottom(self, do: Commands) -> None:
        bottom = ttk.Frame(self)
        bottom.grid(row=8, column=0, columnspan=4, sticky="ew", pady=(14, 0))
        bottom.columnconfigure(0, weight=1)
        self.progress = ttk.Progressbar(bottom, maximum=1.0)
        self.progress.grid(row=0, column=0, sticky="ew", pady=6)
        self.cancel_button = ttk.Button(bottom, text=say("window.cancel"), command=do.cancel, state="disabled")
        self.cancel_button.grid(row=0, column=1, padx=(8, 0))
        self.status = ttk.Label(bottom, anchor="w")
        self.status.grid(row=1, column=0, sticky="ew", pady=(6, 0))
        self.status.bind("<Configure>", lambda event: self.status.configure(wraplength=max(event.width - 8, 200)))
        self.skipped_button = ttk.Button(bottom, command=do.show_problems)

    def _typing(self, char: str) -> None:
        # Who types a description means to search by it. Arrows and the like have no character.
        if char and char.isprintable():
            self.text_entry.typing()
            if self.mode.get() == "image":
                self.mode.set("text")

    def _focus_query(self) -> None:
        (self.image_entry if self.mode.get() == "image" else self.text_entry).focus_set()

    def entered(self) -> tuple[Any, ...]:
        """What the user typed and chose, for ``enter`` of another view."""
        entries = (self.folder_entry, self.text_entry, self.image_entry, self.top_k)
        return (self.filters.values(), self.mode.get(), *(entry.get() for entry in entries))

    def enter(self, entered: tuple[Any, ...]) -> None:
        """Put back what ``entered`` gave, into a view that is ready for use."""
        filters, mode, folder, words, image, top_k = entered
        self.filters.restore(filters)
        self.show_filters()
        self.mode.set(mode)
        for entry, value in ((self.folder_entry, folder), (self.text_entry, words), (self.image_entry, image)):
            replace_text(entry, value)
        self.top_k.set(top_k)
        self.set_busy(False)

    def say(self, message: str) -> None:
        """Show ``message`` in the status line."""
        self.status.configure(text=message)

    def set_busy(self, busy: bool) -> None:
        """Lock what must not change during a task. "Buscar" stays: it explains why it has to wait."""
        state = ["disabled" if busy else "!disabled"]
        for widget in (self.folder_entry, self.folder_button, self.update_button, self.model_box):
            widget.state(state)
        self.cancel_button.state(["!disabled" if busy else "disabled"])
        if not busy:
            self.model_box.state(["readonly"])

    def show_waiting(self) -> None:
        """Let the bar run to and fro: something happens, and nobody knows how long."""
        self.progress.configure(mode="indeterminate")
        self.progress.start(15)

    def show_share(self, share: float) -> None:
        """Fill the bar to ``share``, from 0 to 1."""
        if str(self.progress.cget("mode")) != "determinate":
            self.progress.stop()
            self.progress.configure(mode="determinate")
        self.progress.configure(value=share)

    def show_skipped(self, count: int) -> None:
        """Offer the list of files with problems when there are any."""
        if count:
            self.skipped_button.configure(text=say("window.skipped", count=count))
            self.skipped_button.grid(row=1, column=1, padx=(8, 0), pady=(6, 0))
        else:
            self.skipped_button.grid_remove()


def load_icon(root: tk.Tk, path: Path) -> tk.PhotoImage | None:
    """Give the window its icon; None when it is missing or broken, and the program goes on without."""
    try:
        icon = tk.PhotoImage(master=root, file=str(path))
        root.iconphoto(True, icon)
    except tk.TclError as error:
        log.warning("no icon: %s", error)
        return None
    return icon


def replace_text(entry: ttk.Entry, value: str) -> None:
    """Set an entry's text, also while it is disabled."""
    state = entry.state()
    entry.state(["!disabled"])
    entry.delete(0, "end")
    entry.insert(0, value)
    if "disabled" in state:
        entry.state(["disabled"])


def typed_path(typed: str) -> str:
    """A path as people type or paste it: without quotes and spaces around it, ``~`` and ``file://`` understood."""
    path = typed.strip().strip("\"'").strip()
    if path.lower().startswith("file://"):
        path = url2pathname(urlsplit(path).path)
    return str(Path(path).expanduser()) if path else ""
