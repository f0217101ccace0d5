"""A model on its way while another one answers: what the window tells of it, and the switch to it once it is ready."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from semantik.encoders.registry import card, encoder_names
from semantik.engine.model_arrival import ArrivalNews, ModelArrival, Stage
from semantik.gui.main_window.main_view import MainView
from semantik.gui.window_services import WindowServices
from semantik.words.phrases import download_status
from semantik.words.shown_names import visible
from semantik.words.text import explain, number, say

if TYPE_CHECKING:
    from semantik.engine.engine import Engine
    from semantik.engine.library import Library

Offers = Sequence[tuple[str, Callable[[], object]]]
"""What buttons say and do."""


class ArrivingModel:
    """Has a model downloaded and indexed with behind the user's work, and offers it when it can answer.

    What is on its way is remembered in the settings: the next start goes on with it.
    """

    def __init__(self, services: WindowServices, view: MainView, engine: Engine) -> None:
        self._services = services
        self._view = view
        self._models = engine.models
        self._news: ArrivalNews | None = None  # what is shown
        self._held = False  # others are indexing
        self._arrival = ModelArrival(
            engine.models, engine.indexed_folder, lambda news: services.tasks.post(lambda: self._take(news))
        )
        happened = services.happened
        happened.folders_opening.connect(lambda library, named: self._arrival.prepare(None))
        happened.folders_ready.connect(self._prepare)
        happened.indexing_began.connect(lambda: self._hold(True))
        happened.indexing_ended.connect(lambda library, outcomes: self._hold(False))
        happened.indexing_failed.connect(lambda library, error: self._hold(False))
        happened.model_in_use.connect(self._model_in_use)
        happened.model_removing.connect(self._leave)
        happened.busy.connect(lambda busy, pausable: self._lock())
        happened.language_changed.connect(self._show)

    @property
    def name(self) -> str:
        """The model that is on its way, or waits for the user; "" for none."""
        return self._arrival.name

    def go_on(self) -> None:
        """The program starts: go on with what was on its way when it was closed."""
        config = self._services.config
        if config.next_encoder in encoder_names() and config.next_encoder != config.encoder:
            self._begin(config.next_encoder, paused=config.next_encoder_paused)

    def begin(self, name: str) -> None:
        """Bring a model, which the user agreed to."""
        self._services.save(next_encoder=name, next_encoder_paused=False)
        self._begin(name, paused=False)

    def release(self, name: str, then: Callable[[], None]) -> None:
        """Go on with ``then`` once nothing here writes a model's indexes any more: the user wants to use it now."""
        if name == self.name:
            self._forget()
            self._services.start(self._arrival.wait, lambda done: then())
        else:
            then()

    def close(self) -> None:
        """The window is gone: stop at the next chance, for the next start to go on."""
        self._arrival.close()

    def _begin(self, name: str, *, paused: bool) -> None:
        self._news = None
        self._arrival.begin(name, paused=paused)
        self._show()

    # -- What goes on elsewhere

    def _prepare(self, library: Library) -> None:
        self._arrival.prepare(library.folders)
        self._show()

    def _hold(self, held: bool) -> None:
        self._held = held
        self._arrival.hold(held)
        self._show()

    def _model_in_use(self, name: str) -> None:
        if name == self.name and self._models.is_whole(name):
            self._forget()

    def _leave(self, name: str) -> None:
        """A model's files, or those of a part of it, are about to be removed."""
        if self.name and self.name in (name, card(name).part_of):
            self._forget()

    def _forget(self) -> None:
        self._arrival.forget()
        self._services.save(next_encoder="", next_encoder_paused=False)
        self._news = None
        self._show()

    # -- What the user wants

    def _pause(self) -> None:
        self._services.save(next_encoder_paused=True)
        self._arrival.pause()
        self._show()

    def _resume(self) -> None:
        self._services.save(next_encoder_paused=False)
        self._news = None
        self._arrival.resume()
        self._show()

    def _cancel(self) -> None:
        title = self._title
        self._forget()
        self._services.tell(say("arrival.cancelled", name=title))

    def _decline(self) -> None:
        """ "Ahora no": the model stays where it is, and can be chosen at any time."""
        title = self._title
        self._forget()
        self._services.tell(say("arrival.declined", name=title))

    def _use(self) -> None:
        if not self._services.tasks.busy:
            self._services.happened.model_chosen(self.name)

    # -- What is shown

    def _take(self, news: ArrivalNews) -> None:
        """From the arrival's threads."""
        if news.order != self._arrival.order:
            return  # the user wants something else meanwhile
        if news.stage in (Stage.FETCHED, Stage.READY):
            self._services.happened.models_changed()
        if news.stage is Stage.READY and news.name == self._models.encoder.name:
            self._models.read_queries(self._models.query_language)  # it has all of its parts now
            self._services.tell(say("arrival.completed", name=self._title))
            self._forget()
            return
        self._news = news
        self._show()

    @property
    def _title(self) -> str:
        return self._models.short_title(self.name)

    def _show(self) -> None:
        row = self._view.arrival
        message, offers = self._told() if self.name else ("", ())
        row.say(message, offers)
        self._lock()

    def _lock(self) -> None:
        ready = self._news is not None and self._news.stage is Stage.READY
        self._view.arrival.lock(ready and self._services.tasks.busy)

    def _told(self) -> tuple[str, Offers]:
        """What the row says, and its buttons."""
        news, title = self._news, self._title
        cancel = (say("arrival.cancel"), self._cancel)
        if self._services.config.next_encoder_paused:
            return say("arrival.paused", name=title), ((say("arrival.resume"), self._resume), cancel)
        if news and news.stage is Stage.FAILED:
            why = explain(news.error) if news.error else say("error.internal", log=self._services.log_path)
            return visible(why), ((say("arrival.retry"), self._resume), cancel)
        if news and news.stage is Stage.READY:
            key = "arrival.ready" if news.indexed else "arrival.ready_unindexed"
            return say(key, name=title), ((say("arrival.use"), self._use), (say("arrival.decline"), self._decline))
        return self._progress_told(news, title), ((say("arrival.pause"), self._pause), cancel)

    def _progress_told(self, news: ArrivalNews | None, title: str) -> str:
        progress = news.progress if news else None
        if not self._arrival.fetched:
            return download_status(title, progress) if progress else say("arrival.downloading", name=title)
        if news is None or news.stage is not Stage.INDEXING or progress is None or self._held:
            return say("arrival.waiting", name=title)
        done, total = progress.done, progress.total
        percent = done * 100 // max(1, total)
        return say("arrival.indexing", name=title, done=number(done), total=number(total), percent=percent)
