"""The diagnosis in a window: run in the background, shown as text that can be copied into a bug report."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import TYPE_CHECKING

from semantik.errors import Cancelled
from semantik.gui.widgets.dialog import Dialog
from semantik.gui.widgets.screen_scale import px
from semantik.gui.window_services import WindowServices
from semantik.words.text import say

if TYPE_CHECKING:
    from semantik.doctor import Diagnosis

COLUMNS, ROWS = 96, 28


def examine(services: WindowServices) -> None:
    """Run the diagnosis in the worker, then show it. It can be cancelled like every task."""
    if services.tasks.busy:
        services.warn("warn.busy")
        return
    tk_version, drops = str(services.root.tk.call("info", "patchlevel")), can_drop(services.root)
    status = services.status

    def work() -> Diagnosis:
        from semantik.doctor import Window, diagnose

        window = Window(tk_version, drops)
        return diagnose(services.home, services.config, window=window, control=services.tasks.control)

    def done(diagnosis: Diagnosis) -> None:
        services.tell(status)
        DoctorDialog(services.root, diagnosis)

    def failed(error: BaseException) -> None:
        services.tell(status)
        if not isinstance(error, Cancelled):
            services.show_failure(error)

    services.start(work, done, failed)
    services.tell(say("status.examining"))


def can_drop(root: tk.Tk) -> bool:
    """Whether the drag and drop extension is loaded."""
    return bool(root.tk.call("info", "commands", "::tkdnd::drop_target"))


class DoctorDialog(Dialog):
    """The report, to be read and copied; folders are named only when the box is ticked."""

    def __init__(self, parent: tk.Misc, diagnosis: Diagnosis) -> None:
        super().__init__(parent, say("window.doctor"))
        self._diagnosis = diagnosis
        self.body.columnconfigure(0, weight=1)
        self.body.rowconfigure(0, weight=1)
        self.text = tk.Text(self.body, width=COLUMNS, height=ROWS, wrap="word", font="TkFixedFont")
        self.text.configure(padx=px(self, 8), pady=px(self, 8))
        self.text.grid(row=0, column=0, sticky="nsew")
        bar = ttk.Scrollbar(self.body, command=self.text.yview)
        bar.grid(row=0, column=1, sticky="ns")
        self.text.configure(yscrollcommand=bar.set)
        self.paths = tk.BooleanVar(self, value=False)
        box = ttk.Checkbutton(self.body, text=say("window.doctor_paths"), variable=self.paths, command=self.write)
        box.grid(row=1, column=0, columnspan=2, sticky="w", pady=(px(self, 10), 0))
        buttons = ttk.Frame(self.body)
        buttons.grid(row=2, column=0, columnspan=2, sticky="e", pady=(px(self, 12), 0))
        self.copy_button = ttk.Button(
            buttons, text=say("window.doctor_copy"), style="Accent.TButton", command=self.copy
        )
        self.copy_button.pack(side="left", padx=(0, px(self, 8)))
        self.close_button = ttk.Button(buttons, text=say("window.doctor_close"), command=self.destroy)
        self.close_button.pack(side="left")
        self.default = self.close_button
        self.write()
        self.show(self.copy_button)

    def write(self) -> None:
        """Show the report, with or without what is private."""
        self.text.configure(state="normal")
        self.text.delete("1.0", "end")
        self.text.insert("1.0", self.report())
        self.text.configure(state="disabled")

    def report(self) -> str:
        """The text as it is shown and copied."""
        from semantik.doctor import as_text

        return as_text(self._diagnosis, paths=self.paths.get())

    def copy(self) -> None:
        """Put the shown text on the clipboard."""
        self.clipboard_clear()
        self.clipboard_append(self.report())
