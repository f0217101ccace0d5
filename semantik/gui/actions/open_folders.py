"""The library's folders in the window: opening them, asking what must be asked, and telling how each is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from semantik import errors
from semantik.gui.actions.index_questions import IndexQuestions, about_folder
from semantik.gui.actions.indexing import Indexing
from semantik.gui.actions.server_libraries import Request, ServerLibraries
from semantik.gui.main_window.folder_list import FolderLine
from semantik.gui.main_window.main_view import MainView
from semantik.gui.widgets.entries import replace_text
from semantik.gui.window_services import WindowServices
from semantik.records import Problem
from semantik.words.phrases import catching_up_status, index_summary, joined_report, model_title, renamed_told
from semantik.words.shown_names import visible
from semantik.words.text import counted, explain, say

if TYPE_CHECKING:
    from semantik.engine.engine import Engine
    from semantik.engine.library import Library, Outcome
    from semantik.folders.indexed_folder import Check, IndexedFolder
    from semantik.long_tasks import Progress


class OpenFolders:
    """Keeps the engine's folders, the settings and what the window shows of them in step."""

    def __init__(self, services: WindowServices, view: MainView, engine: Engine, indexing: Indexing) -> None:
        self._services = services
        self._happened = services.happened
        self._view = view
        self._engine = engine
        self._indexing = indexing
        self._questions = IndexQuestions(services)
        self.servers = ServerLibraries(services, engine)
        self._request: Request | None = None  # the server that keeps the indexes, and what was wanted of it
        self.library: Library | None = None
        """The folders in the engine; None before the first ones are opened."""
        self.named: tuple[str, ...] = ()
        """The same, as the user named them."""
        self.problems: tuple[Problem, ...] = ()
        """Files that were skipped, in any of the folders that are searched."""
        self._states: dict[Path, str] = {}  # by the library's folder
        self._scan_problems: dict[Path, tuple[Problem, ...]] = {}  # folders that could not be listed, by library
        self._model_replaced = False  # the user chose another model: its first index is asked about
        happened = services.happened
        happened.model_replaced.connect(self._expect_another_model)
        happened.model_in_use.connect(lambda name: self._open_with_model())
        happened.exclusions_changed.connect(self._look_again)
        happened.indexing_ended.connect(self._indexed)
        happened.indexing_failed.connect(self._failed)
        happened.folder_news.connect(self._take_news)
        happened.search_failed.connect(self._show_again)
        happened.language_changed.connect(self._speak)

    # -- Opening ---------------------------------------------------------------------------------------

    def open(self, folders: Sequence[str], inactive: Sequence[str] = ()) -> None:
        """Open these folders and their indexes in the background; missing ones are made, wrong ones asked about."""
        self._request = None
        self._engine.keep_here()
        self._open(folders, inactive)

    def open_on_server(self, request: Request) -> None:
        """The same with indexes on a server, as soon as it answers; until then nothing is open."""
        self._request, self.library, self.named = request, None, ()
        self._view.show_folders([])
        replace_text(self._view.folder_entry, self.shown)
        self.servers.connect(replace(request, same_model=self._model_replaced), self._connected, self._not_connected)

    def _connected(self, request: Request, read_only: bool) -> None:
        self._request = replace(request, typed=False)
        self._open(request.folders, [name for name in request.inactive if name in request.folders])

    def _not_connected(self) -> None:
        self._services.tell(say("server.not_connected", address=self.shown))

    def open_beside(self, folders: Sequence[str], inactive: Sequence[str] = ()) -> None:
        """Open folders whose indexes are kept where those of the open ones are."""
        if self._request:
            self.open_on_server(Request(self._request.address, tuple(folders), tuple(inactive)))
        else:
            self.open(folders, inactive)

    def _open(self, folders: Sequence[str], inactive: Sequence[str]) -> None:
        from semantik.engine.engine import plainly

        named = tuple({plainly(Path(name)): name for name in reversed(folders)}.values())[::-1]
        library = self._engine.open(*map(Path, named), inactive=[Path(name) for name in inactive])
        self.library, self.named = library, named
        self._states = dict.fromkeys((each.folder for each in library.indexed_folders), "folders.opening")
        self._scan_problems = {}
        self._happened.folders_opening(library, named)
        self._view.subfolders = library.subfolders
        replace_text(self._view.folder_entry, self.shown)
        self.show(library)
        self.show_problems(library)
        shown = visible(library.indexed_folders[0].name) if len(named) == 1 else ""
        several = say("status.opening_several", n=len(named))
        self._services.tell(say("status.opening", folder=shown) if shown else several)
        tasks = self._services.tasks
        self._services.start(
            lambda: library.open(tasks.telling(self._show_catching_up)),
            lambda checks: self._opened(library, checks),
            lambda error: self._failed(library, error),
        )

    def _show_catching_up(self, progress: Progress) -> None:
        """How far it is to open a library on a server."""
        self._services.show_share(progress.done / max(1, progress.total))
        if not self._services.tasks.control.cancelled:
            self._services.tell(catching_up_status(progress))

    def require(self) -> Library:
        """The folders in the engine. Raises RuntimeError before the first ones are opened."""
        if self.library is None:
            raise RuntimeError("no folder is open")
        return self.library

    def is_valid(self) -> bool:
        """Whether the indexes, checked whole when they were loaded, still match the files of their folders."""
        from semantik.folders.indexed_folder import State

        return bool(self.library and all(each.check().state is State.READY for each in self.library.active))

    def again(self) -> None:
        """Open the same folders anew: another model, or other files are left out."""
        if self._request:
            request = replace(self._request, folders=self.named, inactive=tuple(self.inactive))
            self.open_on_server(request if self.named else self._request)
        elif self.named:
            self.open(self.named, self.inactive)

    def _open_with_model(self) -> None:
        """Another model was taken into use."""
        config = self._services.config
        if self.named or self._request:
            self.again()
        elif config.index_server:
            self.open_on_server(Request(config.index_server, config.opened, config.inactive_folders))
        elif config.opened:
            self.open(config.opened, config.inactive_folders)
        else:
            self._services.tell(say("status.choose_folder"))

    def _look_again(self) -> None:
        if self.library and not self._services.tasks.busy:
            self.again()

    def _expect_another_model(self) -> None:
        self._model_replaced = True

    @property
    def folder(self) -> str:
        """The open folder, or the first of several, as the user named it; "" while none is."""
        return self.named[0] if self.named else ""

    @property
    def address(self) -> str:
        """That of the server that keeps the indexes, without secrets; "" for none."""
        return self._request.address if self._request else ""

    @property
    def shown(self) -> str:
        """What the folder's entry says: what a user would type to open the same."""
        return visible(self.address or self.folder)

    @property
    def inactive(self) -> list[str]:
        """Those that are not searched, as the user named them."""
        library = self.library
        pairs = zip(self.named, library.indexed_folders if library else (), strict=True)
        return [name for name, each in pairs if library and each.folder in library.inactive]

    def _opened(self, library: Library, checks: Sequence[Check]) -> None:
        from semantik.folders.indexed_folder import State

        services = self._services
        found = list(zip(library.indexed_folders, checks, strict=True))
        for indexed_folder, check in found:
            self._states[indexed_folder.folder] = f"folders.{check.state.value}"
            self._scan_problems[indexed_folder.folder] = check.problems
        alone = len(found) == 1
        if not alone or checks[0].state not in (State.UNREACHABLE, State.EMPTY) or library.count:
            self.remember()
        self.show_index(library)
        if self.address and services.tasks.control.cancelled:
            services.tell(f"{services.status}\n{say('server.rest_later')}")
        self.show_problems(library)
        self._happened.folders_ready(library)
        if library.count:  # the first question comes soon: let its answer not wait for the model
            services.tasks.ahead(library.prepare)
        active = [(indexed_folder, check) for indexed_folder, check in found if indexed_folder in library.active]
        todo, anew = self._questions.after_opening(library, active, model_replaced=self._model_replaced)
        if todo:
            self._indexing.start(library, todo, rebuild=anew)
            return
        for indexed_folder, check in active:
            if check.state in (State.TOO_NEW, State.UNREACHABLE, State.EMPTY) and check.error:
                here = check.state is State.TOO_NEW or isinstance(check.error, errors.AllExcluded)
                away = bool(indexed_folder.count) and not here
                if check.state is State.TOO_NEW or (alone and not away):
                    services.show_failure(check.error)
                if away:
                    told = counted("status.unreachable", indexed_folder.count)
                    services.tell(about_folder(library, indexed_folder, told))
        if library.count:
            self._happened.can_search()

    def remember(self) -> None:
        """Save which folders the library has, for the next start."""
        self._save(self.named, tuple(self.inactive), self.address)

    def remember_for_start(self, folders: tuple[str, ...], inactive: Sequence[str]) -> None:
        """Save which folders the first model in use will open."""
        self._save(folders, tuple(inactive), self._services.config.index_server)

    def choose(self, folders: tuple[str, ...]) -> None:
        """Have these folders opened with the model that is taken into use next."""
        self.library, self.named, self._request = None, (), None
        self._engine.keep_here()
        self._save(folders)

    def _save(self, named: tuple[str, ...], inactive: tuple[str, ...] = (), address: str = "") -> None:
        several = named if len(named) > 1 else ()
        first = named[0] if named else ""
        self._services.save(image_folder=first, folders=several, inactive_folders=inactive, index_server=address)

    # -- Indexing --------------------------------------------------------------------------------------

    def _indexed(self, library: Library, outcomes: Sequence[Outcome]) -> None:
        """What a run of indexing came to."""
        services = self._services
        self._model_replaced = False
        for outcome in outcomes:
            self._note_outcome(outcome)
        self.show_problems(library)
        self.show_index(library)
        reports = [outcome.report for outcome in outcomes if outcome.report]
        if services.tasks.control.cancelled:
            count = reports[-1].count if len(library.indexed_folders) == 1 and reports else library.count
            services.tell(counted("status.cancelled", count))
            return
        failures = [(outcome.indexed_folder, outcome.error) for outcome in outcomes if outcome.error]
        self._happened.folders_ready(library)  # the watch begins now, however long the user looks at what is told
        if reports:
            message = index_summary(replace(joined_report(reports), problems=self.problems))
            self._indexing.call_user(message)
            if not failures and self._indexing.plain and not any(each.added or each.removed for each in reports):
                if services.ask(f"{message}\n\n{say('ask.check_all')}"):
                    self._indexing.start(library, [outcome.indexed_folder for outcome in outcomes], check=True)
                    return
            elif not failures:
                services.inform(message, title="done.title")
        elif failures:
            self._indexing.call_user(explain(failures[0][1]))
        gone, anew = self._questions.after_indexing(library, failures)
        if gone or anew:
            self._indexing.start(library, [*gone, *anew], allow_mass_removal=bool(gone), rebuild=anew)
            return
        if library.count:
            self._happened.can_search()

    def _note_outcome(self, outcome: Outcome) -> None:
        folder = outcome.indexed_folder.folder
        if outcome.report:
            self._states[folder] = "folders.changed" if outcome.report.cancelled else "folders.ready"
            known = set(outcome.indexed_folder.problems())
            self._scan_problems[folder] = tuple(bad for bad in outcome.report.problems if bad not in known)
        elif isinstance(outcome.error, (errors.FolderNotFound, errors.FolderUnreadable, errors.FolderEmptied)):
            self._states[folder] = "folders.unreachable"

    def _failed(self, library: Library, error: BaseException) -> None:
        """Opening or indexing failed in a way that nobody foresaw, or was cancelled before there was anything."""
        if isinstance(error, errors.Cancelled):
            self.library, self.named = None, ()
            self._view.show_folders([])
            self._services.tell(say("server.open_cancelled"))
            return
        self.show_index(library)
        self._indexing.call_user(say("error.internal", log=self._services.log_path))
        self._services.show_failure(error)

    # -- What is shown ---------------------------------------------------------------------------------

    def _take_news(self, library: Library, indexed_folder: IndexedFolder, state: str, message: str) -> None:
        """From the watch: a folder changed, was brought up to date, went or came back."""
        if library is not self.library:
            return  # another one is being opened
        before, self._states[indexed_folder.folder] = self._states.get(indexed_folder.folder), state
        gone = "folders.unreachable"
        if state == before == gone:
            message = ""  # it was said before, and something else may be on the status line
        if self._services.tasks.busy:
            self.show(library)
            return
        self.show_index(library, quiet=before != gone or state == gone)
        self.show_problems(library)
        if message:
            self._services.tell(message)

    def show(self, library: Library) -> None:
        """Fill the list of folders."""
        lines = []
        for name, each in zip(self.named, library.indexed_folders, strict=True):
            state = say(self._states.get(each.folder, "folders.opening"))
            lines.append(FolderLine(name, each.count, state, each.folder not in library.inactive))
        self._view.show_folders(lines)

    def show_index(self, library: Library, *, quiet: bool = False) -> None:
        """Say what can be searched now, unless ``quiet``."""
        self.show(library)
        self._happened.index_changed(library)
        if quiet:
            return
        count = library.count
        if not count:
            self._services.tell(say("status.no_index"))
            return
        told = counted("status.ready", count, model=model_title(library.encoder.name))
        if self.address:
            key = "server.status_read_only" if library.active[0].read_only else "server.status"
            told = say(key, told=told, address=self.shown)
            if renamed := self._engine.people.take_renamed():
                told = f"{told}\n{renamed_told(renamed)}"
        self._services.tell(told)

    def _show_again(self) -> None:
        if self.library and not self._indexing.running:
            self.show_index(self.library)

    def show_problems(self, library: Library) -> None:
        """Offer the list of files that were skipped, in any of the folders that are searched."""
        problems: list[Problem] = []
        for each in library.active:
            found = (*self._scan_problems.get(each.folder, ()), *each.problems())
            problems += [replace(bad, folder=each.folder) for bad in found] if len(self.named) > 1 else found
        self.problems = tuple(problems)
        self._view.show_skipped(len(problems))

    def _speak(self) -> None:
        self._view.show_skipped(len(self.problems))
        self._services.tell(say("status.choose_folder"))
        self._show_again()
