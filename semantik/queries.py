"""What is asked: terms, filters and an order."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import date
from enum import Enum
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a query, a text or a picture (exactly one of them); with a negative weight it is unwanted.

    ``alike``: pictures like this one are meant, not itself nor what has the same content.
    """

    text: str = ""
    image: Path | None = None
    weight: float = 1.0
    alike: bool = False


class Shape(Enum):
    """Which side of a picture is longer."""

    LANDSCAPE = "landscape"
    PORTRAIT = "portrait"
    SQUARE = "square"


class Order(Enum):
    """How hits are shown; the best are found first in any case."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Period:
    """Days that are named in words, "verano de 2019" or "en agosto": those of any of the spans, both ends included.

    ``yearly``: the same of every year, as ("08-01", "08-31"); over New Year where the second is the earlier.
    """

    words: str = field(compare=False)
    spans: tuple[tuple[date, date], ...] = ()
    yearly: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PeopleCount:
    """How many faces a picture has: from ``least`` to ``most``, both included, or to any number where that is None."""

    least: int
    most: int | None

    def admits(self, count: int) -> bool:
        """Whether it is so many."""
        return self.least <= count and (self.most is None or count <= self.most)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which pictures may be hits at all. Dates include both ends; what is empty admits everything."""

    folder: str = ""  # below the library, with "/"
    since: date | None = None
    until: date | None = None
    min_side: int = 0  # the longer side has at least so many pixels
    shape: Shape | None = None
    extensions: frozenset[str] = frozenset()  # lower case, with the dot
    periods: tuple[Period, ...] = ()  # a day in each of them
    people: tuple[str, ...] = ()  # names of persons, all in the picture
    people_count: PeopleCount | None = None
    excluded: tuple[Filters, ...] = ()  # each of one filter as it is written; what passes any of them is no hit

    @property
    def need_details(self) -> bool:
        """Whether more must be known of a picture than its path."""
        own = self.since or self.until or self.periods or self.min_side or self.shape
        return bool(own) or any(one.need_details for one in self.excluded)

    @property
    def need_people(self) -> bool:
        """Whether it must be known who is in a picture."""
        return bool(self.people or self.people_count) or any(one.need_people for one in self.excluded)


@dataclass(frozen=True, slots=True)
class Remark:
    """What the user is to know of how a query was read: ``remark.<key>`` in the catalogues, with its gaps."""

    key: str
    params: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, key: str, **params: str) -> Remark:
        """A remark with what fills its gaps."""
        return cls(key, tuple(params.items()))


@dataclass(frozen=True, slots=True)
class Query:
    """What the user asked: texts and pictures together, among which pictures, and how to show the hits.

    ``remarks`` tell how it was read; they are no part of what is asked.
    """

    terms: tuple[Term, ...] = ()
    filters: Filters = Filters()
    order: Order = Order.RELEVANCE
    remarks: tuple[Remark, ...] = field(default=(), compare=False)

    @classmethod
    def of_text(cls, text: str) -> Query:
        """A query by one text."""
        return cls((Term(text=text),))

    @classmethod
    def of_image(cls, image: Path) -> Query:
        """A query by one example picture."""
        return cls((Term(image=image),))

    @classmethod
    def like(cls, image: Path) -> Query:
        """A query for pictures like one of the library, other than itself."""
        return cls((Term(image=image, alike=True),))

    @property
    def lists(self) -> bool:
        """Whether it describes nothing, and all pictures are meant that pass its filters, in its order."""
        return not self.terms and (self.filters != Filters() or self.order is not Order.RELEVANCE)

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts in it, wanted or not."""
        return tuple(term.text for term in self.terms if term.image is None)

    @property
    def images(self) -> tuple[Path, ...]:
        """The pictures in it, wanted or not."""
        return tuple(term.image for term in self.terms if term.image is not None)


def merged(query: Query, filters: Filters, order: Order) -> Query:
    """The query with what the controls say; what was typed goes first, and all that is excluded stays out."""
    empty = Filters()
    typed = {
        field.name: getattr(query.filters, field.name)
        for field in fields(Filters)
        if getattr(query.filters, field.name) != getattr(empty, field.name)
    }
    typed["excluded"] = tuple(dict.fromkeys((*filters.excluded, *query.filters.excluded)))
    return replace(
        query,
        filters=replace(filters, **typed),
        order=order if query.order is Order.RELEVANCE else query.order,
    )
