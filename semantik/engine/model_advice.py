"""Which model fits a user: by the language of the queries, the computer, and what is on disk already."""

from __future__ import annotations

import importlib.util
import math
import os
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from semantik.downloads.model_file import ROOM_TO_SPARE
from semantik.encoders import registry
from semantik.errors import DiskFull

Role = Literal["best", "fast", "embedded", "own"]
"""What a model is among those that are recommended; "own" is the one that the user chose."""

Obstacle = Literal["", "space", "memory", "package", "unproven"]
"""Why a model is not recommended."""

BEST, FAST = "siglip2-b-32-256", registry.DEFAULT_CLIP
"""SigLIP 2 B/32 has 79 and 73 (recall of Spanish and English captions, see ``open_clip/models.py``) at nearly the speed
of CLIP, which has 30 and 59: it takes a text tower of other languages to read Spanish, and is little more than half as
large with it. SigLIP 2 B/16 finds a little more than B/32 (82 and 75), and takes four times as long.
"""

MEMORY_PER_BYTE = 3
"""The computer's memory for a byte of model files: while a model is loaded, some of it is there twice."""

LEAST_CORES = 2
"""With one, the faster model comes first: 1,000 pictures take long enough with it."""


@dataclass(frozen=True, slots=True)
class Computer:
    """What a model needs of a computer: bytes that are free on the disk for models, bytes of memory, processor cores.

    What is not known is None.
    """

    free: int | None
    memory: int | None
    cores: int | None

    @classmethod
    def here(cls, weights_folder: Path) -> Computer:
        """This computer."""
        memory = _memory()
        return cls(_free(weights_folder), memory.total if memory else None, os.cpu_count())


@dataclass(frozen=True, slots=True)
class Choice:
    """A model to choose, with all that it takes to read the user's language.

    ``size`` are the bytes of all files, ``left`` those that are still to be downloaded; 0 when it is ready.
    ``lacking`` are the bytes that the disk is short of.
    """

    name: str
    role: Role
    size: int
    left: int
    obstacle: Obstacle = ""
    lacking: int = 0

    @property
    def possible(self) -> bool:
        """Whether it can be used at all; one for which there is little memory can, slowly."""
        return self.obstacle not in ("space", "package", "unproven")


def advise(
    language: str, computer: Computer, weights_folder: Path | None, own: str = "", refused: Collection[str] = ()
) -> list[Choice]:
    """The models to choose from, the one that fits best first, the embedded one last: the first that is ``possible`` is
    to be recommended.

    What reads the language and needs no download goes before what has to be fetched. ``own`` is the model that the
    user chose before, which comes first; ``refused`` are those that were found not to work. Those with an ``obstacle``
    are told, and come after all that fit.
    """
    roles: dict[str, Role] = {BEST: "best", FAST: "fast"}
    if own not in ("", registry.BUILTIN):
        roles[own] = "own"
    choices = [_choice(name, role, language, computer, weights_folder) for name, role in roles.items()]
    choices = [replace(choice, obstacle="unproven") if choice.name in refused else choice for choice in choices]
    slow = computer.cores is not None and computer.cores < LEAST_CORES

    def rank(choice: Choice) -> tuple[bool, bool, bool, bool, bool]:
        return (
            not choice.possible,
            choice.role != "own",
            bool(choice.obstacle),
            choice.left > 0,
            slow and choice.role != "fast",
        )

    embedded = Choice(registry.BUILTIN, "embedded", 0, 0)
    return [*sorted(choices, key=rank), embedded]


def to_fetch(name: str, language: str, weights_folder: Path | None) -> list[registry.ModelOnDisk]:
    """What of a model and of its parts for a language is not on disk yet, itself first. Raises UnknownEncoder."""
    parts = [registry.on_disk(card, weights_folder) for card in registry.needed(name, language)]
    return [part for part in parts if part.size and not part.ready]


def total_size(name: str, language: str) -> int:
    """Bytes of all files of a model and of its parts for a language. Raises UnknownEncoder."""
    return sum(card.size for card in registry.needed(name, language))


def check_room(name: str, weights_folder: Path, parts: Sequence[registry.ModelOnDisk]) -> None:
    """See that the disk has room for all ``parts``. Raises DiskFull."""
    needed = _left(parts) + ROOM_TO_SPARE
    free = _free(weights_folder)
    if parts and free is not None and free < needed:
        raise DiskFull(name=name, folder=weights_folder, needed_mb=math.ceil(needed / 1e6))


def _left(parts: Sequence[registry.ModelOnDisk]) -> int:
    """Bytes that are still to be downloaded."""
    return sum(part.size - min(part.have, part.size) for part in parts)


def _choice(name: str, role: Role, language: str, computer: Computer, weights_folder: Path | None) -> Choice:
    cards = registry.needed(name, language)
    size = sum(card.size for card in cards)
    left = _left(to_fetch(name, language, weights_folder))
    lacking = max(0, left + ROOM_TO_SPARE - computer.free) if left and computer.free is not None else 0
    obstacle: Obstacle = ""
    if not all(is_installed(module) for card in cards for module in card.imports):
        obstacle = "package"
    elif lacking:
        obstacle = "space"
    elif computer.memory is not None and computer.memory < MEMORY_PER_BYTE * size:
        obstacle = "memory"
    return Choice(name, role, size, left, obstacle, lacking)


def has_memory_for(size: int) -> bool:
    """Whether a model of so many bytes of files can be loaded now, beside all that runs."""
    memory = _memory()
    return memory is None or memory.available >= size


def _memory() -> Any:
    """What the system tells of the computer's memory, in bytes; None when it does not say."""
    import psutil

    try:
        return psutil.virtual_memory()
    except (OSError, psutil.Error):
        return None


@cache
def is_installed(module: str) -> bool:
    """Whether a package's module is here; asked once, as looking for it takes time."""
    return importlib.util.find_spec(module) is not None


def _free(folder: Path) -> int | None:
    """Bytes free where ``folder`` is or would be made."""
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return None
