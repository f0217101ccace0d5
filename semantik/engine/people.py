"""Groups of faces, and the names that the user gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from semantik.records import Region


@dataclass(frozen=True, slots=True)
class ShownFace:
    """A face, to be shown: where it is in which picture."""

    id: str
    picture: Path
    region: Region


@dataclass(frozen=True, slots=True)
class PersonGroup:
    """Faces that are probably of one person."""

    id: str
    name: str
    count: int
    faces: list[ShownFace]
    hidden: bool


class People(Protocol):
    """The groups of faces in the open folders."""

    unread: int

    def groups(self) -> list[PersonGroup]:
        """All groups, largest first."""

    def name(self, group: str, name: str) -> None:
        """Name a group."""

    def merge(self, groups: Sequence[str]) -> None:
        """These are one person."""

    def split(self, group: str, faces: Sequence[str]) -> None:
        """Take faces out of a group."""

    def hide(self, group: str, hidden: bool) -> None:
        """Show a group no longer, or again."""

    def faces_of(self, group: str) -> list[ShownFace]:
        """All faces of a group."""

    def delete_all(self) -> None:
        """Delete all of it."""
