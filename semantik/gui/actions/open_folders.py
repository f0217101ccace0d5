"""The library's folders in the window: opening them, asking what must be asked, and telling how each is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tkinter import messagebox
from typing import TYPE_CHECKING

from semantik import errors
from semantik.gui.main_window.folder_list import FolderLine
from semantik.gui.widgets.entries import replace_text
from semantik.records import Problem
from semantik.words.phrases import changes_question, index_summary, joined_report
from semantik.words.shown_names import short_names, visible
from semantik.words.text import explain, number, say

if TYPE_CHECKING:
    from semantik.engine.library import FolderCollection, Outcome
    from semantik.folders.indexed_folder import Check, Library
    from SemantikSearch import SemantikSearchApp


class OpenFolders:
    """Keeps the engine's folders, the settings and what the window shows of them in step."""

    def __init__(self, app: SemantikSearchApp) -> None:
        self._app = app
        self.named: tuple[str, ...] = ()  # the folders as the user named them
        self._states: dict[Path, str] = {}  # by the library's folder
        self._scan_problems: dict[Path, tuple[Problem, ...]] = {}  # folders that could not be listed, by library

    @property
    def collection(self) -> FolderCollection | None:
        """The folders in the engine, once it is there."""
        return self._app.engine.collection if self._app.engine else None

    # -- Opening ---------------------------------------------------------------------------------------

    def open(self, folders: Sequence[str], resting: Sequence[str] = ()) -> None:
        """Open these folders and their indexes in the background; missing ones are made, wrong ones asked about."""
        app = self._app
        assert app.engine and folders
        from semantik.engine.engine import plainly

        self.named = tuple({plainly(Path(name)): name for name in reversed(folders)}.values())[::-1]
        app.watching.forget()
        replace_text(app.view.folder_entry, visible(self.named[0]))
        collection = app.engine.open(*map(Path, self.named), resting=[Path(name) for name in resting])
        self._states = dict.fromkeys((library.folder for library in collection.libraries), "folders.opening")
        self._scan_problems = {}
        self.show()
        self.show_problems()
        app.recent.idle("")
        shown = visible(collection.libraries[0].name) if len(self.named) == 1 else ""
        app.view.say(say("status.opening", folder=shown) if shown else say("status.opening_many", n=len(self.named)))
        app.start(app.load_index, self._opened, self.failed)

    def again(self) -> None:
        """Open the same folders anew: another model, or other files are left out."""
        if self.named:
            self.open(self.named, self.resting)

    @property
    def resting(self) -> list[str]:
        """Those that are not searched, as the user named them."""
        collection = self.collection
        if collection is None:  # another model was taken into use, for which they are to be opened
            return [name for name in self._app.config.resting_folders if name in self.named]
        pairs = zip(self.named, collection.libraries, strict=True)
        return [name for name, library in pairs if library.folder in collection.resting]

    def _opened(self, checks: list[Check]) -> None:
        from semantik.folders.indexed_folder import State

        app, collection = self._app, self.collection
        assert collection
        found = list(zip(collection.libraries, checks, strict=True))
        for library, check in found:
            self._note(library, check)
        alone = len(found) == 1
        if not alone or checks[0].state not in (State.UNREACHABLE, State.EMPTY) or collection.count:
            self.remember()
        self.show_index()
        self.show_problems()
        app.watching.follow(collection)
        if collection.count:  # the first question comes soon: let its answer not wait for the model
            app.tasks.ahead(collection.prepare)
        awake = [(library, check) for library, check in found if library in collection.awake]
        todo, anew = self._asked(awake)
        if todo:
            app.index_images_threaded(todo, rebuild=anew)
            return
        for library, check in awake:
            if check.state in (State.TOO_NEW, State.UNREACHABLE, State.EMPTY) and check.error:
                if alone or check.state is State.TOO_NEW:
                    app.show_failure(check.error)
                if library.count:
                    app.view.say(say("status.unreachable", count=number(library.count)))
        if collection.count:
            app.first_steps.search()

    def _asked(self, found: Sequence[tuple[Library, Check]]) -> tuple[list[Library], list[Library]]:
        """The folders to bring up to date now, and those of them to index anew, after the user was asked."""
        from semantik.folders.indexed_folder import State

        app = self._app
        todo = [library for library, check in found if check.state is State.NEW]
        # The first index of a folder is what the user came for; one more for another model is asked about.
        if todo and app.models.just_changed and not app.ask(say("ask.new_model", model=app.models.title)):
            todo = []
        changed = [(library, check.changes) for library, check in found if check.changes]
        if changed and app.config.watch:
            for library, _ in changed:
                app.watching.notice(library.folder)
        elif changed:
            question = changes_question([changes for _, changes in changed])
            if app.ask(self.about(changed[0][0], question) if len(changed) == 1 else question):
                todo += [library for library, _ in changed]
            else:
                assert self.collection
                app.view.say(say("status.outdated", count=number(self.collection.count)))
        anew = [
            library
            for library, check in found
            if isinstance(check.error, errors.IndexDamaged) and self._ask_anew(library, check.error)
        ]
        return [*todo, *anew], anew

    def _ask_anew(self, library: Library, error: errors.IndexDamaged) -> bool:
        """Whether an index that cannot be used is to be made again; the user decides."""
        key = "ask.other_space" if error.params["why"] == "space" else "ask.damaged"
        return self._app.ask(self.about(library, say(key, why=explain(error))))

    def remember(self) -> None:
        """Save which folders the library has, for the next start."""
        self._save(self.named, tuple(self.resting))

    def choose(self, folders: tuple[str, ...]) -> None:
        """Have these folders opened with the model that is taken into use next."""
        self.named = ()
        self._save(folders)

    def _save(self, named: tuple[str, ...], resting: tuple[str, ...] = ()) -> None:
        several = named if len(named) > 1 else ()
        self._app.save_config(image_folder=named[0], folders=several, resting_folders=resting)

    # -- Indexing --------------------------------------------------------------------------------------

    def indexed(self, outcomes: list[Outcome]) -> None:
        """What a run of indexing came to."""
        app, collection = self._app, self.collection
        assert collection
        app.models.just_changed = False
        reports = [outcome.report for outcome in outcomes if outcome.report]
        for outcome in outcomes:
            self._note_outcome(outcome)
        self.show_problems()
        self.show_index()
        if app.tasks.is_cancelled():
            count = reports[-1].count if len(collection.libraries) == 1 and reports else collection.count
            app.view.say(say("status.cancelled", count=number(count)))
            return
        failed = [outcome for outcome in outcomes if outcome.error]
        total = joined_report(reports) if reports else None
        if total:
            message = index_summary(replace(total, problems=app.problems))
            app.indexing.end(message)
            if not failed:
                messagebox.showinfo(say("done.title"), message, parent=app.root)
        if failed and not total:
            assert failed[0].error
            app.indexing.end(explain(failed[0].error))
        gone, anew = self._asked_after(failed)
        if gone or anew:
            app.index_images_threaded([*gone, *anew], allow_mass_removal=bool(gone), rebuild=anew)
            return
        app.watching.follow(collection)
        if collection.count:
            app.first_steps.search()

    def _note_outcome(self, outcome: Outcome) -> None:
        if outcome.report:
            self._states[outcome.library.folder] = "folders.changed" if outcome.report.cancelled else "folders.ready"
            known = set(outcome.library.problems())
            self._scan_problems[outcome.library.folder] = tuple(
                problem for problem in outcome.report.problems if problem not in known
            )
        elif isinstance(outcome.error, (errors.FolderNotFound, errors.FolderUnreadable, errors.FolderEmptied)):
            self._states[outcome.library.folder] = "folders.unreachable"

    def _asked_after(self, failed: Sequence[Outcome]) -> tuple[list[Library], list[Library]]:
        """The folders to try once more, after the user was asked: with most pictures gone, and with a new index."""
        gone: list[Library] = []
        anew: list[Library] = []
        for outcome in failed:
            assert outcome.error
            if isinstance(outcome.error, errors.MassRemoval):
                if self._app.ask(say("ask.mass_removal", why=explain(outcome.error))):
                    gone.append(outcome.library)
            elif isinstance(outcome.error, errors.IndexDamaged):
                if self._ask_anew(outcome.library, outcome.error):
                    anew.append(outcome.library)
            else:
                self._app.show_failure(outcome.error)
        return gone, anew

    def failed(self, error: BaseException) -> None:
        """Opening or indexing failed in a way that nobody foresaw."""
        self.show_index()
        self._app.indexing.end(say("error.internal", log=self._app.log_path))
        self._app.show_failure(error)

    def news(self, library: Library, state: str, message: str) -> None:
        """From the watch: a folder changed, was brought up to date, went or came back."""
        before, self._states[library.folder] = self._states.get(library.folder), state
        gone = "folders.unreachable"
        if state == before == gone:
            message = ""  # it was said before, and something else may be on the status line
        if self._app.tasks.busy:
            self.show()
            return
        self.show_index(quiet=before != gone or state == gone)
        self.show_problems()
        if message:
            self._app.view.say(message)

    # -- What is shown ---------------------------------------------------------------------------------

    def about(self, library: Library, message: str) -> str:
        """A message about one folder, which is named where there are others."""
        if len(self.named) < 2:
            return message
        assert self.collection
        folders = [each.folder for each in self.collection.libraries]
        name = short_names(folders)[folders.index(library.folder)]
        return say("folders.about", folder=visible(name), message=message)

    def _note(self, library: Library, check: Check) -> None:
        self._states[library.folder] = f"folders.{check.state.value}"
        self._scan_problems[library.folder] = check.problems

    def show(self) -> None:
        """Fill the list of folders."""
        collection = self.collection
        lines = []
        for name, library in zip(self.named, collection.libraries if collection else (), strict=True):
            assert collection
            state = say(self._states.get(library.folder, "folders.opening"))
            lines.append(FolderLine(name, library.count, state, library.folder not in collection.resting))
        self._app.view.show_folders(lines)

    def show_index(self, *, quiet: bool = False) -> None:
        """Say what can be searched now, unless ``quiet``, and keep K within it."""
        app, collection = self._app, self.collection
        assert collection
        self.show()
        count = collection.count
        app.recent.suggest(say("strip.ready" if count else "strip.no_index"))
        if count:
            app.fit_top_k(count)
        if quiet:
            return
        if not count:
            app.view.say(say("status.no_index"))
            return
        key = "status.ready_one" if count == 1 else "status.ready_many"
        app.view.say(say(key, count=number(count), model=app.models.title))

    def show_problems(self) -> None:
        """Offer the list of files that were skipped, in any of the folders that are searched."""
        collection = self.collection
        problems: list[Problem] = []
        for library in collection.awake if collection else ():
            found = (*self._scan_problems.get(library.folder, ()), *library.problems())
            problems += [replace(bad, folder=library.folder) for bad in found] if len(self.named) > 1 else found
        self._app.show_skipped(tuple(problems))
