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
from semantik.words.text import counted, explain, number, say

if TYPE_CHECKING:
    from semantik.engine.library import Library, Outcome
    from semantik.folders.indexed_folder import Check, IndexedFolder
    from SemantikSearch import SemantikSearchApp


class OpenFolders:
    """Keeps the engine's folders, the settings and what the window shows of them in step."""

    def __init__(self, app: SemantikSearchApp) -> None:
        self._app = app
        self.named: tuple[str, ...] = ()  # the folders as the user named them
        self.library: Library | None = None
        self._states: dict[Path, str] = {}  # by folder
        self._scan_problems: dict[Path, tuple[Problem, ...]] = {}  # what could not be listed, by folder

    # -- Opening ---------------------------------------------------------------------------------------

    def open(self, folders: Sequence[str], inactive: Sequence[str] = ()) -> None:
        """Open these folders and their indexes in the background; missing ones are made, wrong ones asked about."""
        app = self._app
        assert app.engine and folders
        from semantik.engine.engine import plainly

        self.named = tuple({plainly(Path(name)): name for name in reversed(folders)}.values())[::-1]
        app.watching.forget()
        replace_text(app.view.folder_entry, visible(self.named[0]))
        library = self.library = app.engine.open(*map(Path, self.named), inactive=[Path(name) for name in inactive])
        self._states = dict.fromkeys(
            (indexed_folder.folder for indexed_folder in library.indexed_folders), "folders.opening"
        )
        self._scan_problems = {}
        self.show()
        self.show_problems()
        app.recent.idle("")
        shown = visible(library.indexed_folders[0].name) if len(self.named) == 1 else ""
        app.view.say(say("status.opening", folder=shown) if shown else say("status.opening_several", n=len(self.named)))
        app.start(app.load_index, self._opened, self.failed)

    def again(self) -> None:
        """Open the same folders anew: another model, or other files are left out."""
        if self.named:
            self.open(self.named, self.inactive)

    @property
    def inactive(self) -> list[str]:
        """Those that are not searched, as the user named them."""
        library = self.library
        if library is None:
            return []
        pairs = zip(self.named, library.indexed_folders, strict=True)
        return [name for name, indexed_folder in pairs if indexed_folder.folder in library.inactive]

    def _opened(self, checks: list[Check]) -> None:
        from semantik.folders.indexed_folder import State

        app, library = self._app, self.library
        assert library
        found = list(zip(library.indexed_folders, checks, strict=True))
        for indexed_folder, check in found:
            self._note(indexed_folder, check)
        alone = len(found) == 1
        if not alone or checks[0].state not in (State.UNREACHABLE, State.EMPTY) or library.count:
            self.remember()
        self.show_index()
        self.show_problems()
        app.watching.follow(library)
        if library.count:  # the first question comes soon: let its answer not wait for the model
            app.tasks.ahead(library.prepare)
        active = [(indexed_folder, check) for indexed_folder, check in found if indexed_folder in library.active]
        todo, anew = self._asked(active)
        if todo:
            app.index_images_threaded(todo, rebuild=anew)
            return
        for indexed_folder, check in active:
            if check.state in (State.TOO_NEW, State.UNREACHABLE, State.EMPTY) and check.error:
                if alone or check.state is State.TOO_NEW:
                    app.show_failure(check.error)
                if indexed_folder.count:
                    app.view.say(say("status.unreachable", count=number(indexed_folder.count)))
        if library.count:
            app.first_steps.search()

    def _asked(self, found: Sequence[tuple[IndexedFolder, Check]]) -> tuple[list[IndexedFolder], list[IndexedFolder]]:
        """The folders to bring up to date now, and those of them to index anew, after the user was asked."""
        from semantik.folders.indexed_folder import State

        app = self._app
        todo = [indexed_folder for indexed_folder, check in found if check.state is State.NEW]
        # The first index of a folder is what the user came for; one more for another model is asked about.
        if todo and app.models.just_changed and not app.ask(say("ask.new_model", model=app.models.title)):
            todo = []
        changed = [(indexed_folder, check.changes) for indexed_folder, check in found if check.changes]
        if changed and app.config.watch:
            for indexed_folder, _ in changed:
                app.watching.notice(indexed_folder.folder)
        elif changed:
            question = changes_question([changes for _, changes in changed])
            if app.ask(self.about(changed[0][0], question) if len(changed) == 1 else question):
                todo += [indexed_folder for indexed_folder, _ in changed]
            else:
                assert self.library
                app.view.say(say("status.outdated", count=number(self.library.count)))
        anew = [
            indexed_folder
            for indexed_folder, check in found
            if isinstance(check.error, errors.IndexDamaged) and self._ask_anew(indexed_folder, check.error)
        ]
        return [*todo, *anew], anew

    def _ask_anew(self, indexed_folder: IndexedFolder, error: errors.IndexDamaged) -> bool:
        """Whether an index that cannot be used is to be made again; the user decides."""
        key = "ask.other_space" if error.params["why"] == "space" else "ask.damaged"
        return self._app.ask(self.about(indexed_folder, say(key, why=explain(error))))

    def remember(self) -> None:
        """Save which folders the library has, for the next start."""
        self._save(self.named, tuple(self.inactive))

    def choose(self, folders: tuple[str, ...]) -> None:
        """Have these folders opened with the model that is taken into use next."""
        self.named = ()
        self._save(folders)

    def _save(self, named: tuple[str, ...], inactive: tuple[str, ...] = ()) -> None:
        several = named if len(named) > 1 else ()
        self._app.save_config(image_folder=named[0], folders=several, inactive_folders=inactive)

    # -- Indexing --------------------------------------------------------------------------------------

    def indexed(self, outcomes: list[Outcome]) -> None:
        """What a run of indexing came to."""
        app, library = self._app, self.library
        assert library
        app.models.just_changed = False
        reports = [outcome.report for outcome in outcomes if outcome.report]
        for outcome in outcomes:
            self._note_outcome(outcome)
        self.show_problems()
        self.show_index()
        if app.tasks.control.cancelled:
            count = reports[-1].count if len(library.indexed_folders) == 1 and reports else library.count
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
        app.watching.follow(library)
        if library.count:
            app.first_steps.search()

    def _note_outcome(self, outcome: Outcome) -> None:
        if outcome.report:
            self._states[outcome.indexed_folder.folder] = (
                "folders.changed" if outcome.report.cancelled else "folders.ready"
            )
            known = set(outcome.indexed_folder.problems())
            self._scan_problems[outcome.indexed_folder.folder] = tuple(
                problem for problem in outcome.report.problems if problem not in known
            )
        elif isinstance(outcome.error, (errors.FolderNotFound, errors.FolderUnreadable, errors.FolderEmptied)):
            self._states[outcome.indexed_folder.folder] = "folders.unreachable"

    def _asked_after(self, failed: Sequence[Outcome]) -> tuple[list[IndexedFolder], list[IndexedFolder]]:
        """The folders to try once more, after the user was asked: with most pictures gone, and with a new index."""
        gone: list[IndexedFolder] = []
        anew: list[IndexedFolder] = []
        for outcome in failed:
            assert outcome.error
            if isinstance(outcome.error, errors.MassRemoval):
                if self._app.ask(say("ask.mass_removal", why=explain(outcome.error))):
                    gone.append(outcome.indexed_folder)
            elif isinstance(outcome.error, errors.IndexDamaged):
                if self._ask_anew(outcome.indexed_folder, outcome.error):
                    anew.append(outcome.indexed_folder)
            else:
                self._app.show_failure(outcome.error)
        return gone, anew

    def failed(self, error: BaseException) -> None:
        """Opening or indexing failed in a way that nobody foresaw."""
        self.show_index()
        self._app.indexing.end(say("error.internal", log=self._app.log_path))
        self._app.show_failure(error)

    def news(self, indexed_folder: IndexedFolder, state: str, message: str) -> None:
        """From the watch: a folder changed, was brought up to date, went or came back."""
        before, self._states[indexed_folder.folder] = self._states.get(indexed_folder.folder), state
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

    def about(self, indexed_folder: IndexedFolder, message: str) -> str:
        """A message about one folder, which is named where there are others."""
        if len(self.named) < 2:
            return message
        assert self.library
        folders = [each.folder for each in self.library.indexed_folders]
        name = short_names(folders)[folders.index(indexed_folder.folder)]
        return say("folders.about", folder=visible(name), message=message)

    def _note(self, indexed_folder: IndexedFolder, check: Check) -> None:
        self._states[indexed_folder.folder] = f"folders.{check.state.value}"
        self._scan_problems[indexed_folder.folder] = check.problems

    def show(self) -> None:
        """Fill the list of folders."""
        library = self.library
        lines = []
        for name, indexed_folder in zip(self.named, library.indexed_folders if library else (), strict=True):
            assert library
            state = say(self._states.get(indexed_folder.folder, "folders.opening"))
            lines.append(FolderLine(name, indexed_folder.count, state, indexed_folder.folder not in library.inactive))
        self._app.view.show_folders(lines)

    def show_index(self, *, quiet: bool = False) -> None:
        """Say what can be searched now, unless ``quiet``, and keep K within it."""
        app, library = self._app, self.library
        assert library
        self.show()
        count = library.count
        app.recent.suggest(say("strip.ready" if count else "strip.no_index"))
        if count:
            app.fit_top_k(count)
        if quiet:
            return
        if not count:
            app.view.say(say("status.no_index"))
            return
        app.view.say(counted("status.ready", count, model=app.models.title))

    def show_problems(self) -> None:
        """Offer the list of files that were skipped, in any of the folders that are searched."""
        library = self.library
        problems: list[Problem] = []
        for indexed_folder in library.active if library else ():
            found = (*self._scan_problems.get(indexed_folder.folder, ()), *indexed_folder.problems())
            problems += [replace(bad, folder=indexed_folder.folder) for bad in found] if len(self.named) > 1 else found
        self._app.show_skipped(tuple(problems))
