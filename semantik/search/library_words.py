"""What words of a query mean in one library, beyond what they mean anywhere: names that were given to its people, and
the places where its pictures are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from semantik.queries import Filters, PlaceName


class KnownPlaces(Protocol):
    """The places in which a library has pictures."""

    def __bool__(self) -> bool:
        """Whether there is any."""

    def among(self, name: PlaceName) -> PlaceName | None:
        """The same name for those of its places in which there are pictures; None where there are none in any."""

    def narrowed(self, filters: Filters) -> Filters:
        """Filters whose names of places mean those with pictures, where there are any."""


@dataclass(frozen=True, slots=True)
class LibraryWords:
    """What the reader of a query knows of the library that is asked."""

    people: tuple[str, ...] = ()
    """Names of persons, as they were given."""
    places: KnownPlaces | None = None


NOTHING_KNOWN = LibraryWords()
