"""What a diagnosis consists of. The words are in the catalogues, how they are put together in ``report.py``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Grade(Enum):
    """How good a finding is."""

    OK = "ok"
    NOTE = "note"  # nothing is wrong, but it is worth knowing
    WRONG = "wrong"  # something to be done about


class Bytes(int):
    """A size that is shown in the unit that fits."""


class Private(str):
    """What tells who the user is or what the pictures show: shown only on request.

    ``kind`` says what stands in its place: "folder", "home", "weights", "server" or "detail". Folders are numbered,
    those of the same ``group`` alike.
    """

    kind: str
    group: str

    def __new__(cls, value: object, kind: str, group: str = "") -> Private:
        private = super().__new__(cls, value)
        private.kind = kind
        private.group = group or str(value)
        return private


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a diagnosis.

    ``topic`` is the end of the key ``doctor.topic_…``, ``key`` the key of the text whose gaps ``facts`` fill,
    ``advice`` the key of what to do next (its gaps are filled from ``facts``, too); every WRONG one has it.
    """

    topic: str
    key: str
    grade: Grade
    facts: dict[str, object]
    advice: str = ""

    def __post_init__(self) -> None:
        if self.grade is Grade.WRONG and not self.advice:
            raise ValueError(f"{self.key} is wrong, but nothing is to be done")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All findings, in the order in which they are told."""

    version: str
    time: datetime
    findings: tuple[Finding, ...]

    @property
    def problems(self) -> list[Finding]:
        """What is wrong."""
        return [finding for finding in self.findings if finding.grade is Grade.WRONG]


def ok(topic: str, key: str, **facts: object) -> Finding:
    """A good finding."""
    return Finding(topic, key, Grade.OK, facts)


def note(topic: str, key: str, advice: str = "", **facts: object) -> Finding:
    """A finding that is worth knowing."""
    return Finding(topic, key, Grade.NOTE, facts, advice)


def wrong(topic: str, key: str, advice: str, **facts: object) -> Finding:
    """A finding that something is to be done about."""
    return Finding(topic, key, Grade.WRONG, facts, advice)


def harmless(detail: str) -> str:
    """``detail`` as it is when it is the plain name of one of the program's files, else as something private."""
    return (
        detail
        if detail.startswith("image_index.") and detail.replace(".", "").replace("_", "").isalnum()
        else hidden(detail)
    )


def hidden(detail: object) -> Private:
    """What a system or a library says about an error: it often holds paths."""
    return Private(detail, "detail")
