"""SemantikSearch: find your own pictures by what is in them. Start it with a double click."""

from __future__ import annotations

import sys

from semantik.desktop import standard_streams
from semantik.gui import launch

if __name__ == "__main__":
    standard_streams.begin()
    # Before anything that may be missing is imported: a venv beside the program may have it all.
    code = launch.prepare(__file__, sys.argv[1:])
    if code is not None:
        sys.exit(code)

import signal
import tkinter as tk
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semantik.desktop.system_language import resolve
from semantik.desktop.windows_window import claim_task_bar
from semantik.gui.actions.example_pictures import ExamplePicker
from semantik.gui.dialogs.about import AboutDialog
from semantik.gui.dialogs.doctor import examine
from semantik.gui.main_window.main_view import MainView, load_icon
from semantik.gui.widgets.entries import replace_text
from semantik.gui.widgets.screen_scale import claim_pixels
from semantik.gui.widgets.theme import Look
from semantik.gui.widgets.window_place import open_at, place_of
from semantik.gui.window_services import WindowServices
from semantik.queries import Query
from semantik.storage.home import SHIPPED, find_home, tighten
from semantik.storage.log_file import start_logging
from semantik.storage.search_history import SearchHistory
from semantik.storage.settings import Config, load_config
from semantik.words import text
from semantik.words.text import say

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from semantik.engine.engine import Engine
    from semantik.engine.library import Outcome
    from semantik.folders.indexed_folder import Check, IndexedFolder
    from semantik.gui.actions.loaded_actions import LoadedActions

ICON = SHIPPED / "SS.png"


class SemantikSearchApp:
    """Puts the window together: what it shows, what it can do at once, and what it can once the engine is loaded."""

    view: MainView

    def __init__(self, root: tk.Tk, home: Path | None = None, given: Sequence[str] = ()) -> None:
        """``given``: pictures and folders to begin with, as they are named on the command line."""
        self.root = root
        self._given = given
        root.withdraw()  # until all of it is made
        self.home = home or find_home()
        tighten(self.home)
        log_path = start_logging(self.home)
        self.services = WindowServices(root, self.home, log_path, self.load_config())
        self.tasks = self.services.tasks
        self.loaded: LoadedActions | None = None
        root.report_callback_exception = lambda kind, error, trace: self.services.show_failure(error)
        self.look = Look(root, self.tasks.post)
        self.look.wear(self.services.config.theme)
        self.icon = load_icon(root, ICON)
        self._create_widgets()
        self.examples = ExamplePicker(self.services, self.view)
        self._connect()
        root.protocol("WM_DELETE_WINDOW", self.close)
        # ⌘Q, and macOS when its user logs out, call this instead; elsewhere nobody does.
        root.createcommand("::tk::mac::Quit", self.close)
        self.services.tell(say("status.loading"))
        open_at(root, self.config.window_place)
        root.after(30, self._load_engine)  # not before the window is drawn

    def _create_widgets(self) -> None:
        self.root.title(say("window.title"))
        self.view = MainView(self.root, self.services, SearchHistory(self.home))

    def _connect(self) -> None:
        commands = self.view.commands
        commands.search.connect(self.search)
        commands.search_for.connect(self.search_for)
        commands.cancel.connect(self.services.cancel)
        commands.show_about.connect(self.show_about)
        commands.show_settings.connect(self.show_settings)
        self.services.happened.settings_changed.connect(self._follow_settings)
        self.services.happened.language_chosen.connect(self._speak_chosen)

    # -- Settings --------------------------------------------------------------------------------------

    @property
    def config(self) -> Config:
        """The settings."""
        return self.services.config

    def load_config(self) -> Config:
        """Read the settings and speak the user's language."""
        config = load_config(self.home)
        text.set_language(resolve(config.language))
        return config

    def save_config(self, **changes: object) -> None:
        """Remember changed settings; a failure is told and stops nothing."""
        self.services.save(**changes)

    def _follow_settings(self, before: Config, now: Config) -> None:
        if now.theme != before.theme:
            self.look.wear(now.theme)

    def speak(self) -> None:
        """Show the window anew, in the language of the settings; nothing runs meanwhile."""
        text.set_language(resolve(self.config.language))
        self.root.title(say("window.title"))
        self.view.speak()
        self.services.happened.language_changed()

    def _speak_chosen(self) -> None:
        self.speak()
        self.show_settings()

    # -- The engine ------------------------------------------------------------------------------------

    def _load_engine(self) -> None:
        def work() -> Engine:
            from semantik.engine.engine import Engine
            from semantik.gui.actions import loaded_actions  # noqa: F401 - here, while the window is drawn and free

            return Engine(self.home, self.config)

        self.services.start(work, self._engine_loaded)

    def _engine_loaded(self, engine: Engine) -> None:
        from semantik.gui.actions.loaded_actions import LoadedActions

        self.loaded = LoadedActions(self.services, self.view, self.examples, engine)
        # Before the guide, which somebody whose settings were lost would take for another program's start.
        self.services.tell_spoiled(partial(self.loaded.begin, self._given))

    @property
    def actions(self) -> LoadedActions:
        """What can be done once the engine is loaded. Raises RuntimeError before."""
        if self.loaded is None:
            raise RuntimeError("the engine is not loaded yet")
        return self.loaded

    @property
    def engine(self) -> Engine | None:
        """The engine, once it is loaded."""
        return self.loaded.engine if self.loaded else None

    def close(self) -> None:
        """Close the window; a running task is cancelled and saved first."""
        self.services.end(self._destroy)

    def _destroy(self) -> None:
        self.services.save(window_place=place_of(self.root))
        self.root.withdraw()  # what is being done in the background stops at its next batch, out of sight
        if self.loaded:
            self.loaded.close()
        self.look.close()
        self.tasks.close()
        if self.loaded:
            self.loaded.engine.close()
        self.root.destroy()

    # -- The folders and their indexes -----------------------------------------------------------------

    def load_or_create_index(self, *folders: str) -> None:
        """Open folders and their indexes in the background; a missing index is made, a wrong one is asked about."""
        self.actions.opened.open(folders)

    def load_index(self) -> list[Check]:
        """In the worker: load the stored indexes and compare each with its folder."""
        return self.actions.opened.require().open()

    def is_index_valid(self) -> bool:
        """Whether the indexes, checked whole when they were loaded, still match the files of their folders."""
        return self.actions.opened.is_valid()

    def index_images_threaded(self, indexed_folders: Sequence[IndexedFolder], **options: Any) -> None:
        """Index open folders in the background, with progress; ``options`` as of ``Library.update``."""
        self.actions.indexing.start(self.actions.opened.require(), indexed_folders, **options)

    def index_images(self, indexed_folders: Sequence[IndexedFolder], **options: Any) -> list[Outcome]:
        """In the worker: bring the indexes up to date, behind whatever else the user does."""
        return self.actions.indexing.run(self.actions.opened.require(), indexed_folders, **options)

    # -- Searching -------------------------------------------------------------------------------------

    def search(self) -> None:
        """ "Buscar" or Return: search by text, by image or by both, or say what is missing."""
        self.examples.take_typed()  # Return in the path's entry comes before the focus leaves it
        if self.loaded:
            self.loaded.search()
        else:
            self.services.warn("warn.busy" if self.tasks.busy else "warn.no_folder")

    def search_for(self, words: str) -> None:
        """Search for these words in place of those that stand in the entry."""
        replace_text(self.view.text_entry, words)
        self.search()

    def search_by_text(self) -> None:
        """Search for what was typed."""
        self.actions.searching.by_text(self.actions.opened.require())

    def search_by_image(self, words: str = "") -> None:
        """Search for pictures like the examples, and like ``words`` say."""
        self.actions.searching.by_image(self.actions.opened.require(), words)

    def extract_text_features(self, words: str) -> NDArray[np.float32]:
        """Embedding of a text in the model in use, float32 (dim,). Raises EmptyQuery, EncoderFailed."""
        return self.actions.engine.embed(Query.of_text(words))

    def extract_image_features(self, path: Path) -> NDArray[np.float32]:
        """Embedding of a picture, float32 (dim,). Raises QueryImageMissing, QueryImageUnreadable, EncoderFailed."""
        return self.actions.engine.embed(Query.of_image(path))

    # -- Dialogs ---------------------------------------------------------------------------------------

    def show_about(self) -> None:
        """What can be typed, what the program is, and which model it uses."""
        AboutDialog(
            self.root,
            ICON if self.icon else None,
            self.loaded.models.title if self.loaded else "",
            self.services.log_path,
            on_doctor=lambda: examine(self.services),
            on_guide=self.show_first_steps,
            on_example=self._try_example,
        )

    def _try_example(self, words: str) -> None:
        """Type an example of the help, and search for it where something can be found."""
        self.view.mode.set("text")
        replace_text(self.view.text_entry, words)
        self.view.text_entry.focus_set()
        if self.loaded and self.loaded.opened.library and self.loaded.opened.library.count:
            self.search()

    def show_first_steps(self) -> None:
        """The guide of the first start, once more."""
        if self.loaded and not self.tasks.busy:
            self.loaded.first_steps.show()
        else:
            self.services.warn("warn.busy")

    def show_settings(self) -> None:
        """The models on this computer, and the languages."""
        if self.loaded and not self.tasks.busy:
            self.loaded.show_settings()
        else:
            self.services.warn("warn.busy")


def main() -> None:
    """Open the window and stay until it is closed."""
    claim_pixels()
    claim_task_bar()
    try:
        root = tk.Tk(className="SemantikSearch")
    except tk.TclError:
        launch.tell(launch.say("launch.no_screen"))
        sys.exit(1)
    try:
        home = find_home()
    except OSError as error:
        root.destroy()
        launch.tell(launch.say("launch.home_unusable", detail=error))
        sys.exit(1)
    app = SemantikSearchApp(root, home, sys.argv[1:])
    signal.signal(signal.SIGINT, lambda number, frame: app.tasks.post(app.close))  # as if the window were closed
    root.mainloop()
    app.tasks.finish()
    standard_streams.flush()


if __name__ == "__main__":
    main()
