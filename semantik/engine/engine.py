"""Everything behind the window and the command line: the model in use, the open folders, answers and pages."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semantik.decoding.pool import DecodePool
from semantik.encoders import registry
from semantik.engine import model_trials
from semantik.engine.library import Library
from semantik.engine.model_trials import Trial
from semantik.engine.models import Models
from semantik.folders.exclusions import Exclusions
from semantik.folders.indexed_folder import IndexedFolder
from semantik.index import APPROXIMATE_FROM
from semantik.queries import Query
from semantik.records import Hit
from semantik.results.page import EMBEDDED, PageLink, ResultsPage, render, results_path, thumbnail_side, write_page
from semantik.results.thumbnails import ThumbnailCache
from semantik.search.query_syntax import format_query, parse
from semantik.search.query_vector import SAMPLE
from semantik.search.ranking import embed_query, parse_top_k, query_vector, relevant
from semantik.search.relevance import Relevance
from semantik.search.searcher import Searcher
from semantik.storage.settings import Config
from semantik.words.phrases import model_title

NEAREST = 3
"""Pictures to show, as probably not meant, when none is relevant."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found; ``seconds`` from the query to the hits, ``searched`` pictures that passed the filters."""

    query: Query
    hits: list[Hit]
    seconds: float
    searched: int
    nearest: list[Hit] = field(default_factory=list)  # when no hit is relevant: what comes closest all the same
    left_out: int = 0  # hits that were not relevant
    read_as_english: bool = False  # though it is not English: the multilingual text model is not there

    @property
    def shown(self) -> list[Hit]:
        """The hits of the results page: those that answer, or what comes nearest."""
        return self.hits or self.nearest


class Engine(Models):
    """Owns, beside the encoder, the decoder processes and the open folders. Knows no window and prints nothing.

    Its methods may be called from any thread, one at a time.
    """

    def __init__(self, home: Path, config: Config) -> None:
        super().__init__(home, config)
        self.pool = DecodePool(time_limit=config.decode_seconds)
        self.thumbnails = ThumbnailCache(home / "thumbnails")
        self.library: Library | None = None

    def use(self, name: str) -> None:
        """Take an encoder into use; the open folders are closed. Raises UnknownEncoder."""
        if name != self.encoder.name:
            self.encoder = self._create(name)
        self.library = None

    def _renew(self) -> None:
        super()._renew()
        if self.library:
            self.library.encoder = self.encoder

    def try_fast_images(self, folder: Path) -> Trial:
        """Compare CLIP's 8-bit image side with the exact one on pictures of ``folder``.

        Raises as ``fast_trial.run``.
        """
        name = self.preferred() if self.preferred() in registry.CLIP_NAMES else self.DEFAULT_CLIP
        exact, fast = (
            registry.create(name, weights_folder=self._weights, checkpoint=self._checkpoint(name), int8=int8)
            for int8 in (False, True)
        )
        return model_trials.run(exact, fast, folder.expanduser().absolute(), self.pool)

    # -- The folders -----------------------------------------------------------------------------------

    def open(self, *folders: Path, inactive: Collection[Path] = ()) -> Library:
        """Make these folders the library at hand. Nothing is read yet: see ``Library.open``.

        ``inactive``: those of them that are not searched.
        """
        indexed_folders = [self.indexed_folder(folder) for folder in dict.fromkeys(map(plainly, folders))]
        searcher = Searcher(self.pool, Relevance(self.home / "background"))
        self.library = Library(indexed_folders, self.encoder, searcher, {plainly(folder) for folder in inactive})
        return self.library

    def indexed_folder(self, folder: Path) -> IndexedFolder:
        """One folder with the model in use, on its own. Nothing is read yet: see ``IndexedFolder.open``."""
        return IndexedFolder(
            self.home,
            plainly(folder),
            self.encoder,
            self.pool,
            approximate_from=APPROXIMATE_FROM if self.config.approximate_search else None,
            unwanted=Exclusions(self.config.exclude),
        )

    def exclude(self, patterns: Sequence[str]) -> None:
        """Leave out what these patterns name (see ``Exclusions``), from the next check or update on."""
        self.config = replace(self.config, exclude=tuple(patterns))
        for indexed_folder in self.library.indexed_folders if self.library else ():
            indexed_folder.unwanted = Exclusions(patterns)

    def embed(self, query: Query) -> NDArray[np.float32]:
        """A query as a unit vector of the model in use, float32 (dim,). Raises as ``search.embed_query``."""
        terms = embed_query(query, self.encoder, self.pool)
        sample = self.library.sample(SAMPLE) if self.library and len(terms) > 1 else None
        return query_vector(query, terms, np.empty((0, self.encoder.dim), np.float32) if sample is None else sample)

    def read(self, words: str) -> Query:
        """What typed words ask for; names of pictures are looked for in the open folders first.

        Raises as ``query_syntax.parse``.
        """
        return parse(words, self.library.folders if self.library else [])

    def ask(
        self,
        query: Query,
        top_k: int | str,
        *,
        only_relevant: bool | None = None,
        by_name: bool | None = None,
        folded: bool | None = None,
    ) -> Answer:
        """Search the open folders; what is None is left to the settings: whether only relevant hits are wanted,
        whether names count, and whether near-duplicates are folded.

        Raises BadTopK and what ``Library.search`` raises.
        """
        assert self.library
        # Loading the model is no part of the answer's time.
        self.library.prepare(query)
        started = time.monotonic()
        hits = self.library.search(
            query,
            parse_top_k(top_k, self.library.count) if self.library.count else 1,
            by_name=self.config.names_count if by_name is None else by_name,
            folded=self.config.fold_similar if folded is None else folded,
        )
        seconds = time.monotonic() - started
        trim = self.config.only_relevant if only_relevant is None else only_relevant
        kept = relevant(hits) if trim else hits
        return Answer(
            query=query,
            hits=kept,
            seconds=seconds,
            searched=self.library.searched(query),
            nearest=[] if kept else hits[:NEAREST],
            left_out=len(hits) - len(kept),
            read_as_english=self.missing_for(query) is not None,
        )

    def write_page(self, answer: Answer, path: Path | None = None, link: PageLink | None = None) -> Path:
        """Write the results page of an answer to ``path``, or to a fresh file in the home. Raises PageNotSaved.

        ``link``: where the program listens to the page, if it does.
        """
        assert self.library
        shown = answer.shown[:EMBEDDED]
        pictures = [*answer.query.images, *(h.picture for hit in shown for h in (hit, *hit.copies))]
        thumbnails = self.thumbnails.get_many(pictures, self.pool, thumbnail_side(len(pictures)))
        page = ResultsPage(
            query=answer.query,
            hits=answer.hits,
            nearest=answer.nearest,
            left_out=answer.left_out,
            thumbnails=thumbnails,
            folders=self.library.folders,
            searched=answer.searched,
            seconds=answer.seconds,
            model=model_title(self.encoder.name),
            words=format_query(answer.query, self.library.folders),
            link=link,
        )
        target = path or results_path(self.home)
        write_page(render(page), target)
        return target

    def close(self) -> None:
        """End the decoder processes."""
        self.pool.close()


def plainly(folder: Path) -> Path:
    """A folder as the engine names it: absolute, with the user's home spelt out."""
    return folder.expanduser().absolute()
