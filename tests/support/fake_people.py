"""People of a test's own: groups of faces that are in memory only, with what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from semantik.engine.people import PersonGroup, ShownFace
from semantik.long_tasks import TaskControl

REGION = (25.0, 25.0, 50.0, 50.0)


class FakePeople:
    """Stands for the engine's people, as far as the window knows them."""

    def __init__(self, groups: Sequence[PersonGroup] = (), unread: int = 0) -> None:
        self.models = SimpleNamespace(are_ready=False, size=38_928_942)
        self.known = {group.id: group for group in groups}
        self.unread = unread
        self.wanted = False
        self.downloads = 0
        self.deleted = 0
        self.fails: Exception | None = None
        """What the next change or download raises."""

    def enable(self, control: TaskControl) -> None:
        self.downloads += 1
        self._fail()
        self.wanted = self.models.are_ready = True

    def groups(self) -> list[PersonGroup]:
        return sorted(self.known.values(), key=lambda group: -group.count)

    def faces_of(self, group: str) -> list[ShownFace]:
        return list(self.known[group].faces) if group in self.known else []

    def name(self, group: str, name: str) -> None:
        self._fail()
        self.known[group] = replace(self.known[group], name=name)

    def merge(self, groups: Sequence[str]) -> None:
        self._fail()
        first, *others = groups
        faces = [face for group in groups for face in self.known[group].faces]
        self.known[first] = replace(self.known[first], faces=faces, count=len(faces))
        for other in others:
            del self.known[other]

    def split(self, group: str, faces: Sequence[str]) -> None:
        self._fail()
        left = [face for face in self.known[group].faces if face.id not in faces]
        out = [face for face in self.known[group].faces if face.id in faces]
        self.known[f"{group}'"] = PersonGroup(f"{group}'", "", len(out), out, hidden=False)
        self.known[group] = replace(self.known[group], faces=left, count=len(left))
        if not left:
            del self.known[group]

    def hide(self, group: str, hidden: bool) -> None:
        self._fail()
        self.known[group] = replace(self.known[group], hidden=hidden)

    def share(self) -> bool:
        return False

    def take_renamed(self) -> list[tuple[str, str]]:
        return []

    def delete_all(self) -> None:
        self._fail()
        self.deleted += 1
        self.wanted = False
        self.known.clear()

    def _fail(self) -> None:
        error, self.fails = self.fails, None
        if error:
            raise error


def group(number: int, pictures: Sequence[Path], name: str = "", *, hidden: bool = False) -> PersonGroup:
    """A group with a face in each of ``pictures``."""
    faces = [ShownFace(f"{number}-{place}", picture, REGION) for place, picture in enumerate(pictures)]
    return PersonGroup(str(number), name, len(faces), faces, hidden)
