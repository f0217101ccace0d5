"""Choosing the model in the window: the first question, the list, and what a model lacks to read a query."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from semantik.errors import Cancelled, ModelUnproven, SemantikError
from semantik.gui.actions.arriving_model import ArrivingModel
from semantik.gui.dialogs.model_choice import ModelChoice
from semantik.gui.main_window.main_view import MainView
from semantik.gui.window_services import WindowServices
from semantik.long_tasks import Progress
from semantik.queries import Query
from semantik.words.phrases import download_status, model_title
from semantik.words.shown_names import visible
from semantik.words.text import explain, say

if TYPE_CHECKING:
    from semantik.engine.model_advice import Choice
    from semantik.engine.models import Models

log = logging.getLogger(__name__)


class ModelPicker:
    """Takes a model into use; one that is not here is brought while another one answers, when the user agrees."""

    def __init__(self, services: WindowServices, view: MainView, models: Models, arriving: ArrivingModel) -> None:
        self._services = services
        self._view = view
        self._models = models
        self._arriving = arriving
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

    def choices(self) -> list[Choice]:
        """The models that the guide offers, the one to recommend first: the one that was chosen, or what fits best."""
        return self._models.advice(self._services.config.encoder)

    def accept(self, name: str) -> None:
        """Use a model that the user chose in the guide; until one that is not here is ready, another one answers."""
        if self._models.is_whole(name):
            self._use(name)
        else:
            self._use(name if self._models.is_ready(name) else self._answering)
            self._arriving.begin(name)

    def skip(self) -> None:
        """Nothing was chosen: begin with what needs no download."""
        self._use(self._models.at_once())

    def begin(self) -> None:
        """Use the chosen model. On the first start without weights on disk, ask once."""
        wanted = self._wanted
        if self._models.is_ready(wanted):
            self._use(wanted)
            return
        self._services.tell(say("status.choose_model"))

        def chosen(download: bool) -> None:
            self._use(self._models.BUILTIN)
            if download:
                self._arriving.begin(wanted)

        self._ask(wanted, say("ask.download_no"), chosen)

    @property
    def _wanted(self) -> str:
        """The model that the user chose; or what the specification names if it is here, or else what fits best."""
        if self._services.config.encoder or self._models.is_ready(self._models.preferred()):
            return self._models.preferred()
        return next(choice.name for choice in self._models.advice() if choice.possible)

    @property
    def _answering(self) -> str:
        """The model in use, or at the first start the best that needs no download."""
        return self._models.encoder.name if self._services.config.encoder else self._models.at_once()

    def choose(self) -> None:
        """Another model was picked in the list."""
        box = self._view.model_box
        name = list(self._titles)[box.current()]
        box.selection_clear()
        box.set(self.title)  # until it is another one
        if name != self._models.encoder.name:
            self.take(name)

    def take(self, name: str) -> None:
        """Use another model than before; one that is not here is offered for download, and comes when it is ready."""
        if self._models.is_ready(name):
            self._services.happened.model_replaced()
            self._arriving.release(name, lambda: self._use(name))
        elif name == self._arriving.name:
            self._services.tell(say("arrival.on_its_way", name=self._models.short_title(name)))
        else:
            self._ask(name, say("arrival.decline"), lambda yes: self._arriving.begin(name) if yes else None)

    def _ask(self, name: str, otherwise: str, on_choice: Callable[[bool], None]) -> None:
        """Nothing is downloaded unannounced: say what and how large, and let the user choose."""
        title, size_mb = self._models.download_size(name)
        ModelChoice(self._services.root, title, size_mb, on_choice, otherwise=otherwise)

    def understand(self, query: Query, then: Callable[[], None]) -> None:
        """Go on with ``then`` once the model can read the query as well as the user wants it to."""
        models = self._models
        if not query.texts or not self._services.config.ask_multilingual or models.encoder.name == models.BUILTIN:
            then()
            return
        if self._services.tasks.busy:  # indexing: no download goes on beside it, and the answer tells what is missing
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

    def _refused(self, error: BaseException) -> None:
        """Go on with the embedded model, and say why."""
        if not isinstance(error, SemantikError):
            raise error
        log.warning("model not used: %r", error)
        if not isinstance(error, Cancelled):
            self._services.warn("warn.unproven_model", why=visible(explain(error)))
        self._use(self._models.BUILTIN)

    def _use(self, name: str) -> None:
        """Take a model that is here into use, once it has shown that it works."""
        if self._models.must_prove(name):
            self._prove(name)
            return
        try:
            self._models.use(name)
        except ModelUnproven as error:  # found on an earlier day
            self._refused(error)
            return
        self.relist()
        self._services.save(encoder=name)
        self._services.happened.model_in_use(name)

    def _prove(self, name: str) -> None:
        """See whether a model works that came here by other ways than a download."""
        models, tasks = self._models, self._services.tasks
        self._services.tell(say("status.proving", name=models.short_title(name)))
        self._services.start(lambda: models.prove(name, tasks.control), lambda done: self._use(name), self._refused)

    def _speak(self) -> None:
        """Name the models in the window's new language, which also decides on queries that may be of either."""
        self._models.read_queries(self._models.query_language)
        self.relist()

    def relist(self) -> None:
        """Look again at which models there are, and what they are called."""
        self._titles = self._models.titles()
        self._view.model_box.configure(values=list(self._titles.values()))
        self._view.model_box.set(self.title)
