"""What can be done in the window once the engine is loaded."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from semantik.gui.actions.arriving_model import ArrivingModel
from semantik.gui.actions.example_pictures import ExamplePicker
from semantik.gui.actions.finding_people import FindingPeople
from semantik.gui.actions.first_steps import FirstSteps
from semantik.gui.actions.folder_commands import FolderActions
from semantik.gui.actions.folder_watching import Watching
from semantik.gui.actions.found_pictures import FoundPictures
from semantik.gui.actions.given_files import GivenFiles
from semantik.gui.actions.indexing import Indexing
from semantik.gui.actions.model_picker import ModelPicker
from semantik.gui.actions.open_folders import OpenFolders
from semantik.gui.actions.picture_reading import PictureReading
from semantik.gui.actions.saved_searches import SavedActions
from semantik.gui.actions.searching import Searching
from semantik.gui.dialogs.settings import SettingsDialog
from semantik.gui.main_window.main_view import MainView
from semantik.gui.window_services import WindowServices
from semantik.words.text import say

if TYPE_CHECKING:
    from semantik.engine.engine import Engine


TWICE = 0.5
"""Seconds within which the same search once more is the same stroke of the key."""


class LoadedActions:
    """All actions that need the engine: each is made once, and connects to the commands that it answers.

    They are made in the order in which they hear of what happened: models before folders, folders before pictures.
    """

    def __init__(self, services: WindowServices, view: MainView, examples: ExamplePicker, engine: Engine) -> None:
        self._services = services
        self._view = view
        self._asked: tuple[object, ...] = ()  # what was searched for last, as it was typed
        self._searches = False  # and has no answer yet
        self._found_at = -TWICE  # and has one since
        happened = services.happened
        happened.search_began.connect(self._note_beginning)
        happened.answer_shown.connect(lambda answer, page: self._note_search(False, found=True))
        happened.search_failed.connect(lambda: self._note_search(False))
        self.engine = engine
        self.arriving = ArrivingModel(services, view, engine)
        self.models = ModelPicker(services, view, engine.models, self.arriving)
        self.reading = PictureReading(services, view, engine)
        self.watching = Watching(services, self.reading.aside)
        self.indexing = Indexing(services, view, self.watching)
        self.opened = OpenFolders(services, view, engine, self.indexing)
        self.folders = FolderActions(services, view, self.opened, self.indexing)
        self.saved = SavedActions(services, view, engine)
        self.searching = Searching(services, view, examples, engine, self.models, saved=self.saved)
        self.saved.typed = self.searching.typed
        self.found = FoundPictures(services, view, engine)
        self.people = FindingPeople(services, view, engine)
        self.first_steps = FirstSteps(services, view, self.models, self.opened)

    def begin(self, given: Sequence[str] = ()) -> None:
        """The window is ready: show the guide at the first start, else take the chosen model into use.

        ``given``: files and folders that the program was started with.
        """
        GivenFiles(self._services, self._view, self.folders, given).take()
        if self.first_steps.wanted():
            self._services.tell(say("status.choose_folder"))
            self.first_steps.show()
        else:
            self.models.begin()
            self.arriving.go_on()

    def show_settings(self) -> None:
        """The models on this computer, and the languages. Not during a task."""
        SettingsDialog(self._services, self.engine, self._view.commands.show_people)

    def search(self) -> None:
        """Search by text, by image or by both, or say what is missing."""
        services, library, mode = self._services, self.opened.library, self._view.mode.get()
        if self._is_same_again():
            return
        if not services.can_start_search:
            services.warn("warn.busy")
        elif self.folders.take_typed():
            return
        elif library is None and self.opened.address:
            self.opened.again()  # a server that did not answer
        elif library is None:
            services.warn("warn.no_folder")
        elif not library.count and self.indexing.running:
            services.warn("warn.indexing")
        elif not library.count:
            services.show_failure(library.why_nothing())
        elif mode == "text":
            self.searching.by_text(library)
        else:
            self.searching.by_image(library, self._view.text_entry.get() if mode == "both" else "")

    def _is_same_again(self) -> bool:
        """Whether the key was struck twice: the same is being searched for, or was found this very moment."""
        view, library = self._view, self.opened.library
        entries = (view.text_entry, view.image_entry, view.top_k)
        count = library.count if library and not self.indexing.running else 0  # which grows while one is indexing
        asked = (
            *(library, count, self._services.config),
            *(view.mode.get(), *(entry.get() for entry in entries), view.filters.typed()),
        )
        same = asked == self._asked and (self._searches or (time.monotonic() - self._found_at < TWICE))
        if not same and self._services.can_start_search:
            self._asked, self._found_at = asked, -TWICE
        return bool(same)

    def _note_beginning(self, typed: bool) -> None:
        if not typed:  # what a page asks for is no answer to what is typed here
            self._asked = ()
        self._note_search(True)

    def _note_search(self, goes_on: bool, *, found: bool = False) -> None:
        self._searches = goes_on
        if found:
            self._found_at = time.monotonic()

    def close(self) -> None:
        """The window is gone: end what goes on behind it."""
        self.arriving.close()
        self.reading.close()
        self.watching.close()
        self.saved.close()
        self.searching.close()
