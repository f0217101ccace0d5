"""SemantikSearch: find your own pictures by what is in them. Start it with a double click."""

from __future__ import annotations

import sys

from semantik.gui import launch

if __name__ == "__main__":
    # Before anything that may be missing is imported: a venv beside the program may have it all.
    code = launch.prepare(__file__, sys.argv[1:])
    if code is not None:
        sys.exit(code)

import logging
import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tkinter import filedialog, messagebox
from typing import TYPE_CHECKING, Any

from semantik import errors
from semantik.desktop.background_priority import in_background
from semantik.desktop.system_language import resolve
from semantik.gui.actions.example_pictures import ExamplePicker
from semantik.gui.actions.first_steps import FirstSteps
from semantik.gui.actions.folder_commands import FolderActions
from semantik.gui.actions.folder_watching import Watching
from semantik.gui.actions.found_pictures import FoundPictures
from semantik.gui.actions.indexing import IndexingDisplay
from semantik.gui.actions.model_picker import ModelPicker
from semantik.gui.actions.open_folders import OpenFolders
from semantik.gui.actions.searching import Searching
from semantik.gui.dialogs.about import AboutDialog
from semantik.gui.dialogs.doctor import examine
from semantik.gui.dialogs.settings import SettingsDialog
from semantik.gui.main_window.main_view import MainView, load_icon
from semantik.gui.widgets.background_tasks import Tasks
from semantik.gui.widgets.entries import replace_text, typed_path
from semantik.gui.widgets.screen_scale import claim_pixels
from semantik.gui.widgets.theme import Look
from semantik.long_tasks import Progress
from semantik.queries import Query
from semantik.records import Problem
from semantik.storage.home import SHIPPED, find_home
from semantik.storage.log_file import start_logging
from semantik.storage.settings import Config, load_config, save_config
from semantik.words import text
from semantik.words.shown_names import visible
from semantik.words.text import explain, say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from semantik.engine.engine import Engine
    from semantik.engine.library import Library, Outcome
    from semantik.folders.indexed_folder import Check, IndexedFolder

log = logging.getLogger(__name__)

ICON = SHIPPED / "SS.png"


class SemantikSearchApp:
    """The window: reads its widgets, calls the engine in the background, shows the outcome."""

    view: MainView

    def __init__(self, root: tk.Tk, home: Path | None = None) -> None:
        self.root = root
        self.home = home or find_home()
        self.log_path = start_logging(self.home)
        self.config = self.load_config()
        self.engine: Engine | None = None
        self.query_image = ""
        self.problems: tuple[Problem, ...] = ()
        self._wanted_top_k = self.config.top_k  # comes back after a library with fewer pictures than that
        self._closing = False
        self._indexing = False
        root.report_callback_exception = lambda kind, error, trace: self.show_failure(error)
        self.tasks = Tasks(root, self.show_failure)
        self.look = Look(root, self.tasks.post)
        self.look.wear(self.config.theme)
        self.models = ModelPicker(self)
        self.answers = Searching(self)
        self.examples = ExamplePicker(self)
        self.recent = FoundPictures(self)
        self.indexing = IndexingDisplay(self)
        self.opened = OpenFolders(self)
        self.folders = FolderActions(self)
        self.first_steps = FirstSteps(self)
        self.watching = Watching(self)
        self.icon = load_icon(root, ICON)
        self._create_widgets()
        root.protocol("WM_DELETE_WINDOW", self.close)
        self.view.say(say("status.loading"))
        root.after(30, self._load_engine)  # not before the window is drawn

    def _create_widgets(self) -> None:
        self.root.title(say("window.title"))
        self.view = MainView(self.root, self, self.config, self.answers.history)

    # -- Settings --------------------------------------------------------------------------------------

    def load_config(self) -> Config:
        """Read the settings and speak the user's language."""
        config = load_config(self.home)
        text.set_language(resolve(config.language))
        return config

    def save_config(self, **changes: object) -> None:
        """Remember changed settings; a failure is told and stops nothing."""
        changed = replace(self.config, **changes)  # type: ignore[arg-type]  # the callers are in this program
        if changed == self.config:
            return
        self.config = changed
        try:
            save_config(changed, self.home)
        except OSError as error:
            log.warning("settings not saved: %s", error)
            self.view.say(say("warn.settings_not_saved", detail=text.system(error.strerror or str(error))))

    def speak(self) -> None:
        """Show the window anew, in the language of the settings; nothing runs meanwhile."""
        text.set_language(resolve(self.config.language))
        entered = self.view.entered()
        self.view.destroy()
        self._create_widgets()
        self.view.enter(entered)
        self.models.speak()
        self.show_skipped(self.problems)
        self.view.say(say("status.choose_folder"))
        if self.opened.library:
            self.opened.show_index()
        self.recent.again()

    # -- Background work -------------------------------------------------------------------------------

    def start(
        self, work: Callable[[], Any], on_done: Callable[[Any], None], on_error: Callable[[BaseException], None]
    ) -> None:
        """Run ``work`` in the worker; the window is busy until its outcome is shown."""
        self.view.set_busy(True, pausable=self._indexing)
        self.view.show_waiting()

        def settle(outcome: Any, show: Callable[[Any], None]) -> None:
            self._indexing = False
            self.view.set_busy(False)
            self.view.show_share(0)
            if self._closing:
                self._destroy()
            else:
                show(outcome)

        self.tasks.start(work, lambda result: settle(result, on_done), lambda error: settle(error, on_error))

    def _load_engine(self) -> None:
        def work() -> Engine:
            from semantik.engine.engine import Engine

            return Engine(self.home, self.config)

        self.start(work, self._engine_loaded, self.show_failure)

    def _engine_loaded(self, engine: Engine) -> None:
        self.engine = engine
        if self.first_steps.wanted():
            self.view.say(say("status.choose_folder"))
            self.first_steps.show(engine)
        else:
            self.models.begin(engine)

    def choose_model(self) -> None:
        """Another model was picked in the list."""
        self.models.choose()

    def model_in_use(self, name: str) -> None:
        """A model was taken into use: remember it, and open the folder with it."""
        self.save_config(encoder=name)
        if self.opened.named:
            self.opened.again()
        elif folders := self.config.opened:
            self.opened.open(folders, self.config.inactive_folders)
        else:
            self.view.say(say("status.choose_folder"))

    def pause(self) -> None:
        """ "Pausar" or "Reanudar": hold indexing still after its batch, or let it go on."""
        self.indexing.toggle()

    def cancel(self) -> None:
        """Stop the running task at its next batch; what was done is kept."""
        self.tasks.cancel()
        self.view.show_paused(False)
        self.view.say(say("status.cancelling"))

    def close(self) -> None:
        """Close the window; a running task is cancelled and saved first."""
        self._closing = True
        if self.tasks.busy:
            self.cancel()
        else:
            self._destroy()

    def _destroy(self) -> None:
        self.save_config(top_k=self._wanted_top_k)
        self.root.withdraw()  # what is being done in the background stops at its next batch, out of sight
        self.watching.close()
        self.answers.close()
        self.look.close()
        self.tasks.close()
        if self.engine:
            self.engine.close()
        self.root.destroy()

    def show_failure(self, error: BaseException) -> None:
        """Tell the user what went wrong; what nobody foresaw goes into the log with its traceback."""
        if isinstance(error, errors.SemantikError):
            log.info("told the user: %r", error)
            message = explain(error)
        else:
            log.error("unexpected", exc_info=error)
            message = say("error.internal", log=self.log_path)
        messagebox.showerror(say("window.title"), message, parent=self.root)

    def warn(self, key: str) -> None:
        """Tell the user what is missing."""
        messagebox.showwarning(say("window.title"), say(key), parent=self.root)

    def ask(self, message: str) -> bool:
        """Ask the user a question that yes or no answers."""
        return messagebox.askyesno(say("window.title"), message, parent=self.root)

    # -- The folders and their indexes -----------------------------------------------------------------

    @property
    def folder(self) -> str:
        """The open folder, or the first of several, as the user named it; "" while none is."""
        return self.opened.named[0] if self.opened.named else ""

    def browse_folder(self) -> None:
        """Choose the library with the system's dialog."""
        chosen = filedialog.askdirectory(
            parent=self.root, title=say("window.pick_folder"), initialdir=self.folder or None, mustexist=True
        )
        if chosen:
            replace_text(self.view.folder_entry, str(chosen))
            self.take_folder()

    def take_folder(self) -> bool:
        """Open the folder that was typed if it is another one than before; True when it was taken."""
        typed = typed_path(self.view.folder_entry.get())
        if not typed or typed == visible(self.folder) or self.engine is None or self.tasks.busy:
            return False
        self.load_or_create_index(typed)
        return True

    def load_or_create_index(self, *folders: str) -> None:
        """Open folders and their indexes in the background; a missing index is made, a wrong one is asked about."""
        self.opened.open(folders)

    def load_index(self) -> list[Check]:
        """In the worker: load the stored indexes and compare each with its folder."""
        assert self.opened.library
        return self.opened.library.open()

    def is_index_valid(self) -> bool:
        """Whether the indexes, checked whole when they were loaded, still match the files of their folders."""
        from semantik.folders.indexed_folder import State

        library = self.opened.library
        return bool(library and all(each.check().state is State.READY for each in library.active))

    def fit_top_k(self, count: int) -> None:
        """Keep K within the pictures that there are."""
        self.view.top_k.configure(to=count)
        self.view.top_k.set(min(self._wanted_top_k, count))

    def update_index(self) -> None:
        """ "Actualizar índice": embed what is new or changed, drop what is gone."""
        library = self.opened.library
        if self.tasks.busy:
            self.warn("warn.busy")
        elif self.take_folder():
            return
        elif library is None:
            self.warn("warn.no_folder")
        elif all(indexed_folder.index is None for indexed_folder in library.active):
            self.opened.again()
        else:
            self.index_images_threaded(library.active)

    def index_images_threaded(self, indexed_folders: Sequence[IndexedFolder], **options: Any) -> None:
        """Index open folders in the background, with progress; ``options`` as of ``Library.update``."""
        self._indexing = True
        self.indexing.begin()
        self.view.say(say("status.scanning", folder=visible(str(indexed_folders[0].folder))))
        self.start(lambda: self.index_images(indexed_folders, **options), self.opened.indexed, self.opened.failed)

    def index_images(self, indexed_folders: Sequence[IndexedFolder], **options: Any) -> list[Outcome]:
        """In the worker: bring the indexes up to date, behind whatever else the user does."""
        library = self.opened.library
        assert library
        with self.watching.aside(), in_background():
            return library.update(
                indexed_folders,
                self.tasks.control,
                on_progress=lambda indexed_folder, progress: self.tasks.post(
                    lambda: self._show_progress(progress, indexed_folder)
                ),
                **options,
            )

    def _show_progress(self, progress: Progress, indexed_folder: IndexedFolder) -> None:
        self.indexing.show(progress, indexed_folder)

    def show_skipped(self, problems: tuple[Problem, ...]) -> None:
        """Offer the list of files with problems when there are any."""
        self.problems = problems
        self.view.show_skipped(len(problems))

    # -- Searching -------------------------------------------------------------------------------------

    def browse_image(self) -> None:
        """Choose example pictures with the system's dialog."""
        self.examples.browse()

    def subfolders(self) -> list[str]:
        """What the filter for folders may name."""
        return self.opened.library.subfolders() if self.opened.library else []

    def take_image(self) -> None:
        """Take the example picture that was typed; naming one means to search by it."""
        typed = self.view.image_entry.get().strip()
        if typed and typed != self.query_image and self.view.mode.get() == "text":
            self.view.mode.set("image")
        self.query_image = typed
        self.recent.follow(typed)

    def search(self) -> None:
        """ "Buscar" or Return: search by text, by image or by both, or say what is missing."""
        self.take_image()  # Return in the path's entry comes before the focus leaves it
        if self.tasks.busy:
            self.warn("warn.indexing" if self._indexing else "warn.busy")
        elif self.take_folder():
            return
        elif self.opened.library is None:
            self.warn("warn.no_folder")
        elif not self.opened.library.count:
            self.show_failure(errors.NoIndex(folder=self.folder))
        elif self.view.mode.get() == "text":
            self.search_by_text()
        else:
            self.search_by_image(words=self.view.text_entry.get() if self.view.mode.get() == "both" else "")

    def search_by_text(self) -> None:
        """Search for what was typed."""
        self.answers.ask(self.view.text_entry.get(), "")

    def search_by_image(self, words: str = "") -> None:
        """Search for pictures like the examples, and like ``words`` say."""
        if not self.query_image:
            self.warn("warn.no_query_image")
        elif self.view.mode.get() == "both" and not words.strip():
            self.warn("warn.no_query_text")
        else:
            self.answers.ask(words, self.query_image)

    def extract_text_features(self, words: str) -> NDArray[np.float32]:
        """Embedding of a text in the model in use, float32 (dim,). Raises EmptyQuery, EncoderFailed."""
        assert self.engine
        return self.engine.embed(Query.of_text(words))

    def extract_image_features(self, path: Path) -> NDArray[np.float32]:
        """Embedding of a picture, float32 (dim,). Raises QueryImageMissing, QueryImageUnreadable, EncoderFailed."""
        assert self.engine
        return self.engine.embed(Query.of_image(path))

    def wanted_top_k(self, library: Library) -> int:
        """K as it was typed, remembered from now on. Raises BadTopK."""
        from semantik.search.ranking import parse_top_k

        top_k = parse_top_k(self.view.top_k.get(), library.count)
        if top_k != self.within_index(library):
            self._wanted_top_k = top_k
            self.save_config(top_k=top_k)
        return top_k

    def within_index(self, library: Library) -> int:
        """The remembered K, or the number of pictures where there are fewer."""
        return min(self._wanted_top_k, library.count)

    # -- Dialogs ---------------------------------------------------------------------------------------

    def show_about(self) -> None:
        """What the program is and which model it uses."""
        AboutDialog(
            *(self.root, self.icon, self.models.title, self.log_path),
            on_doctor=lambda: examine(self),
            on_guide=self.show_first_steps,
        )

    def show_first_steps(self) -> None:
        """The guide of the first start, once more."""
        if self.tasks.busy or self.engine is None:
            self.warn("warn.busy")
        else:
            self.first_steps.show(self.engine)

    def show_settings(self) -> None:
        """The models on this computer, and the languages."""
        if self.tasks.busy or self.engine is None:
            self.warn("warn.busy")
        else:
            SettingsDialog(self, self.engine)

    def show_problems(self) -> None:
        """The files that were skipped or read in part."""
        self.indexing.show_problems()


def main() -> None:
    """Open the window and stay until it is closed."""
    claim_pixels()
    root = tk.Tk(className="SemantikSearch")
    app = SemantikSearchApp(root)
    root.mainloop()
    app.tasks.finish()


if __name__ == "__main__":
    main()
