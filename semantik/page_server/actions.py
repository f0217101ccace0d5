"""What a results page may ask of the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

CHOICES = frozenset({"order", "top_k", "folder", "since", "until", "shape", "side", "type", "excluded"})
"""The controls of a page: the filters by their keys in the query syntax, and how many hits are wanted."""


class PageActions(Protocol):
    """What a results page can ask of the program.

    Called on the server's threads, several at a time; may block. Each raises SemantikError, whose words the page
    then shows.
    """

    def similar(self, path: Path) -> str:
        """Search for pictures like this one; returns the file address of the new page."""

    def refine(self, words: str, choices: Mapping[str, str]) -> str:
        """Search for words in the query syntax; returns the file address of the new page.

        ``choices``: by ``CHOICES``, what the page's controls say in place of the words; "" for nothing.
        """

    def star(self, words: str, saved: bool) -> str:
        """Star the search for words in the query syntax, or take its star away; returns what was done in words."""

    def reveal(self, path: Path) -> None:
        """Show a picture in the system's file manager."""

    def copy(self, paths: Sequence[Path]) -> str:
        """Copy pictures to a folder that the user chooses; returns what was done in the user's words, or ""."""

    def picture(self, path: Path) -> bytes:
        """A picture as a JPEG, upright, its longer side at most 2048 pixels."""
