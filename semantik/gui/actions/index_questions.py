"""What the user is asked about indexes: whether to make them, to bring them up to date, or to make them anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from semantik import errors
from semantik.gui.window_services import WindowServices
from semantik.words.phrases import changes_question, model_title, really_new
from semantik.words.shown_names import short_names, visible
from semantik.words.text import counted, explain, say

if TYPE_CHECKING:
    from semantik.engine.library import Library
    from semantik.folders.indexed_folder import Check, IndexedFolder


class IndexQuestions:
    """Asks in message boxes, and says what is to be done."""

    def __init__(self, services: WindowServices) -> None:
        self._services = services

    def after_opening(
        self, library: Library, found: Sequence[tuple[IndexedFolder, Check]], *, model_replaced: bool
    ) -> tuple[list[IndexedFolder], list[IndexedFolder]]:
        """The folders to bring up to date now, and those of them to index anew.

        ``model_replaced``: the user chose another model, and the folders may have no index for it.
        """
        from semantik.folders.indexed_folder import State

        services = self._services
        for_others = [check.changes for each, check in found if each.read_only and check.changes]
        if new := sum(map(really_new, for_others)):
            services.tell(say("server.for_others", pictures=counted("watch.new", new)))
        found = [(indexed_folder, check) for indexed_folder, check in found if not indexed_folder.read_only]
        todo = [indexed_folder for indexed_folder, check in found if check.state is State.NEW]
        # The first index of a folder is what the user came for; one more for another model is asked about.
        title = model_title(library.encoder.name)
        if todo and model_replaced and not services.ask(say("ask.new_model", model=title)):
            todo = []
        changed = [(indexed_folder, check.changes) for indexed_folder, check in found if check.changes]
        if changed and services.config.watch:
            for indexed_folder, _ in changed:
                services.happened.folder_outdated(indexed_folder.folder)
        elif changed:
            question = changes_question([changes for _, changes in changed])
            if services.ask(about_folder(library, changed[0][0], question) if len(changed) == 1 else question):
                todo += [indexed_folder for indexed_folder, _ in changed]
            else:
                services.tell(counted("status.outdated", library.count))
        anew = [
            indexed_folder
            for indexed_folder, check in found
            if isinstance(check.error, errors.IndexDamaged) and self._anew(library, indexed_folder, check.error)
        ]
        return [*todo, *anew], anew

    def after_indexing(
        self, library: Library, failures: Sequence[tuple[IndexedFolder, errors.SemantikError]]
    ) -> tuple[list[IndexedFolder], list[IndexedFolder]]:
        """The folders to try once more: those with most pictures gone, and those to index anew. Other failures are
        shown."""
        gone: list[IndexedFolder] = []
        anew: list[IndexedFolder] = []
        for indexed_folder, error in failures:
            if isinstance(error, errors.MassRemoval):
                if self._services.ask(say("ask.mass_removal", why=explain(error))):
                    gone.append(indexed_folder)
            elif isinstance(error, errors.IndexDamaged):
                if self._anew(library, indexed_folder, error):
                    anew.append(indexed_folder)
            else:
                self._services.show_failure(error)
        return gone, anew

    def _anew(self, library: Library, indexed_folder: IndexedFolder, error: errors.IndexDamaged) -> bool:
        """Whether an index that cannot be used is to be made again."""
        key = "ask.other_space" if error.params["why"] == "space" else "ask.damaged"
        return self._services.ask(about_folder(library, indexed_folder, say(key, why=explain(error))))


def about_folder(library: Library, indexed_folder: IndexedFolder, message: str) -> str:
    """A message about one folder, which is named where there are others."""
    folders = [each.folder for each in library.indexed_folders]
    if len(folders) < 2:
        return message
    name = short_names(folders)[folders.index(indexed_folder.folder)]
    return say("folders.about", folder=visible(name), message=message)
