"""Bringing a model to a user who goes on with another one: its download, then its indexes, then the offer to switch."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from semantik.desktop.background_priority import in_background
from semantik.encoders.base import Encoder
from semantik.engine.models import Models
from semantik.errors import Cancelled, DecoderNotStarted, DownloadFailed, EncoderFailed, IndexNotSaved, SemantikError
from semantik.folders.indexed_folder import IndexedFolder, State
from semantik.index import let_go
from semantik.long_tasks import Progress, TaskControl

log = logging.getLogger(__name__)

_HOPELESS = (EncoderFailed, DownloadFailed, DecoderNotStarted, IndexNotSaved)
"""What another folder would meet as well; of other failures the next model's first look at the folder tells."""


class Stage(Enum):
    """How far a model is."""

    DOWNLOADING = "downloading"
    FETCHED = "fetched"  # it is on disk; its indexes come as soon as nothing else is indexed
    INDEXING = "indexing"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ArrivalNews:
    """What became known of a model on its way.

    ``order``: see ``ModelArrival.order``. ``indexed``, of one that is ready: whether it can answer at once.
    """

    name: str
    stage: Stage
    order: int
    progress: Progress | None = None
    error: SemantikError | None = None
    indexed: bool = True


@dataclass(frozen=True, slots=True)
class _Order:
    """What a step works on: the number of the order, the model, the folders, and what tells it to stop."""

    number: int
    name: str
    folders: tuple[Path, ...]
    control: TaskControl


class ModelArrival:
    """One model on its way beside the one in use. All methods may be called from any thread.

    Downloads and indexes are kept when it is stopped at any time, and go on where they were. Only the image side of the
    model is loaded, and it is dropped when its indexes are made; where memory does not suffice for two models, the
    indexes are left to whoever switches.
    """

    def __init__(
        self,
        models: Models,
        open_folder: Callable[[Path, Encoder], IndexedFolder],
        on_news: Callable[[ArrivalNews], None],
    ) -> None:
        """``open_folder``: a folder with another encoder than the one in use; ``on_news`` is called on any thread, and
        must call nothing here."""
        self._models = models
        self._open_folder = open_folder
        self._on_news = on_news
        self._lock = threading.Lock()  # guards all below
        self._order = 0
        self._name = ""
        self._working = False  # neither paused, nor failed, nor ready
        self._fetched = False
        self._ready = False
        self._folders: tuple[Path, ...] | None = ()
        self._held = False
        self._closed = False
        self._control = TaskControl()
        self._thread: threading.Thread | None = None

    @property
    def name(self) -> str:
        """The model that is on its way, "" for none."""
        return self._name

    @property
    def order(self) -> int:
        """Grows with each call of a method here: what was told before, of an earlier one, counts no more."""
        return self._order

    @property
    def fetched(self) -> bool:
        """Whether it is on disk."""
        return self._fetched

    # -- Orders

    def begin(self, name: str, *, paused: bool = False) -> None:
        """Bring a model; another one that was on its way is left, and what arrived of it is kept."""
        with self._lock:
            self._name, self._fetched = name, False
            self._go_on(working=not paused)

    def pause(self) -> None:
        """Stop at the next chance, until ``resume``."""
        with self._lock:
            self._go_on(working=False)

    def resume(self) -> None:
        """Go on, also after a failure."""
        with self._lock:
            self._go_on(working=bool(self._name))

    def forget(self) -> None:
        """No model is wanted any more; what arrived of it is kept."""
        with self._lock:
            self._name = ""
            self._go_on(working=False)

    def prepare(self, folders: Sequence[Path] | None) -> None:
        """These folders are searched: the model is ready when they are indexed with it. None: wait for others."""
        with self._lock:
            self._folders = None if folders is None else tuple(folders)
            self._look_again()

    def hold(self, held: bool) -> None:
        """Whether to index nothing, since that is being done for the user. A download goes on."""
        with self._lock:
            if held != self._held:
                self._held = held
                self._look_again()

    def wait(self) -> None:
        """Wait until the step that was told to stop has."""
        with self._lock:
            thread = self._thread
        if thread:
            thread.join()

    def close(self) -> None:
        """Stop, and wait for that."""
        with self._lock:
            self._closed = True
            self._control.cancel()
        self.wait()

    def _look_again(self) -> None:
        if self._fetched and self._name:  # a download needs no folder
            self._go_on(working=self._working or self._ready)

    # -- The work: one thread for each step, which ends with it (see ``in_background``)

    def _go_on(self, *, working: bool) -> None:
        """Other orders hold from now on."""
        self._order += 1
        self._working, self._ready = working, False
        self._control.cancel()
        self._take_step()

    def _take_step(self) -> None:
        if self._thread or self._closed or not self._working:
            return  # a step that runs stops soon, and takes the next one
        if self._fetched and (self._folders is None or self._held):
            return
        self._control = TaskControl()
        order = _Order(self._order, self._name, self._folders or (), self._control)
        step = self._index if self._fetched else self._download
        self._thread = threading.Thread(target=self._run, args=(step, order), name="model arrival", daemon=True)
        self._thread.start()

    def _run(self, step: Callable[[_Order], ArrivalNews], order: _Order) -> None:
        # A download costs the processor nothing, and on Windows the whole program would make way for an hour.
        place: AbstractContextManager[None] = in_background() if step == self._index else nullcontext()
        news: ArrivalNews | None = None
        try:
            with place:
                news = step(order)
        except Cancelled:
            pass
        except SemantikError as error:
            log.warning("%s does not arrive: %r", order.name, error)
            let_go(error)
            news = ArrivalNews(order.name, Stage.FAILED, order.number, error=error.with_traceback(None))
        except Exception:  # a boundary: the worker's wrapper
            log.exception("%s does not arrive", order.name)
            news = ArrivalNews(order.name, Stage.FAILED, order.number)
        with self._lock:
            self._thread = None
            if order.number == self._order and news:
                self._fetched = self._fetched or news.stage is Stage.FETCHED
                self._ready = news.stage is Stage.READY
                self._working = news.stage is Stage.FETCHED
                self._on_news(news)  # before the next step has news
            self._take_step()

    def _download(self, order: _Order) -> ArrivalNews:
        if not self._models.is_whole(order.name):

            def tell(progress: Progress) -> None:
                self._on_news(ArrivalNews(order.name, Stage.DOWNLOADING, order.number, progress))

            self._models.fetch_whole(order.name, order.control.telling(tell))
            order.control.stop_if_cancelled()
        return ArrivalNews(order.name, Stage.FETCHED, order.number)

    def _index(self, order: _Order) -> ArrivalNews:
        ready = ArrivalNews(order.name, Stage.READY, order.number)
        if order.name == self._models.encoder.name:  # it lacked a part of itself
            return ready
        if not self._models.has_memory_for(order.name):
            log.info("%s: no memory for two models, its indexes are left for later", order.name)
            return replace(ready, indexed=False)

        def tell(progress: Progress) -> None:
            self._on_news(ArrivalNews(order.name, Stage.INDEXING, order.number, progress))

        encoder, control = self._models.create(order.name), order.control.telling(tell)
        done = []
        for each in order.folders:
            indexed_folder = self._open_folder(each, encoder)
            done.append(self._bring_up_to_date(indexed_folder, control))
            encoder = indexed_folder.encoder  # its number format may have been chosen
        return replace(ready, indexed=any(done))

    def _bring_up_to_date(self, indexed_folder: IndexedFolder, control: TaskControl) -> bool:
        """Whether the folder's index can answer now. Raises what is hopeless for others as well, and Cancelled."""
        control.stop_if_cancelled()
        state = indexed_folder.open().state
        control.stop_if_cancelled()
        if state in (State.NEW, State.CHANGED):
            if state is State.NEW:
                indexed_folder.encoder = self._models.settle(indexed_folder, indexed_folder.encoder, control)
            try:
                indexed_folder.update(control)
            except _HOPELESS:
                raise
            except SemantikError as error:
                log.info("%s: not indexed with the next model: %r", indexed_folder.folder, error)
                let_go(error)
                return False
            control.stop_if_cancelled()
        return bool(indexed_folder.count)
