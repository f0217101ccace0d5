"""The window's dialogs: About, the choice of a model, and the list of files with problems."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from pathlib import Path
from tkinter import ttk

from semantik import __version__
from semantik.display_names import visible
from semantik.gui.columns import fit_column
from semantik.records import Problem
from semantik.text import reason, say


class Dialog(tk.Toplevel):
    """A window of its own above the main one: centred on it, modal, closed by Escape."""

    def __init__(self, parent: tk.Misc, title: str) -> None:
        super().__init__(parent)
        self.withdraw()
        self.title(title)
        self.transient(parent.winfo_toplevel())
        self.body = ttk.Frame(self, padding=20)
        self.body.pack(fill="both", expand=True)
        self.bind("<Escape>", lambda event: self.destroy())

    def show(self, focus: tk.Misc) -> None:
        """Put the dialog on the screen, with the keyboard on ``focus``."""
        self.update_idletasks()
        parent = self.master.winfo_toplevel()
        x = parent.winfo_rootx() + (parent.winfo_width() - self.winfo_reqwidth()) // 2
        y = parent.winfo_rooty() + (parent.winfo_height() - self.winfo_reqheight()) // 3
        self.geometry(f"+{max(x, 0)}+{max(y, 0)}")
        self.deiconify()
        self.wait_visibility()
        self.grab_set()
        focus.focus_set()


class AboutDialog(Dialog):
    """What the program is, its version, the model in use, its licence and its makers."""

    def __init__(self, parent: tk.Misc, icon: tk.PhotoImage | None, model: str, log: Path) -> None:
        super().__init__(parent, say("about.title"))
        self.icon = icon.subsample(max(1, icon.width() // 96)) if icon else None
        if self.icon:
            ttk.Label(self.body, image=self.icon).pack(pady=(0, 10))
        ttk.Label(self.body, text="SemantikSearch", font=("TkDefaultFont", 16, "bold")).pack()
        lines = [
            say("about.version", version=__version__),
            say("about.body"),
            say("about.model", model=model),
            say("about.licence"),
            say("about.developers"),
            say("about.log", log=log),
        ]
        for line in lines:
            ttk.Label(self.body, text=line, wraplength=420, justify="center").pack(pady=(6, 0))
        close = ttk.Button(self.body, text=say("about.close"), command=self.destroy)
        close.pack(pady=(16, 0))
        self.resizable(False, False)
        self.show(close)


class ModelChoice(Dialog):
    """Asks once: download CLIP, or start now with the embedded model. Closing it starts now."""

    def __init__(self, parent: tk.Misc, name: str, size_mb: int, on_choice: Callable[[bool], None]) -> None:
        super().__init__(parent, say("ask.download_title"))
        self._on_choice = on_choice
        message = say("ask.download", name=name, size=size_mb)
        ttk.Label(self.body, text=message, wraplength=440, justify="left").pack()
        buttons = ttk.Frame(self.body)
        buttons.pack(pady=(18, 0))
        self.download = ttk.Button(
            buttons,
            text=say("ask.download_yes", size=size_mb),
            style="Accent.TButton",
            command=lambda: self._choose(True),
        )
        self.download.pack(side="left", padx=(0, 10))
        self.start = ttk.Button(buttons, text=say("ask.download_no"), command=lambda: self._choose(False))
        self.start.pack(side="left")
        self.bind("<Escape>", lambda event: self._choose(False))
        self.protocol("WM_DELETE_WINDOW", lambda: self._choose(False))
        self.resizable(False, False)
        self.show(self.download)

    def _choose(self, download: bool) -> None:
        self.destroy()
        self._on_choice(download)


class ProblemsDialog(Dialog):
    """The files that were skipped or read only in part, each with its reason."""

    def __init__(self, parent: tk.Misc, problems: Sequence[Problem]) -> None:
        super().__init__(parent, say("skipped.title"))
        frame = ttk.Frame(self.body)
        frame.pack(fill="both", expand=True)
        self.table = ttk.Treeview(frame, columns=("path", "reason"), show="headings", height=14)
        self.table.heading("path", text=say("skipped.path"), anchor="w")
        self.table.heading("reason", text=say("skipped.reason"), anchor="w")
        self.table.column("path", width=330)
        bar = ttk.Scrollbar(frame, command=self.table.yview)
        self.table.configure(yscrollcommand=bar.set)
        self.table.pack(side="left", fill="both", expand=True)
        bar.pack(side="right", fill="y")
        self._rows = [(visible(problem.path), reason(problem.reason)) for problem in problems]
        for row in self._rows:
            self.table.insert("", "end", values=row)
        fit_column(self.table, "reason")
        buttons = ttk.Frame(self.body)
        buttons.pack(fill="x", pady=(12, 0))
        ttk.Button(buttons, text=say("skipped.copy"), command=self._copy).pack(side="left")
        close = ttk.Button(buttons, text=say("skipped.close"), command=self.destroy)
        close.pack(side="right")
        self.show(close)

    def _copy(self) -> None:
        self.clipboard_clear()
        self.clipboard_append("\n".join("\t".join(row) for row in self._rows))
