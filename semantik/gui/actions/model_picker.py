"""Choosing the model in the window: the first question, the list, the download, and what to do when it fails."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from semantik.errors import Cancelled, ModelUnproven, SemantikError
from semantik.gui.dialogs.model_choice import ModelChoice
from semantik.gui.main_window.main_view import MainView
from semantik.gui.window_services import WindowServices
from semantik.long_tasks import Progress
from semantik.queries import Query
from semantik.words.phrases import download_status, model_title
from semantik.words.shown_names import visible
from semantik.words.text import explain, say

if TYPE_CHECKING:
    from semantik.engine.models import Models

log = logging.getLogger(__name__)


class ModelPicker:
    """Takes a model into use, downloading it first when the user agrees."""

    def __init__(self, services: WindowServices, view: MainView, models: Models) -> None:
        self._services = services
        self._view = view
        self._models = models
        self._titles: dict[str, str] = {}
        view.commands.choose_model.connect(self.choose)
        services.happened.model_chosen.connect(self.take)
        services.happened.models_changed.connect(self.relist)
        services.happened.language_changed.connect(self._speak)
        self.relist()

    @property
    def title(self) -> str:
        """The model in use, as the user reads it."""
        return model_title(self._models.encoder.name)

    def offer(self) -> tuple[str, int]:
        """The title of the model that is recommended, or was chosen, and the megabytes to download for it."""
        title, megabytes = self._models.download_size(self._recommended)
        return title, 0 if self._models.is_ready(self._recommended) else megabytes

    def accept(self, *, recommended: bool) -> None:
        """Use the model of ``offer``, downloading it if it is not here; or else the embedded one."""
        name = self._recommended if recommended else self._models.BUILTIN
        if self._models.is_ready(name):
            self._use(name)
        else:
            self._download(name)

    @property
    def _recommended(self) -> str:
        preferred = self._models.preferred()
        return self._models.DEFAULT_CLIP if preferred == self._models.BUILTIN else preferred

    def begin(self) -> None:
        """Use the chosen model. On the first start without weights on disk, ask once."""
        wanted = self._models.preferred()
        if self._models.is_ready(wanted):
            self._use(wanted)
        else:
            self._offer(wanted)

    def choose(self) -> None:
        """Another model was picked in the list."""
        box = self._view.model_box
        name = list(self._titles)[box.current()]
        box.selection_clear()
        if name != self._models.encoder.name:
            self.take(name)

    def take(self, name: str) -> None:
        """Use another model than before; one that is not here is offered for download."""
        self._services.happened.model_replaced()
        if self._models.is_ready(name):
            self._use(name)
        else:
            self._offer(name)

    def _offer(self, name: str) -> None:
        """Nothing is downloaded unannounced: say what and how large, and let the user choose."""
        title, size_mb = self._models.download_size(name)
        builtin = self._models.BUILTIN
        self._services.tell(say("status.choose_model"))
        ModelChoice(
            self._services.root, title, size_mb, lambda yes: self._download(name) if yes else self._use(builtin)
        )

    def _download(self, name: str) -> None:
        models, tasks, title = self._models, self._services.tasks, self._models.download_size(name)[0]
        self._services.start(
            lambda: models.download(name, tasks.telling(lambda p: self._show_download(title, p))),
            lambda done: self._use(name),
            self._download_failed,
        )

    def understand(self, query: Query, then: Callable[[], None]) -> None:
        """Go on with ``then`` once the model can read the query as well as the user wants it to."""
        models = self._models
        if not query.texts or not self._services.config.ask_multilingual or models.encoder.name == models.BUILTIN:
            then()
            return

        def decide(missing: tuple[str, int] | None) -> None:
            if missing is None:
                then()
            elif self._services.ask(say("ask.multilingual", size=missing[1])):
                self._fetch_reader(query, missing[0], then)
            else:
                self._services.save(ask_multilingual=False)  # the settings still offer it
                then()

        # In the worker: telling languages apart loads its statistics first.
        self._services.start(lambda: models.missing_for(query), decide, self._reader_failed(then))

    def _fetch_reader(self, query: Query, title: str, then: Callable[[], None]) -> None:
        models, tasks = self._models, self._services.tasks
        self._services.start(
            lambda: models.download_missing(query, tasks.telling(lambda p: self._show_download(title, p))),
            lambda done: then(),
            self._reader_failed(then),
        )

    def _reader_failed(self, then: Callable[[], None]) -> Callable[[BaseException], None]:
        def told(error: BaseException) -> None:
            if not isinstance(error, SemantikError):
                raise error
            log.warning("the multilingual text model: %r", error)
            if not isinstance(error, Cancelled):
                self._services.warn_of(error)
            then()

        return told

    def _show_download(self, title: str, progress: Progress) -> None:
        self._services.show_share(progress.done / max(1, progress.total))
        if not self._services.tasks.control.cancelled:
            self._services.tell(download_status(title, progress))

    def _download_failed(self, error: BaseException) -> None:
        """Go on with the embedded model, say so, and say how to try again."""
        if not isinstance(error, SemantikError):
            raise error
        log.warning("download failed: %r", error)
        why = visible(explain(error))
        key = "warn.download_cancelled" if isinstance(error, Cancelled) else "warn.embedded_instead"
        if isinstance(error, ModelUnproven):
            key = "warn.unproven_model"
        self._services.warn(key, why=why)
        self._use(self._models.BUILTIN)

    def _use(self, name: str) -> None:
        """Take a model that is here into use, once it has shown that it works."""
        if self._models.must_prove(name):
            self._prove(name)
            return
        try:
            self._models.use(name)
        except ModelUnproven as error:  # found on an earlier day
            self._download_failed(error)
            return
        self.relist()
        self._services.save(encoder=name)
        self._services.happened.model_in_use(name)

    def _prove(self, name: str) -> None:
        """See whether a model works that came here by other ways than a download."""
        models, tasks = self._models, self._services.tasks
        self._services.tell(say("status.proving", name=models.called(name)))
        self._services.start(
            lambda: models.prove(name, tasks.control), lambda done: self._use(name), self._download_failed
        )

    def _speak(self) -> None:
        """Name the models in the window's new language, which also decides on queries that may be of either."""
        self._models.read_queries(self._models.query_language)
        self.relist()

    def relist(self) -> None:
        """Look again at which models there are, and what they are called."""
        self._titles = self._models.titles()
        self._view.model_box.configure(values=list(self._titles.values()))
        self._view.model_box.set(self.title)
