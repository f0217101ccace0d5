"""The models that a program can work with, the one in use, and their files: the engine's side of choosing one."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from semantik.downloads import model_file_set
from semantik.downloads.model_file import default_folder
from semantik.encoders import registry
from semantik.encoders.base import Encoder
from semantik.engine import model_trials
from semantik.errors import ModelInUse, UnknownEncoder
from semantik.long_tasks import Progress
from semantik.queries import Query
from semantik.storage.settings import Config
from semantik.words.phrases import model_title
from semantik.words.text import language, say


class Models:
    """Owns the encoder in use. Its methods may be called from any thread, one at a time, unless they say otherwise."""

    BUILTIN = registry.BUILTIN
    DEFAULT_CLIP = registry.DEFAULT_CLIP

    def __init__(self, home: Path, config: Config) -> None:
        self.home = home
        self.config = config
        self._weights = Path(config.weights_folder) if config.weights_folder else None
        self.encoder: Encoder = self._create(Models.BUILTIN)

    def preferred(self) -> str:
        """The encoder that the user chose, or CLIP while nothing was chosen."""
        return self.config.encoder if self.config.encoder in registry.encoder_names() else self.DEFAULT_CLIP

    @property
    def weights_folder(self) -> Path:
        """Where downloaded models are kept."""
        return self._weights or default_folder()

    def without_asking(self) -> str:
        """The encoder for a command that names none: CLIP if its weights are on disk, else the embedded model."""
        return registry.default_name(self._weights)

    def require(self, name: str) -> None:
        """Raises UnknownEncoder unless there is an encoder of that name."""
        self._info(name)

    def is_ready(self, name: str) -> bool:
        """Whether an encoder can be used without a download."""
        return self._info(name).ready or self._checkpoint(name) is not None

    def download_size(self, name: str) -> tuple[str, int]:
        """Title of an encoder and the megabytes (2^20 bytes) that it would download."""
        return model_title(name), round(self._info(name).download_bytes / 2**20)

    def model_titles(self) -> dict[str, str]:
        """Encoders to offer, name to title: the embedded one, the default CLIP, the one in use, all on disk."""
        shown = {self.BUILTIN, self.DEFAULT_CLIP, self.preferred(), self.encoder.name}
        known = registry.describe(self._weights)
        return {info.name: model_title(info.name) for info in known if info.ready or info.name in shown}

    def download(
        self,
        name: str,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """Fetch a model's files, or the multilingual text tower's. Progress counts bytes.

        What arrived is kept for the next try. Raises UnknownEncoder, DownloadFailed or Cancelled.
        """
        registry.fetch(name, self._weights, on_progress, is_cancelled)

    def model_list(self) -> list[registry.Entry]:
        """All models that a user should know of, and those that are here, for a list to manage them."""
        return registry.entries(self._weights, frozenset({self.preferred(), self.encoder.name}))

    def remove_model(self, name: str) -> int:
        """Delete a model's files, or the multilingual text tower's; returns the bytes that became free.

        Its indexes stay. The model in use is refused: what would answer the next query? Call it on the thread
        that owns the window. Raises UnknownEncoder, ModelInUse, OwnCheckpoint or ModelNotRemoved.
        """
        if name == self.encoder.name:
            raise ModelInUse(name=model_title(name))
        if name == registry.TEXT_TOWER:
            self._renew()  # the encoder may hold the tower
        gc.collect()  # Windows deletes no file that a dropped model still maps
        own = self.config.clip_checkpoint
        return registry.remove(name, self._weights, Path(own).expanduser() if own else None)

    def measure(self, name: str, is_cancelled: Callable[[], bool] = lambda: False) -> float:
        """Seconds per picture of a model on this computer, remembered. Raises as ``model_speed.measure``."""
        encoder = self.encoder if name == self.encoder.name else self._create(name)
        seconds = model_trials.measure(encoder, is_cancelled)
        model_trials.remember_speed(self.home, encoder.store, seconds)
        return seconds

    def speeds(self) -> dict[str, float]:
        """Seconds per picture of the models that were measured on this computer, by name."""
        known = model_trials.read_speeds(self.home)
        stores = {name: self._create(name).store for name in registry.encoder_names()}
        return {name: known[store] for name, store in stores.items() if store in known}

    def read_queries(self, choice: str) -> None:
        """Change who reads queries, a value of ``query_language``, or take notice of the window's language."""
        self.config = replace(self.config, query_language=choice)
        self._renew()

    def _renew(self) -> None:
        """Make the model in use anew; it loads again with the next query."""
        self.encoder = self._create(self.encoder.name)

    def _create(self, name: str) -> Encoder:
        return registry.create(
            name,
            weights_folder=self._weights,
            checkpoint=self._checkpoint(name),
            int8=self.config.fast_images,
            query_language=self.config.query_language,
            users_language=language(),
        )

    def missing_for(self, query: Query) -> tuple[str, int] | None:
        """What the model lacks to understand a text in its language: a title and megabytes; mostly None."""
        files = self._files_for(query)
        return (say("model.multilingual"), round(files.size / 2**20)) if files else None

    def download_missing(
        self, query: Query, on_progress: Callable[[Progress], None], is_cancelled: Callable[[], bool]
    ) -> None:
        """Fetch it. Progress counts bytes. Raises DownloadFailed or Cancelled."""
        files = self._files_for(query)
        if files:
            model_file_set.download(files, self._weights, on_progress, is_cancelled)

    def _files_for(self, query: Query) -> model_file_set.ModelFiles | None:
        return next(filter(None, map(self.encoder.missing_for, query.texts)), None)

    def _checkpoint(self, name: str) -> Path | None:
        """The user's own file for a CLIP encoder; it runs code, so only the explicit setting names it."""
        own = self.config.clip_checkpoint
        return Path(own).expanduser() if own and name == self.preferred() and name != self.BUILTIN else None

    def _info(self, name: str) -> registry.EncoderInfo:
        for info in registry.describe(self._weights):
            if info.name == name:
                return info
        raise UnknownEncoder(name=name, known=", ".join(registry.encoder_names()))
