"""The library's folders in the window: opening them, asking what must be asked, and telling how each is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tkinter import filedialog, messagebox
from typing import TYPE_CHECKING

from semantik import errors
from semantik.display_names import short_names, visible
from semantik.gui.entries import replace_text
from semantik.gui.folder_list import FolderLine
from semantik.phrases import changes_question, index_summary, joined_report
from semantik.records import Problem
from semantik.text import explain, number, say

if TYPE_CHECKING:
    from semantik.collection import FolderCollection, Outcome
    from semantik.library import Check, Library
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
        from semantik.engine import plainly

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
        if collection is None:
            return []
        pairs = zip(self.named, collection.libraries, strict=True)
        return [name for name, library in pairs if library.folder in collection.resting]

    def _opened(self, checks: list[Check]) -> None:
        from semantik.library import State

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
        from semantik.library import State

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
        anew = []
        for library, check in found:
            if check.state in (State.DAMAGED, State.OTHER_SPACE) and check.error:
                key = "ask.damaged" if check.state is State.DAMAGED else "ask.other_space"
                if app.ask(self.about(library, say(key, why=explain(check.error)))):
                    anew.append(library)
        return [*todo, *anew], anew

    def remember(self) -> None:
        """Save which folders the library has, for the next start."""
        several = self.named if len(self.named) > 1 else ()
        self._app.save_config(image_folder=self.named[0], folders=several, resting_folders=tuple(self.resting))

    # -- Indexing --------------------------------------------------------------------------------------

    def indexed(self, outcomes: list[Outcome]) -> None:
        """What a run of indexing came to."""
        app, collection = self._app, self.collection
        assert collection
        app.models.just_changed = False
        reports = [outcome.report for outcome in outcomes if outcome.report]
        for outcome in outcomes:
            if outcome.report:
                self._states[outcome.library.folder] = (
                    "folders.changed" if outcome.report.cancelled else "folders.ready"
                )
                known = set(outcome.library.problems())
                self._scan_problems[outcome.library.folder] = tuple(
                    problem for problem in outcome.report.problems if problem not in known
                )
            elif isinstance(outcome.error, (errors.FolderNotFound, errors.FolderUnreadable, errors.FolderEmptied)):
                self._states[outcome.library.folder] = "folders.unreachable"
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
        gone = []
        for outcome in failed:
            assert outcome.error
            if not total:
                app.indexing.end(explain(outcome.error))
            if not isinstance(outcome.error, errors.MassRemoval):
                app.show_failure(outcome.error)
            elif app.ask(say("ask.mass_removal", why=explain(outcome.error))):
                gone.append(outcome.library)
        if gone:
            app.index_images_threaded(gone, allow_mass_removal=True)
            return
        app.watching.follow(collection)
        if collection.count:
            app.first_steps.search()

    def failed(self, error: BaseException) -> None:
        """Opening or indexing failed in a way that nobody foresaw."""
        self.show_index()
        self._app.indexing.end(say("error.internal", log=""))
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

    # -- What the list offers --------------------------------------------------------------------------

    def add(self) -> None:
        """ "Añadir…": one more folder for the library."""
        app = self._app
        if app.tasks.busy or app.engine is None:
            app.warn("warn.busy")
            return
        initial = str(Path(self.named[0]).parent) if self.named else None
        chosen = filedialog.askdirectory(
            parent=app.root, title=say("window.pick_another"), initialdir=initial, mustexist=True
        )
        if chosen:
            self.join([str(chosen)])

    def join(self, folders: Sequence[str]) -> None:
        """Open folders beside those that are open; what lies within another is not counted twice."""
        from semantik.collection import nested

        named = list(self.named)
        for folder in folders:
            holder, within = nested(Path(folder), [Path(name) for name in named])
            if holder:
                message = say("folders.inside", folder=visible(folder), holder=visible(str(holder)))
                messagebox.showinfo(say("window.title"), message, parent=self._app.root)
                continue
            if within:
                names = ", ".join(f"«{visible(str(path))}»" for path in within)
                if not self._app.ask(say("folders.holds", folder=visible(folder), within=names)):
                    continue
            named = [name for name in named if Path(name) not in within] + [folder]
        if tuple(named) != self.named:
            self.open(named, [name for name in self.resting if name in named])

    def remove(self, folder: str) -> None:
        """Take a folder out of the library; its pictures and its index stay where they are."""
        if self._may_change(folder) and len(self.named) > 1:
            left = [name for name in self.named if name != folder]
            resting = [name for name in self.resting if name in left]
            self.open(left, resting if len(resting) < len(left) else ())

    def toggle(self, folder: str) -> None:
        """Let a folder be searched, or not."""
        if self._may_change(folder):
            resting = set(self.resting) ^ {folder}
            self._rest([name for name in self.named if name in resting])

    def only(self, folder: str) -> None:
        """Search in one folder alone; once more, in all again."""
        if self._may_change(folder):
            others = [name for name in self.named if name != folder]
            self._rest([] if self.resting == others else others)

    def all(self) -> None:
        """Search in all folders."""
        if self._may_change(self.named[0]):
            self._rest([])

    def update(self, folder: str) -> None:
        """Bring one folder up to date."""
        if self._may_change(folder):
            assert self.collection
            self._app.index_images_threaded([self.collection.libraries[self.named.index(folder)]])

    def reveal(self, folder: str) -> None:
        """Show a folder in the system's file manager."""
        self._app.recent.reveal(Path(folder))

    def watch(self, wanted: bool) -> None:
        """Include new pictures without a question from now on, or ask again."""
        self._app.save_config(watch=wanted)
        if self.collection:
            self._app.watching.follow(self.collection)
            for library in self.collection.awake if wanted else ():
                self._app.watching.notice(library.folder)

    def _may_change(self, folder: str) -> bool:
        if self._app.tasks.busy:
            self._app.warn("warn.busy")
            return False
        return folder in self.named and self.collection is not None

    def _rest(self, resting: Sequence[str]) -> None:
        collection = self.collection
        assert collection
        if len(resting) == len(self.named):
            self._app.view.say(say("folders.one_at_least"))
            return
        pairs = zip(self.named, collection.libraries, strict=True)
        collection.resting = frozenset(library.folder for name, library in pairs if name in resting)
        self.remember()
        self._app.watching.follow(collection)
        self.show_index()
        self.show_problems()
