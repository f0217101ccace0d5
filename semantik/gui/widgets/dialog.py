"""The window's dialogs: About, the choice of a model, and their common base."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from pathlib import Path
from tkinter import ttk

from semantik import __version__
from semantik.gui.widgets.access_keys import Mnemonics
from semantik.gui.widgets.screen_scale import AROUND, px
from semantik.words.text import say


class Dialog(tk.Toplevel):
    """A window of its own above the main one: centred on it, modal, closed by Escape."""

    def __init__(self, parent: tk.Misc, title: str) -> None:
        super().__init__(parent)
        self.withdraw()
        self.title(title)
        self.transient(parent.winfo_toplevel())
        self.body = ttk.Frame(self, padding=px(self, 14))
        self.body.pack(fill="both", expand=True)
        self.letters = Mnemonics(self)
        self.bind("<Escape>", lambda event: self.destroy())

    def show(self, focus: tk.Misc) -> None:
        """Put the dialog on the screen, with the keyboard on ``focus``."""
        self.letters.assign()
        self.update_idletasks()
        parent = self.master.winfo_toplevel()
        x = parent.winfo_rootx() + (parent.winfo_width() - self.winfo_reqwidth()) // 2
        y = parent.winfo_rooty() + (parent.winfo_height() - self.winfo_reqheight()) // 3
        # The virtual root is all screens together, so that a dialog stays on the one that its parent is on.
        left, top = self.winfo_vrootx(), self.winfo_vrooty()
        right = left + self.winfo_vrootwidth() - self.winfo_reqwidth()
        bottom = top + self.winfo_vrootheight() - self.winfo_reqheight() - px(self, AROUND)
        self.geometry(f"+{max(left, min(x, right))}+{max(top, min(y, bottom))}")
        self.deiconify()
        self.wait_visibility()
        self.grab_set()
        focus.focus_set()


class AboutDialog(Dialog):
    """What the program is, its version, the model in use, its licence and its makers."""

    def __init__(
        self,
        parent: tk.Misc,
        icon: tk.PhotoImage | None,
        model: str,
        log: Path,
        *,
        on_doctor: Callable[[], None],
        on_guide: Callable[[], None],
    ) -> None:
        """``on_doctor`` runs and shows the diagnosis, ``on_guide`` shows the first steps; the box is closed then."""
        super().__init__(parent, say("about.title"))
        self.icon = icon.subsample(max(1, icon.width() // px(self, 96))) if icon else None
        if self.icon:
            ttk.Label(self.body, image=self.icon).pack(pady=(0, px(self, 10)))
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
            ttk.Label(self.body, text=line, wraplength=px(self, 420), justify="center").pack(pady=(px(self, 6), 0))
        buttons = ttk.Frame(self.body)
        buttons.pack(pady=(px(self, 16), 0))
        self.doctor = ttk.Button(buttons, text=say("about.doctor"), command=lambda: self._leave(on_doctor))
        self.doctor.pack(side="left", padx=(0, px(self, 8)))
        self.guide = ttk.Button(buttons, text=say("about.guide"), command=lambda: self._leave(on_guide))
        self.guide.pack(side="left", padx=(0, px(self, 8)))
        close = ttk.Button(buttons, text=say("about.close"), command=self.destroy)
        close.pack(side="left")
        self.resizable(False, False)
        self.show(close)

    def _leave(self, then: Callable[[], None]) -> None:
        self.destroy()
        then()


class ModelChoice(Dialog):
    """Asks once: download CLIP, or start now with the embedded model. Closing it starts now."""

    def __init__(self, parent: tk.Misc, name: str, size_mb: int, on_choice: Callable[[bool], None]) -> None:
        super().__init__(parent, say("ask.download_title"))
        self._on_choice = on_choice
        message = say("ask.download", name=name, size=size_mb)
        ttk.Label(self.body, text=message, wraplength=px(self, 440), justify="left").pack()
        buttons = ttk.Frame(self.body)
        buttons.pack(pady=(px(self, 18), 0))
        self.download = ttk.Button(
            buttons,
            text=say("ask.download_yes", size=size_mb),
            style="Accent.TButton",
            command=lambda: self._choose(True),
        )
        self.download.pack(side="left", padx=(0, px(self, 10)))
        self.start = ttk.Button(buttons, text=say("ask.download_no"), command=lambda: self._choose(False))
        self.start.pack(side="left")
        self.bind("<Escape>", lambda event: self._choose(False))
        self.protocol("WM_DELETE_WINDOW", lambda: self._choose(False))
        self.resizable(False, False)
        self.show(self.download)

    def _choose(self, download: bool) -> None:
        self.destroy()
        self._on_choice(download)
