"""What comes of asking a library, whole enough to be shown without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from semantik.decoding.decoded import Thumbnail
from semantik.queries import Query, Remark
from semantik.records import Hit
from semantik.results.page import EMBEDDED, PageLink, ResultsPage
from semantik.storage.saved_searches import SavedSearch
from semantik.words.phrases import remark_text
from semantik.words.shown_names import visible
from semantik.words.text import counted, enumeration, number

NEAREST = 3
"""Pictures to show, as probably not meant, when none is relevant."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search found; ``seconds`` from the query to the hits, ``searched`` pictures that passed the filters.

    ``folders`` were searched, with the model of that name.
    """

    query: Query
    hits: list[Hit]
    seconds: float
    searched: int
    folders: list[Path]
    model: str
    words: str  # the query as it is typed
    without: tuple[str, ...] = ()  # the same without each of its filters
    nearest: list[Hit] = field(default_factory=list)  # when none seems to be meant: what comes closest all the same
    rest: list[Hit] = field(default_factory=list)  # less relevant ones that follow those that are shown first
    left_out: int = 0  # hits that were not relevant
    only_in_cloud: int = 0  # pictures of the folders that were not looked at, as they would have been downloaded
    unread: tuple[str, ...] = ()  # words and signs of the query that the model cannot read
    known: int = 0  # pictures that could be found at all when it was asked, whatever the filters are
    not_looked_at: int = 0  # pictures of which it is not known yet whether they pass the query's filters
    awaited: int = 0  # pictures of the folders that an indexing had still to look at
    unbegun: tuple[str, ...] = ()  # names of folders whose turn to be indexed has yet to come: how much is there?
    saved: SavedSearch | None = None  # the starred search that it answers, as looked at now
    new: frozenset[Path] = frozenset()  # hits that were not there when that was looked at last, by ``Hit.picture``
    read_as_english: bool = False  # though it is not English: the multilingual text model is not there

    @property
    def of(self) -> int:
        """How many pictures could be found if what runs now were done."""
        return self.known + self.awaited

    @property
    def first(self) -> list[Hit]:
        """What is shown at once: the hits that answer, or what comes nearest where none seems to."""
        return self.nearest or self.hits

    @property
    def shown(self) -> list[Hit]:
        """The hits of the results page: those, and the less relevant ones behind its link."""
        return [*self.first, *self.rest]

    @property
    def pictures(self) -> list[Path]:
        """What its page shows small: the query's own pictures, and those of the first hits."""
        shown = self.shown[:EMBEDDED]
        return [*self.query.images, *(each.picture for hit in shown for each in (hit, *hit.copies))]

    def remarks(self, model_title: str) -> list[str]:
        """What the user is to know of how the query was read, in sentences."""
        told = list(self.query.remarks)
        if self.unread:
            told.append(Remark.of("unread", words=" ".join(self.unread), model=model_title))
        if self.not_looked_at:
            told.append(Remark.of("not_looked_at", count=number(self.not_looked_at)))
        if self.unbegun:
            told.append(Remark.of("unbegun", folders=enumeration([f"«{visible(name)}»" for name in self.unbegun])))
        return [remark_text(remark) for remark in told]

    def page(self, thumbnails: Mapping[Path, Thumbnail], model_title: str, link: PageLink | None) -> ResultsPage:
        """What its page says. ``thumbnails``: of ``pictures``, as far as there are any."""
        away = [counted("page.only_in_cloud", self.only_in_cloud)] if self.only_in_cloud else []
        return ResultsPage(
            query=self.query,
            hits=[] if self.nearest else self.hits,
            nearest=self.nearest,
            rest=self.rest,
            left_out=self.left_out,
            thumbnails=thumbnails,
            folders=self.folders,
            searched=self.searched,
            seconds=self.seconds,
            model=model_title,
            notices=[*self.remarks(model_title), *away],
            words=self.words,
            without=self.without,
            link=link,
            known=self.known,
            awaited=self.awaited,
            saved=bool(self.saved),
            new=self.new,
        )
