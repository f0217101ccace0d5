"""The editor for what is left out: one pattern per line."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterable
from tkinter import ttk

from semantik.gui.widgets.access_keys import Mnemonics
from semantik.gui.widgets.screen_scale import px
from semantik.gui.widgets.theme import Hint
from semantik.words.text import say

LINES = 3


class ExcludedBox(ttk.LabelFrame):
    """A few lines of text with a hint below; Tab leaves it, as it leaves all other controls."""

    def __init__(self, parent: tk.Misc, patterns: Iterable[str], letters: Mnemonics) -> None:
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
