"""What differs between a folder and its index."""

from __future__ import annotations

from dataclasses import dataclass

from semantik.records import ImageFile, Reason

TRANSIENT = frozenset(
    {
        Reason.PERMISSION,
        Reason.UNREADABLE,
        Reason.VANISHED,
        Reason.CHANGED,
        Reason.OUT_OF_MEMORY,
        Reason.NO_DECODER,
        Reason.ENCODER_FAILED,
    }
)
"""Reasons that may be gone although the file is the same: an update tries such files again."""


@dataclass(frozen=True, slots=True)
class Changes:
    """How a folder differs from its index."""

    added: list[ImageFile]
    changed: list[ImageFile]
    removed: list[str]
    unchanged: int

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)
