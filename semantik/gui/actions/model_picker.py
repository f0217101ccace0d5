"""Choosing the model in the window: the first question, the list, the download, and what to do when it fails."""

from __future__ import annotations

import logging
from tkinter import messagebox
from typing import TYPE_CHECKING, Protocol

from semantik.errors import Cancelled, SemantikError
from semantik.gui.dialogs.model_choice import ModelChoice
from semantik.long_tasks import Progress
from semantik.queries import Query
from semantik.words.phrases import download_status
from semantik.words.shown_names import visible
from semantik.words.text import explain, say

if TYPE_CHECKING:
    import tkinter as tk
    from collections.abc import Callable
    from typing import Any

    from semantik.engine.engine import Engine
    from semantik.gui.main_window.main_view import MainView
    from semantik.gui.widgets.background_tasks import Tasks
    from semantik.storage.settings import Config

log = logging.getLogger(__name__)


class Owner(Protocol):
    """What the picker needs of the app."""

    root: tk.Tk
    view: MainView
    tasks: Tasks
    config: Config

    def start(
        self, work: Callable[[], Any], on_done: Callable[[Any], None], on_error: Callable[[BaseException], None]
    ) -> None: ...
    def model_in_use(self, name: str) -> None: ...
    def save_config(self, **changes: object) -> None: ...


class ModelPicker:
    """Takes a model into use, downloading it first when the user agrees."""

    def __init__(self, app: Owner) -> None:
        self._app = app
        self._engine: Engine | None = None
        self._titles: dict[str, str] = {}
        self.just_changed = False  # the user chose another model: its first index is asked about

    @property
    def title(self) -> str:
        """The model in use, as the user reads it; empty while the engine loads."""
        return self._titles.get(self._engine.models.encoder.name, "") if self._engine else ""

    def take_over(self, engine: Engine) -> None:
        """From now on, this is the engine."""
        self._engine = engine
        self.relist()

    def offer(self) -> tuple[str, int]:
        """The title of the model that is recommended, or was chosen, and the megabytes to download for it."""
        assert self._engine
        title, megabytes = self._engine.models.download_size(self._recommended)
        return title, 0 if self._engine.models.is_ready(self._recommended) else megabytes

    def accept(self, *, recommended: bool) -> None:
        """Use the model of ``offer``, downloading it if it is not here; or else the embedded one."""
        assert self._engine
        name = self._recommended if recommended else self._engine.models.BUILTIN
        if self._engine.models.is_ready(name):
            self._use(name)
        else:
            self._download(name)

    @property
    def _recommended(self) -> str:
        assert self._engine
        preferred = self._engine.models.preferred()
        return self._engine.models.DEFAULT_CLIP if preferred == self._engine.models.BUILTIN else preferred

    def begin(self, engine: Engine) -> None:
        """Use the chosen model. On the first start without weights on disk, ask once."""
        self.take_over(engine)
        wanted = engine.models.preferred()
        if engine.models.is_ready(wanted):
            self._use(wanted)
        else:
            self._offer(wanted)

    def choose(self) -> None:
        """Another model was picked in the list."""
        assert self._engine
        box = self._app.view.model_box
        name = list(self._titles)[box.current()]
        box.selection_clear()
        if name != self._engine.models.encoder.name:
            self.take(name)

    def take(self, name: str) -> None:
        """Use another model than before; one that is not here is offered for download."""
        assert self._engine
        self.just_changed = True
        if self._engine.models.is_ready(name):
            self._use(name)
        else:
            self._offer(name)

    def _offer(self, name: str) -> None:
        """Nothing is downloaded unannounced: say what and how large, and let the user choose."""
        assert self._engine
        title, size_mb = self._engine.models.download_size(name)
        builtin = self._engine.models.BUILTIN
        self._app.view.say(say("status.choose_model"))
        ModelChoice(self._app.root, title, size_mb, lambda yes: self._download(name) if yes else self._use(builtin))

    def _download(self, name: str) -> None:
        engine = self._engine
        assert engine
        title = engine.models.download_size(name)[0]

        self._app.start(
            lambda: engine.models.download(name, self._app.tasks.telling(lambda p: self._show_download(title, p))),
            lambda done: self._use(name),
            self._download_failed,
        )

    def understand(self, query: Query, then: Callable[[], None]) -> None:
        """Go on with ``then`` once the model can read the query as well as the user wants it to."""
        assert self._engine
        models = self._engine.models
        if not query.texts or not self._app.config.ask_multilingual or models.encoder.name == models.BUILTIN:
            then()
            return

        def decide(missing: tuple[str, int] | None) -> None:
            if missing is None:
                then()
            elif messagebox.askyesno(
                say("window.title"), say("ask.multilingual", size=missing[1]), parent=self._app.root
            ):
                self._fetch_reader(query, missing[0], then)
            else:
                self._app.save_config(ask_multilingual=False)  # the settings still offer it
                then()

        # In the worker: telling languages apart loads its statistics first.
        self._app.start(lambda: models.missing_for(query), decide, self._reader_failed(then))

    def _fetch_reader(self, query: Query, title: str, then: Callable[[], None]) -> None:
        engine, tasks = self._engine, self._app.tasks
        assert engine
        self._app.start(
            lambda: engine.models.download_missing(query, tasks.telling(lambda p: self._show_download(title, p))),
            lambda done: then(),
            self._reader_failed(then),
        )

    def _reader_failed(self, then: Callable[[], None]) -> Callable[[BaseException], None]:
        def told(error: BaseException) -> None:
            if not isinstance(error, SemantikError):
                raise error
            log.warning("the multilingual text model: %r", error)
            if not isinstance(error, Cancelled):
                messagebox.showwarning(say("window.title"), visible(explain(error)), parent=self._app.root)
            then()

        return told

    def _show_download(self, title: str, progress: Progress) -> None:
        self._app.view.show_share(progress.done / max(1, progress.total))
        if not self._app.tasks.control.cancelled:
            self._app.view.say(download_status(title, progress))

    def _download_failed(self, error: BaseException) -> None:
        """Go on with the embedded model, say so, and say how to try again."""
        assert self._engine
        if not isinstance(error, SemantikError):
            raise error
        log.warning("download failed: %r", error)
        why = visible(explain(error))
        key = "warn.download_cancelled" if isinstance(error, Cancelled) else "warn.embedded_instead"
        messagebox.showwarning(say("window.title"), say(key, why=why), parent=self._app.root)
        self._use(self._engine.models.BUILTIN)

    def _use(self, name: str) -> None:
        assert self._engine
        self._engine.models.use(name)
        self.relist()
        self._app.model_in_use(name)

    def speak(self) -> None:
        """Name the models in the window's new language, which also decides on queries that may be of either."""
        assert self._engine
        models = self._engine.models
        models.read_queries(models.query_language)
        self.relist()

    def relist(self) -> None:
        """Look again at which models there are, and what they are called."""
        assert self._engine
        self._titles = self._engine.models.titles()
        self._app.view.model_box.configure(values=list(self._titles.values()))
        self._app.view.model_box.set(self.title)
