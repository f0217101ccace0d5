"""Everything behind the window and the command line: the model in use, the open library, answers and pages."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semantik import encoders, fast_trial
from semantik.config import Config
from semantik.decode_pool import DecodePool
from semantik.encoders import model_files, weights
from semantik.encoders.base import Encoder
from semantik.errors import UnknownEncoder
from semantik.fast_trial import Trial
from semantik.index import APPROXIMATE_FROM
from semantik.library import Library
from semantik.records import Hit, Progress, Query
from semantik.results_page import EMBEDDED, ResultsPage, render, results_path, thumbnail_side, write_page
from semantik.search import embed_query, parse_top_k
from semantik.text import language, say
from semantik.thumbnails import ThumbnailCache


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found; ``seconds`` from the query to the hits, ``searched`` pictures in the index."""

    query: Query
    hits: list[Hit]
    seconds: float
    searched: int
    read_as_english: bool = False  # though it is not English: the multilingual text model is not there


class Engine:
    """Owns the encoder, the decoder processes and the open library. Knows no window and prints nothing.

    Its methods may be called from any thread, one at a time.
    """

    BUILTIN = encoders.BUILTIN
    DEFAULT_CLIP = encoders.DEFAULT_CLIP

    def __init__(self, home: Path, config: Config) -> None:
        self.home = home
        self.config = config
        self.pool = DecodePool(time_limit=config.decode_seconds)
        self.thumbnails = ThumbnailCache(home / "thumbnails")
        self.library: Library | None = None
        self._weights = Path(config.weights_folder) if config.weights_folder else None
        self.encoder: Encoder = self._create(Engine.BUILTIN)

    # -- Models ----------------------------------------------------------------------------------------

    def preferred(self) -> str:
        """The encoder that the user chose, or CLIP while nothing was chosen."""
        return self.config.encoder if self.config.encoder in encoders.encoder_names() else self.DEFAULT_CLIP

    def without_asking(self) -> str:
        """The encoder for a command that names none: CLIP if its weights are on disk, else the embedded model."""
        return encoders.default_name(self._weights)

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
        """Encoders to offer, name to title: the embedded one, the default CLIP and the one in use."""
        shown = {self.BUILTIN, self.DEFAULT_CLIP, self.preferred(), self.encoder.name}
        return {info.name: model_title(info.name) for info in encoders.describe(self._weights) if info.name in shown}

    def download(
        self,
        name: str,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        """Fetch an encoder's weights. Progress counts bytes. Raises DownloadFailed or Cancelled."""
        file = encoders.weights_file(name)
        if file:
            weights.download(file, self._weights, on_progress, is_cancelled)

    def use(self, name: str) -> None:
        """Take an encoder into use; the open library is closed. Raises UnknownEncoder."""
        if name != self.encoder.name:
            self.encoder = self._create(name)
        self.library = None

    def _create(self, name: str) -> Encoder:
        return encoders.create(
            name,
            weights_folder=self._weights,
            checkpoint=self._checkpoint(name),
            int8=self.config.fast_images,
            query_language=self.config.query_language,
            users_language=language(),
        )

    def missing_for(self, query: Query) -> tuple[str, int] | None:
        """What the model lacks to understand a text in its language: a title and megabytes; mostly None."""
        files = self.encoder.missing_for(query.text) if query.text else None
        return (say("model.multilingual"), round(files.size / 2**20)) if files else None

    def download_missing(
        self, query: Query, on_progress: Callable[[Progress], None], is_cancelled: Callable[[], bool]
    ) -> None:
        """Fetch it. Progress counts bytes. Raises DownloadFailed or Cancelled."""
        files = self.encoder.missing_for(query.text)
        if files:
            model_files.download(files, self._weights, on_progress, is_cancelled)

    def try_fast_images(self, folder: Path) -> Trial:
        """Compare CLIP's 8-bit image side with the exact one on pictures of ``folder``.

        Raises as ``fast_trial.run``.
        """
        name = self.preferred() if self.preferred() in encoders.CLIP_NAMES else self.DEFAULT_CLIP
        exact, fast = (
            encoders.create(name, weights_folder=self._weights, checkpoint=self._checkpoint(name), int8=int8)
            for int8 in (False, True)
        )
        return fast_trial.run(exact, fast, folder.expanduser().absolute(), self.pool)

    def _checkpoint(self, name: str) -> Path | None:
        """The user's own file for a CLIP encoder; it runs code, so only the explicit setting names it."""
        own = self.config.clip_checkpoint
        return Path(own).expanduser() if own and name == self.preferred() and name != self.BUILTIN else None

    def _info(self, name: str) -> encoders.EncoderInfo:
        for info in encoders.describe(self._weights):
            if info.name == name:
                return info
        raise UnknownEncoder(name=name, known=", ".join(encoders.encoder_names()))

    # -- The library -----------------------------------------------------------------------------------

    def open(self, folder: Path) -> Library:
        """Make ``folder`` the library at hand. Nothing is read yet: see ``Library.open``."""
        self.library = Library(
            self.home,
            folder.expanduser().absolute(),
            self.encoder,
            self.pool,
            approximate_from=APPROXIMATE_FROM if self.config.approximate_search else None,
        )
        return self.library

    def embed(self, query: Query) -> NDArray[np.float32]:
        """A query as a unit vector of the model in use, float32 (dim,). Raises as ``search.embed_query``."""
        return embed_query(query, self.encoder, self.pool)

    def ask(self, query: Query, top_k: int | str) -> Answer:
        """Search the open library. Raises BadTopK and what ``Library.search`` raises."""
        assert self.library
        # Loading the model is no part of the answer's time.
        self.encoder.load(images=query.image is not None, texts=query.image is None)
        started = time.monotonic()
        hits = self.library.search(query, parse_top_k(top_k, self.library.count) if self.library.count else 1)
        seconds = time.monotonic() - started
        return Answer(query, hits, seconds, self.library.count, self.missing_for(query) is not None)

    def write_page(self, answer: Answer, path: Path | None = None) -> Path:
        """Write the results page of an answer to ``path``, or to a fresh file in the home. Raises PageNotSaved."""
        assert self.library
        shown = [hit.path for hit in answer.hits[:EMBEDDED]]
        example = [answer.query.image] if answer.query.image else []
        thumbnails = self.thumbnails.get_many([*example, *shown], self.pool, thumbnail_side(len(shown)))
        page = ResultsPage(
            query=answer.query,
            hits=answer.hits,
            thumbnails=thumbnails,
            folder=self.library.folder,
            searched=answer.searched,
            seconds=answer.seconds,
            model=model_title(self.encoder.name),
            query_thumbnail=thumbnails.get(answer.query.image) if answer.query.image else None,
        )
        target = path or results_path(self.home)
        write_page(render(page), target)
        return target

    def close(self) -> None:
        """End the decoder processes."""
        self.pool.close()


def model_title(name: str) -> str:
    """An encoder's name as the user reads it."""
    return say(f"model.{name}")
