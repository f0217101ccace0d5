"""What words of a query mean in one library, beyond what they mean anywhere: names that were given to its people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LibraryWords:
    """What the reader of a query knows of the library that is asked."""

    people: tuple[str, ...] = ()
    """Names of persons, as they were given."""


NOTHING_KNOWN = LibraryWords()
