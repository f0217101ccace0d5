"""Starred searches and what is new for them: pictures that answer, and were not there at the last look."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date
from pathlib import Path

from semantik.engine.answers import Answer
from semantik.engine.library import Library
from semantik.errors import SemantikError
from semantik.folders.arrivals import Arrivals
from semantik.queries import Query
from semantik.records import Hit
from semantik.search.ranking import relevant
from semantik.storage.saved_searches import SavedSearch, SavedSearches
from semantik.words.text import language


class NewHits:
    """Keeps the starred searches of a home. Any thread may call; one at a time is answered.

    A picture is new for a search if it came into the library after the last look at the search. It does not matter
    with which model it was indexed, nor whether it would have been among the K best then.
    """

    def __init__(self, home: Path) -> None:
        self.saved = SavedSearches(home)
        self._arrivals = Arrivals(home)
        self._lock = threading.RLock()
        self._reading = threading.Lock()  # another one: no search waits while what came is noted
        self._context: tuple[object, ...] = ()  # under which these were read
        self._queries: dict[str, Query | None] = {}

    def star(self, library: Library, words: str) -> None:
        """Star the search for these words (see ``Library.words_of``): all that is there now has been seen."""
        with self._lock:
            self.saved.add(words, self._note(library))

    def unstar(self, words: str) -> None:
        """Take the star away; with the last one goes what was kept to tell what is new."""
        with self._lock:
            self.saved.remove(words)
            if not self.saved.entries:
                self._arrivals.forget()

    def that_asks(self, library: Library, query: Query) -> SavedSearch | None:
        """The starred search that asks for the same, in whatever words."""
        return next((each for each in self.saved.entries if self._read(library, each.words) == query), None)

    def _read(self, library: Library, words: str) -> Query | None:
        """``Library.read``, once under the same circumstances: words take milliseconds; None for what it refuses."""
        context = (*library.folders, library.count, library.known_words(), language(), date.today())
        with self._reading:
            if context != self._context:
                self._context, self._queries = context, {}
            if words not in self._queries:
                try:
                    self._queries[words] = library.read(words)
                except SemantikError:  # typed under other circumstances; it is told when somebody asks it
                    self._queries[words] = None
            return self._queries[words]

    def marked(self, library: Library, answer: Answer) -> Answer:
        """The answer with what is new in it, where it is one to a starred search."""
        saved = self.that_asks(library, answer.query) if self.saved.entries else None
        if saved is None:
            return answer
        with self._lock:
            latest = self._note(library)
            new = self._new_among(library, answer, saved.looked)
        return replace(answer, saved=replace(saved, looked=latest), new=new)

    def look(self, answer: Answer) -> None:
        """What ``marked`` gave was shown: the search counts as looked at."""
        if answer.saved:
            self.saved.look(answer.saved.words, answer.saved.looked)

    def count(self, library: Library, saved: SavedSearch, top_k: int, **settings: bool | None) -> int:
        """How many hits would be new if it were looked at now; ``settings`` as of ``Library.ask``.

        Nothing is searched for while nothing has come. Raises as ``Library.read`` and ``ask``.
        """
        if not library.count:
            raise library.why_nothing()
        with self._lock:
            if self._note(library) <= saved.looked:
                return 0
        query = self._read(library, saved.words) or library.read(saved.words)
        answer = library.ask(query, max(1, min(top_k, library.expected)), **settings)
        with self._lock:
            return len(self._new_among(library, answer, saved.looked))

    def _note(self, library: Library) -> int:
        """Note what came by now; returns the number of what came last."""
        after = max((each.looked for each in self.saved.entries), default=0)
        return self._arrivals.note(library.indexes, after)

    def _new_among(self, library: Library, answer: Answer, looked: int) -> frozenset[Path]:
        hits = [] if answer.nearest else _flat(relevant(answer.hits))
        newer = self._arrivals.newer(library.indexes, {hit.path for hit in hits}, looked)
        return frozenset(hit.picture for hit in hits if hit.path in newer)


def _flat(hits: list[Hit]) -> list[Hit]:
    return [one for hit in hits for one in (hit, *hit.copies)]
