"""Several image folders as one library: each keeps its own index and state, and they are searched together."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from semantik.encoders.base import Encoder
from semantik.errors import NoIndex, SemantikError
from semantik.folders.indexed_folder import Check, Library
from semantik.long_tasks import Pause, Progress
from semantik.queries import Query
from semantik.records import Embeddings, Hit, IndexReport
from semantik.search.finder import Finder
from semantik.search.row_filters import Part
from semantik.words.plain import plain

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What bringing one folder up to date came to: a report, or why there is none."""

    library: Library
    report: IndexReport | None = None
    error: SemantikError | None = None


class FolderCollection:
    """The folders of the user's library, one at least, all with the same encoder.

    Folders that rest stay in it, and are neither searched nor brought up to date. Not thread-safe, as ``Library``.
    """

    def __init__(
        self, libraries: Sequence[Library], encoder: Encoder, finder: Finder, resting: Collection[Path] = ()
    ) -> None:
        self.libraries = tuple(libraries)
        self.resting = frozenset(resting)
        self._encoder = encoder
        self._finder = finder

    @property
    def encoder(self) -> Encoder:
        """The encoder in use."""
        return self._encoder

    @encoder.setter
    def encoder(self, encoder: Encoder) -> None:
        self._encoder = encoder
        for library in self.libraries:
            library.encoder = encoder

    @property
    def awake(self) -> list[Library]:
        """The folders that are to be searched and kept up to date."""
        return [library for library in self.libraries if library.folder not in self.resting]

    @property
    def folders(self) -> list[Path]:
        """Their paths."""
        return [library.folder for library in self.awake]

    @property
    def count(self) -> int:
        """Pictures that can be found now."""
        return sum(library.count for library in self.awake)

    def subfolders(self) -> list[str]:
        """What the query's filter for folders may name: relative, with "/", by name."""
        awake = self.awake
        if len(awake) == 1:
            return awake[0].folders()
        found = [name for each in awake for name in (each.name, *(f"{each.name}/{inner}" for inner in each.folders()))]
        return sorted(dict.fromkeys(found), key=plain)

    # -- Keeping up with the folders -------------------------------------------------------------------

    def open(self) -> list[Check]:
        """Load each folder's index and compare it with the folder; also of those that rest. See ``Library.open``."""
        return [library.open() for library in self.libraries]

    def update(
        self,
        libraries: Sequence[Library],
        on_progress: Callable[[Library, Progress], None] = lambda library, progress: None,
        is_cancelled: Callable[[], bool] = lambda: False,
        *,
        rebuild: Collection[Library] = (),
        allow_mass_removal: bool = False,
        pause: Pause | None = None,
        again: Mapping[Path, Sequence[str]] | None = None,
    ) -> list[Outcome]:
        """Bring some of the folders up to date, one after the other; what fails in one is told, and the rest goes on.

        ``again``: paths of bad files to try once more, by folder; the rest is as in ``Library.update``. Only
        unknown errors are raised. After a cancellation, the folders that were left have no outcome.
        """
        outcomes: list[Outcome] = []
        for library in libraries:

            def tell(progress: Progress, library: Library = library) -> None:
                on_progress(library, progress)

            try:
                report = library.update(
                    tell,
                    is_cancelled,
                    rebuild=library in rebuild,
                    allow_mass_removal=allow_mass_removal,
                    pause=pause,
                    again=(again or {}).get(library.folder, ()),
                )
            except SemantikError as error:
                log.info("%s: not brought up to date: %r", library.folder, error)
                outcomes.append(Outcome(library, error=error))
            else:
                outcomes.append(Outcome(library, report))
            if is_cancelled():
                break
        return outcomes

    # -- Searching -------------------------------------------------------------------------------------

    def prepare(self, query: Query | None = None) -> None:
        """Load what a search by ``query``, or by any text, needs beside the indexes. Raises EncoderFailed."""
        texts = query is None or bool(query.texts)
        self._encoder.load(images=query is not None and bool(query.images), texts=texts)
        if texts:
            self._finder.judge.prepare(self._encoder)

    def search(self, query: Query, top_k: int, *, by_name: bool = False, folded: bool = False) -> list[Hit]:
        """The pictures that answer best; see ``Finder.search``. Raises NoIndex before the first update."""
        parts = self._parts()
        if not parts:
            raise NoIndex(folder=str((self.awake or self.libraries)[0].folder))
        return self._finder.search(parts, self._encoder, query, top_k, by_name=by_name, folded=folded)

    def searched(self, query: Query) -> int:
        """How many pictures a query looks at; see ``Finder.searched``."""
        return self._finder.searched(self._parts(), query.filters)

    def sample(self, most: int) -> Embeddings | None:
        """Embeddings of at most ``most`` pictures, evenly spread over all, float32 (n, dim); None of none."""
        parts = self._parts()
        return self._finder.sample(parts, most) if parts else None

    def _parts(self) -> list[Part]:
        awake = self.awake
        named = len(awake) > 1
        return [Part(each.index, each.details, each.name if named else "") for each in awake if each.index]


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
