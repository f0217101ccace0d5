"""The open folders as one library: each keeps its own index and state, and they are searched together."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from semantik.encoders.base import Encoder
from semantik.engine.answers import NEAREST, Answer
from semantik.engine.people import People
from semantik.errors import NoFolderActive, NoneMatchesFilters, NoneMatchesYet, SemantikError
from semantik.folder_urls import is_remote
from semantik.folders.exclusions import Exclusions
from semantik.folders.indexed_folder import Check, IndexedFolder
from semantik.index import ImageIndex, let_go
from semantik.long_tasks import UNATTENDED, Progress, TaskControl
from semantik.queries import Query
from semantik.records import Embeddings, Hit, IndexReport
from semantik.search.filter_syntax import without_each
from semantik.search.library_words import LibraryWords
from semantik.search.people_words import all_names
from semantik.search.picture_names import keys_named
from semantik.search.pictured_places import PicturedPlaces
from semantik.search.query_syntax import format_query, parse
from semantik.search.ranking import is_absent, others, parse_top_k, relevant
from semantik.search.readable_terms import unread_of
from semantik.search.row_filters import Part
from semantik.search.searcher import Kept, Searcher
from semantik.storage.settings import Config
from semantik.words.plain import plain

log = logging.getLogger(__name__)

Settle = Callable[[IndexedFolder, Encoder, TaskControl], Encoder]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What bringing one folder up to date came to: a report, or why there is none."""

    indexed_folder: IndexedFolder
    report: IndexReport | None = None
    error: SemantikError | None = None


class Library:
    """The open folders, one at least, all with the same encoder.

    Inactive folders stay in it, and are neither searched nor brought up to date. Not thread-safe, as
    ``IndexedFolder``: but one thread may search it while another brings it up to date.
    """

    def __init__(
        self,
        indexed_folders: Sequence[IndexedFolder],
        encoder: Encoder,
        searcher: Searcher,
        config: Config,
        inactive: Collection[Path] = (),
        *,
        people: People | None = None,
        settle: Settle = lambda indexed_folder, encoder, control: encoder,
    ) -> None:
        """``config``: how searches are made where ``ask`` is not told otherwise. ``people``: who is in pictures.

        ``settle`` chooses the encoder's number format before a folder is indexed for the first time.
        """
        self._settle = settle
        self.indexed_folders = tuple(indexed_folders)
        self.inactive = frozenset(inactive)
        self.config = config
        self._encoder = encoder
        self._searcher = searcher
        self._people = people
        self._pictured: PicturedPlaces | None = None
        self._unread: Kept[int] = Kept()
        self._updating: frozenset[Path] = frozenset()  # folders that ``update`` is to go through

    @property
    def encoder(self) -> Encoder:
        """The encoder of all folders; another one in its place is of the same model."""
        return self._encoder

    @encoder.setter
    def encoder(self, encoder: Encoder) -> None:
        self._encoder = encoder
        for indexed_folder in self.indexed_folders:
            indexed_folder.encoder = encoder

    def settle_format(self, indexed_folder: IndexedFolder, control: TaskControl, *, anew: bool) -> None:
        """Choose the encoder's number format for a loaded folder that has no index yet, or is indexed ``anew``.

        Not where pictures had to be fetched for the trial.
        """
        if not is_remote(indexed_folder.folder) and (not indexed_folder.count or anew):
            settled = self._settle(indexed_folder, self._encoder, control)
            if settled is not self._encoder:
                self.encoder = settled

    @property
    def active(self) -> list[IndexedFolder]:
        """The folders that are to be searched and kept up to date."""
        return [indexed_folder for indexed_folder in self.indexed_folders if indexed_folder.folder not in self.inactive]

    @property
    def folders(self) -> list[Path]:
        """The paths of those."""
        return [indexed_folder.folder for indexed_folder in self.active]

    @property
    def count(self) -> int:
        """Pictures that can be found now, in all of them."""
        return sum(indexed_folder.count for indexed_folder in self.active)

    @property
    def awaited(self) -> int:
        """Files of these that an update had still to look at; see ``IndexedFolder.awaited``."""
        return sum(indexed_folder.awaited for indexed_folder in self.active)

    @property
    def expected(self) -> int:
        """Pictures that can be found once the updates that run are done, as far as is known now."""
        now = self.as_it_is()
        return now.count + now.awaited

    def as_it_is(self) -> Library:
        """The same with the indexes of this moment, which do not change while the folders are brought up to date."""
        now = copy(self)
        now.indexed_folders = tuple(copy(indexed_folder) for indexed_folder in self.indexed_folders)
        return now

    def apart(self) -> Library:
        """``as_it_is``, to be searched in another thread than this one."""
        now = self.as_it_is()
        now._searcher = Searcher(self._searcher.pool, self._searcher.judge)
        now._unread = Kept()
        return now

    @property
    def indexes(self) -> list[ImageIndex]:
        """Those of all folders that have one."""
        return [each.index for each in self.indexed_folders if each.index]

    def subfolders(self) -> list[str]:
        """What the query's filter for folders may name: relative, with "/", by name."""
        active = self.active
        if len(active) == 1:
            return active[0].folders()
        found = [name for each in active for name in (each.name, *(f"{each.name}/{inner}" for inner in each.folders()))]
        return sorted(dict.fromkeys(found), key=plain)

    # -- Keeping up with the folders -------------------------------------------------------------------

    def open(self, control: TaskControl = UNATTENDED) -> list[Check]:
        """Load each folder's index and compare it with the folder; inactive ones too. See ``IndexedFolder.open``."""
        return [indexed_folder.open(control) for indexed_folder in self.indexed_folders]

    def exclude(self, patterns: Sequence[str]) -> None:
        """Leave out what these patterns name (see ``Exclusions``), from the next check or update on."""
        for indexed_folder in self.indexed_folders:
            indexed_folder.unwanted = Exclusions(patterns)

    def update(
        self,
        indexed_folders: Sequence[IndexedFolder],
        control: TaskControl = UNATTENDED,
        *,
        on_progress: Callable[[IndexedFolder, Progress], None] | None = None,
        rebuild: Collection[IndexedFolder] = (),
        allow_mass_removal: bool = False,
        again: Mapping[Path, Sequence[str]] | None = None,
        check: bool = False,
    ) -> list[Outcome]:
        """Bring some of the folders up to date, one after the other; what fails in one is told, and the rest goes on.

        ``on_progress`` is told instead of the one whom ``control`` tells, with the folder that is at its turn.
        ``again``: paths of bad files to try once more, by folder; the rest is as in ``IndexedFolder.update``. Only
        unknown errors are raised. After a cancellation, the folders that were left have no outcome.
        """
        outcomes: list[Outcome] = []
        self._updating = frozenset(indexed_folder.folder for indexed_folder in indexed_folders)
        for indexed_folder in indexed_folders:
            self.settle_format(indexed_folder, control, anew=indexed_folder in rebuild)
            try:
                report = indexed_folder.update(
                    control.telling(partial(on_progress, indexed_folder)) if on_progress else control,
                    rebuild=indexed_folder in rebuild,
                    allow_mass_removal=allow_mass_removal,
                    again=(again or {}).get(indexed_folder.folder, ()),
                    check=check,
                )
            except SemantikError as error:
                log.info("%s: not brought up to date: %r", indexed_folder.folder, error)
                let_go(error)  # it is kept, and the index may be rebuilt meanwhile
                outcomes.append(Outcome(indexed_folder, error=error))
            else:
                outcomes.append(Outcome(indexed_folder, report))
            if control.cancelled:
                break
        self._updating = frozenset()
        return outcomes

    # -- Searching -------------------------------------------------------------------------------------

    def read(self, words: str) -> Query:
        """What typed words ask for; names of pictures are looked for in the active folders first, and all below them.

        Raises as ``query_syntax.parse``.
        """
        return parse(words, self.folders, self.find, self.known_words())

    def known_words(self) -> LibraryWords:
        """What words mean in the active folders, for whoever reads or writes a query."""
        named = [person for part in self._parts() if part.people for person in part.people.names()]
        stores = [each.details.store for each in self.active]
        if self._pictured is None or self._pictured.stores != stores:
            self._pictured = PicturedPlaces(stores)
        return LibraryWords(people=all_names(sorted(named, key=plain)), places=self._pictured)

    def words_of(self, query: Query) -> str:
        """The words by which ``read`` finds this query again."""
        return format_query(query, self.folders, self.find, self.known_words())

    def without_each(self, query: Query, known: LibraryWords | None = None) -> list[str]:
        """How the query is typed without one of its filters or its order, for each that its page tells; ``known`` as
        ``known_words`` tells it."""
        fewer, known = without_each(query.filters, query.order), known or self.known_words()
        return [
            format_query(replace(query, filters=filters, order=order), self.folders, self.find, known)
            for filters, order in fewer
        ]

    def find(self, name: str) -> list[Path]:
        """The indexed pictures of the active folders of this name, or at the end of whose path it is.

        Case and how accents are made up do not matter; what is written just so comes first.
        """
        found = [(each, key) for each in self.active if each.index for key in keys_named(each.index.rows(), name)]
        found.sort(key=lambda pair: not pair[1].endswith(name))
        return [each.folder / key for each, key in found]

    def ask(
        self,
        query: Query,
        top_k: int | str,
        *,
        only_relevant: bool | None = None,
        by_name: bool | None = None,
        folded: bool | None = None,
    ) -> Answer:
        """Search; what is None is left to the settings: whether only relevant hits are wanted, whether names
        count, and whether near-duplicates are folded.

        While the folders are brought up to date it answers from what is done, and K may be more than that.
        Raises BadTopK and what ``search`` raises.
        """
        # Loading the model is no part of the answer's time.
        self.prepare(query)
        return self.as_it_is()._ask(query, top_k, only_relevant=only_relevant, by_name=by_name, folded=folded)

    def _ask(
        self, query: Query, top_k: int | str, *, only_relevant: bool | None, by_name: bool | None, folded: bool | None
    ) -> Answer:
        started = time.monotonic()
        hits = self.search(
            query,
            parse_top_k(top_k, self.count + self.awaited) if self.count else 1,
            by_name=self.config.names_count if by_name is None else by_name,
            folded=self.config.fold_similar if folded is None else folded,
        )
        seconds = time.monotonic() - started
        trim = self.config.only_relevant if only_relevant is None else only_relevant
        kept = relevant(hits) if trim else hits
        known = self.known_words()
        nearest = hits[:NEAREST] if not kept or is_absent(hits) else []
        return Answer(
            query=query,
            hits=kept,
            seconds=seconds,
            searched=self.searched(query),
            folders=self.folders,
            model=self._encoder.name,
            nearest=nearest,
            rest=hits[NEAREST:] if nearest else others(hits, kept),
            words=format_query(query, self.folders, self.find, known),
            without=tuple(self.without_each(query, known)),
            left_out=len(hits) - len(kept),
            known=self.count,
            awaited=self.awaited,
            unbegun=tuple(each.name for each in self.active if each.index is None and each.folder in self._updating),
            only_in_cloud=sum(indexed_folder.only_in_cloud for indexed_folder in self.active),
            read_as_english=any(map(self._encoder.missing_for, query.texts)),
            unread=unread_of(query, self._encoder),
            not_looked_at=self.unread_for(query),
        )

    def prepare(self, query: Query | None = None) -> None:
        """Load what a search by ``query``, or by any text, needs beside the indexes. Raises EncoderFailed."""
        texts = query is None or bool(query.texts)
        self._encoder.load(images=query is not None and bool(query.images), texts=texts)
        if texts:
            self._searcher.judge.prepare(self._encoder)

    def search(self, query: Query, top_k: int, *, by_name: bool = False, folded: bool = False) -> list[Hit]:
        """The pictures that answer best; see ``Searcher.search``. Raises as ``why_nothing`` when there are none."""
        parts = self._parts()
        if not self.count:
            raise self.why_nothing()
        try:
            return self._searcher.search(parts, self._encoder, query, top_k, by_name=by_name, folded=folded)
        except NoneMatchesFilters as error:
            if type(error) is NoneMatchesFilters and (unread := self.unread_for(query)):
                raise NoneMatchesYet(filters=error.params["filters"], count=unread) from None
            raise

    def unread_for(self, query: Query) -> int:
        """Of how many pictures it is not known yet what stands in them, or who is in them, where the query asks that.

        0 where nobody reads it: while the settings say so.
        """
        texts = query.filters.need_texts and self.config.read_texts
        faces = query.filters.need_people and self._people is not None and self._people.wanted
        folders = [each for each in self.active if each.index] if texts or faces else []

        def count() -> int:
            total = 0
            for each in folders:
                photos = each.photos()
                no_text = each.texts.count_missing(photos) if texts else 0
                total += max(no_text, len(each.faces.missing(photos)) if faces else 0)
            return total

        states = [(each.index.state, each.texts.changes, each.faces.changes) for each in folders if each.index]
        return self._unread.get((texts, faces, states), count)

    def why_nothing(self) -> SemantikError:
        """Why nothing can be found at all: NoFolderActive, or what ``IndexedFolder.why_nothing`` tells of the first."""
        active = self.active
        return active[0].why_nothing() if active else NoFolderActive()

    def searched(self, query: Query) -> int:
        """How many pictures a query looks at; see ``Searcher.searched``."""
        return self._searcher.searched(self._parts(), query.filters)

    def sample(self, most: int) -> Embeddings | None:
        """Embeddings of at most ``most`` pictures, evenly spread over all, float32 (n, dim); None of none."""
        parts = self._parts()
        return self._searcher.sample(parts, most) if parts else None

    def _parts(self) -> list[Part]:
        active = self.active
        named = len(active) > 1
        return [
            Part(
                each.index,
                each.details,
                each.name if named else "",
                each.texts,
                self._people.in_folder(each) if self._people else None,
            )
            for each in active
            if each.index
        ]


def nested(folder: Path, others: Sequence[Path]) -> tuple[Path | None, list[Path]]:
    """Of ``others``, the one that holds ``folder`` (or is the same), and those within it: what would count twice."""
    real = Path(os.path.realpath(folder))
    places = [(other, Path(os.path.realpath(other))) for other in others]
    holder = next((other for other, place in places if real.is_relative_to(place)), None)
    return holder, [other for other, place in places if place != real and place.is_relative_to(real)]


def outermost(folders: Sequence[Path]) -> list[Path]:
    """Those of ``folders`` that are in none of the others; of several names of one folder, the first."""
    kept: list[Path] = []
    for folder in folders:
        holder, within = nested(folder, kept)
        if holder is None:
            kept = [*(other for other in kept if other not in within), folder]
    return kept
