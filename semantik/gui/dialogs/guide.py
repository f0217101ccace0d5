"""The guide of the first start: three steps to the first search."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tkinter import ttk
from typing import TYPE_CHECKING, Any

from semantik.folders.suggested_folders import PictureCount, count_pictures, suggested_folders
from semantik.gui.dialogs.guide_steps import FolderStep, ModelStep, SearchStep, Step
from semantik.gui.widgets.dialog import Dialog
from semantik.gui.widgets.file_dialogs import choose_folder
from semantik.gui.widgets.screen_scale import px
from semantik.long_tasks import TaskControl
from semantik.words.text import say

if TYPE_CHECKING:
    from semantik.engine.model_advice import Choice


@dataclass(frozen=True, slots=True)
class GuideChoice:
    """What the user chose.

    ``folders``: at least one. ``model``: the name of one of those that were offered. ``watch``: take in new photos
    while the program is open. ``query``: the first search, or empty.
    """

    folders: tuple[Path, ...]
    model: str
    watch: bool
    query: str = ""


class Guide(Dialog):
    """Asks where the photos are and which model to use, and shows how to search; Escape skips it."""

    def __init__(
        self,
        parent: tk.Misc,
        post: Callable[[Callable[[], None]], None],
        ahead: Callable[[Callable[[], Any]], None],
        choices: Sequence[Choice],
        on_done: Callable[[GuideChoice | None], None],
        *,
        model: str = "",
        folders: Sequence[Path] = (),
        watch: bool = False,
    ) -> None:
        """``choices``: the models, the recommended one first, the embedded one last; ``model``: the one that was chosen
        before.

        ``post`` has a function called on the window's thread, ``ahead`` runs one in another. ``folders`` are listed
        first and ticked. ``on_done`` is called once, when the window is gone: with the choice, or None when the guide
        was skipped or its window closed. It is not called when the program ends with the guide open: then nobody
        skipped it.
        """
        super().__init__(parent, say("guide.title"))
        self._post, self._ahead, self._on_done = post, ahead, on_done
        self._counting = TaskControl()  # cancelled when the window goes
        self._build(choices, model, folders, watch)
        self.bind("<Destroy>", lambda event: self._counting.cancel() if event.widget is self else None)
        self.bind("<Escape>", lambda event: self.skip())
        self.protocol("WM_DELETE_WINDOW", self.skip)
        self.default = self.main
        self.resizable(False, False)
        self._go_to(0)
        ahead(partial(self._look, tuple(folders)))
        self.show(self.main)

    def _build(self, choices: Sequence[Choice], model: str, folders: Sequence[Path], watch: bool) -> None:
        stage = ttk.Frame(self.body)
        stage.grid(row=0, column=0, sticky="nsew")
        stage.columnconfigure(0, weight=1)
        stage.rowconfigure(0, weight=1)
        self.folder_step = FolderStep(stage, (1, 3), self.choose_other)
        self.model_step = ModelStep(stage, (2, 3), choices, model)
        self.search_step = SearchStep(stage, (3, 3), watch=watch)
        self.steps: tuple[Step, ...] = (self.folder_step, self.model_step, self.search_step)
        self.step = 0
        for folder in folders:
            self.folder_step.list.add(folder, ticked=True)
        bottom = ttk.Frame(self.body)
        bottom.grid(row=1, column=0, sticky="ew", pady=(px(self, 18), 0))
        bottom.columnconfigure(1, weight=1)
        self.skip_button = ttk.Button(bottom, text=say("guide.skip"), command=self.skip)
        self.skip_button.grid(row=0, column=0)
        self.back = ttk.Button(bottom, text=say("guide.back"), command=lambda: self._go_to(self.step - 1))
        self.back.grid(row=0, column=2, padx=px(self, 8))
        names = (say("guide.next"), say("guide.start"))
        self.main = ttk.Button(bottom, width=max(map(len, names)) + 1, style="Accent.TButton", command=self.go_on)
        self.main.grid(row=0, column=3)
        self.letters.alternate(self.main, names)
        # As large as the largest step, so that the window never changes its size.
        self.update_idletasks()
        stage.configure(
            width=max(step.winfo_reqwidth() for step in self.steps),
            height=max(step.winfo_reqheight() for step in self.steps),
        )
        stage.grid_propagate(False)

    def _go_to(self, step: int) -> None:
        self.steps[self.step].grid_forget()
        self.step = step
        self.steps[step].grid(row=0, column=0, sticky="nsew")
        self.back.state(["disabled" if step == 0 else "!disabled"])
        self.main.configure(text=say("guide.start" if step == len(self.steps) - 1 else "guide.next"))
        self.letters.assign()
        self.update_idletasks()  # a Tab that is typed ahead must find the new page
        self.main.focus_set()

    def go_on(self) -> None:
        """ "Siguiente" or "Empezar a buscar": the next step, or the end; not without a folder."""
        chosen = self.folder_step.list.chosen()
        if not chosen:
            self.folder_step.complain()
        elif self.step < len(self.steps) - 1:
            self._go_to(self.step + 1)
        else:
            model, watch = self.model_step.model.get(), self.search_step.watch.get()
            self._leave(GuideChoice(chosen, model, watch, self.search_step.query.get()))

    def skip(self) -> None:
        """Close the guide; nothing is chosen."""
        self._leave(None)

    def choose_other(self) -> None:
        """ "Otra carpeta…": add one to the list with the system's dialog."""
        chosen = choose_folder(self, say("window.pick_folder"), Path.home())
        if self._counting.cancelled:
            return
        (self.main if chosen else self.folder_step.other).focus_set()  # Tk leaves it to nothing on X11
        if not chosen:
            return
        folder, known = Path(chosen), len(self.folder_step.list.boxes)
        box = self.folder_step.list.add(folder, ticked=True)
        self.folder_step.settle()
        self.folder_step.list.reveal(box)
        if len(self.folder_step.list.boxes) > known:
            self.letters.assign()
            self._ahead(partial(self._count, (folder,)))

    def _leave(self, choice: GuideChoice | None) -> None:
        if not self._counting.cancelled:
            self.destroy()
            self._on_done(choice)

    # -- In another thread, and what it tells ----------------------------------------------------------

    def _look(self, given: tuple[Path, ...]) -> None:
        self._count(given)
        found = suggested_folders()
        self._tell(partial(self._suggest, found))
        self._count(found)

    def _count(self, folders: Sequence[Path]) -> None:
        for folder in folders:
            if self._counting.cancelled:
                return
            found = count_pictures(folder, control=self._counting)
            self._tell(partial(self._counted, folder, found))

    def _tell(self, call: Callable[[], None]) -> None:
        self._post(lambda: None if self._counting.cancelled else call())

    def _suggest(self, found: Sequence[Path]) -> None:
        shown = self.folder_step.list
        for folder in found:
            shown.add(folder, ticked=False)
        if not shown.boxes:
            shown.say(say("guide.none_found"))
        self.letters.assign()

    def _counted(self, folder: Path, found: PictureCount) -> None:
        step = self.folder_step
        step.list.show_count(folder, found)
        # The most probable folder with pictures is ticked beforehand: for most people it is the right one.
        if found.count and not step.touched and not step.list.chosen():
            step.list.add(folder, ticked=True)
            step.settle()
