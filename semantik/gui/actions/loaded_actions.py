"""What can be done in the window once the engine is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semantik import errors
from semantik.gui.actions.example_pictures import ExamplePicker
from semantik.gui.actions.first_steps import FirstSteps
from semantik.gui.actions.folder_commands import FolderActions
from semantik.gui.actions.folder_watching import Watching
from semantik.gui.actions.found_pictures import FoundPictures
from semantik.gui.actions.indexing import Indexing
from semantik.gui.actions.model_picker import ModelPicker
from semantik.gui.actions.open_folders import OpenFolders
from semantik.gui.actions.searching import Searching
from semantik.gui.dialogs.settings import SettingsDialog
from semantik.gui.main_window.main_view import MainView
from semantik.gui.window_services import WindowServices
from semantik.words.text import say

if TYPE_CHECKING:
    from semantik.engine.engine import Engine


class LoadedActions:
    """All actions that need the engine: each is made once, and connects to the commands that it answers.

    They are made in the order in which they hear of what happened: models before folders, folders before pictures.
    """

    def __init__(self, services: WindowServices, view: MainView, examples: ExamplePicker, engine: Engine) -> None:
        self._services = services
        self._view = view
        self.engine = engine
        self.models = ModelPicker(services, view, engine.models)
        self.watching = Watching(services)
        self.indexing = Indexing(services, view, self.watching)
        self.opened = OpenFolders(services, view, engine, self.indexing)
        self.folders = FolderActions(services, view, self.opened, self.indexing)
        self.searching = Searching(services, view, examples, engine, self.models)
        self.found = FoundPictures(services, view, engine)
        self.first_steps = FirstSteps(services, view, self.models, self.opened)

    def begin(self) -> None:
        """The window is ready: show the guide at the first start, else take the chosen model into use."""
        if self.first_steps.wanted():
            self._services.tell(say("status.choose_folder"))
            self.first_steps.show()
        else:
            self.models.begin()

    def show_settings(self) -> None:
        """The models on this computer, and the languages. Not during a task."""
        SettingsDialog(self._services, self.engine)

    def search(self) -> None:
        """Search by text, by image or by both, or say what is missing."""
        services, library, mode = self._services, self.opened.library, self._view.mode.get()
        if services.tasks.busy:
            services.warn("warn.indexing" if self.indexing.running else "warn.busy")
        elif self.folders.take_typed():
            return
        elif library is None:
            services.warn("warn.no_folder")
        elif not library.count:
            services.show_failure(errors.NoIndex(folder=self.opened.folder))
        elif mode == "text":
            self.searching.by_text(library)
        else:
            self.searching.by_image(library, self._view.text_entry.get() if mode == "both" else "")

    def close(self) -> None:
        """The window is gone: end what goes on behind it."""
        self.watching.close()
        self.searching.close()
