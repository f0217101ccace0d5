"""What is known of pictures beside their vectors, as rows that an index's keeper has for all computers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol


class SharedRow(NamedTuple):
    """What is known of one picture, or of one person: ``cells`` is JSON in ASCII, None for what is known no more."""

    kind: str  # "details", "text", "faces" or "people"
    path: str  # of "people" the group of their faces
    cells: str | None


class SharedRows(Protocol):
    """The rows of one index. Each write of some has a number, higher than that of the one before.

    Each method may raise what tells that the keeper cannot be reached.
    """

    def token(self) -> str:
        """What tells these rows from those of any other index; "" where there are none yet, nor have been."""

    def counts(self, after: Mapping[str, int]) -> dict[str, int]:
        """How many rows ``read`` would give, by kind; kinds without any may be left out."""

    def read(self, kind: str, after: int, take: Callable[[Sequence[SharedRow]], bool | None]) -> int:
        """Give ``take`` the rows of a kind that were written after a number, some at a time, the oldest first.

        Returns the number up to which all were given; ``take`` may return True to stop there. It may begin anew where a
        connection broke off.
        """

    def write(self, rows: Sequence[SharedRow]) -> None:
        """Put rows in the place of those of the same kind and path, thousands at a time; none: make room for
        some. Raises IndexNotSaved."""
