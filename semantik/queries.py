"""What is asked: terms, filters and an order."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a query, a text or a picture (exactly one of them); with a negative weight it is unwanted."""

    text: str = ""
    image: Path | None = None
    weight: float = 1.0


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
class Filters:
    """Which pictures may be hits at all. Dates include both ends; what is empty admits everything."""

    folder: str = ""  # below the library, with "/"
    since: date | None = None
    until: date | None = None
    min_side: int = 0  # the longer side has at least so many pixels
    shape: Shape | None = None
    extensions: frozenset[str] = frozenset()  # lower case, with the dot

    @property
    def need_details(self) -> bool:
        """Whether more must be known of a picture than its path."""
        return bool(self.since or self.until or self.min_side or self.shape)


@dataclass(frozen=True, slots=True)
class Query:
    """What the user asked: texts and pictures together, among which pictures, and how to show the hits."""

    terms: tuple[Term, ...] = ()
    filters: Filters = Filters()
    order: Order = Order.RELEVANCE

    @classmethod
    def of_text(cls, text: str) -> Query:
        """A query by one text."""
        return cls((Term(text=text),))

    @classmethod
    def of_image(cls, image: Path) -> Query:
        """A query by one example picture."""
        return cls((Term(image=image),))

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts in it, wanted or not."""
        return tuple(term.text for term in self.terms if term.image is None)

    @property
    def images(self) -> tuple[Path, ...]:
        """The pictures in it, wanted or not."""
        return tuple(term.image for term in self.terms if term.image is not None)


def merged(query: Query, filters: Filters, order: Order) -> Query:
    """The query with what the controls say; what was typed goes first."""
    empty = Filters()
    typed = {
        field.name: getattr(query.filters, field.name)
        for field in fields(Filters)
        if getattr(query.filters, field.name) != getattr(empty, field.name)
    }
    return replace(
        query,
        filters=replace(filters, **typed),
        order=order if query.order is Order.RELEVANCE else query.order,
    )
