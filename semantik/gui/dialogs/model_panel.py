"""The models in the settings window: a table, and what can be done with the selected one."""

from __future__ import annotations

import logging
import tkinter as tk
from tkinter import ttk
from typing import TYPE_CHECKING

from semantik.errors import Cancelled, SemantikError
from semantik.gui.dialogs.model_table import ModelTable, good_at, megabytes
from semantik.gui.widgets.message_box import ask_in_box
from semantik.gui.widgets.screen_scale import px
from semantik.gui.widgets.theme import Hint
from semantik.gui.window_services import WindowServices
from semantik.long_tasks import Progress
from semantik.words.phrases import download_status, model_title, number_format_told
from semantik.words.shown_names import visible
from semantik.words.text import explain, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from semantik.encoders.registry import ModelOnDisk
    from semantik.engine.models import Models

log = logging.getLogger(__name__)


class ModelPanel(ttk.LabelFrame):
    """One task at a time, in the window's worker. It goes on when the window is closed: the main one shows it, too."""

    def __init__(
        self,
        parent: tk.Misc,
        services: WindowServices,
        models: Models,
        leave: Callable[[], None],
        on_busy: Callable[[bool], None],
    ) -> None:
        """``leave`` closes the window; ``on_busy`` hears when a task begins and ends."""
        super().__init__(parent, text=say("settings.models"), padding=px(parent, 8))
        self._services = services
        self._models = models
        self._leave = leave
        self._on_busy = on_busy
        self._busy = False
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self._build()
        self.list_models()
        self.update_idletasks()
        wide = self.table.winfo_reqwidth() - px(self, 16)
        for label in (self.about_model, self.about_numbers):
            label.configure(wraplength=wide - px(self, 16))
        self.message.configure(wraplength=wide - self.cancel_button.winfo_reqwidth())

    def _build(self) -> None:
        self.table = ModelTable(self, self._selected)
        self.table.grid(row=0, column=0, sticky="nsew")
        about = ttk.Frame(self)
        about.grid(row=1, column=0, sticky="ew", pady=px(self, 8))
        self.about_numbers = Hint(about, anchor="nw", justify="left")
        self.about_numbers.pack(side="bottom", fill="x")
        # An empty label of two lines beside it: the window does not jump from one model to the next.
        ttk.Label(about, text="\n").pack(side="left")
        self.about_model = ttk.Label(about, anchor="nw", justify="left")
        self.about_model.pack(side="left", fill="both", expand=True)
        buttons = ttk.Frame(self)
        buttons.grid(row=2, column=0, sticky="ew")
        buttons.columnconfigure(3, weight=1)
        self.use_button = ttk.Button(buttons, text=say("settings.use"), style="Accent.TButton", command=self.use)
        self.download_button = ttk.Button(buttons, text=say("settings.downloaded"), command=self.download)
        self.remove_button = ttk.Button(buttons, text=say("settings.remove"), command=self.remove)
        self.measure_button = ttk.Button(buttons, text=say("settings.measure"), command=self.measure)
        for column, button in enumerate((self.use_button, self.download_button, self.remove_button)):
            button.grid(row=0, column=column, padx=(0, px(self, 8)))
        self.measure_button.grid(row=0, column=4)
        self.progress = ttk.Progressbar(self, maximum=1.0)
        self.progress.grid(row=3, column=0, sticky="ew", pady=(px(self, 12), 0))
        bottom = ttk.Frame(self)
        bottom.grid(row=4, column=0, sticky="ew", pady=(px(self, 6), 0))
        bottom.columnconfigure(0, weight=1)
        self.message = ttk.Label(bottom, anchor="w", justify="left", text=say("settings.hint"))
        self.message.grid(row=0, column=0, sticky="ew")
        self.cancel_button = ttk.Button(bottom, text=say("settings.cancel"), command=self.cancel, state="disabled")
        self.cancel_button.grid(row=0, column=1, padx=(px(self, 8), 0))

    # -- What is shown ---------------------------------------------------------------------------------

    def list_models(self) -> None:
        """Look again at what is on disk."""
        models = self._models
        entries = models.entries()
        refused = {entry.name for entry in entries if models.is_refused(entry.name)}
        self.table.show(entries, models.speeds(), models.encoder.name, refused)

    def say(self, message: str) -> None:
        """Show ``message`` under the bar."""
        self.message.configure(text=message)

    def _selected(self) -> None:
        entry = self.table.selected
        if entry is None:
            return
        refused = self._models.is_refused(entry.name)
        why = say("error.model_unproven", name=self._models.short_title(entry.name))
        parts = [each for each in self._models.entries() if entry.name in (each.name, each.card.part_of)]
        self.about_model.configure(text=why if refused else good_at(entry, sum(part.size for part in parts)))
        self.about_numbers.configure(text="" if refused else self._numbers(entry))
        size = megabytes(entry.size - min(entry.have, entry.size))
        if entry.ready or not entry.size:
            words = say("settings.downloaded")
        else:
            words = say("settings.resume" if entry.have else "settings.download", size=size)
        self.download_button.configure(text=words)
        idle, in_use = not self._busy, entry.name == self._models.encoder.name
        usable = not (entry.card.part_of or in_use or refused) and self._models.is_ready(entry.name)
        _enable(self.use_button, idle and usable)
        _enable(self.download_button, idle and entry.size > 0 and not entry.ready)
        _enable(self.remove_button, idle and entry.have > 0 and not in_use)
        _enable(self.measure_button, idle)
        _enable(self.cancel_button, self._busy)

    def _numbers(self, entry: ModelOnDisk) -> str:
        """In which numbers a model that is here looks at pictures, and why; "" where there is no choice."""
        if not entry.ready or len(entry.card.formats) < 2:
            return ""
        return number_format_told(*self._models.formats.decision(entry.name).facts)

    # -- Models ----------------------------------------------------------------------------------------

    def use(self) -> None:
        """Take the selected model into use; the main window asks what its index needs."""
        entry = self.table.selected
        if entry:
            self._leave()
            self._services.happened.model_chosen(entry.name)

    def download(self) -> None:
        """Fetch the selected model, or go on where an earlier try stopped."""
        entry = self.table.selected
        if not entry:
            return
        title = model_title(entry.name)

        def work() -> None:
            control = tasks.telling(lambda progress: self._show_download(title, progress))
            self._models.download(entry.name, control)

        def done(_: None) -> None:
            self.say(say("settings.done_part" if entry.card.part_of else "settings.done", name=title))
            self._services.happened.models_changed()

        tasks = self._services.tasks
        self._run(work, done, say("settings.stopped"))

    def _show_download(self, title: str, progress: Progress) -> None:
        share, words = progress.done / max(1, progress.total), download_status(title, progress)
        self._services.show_share(share)
        if self.is_there():
            self.progress.configure(value=share)
        if not self._services.tasks.control.cancelled:
            self._services.tell(words)
            if self.is_there():
                self.say(words)

    def remove(self) -> None:
        """Delete the selected model's files when the user agrees."""
        entry = self.table.selected
        if not entry or not self._agrees(entry):
            return
        self._services.happened.model_removing(entry.name)
        try:
            freed = self._models.remove(entry.name)
        except SemantikError as error:
            log.warning("not removed: %r", error)
            self.say(visible(explain(error)))
        else:
            self.say(say("settings.removed", name=model_title(entry.name), size=megabytes(freed)))
        self.list_models()
        self._services.happened.models_changed()

    def _agrees(self, entry: ModelOnDisk) -> bool:
        folder = visible(str(self._models.weights_folder))
        question = say("ask.remove_model", name=model_title(entry.name), size=megabytes(entry.have), folder=folder)
        return ask_in_box(self.winfo_toplevel(), say("settings.title"), question)

    def measure(self) -> None:
        """Try every installed model for a moment, one after the other."""
        tasks = self._services.tasks
        names = [entry.name for entry in self._models.entries() if entry.ready and not entry.card.part_of]

        def show(number: int) -> None:
            if self.is_there():
                title = model_title(names[number])
                self.say(say("settings.measuring", name=title, done=number + 1, total=len(names)))
                self.progress.configure(value=number / len(names))
                self.list_models()

        def work() -> None:
            for number, name in enumerate(names):
                tasks.post(lambda number=number: show(number))  # type: ignore[misc]  # mypy knows no default here
                self._models.measure(name, tasks.control)

        self._run(work, lambda _: self.say(say("settings.measured")), say("settings.not_measured_all"))

    def cancel(self) -> None:
        """Stop what runs; what arrived of a download is kept."""
        self._services.tasks.cancel()
        self.say(say("settings.cancelling"))

    def _run(self, work: Callable[[], None], on_done: Callable[[None], None], cancelled: str) -> None:
        self._set_busy(True)

        def settle() -> bool:
            self._services.tell(status)
            if not self.is_there():
                return False
            self._set_busy(False)
            self.progress.configure(value=0)
            self.list_models()
            return True

        def done(outcome: None) -> None:
            if settle():
                on_done(outcome)
            else:
                self._services.happened.models_changed()

        def failed(error: BaseException) -> None:
            there = settle()
            if not isinstance(error, SemantikError):
                raise error
            log.warning("in the settings: %r", error)
            message = cancelled if isinstance(error, Cancelled) else visible(explain(error))
            if there:
                self.say(message)
            elif not isinstance(error, Cancelled):
                self._services.warn_of(error)

        status = self._services.status
        self._services.start(work, done, failed)

    def _set_busy(self, busy: bool) -> None:
        self._busy = busy
        self._on_busy(busy)
        self._selected()

    def is_there(self) -> bool:
        """Whether the settings are still open."""
        return bool(self.winfo_exists())


def _enable(widget: ttk.Widget, on: bool) -> None:
    widget.state(["!disabled" if on else "disabled"])
