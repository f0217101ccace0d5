"""What is known of pictures beside their vectors, as rows that an index's keeper has for all computers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol


class SharedRow(NamedTuple):
    """What is known of one picture: ``cells`` is JSON in ASCII, None for what is known no more."""

    kind: str  # "details", "text" or "faces"
    path: str
    cells: str | None


class SharedRows(Protocol):
    """The rows of one index. Each write of some has a number, higher than that of the one before.

    Each method may raise what tells that the keeper cannot be reached.
    """

    def token(self) -> str:
        """What tells these rows from those of any other index; "" where there are none yet, nor have been."""

    def read(self, kind: str, after: int, take: Callable[[Sequence[SharedRow]], object]) -> int:
        """Give ``take`` the rows of a kind that were written after a number, some at a time, the oldest first.

        Returns the number of the last one, or ``after``. It may begin anew where a connection broke off.
        """

    def write(self, rows: Sequence[SharedRow]) -> None:
        """Put rows in the place of those of the same kind and path, thousands at a time; none: make room for
        some. Raises IndexNotSaved."""
