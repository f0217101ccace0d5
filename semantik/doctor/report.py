"""A diagnosis as text for people and bug reports, and as fields for programs."""

from __future__ import annotations

from semantik.doctor.findings import Bytes, Diagnosis, Finding, Grade, Private
from semantik.words.shown_names import visible
from semantik.words.text import counted, is_text, moment, number, say

MARKS = {Grade.OK: "  ", Grade.NOTE: "· ", Grade.WRONG: "✗ "}


def as_text(diagnosis: Diagnosis, *, paths: bool = False) -> str:
    """The whole report. Without ``paths``, placeholders stand for folders, and what may hold names is left out.

    What is wrong comes first, each with what to do next; then everything, by topic.
    """
    words = _Words(diagnosis, paths)
    lines = [say("doctor.title", version=diagnosis.version, moment=moment(diagnosis.time)), ""]
    problems = diagnosis.problems
    lines.append(counted("doctor.problems", len(problems)) if problems else say("doctor.all_well"))
    lines += [words.line(finding) for finding in problems]
    topic = ""
    for finding in diagnosis.findings:
        if finding.topic != topic:
            topic = finding.topic
            lines += ["", say(f"doctor.topic_{topic}")]
        lines.append(words.line(finding))
    return "\n".join(lines) + "\n"


def as_fields(diagnosis: Diagnosis, *, paths: bool = False) -> dict[str, object]:
    """The report as values for JSON: sizes in bytes, texts in the chosen language; private values as in ``as_text``."""
    words = _Words(diagnosis, paths)
    return {
        "ok": not diagnosis.problems,
        "version": diagnosis.version,
        "time": diagnosis.time.isoformat(timespec="seconds"),
        "findings": [
            {
                "topic": finding.topic,
                "check": finding.key.removeprefix("doctor."),
                "grade": finding.grade.value,
                "text": words.text(finding),
                "advice": words.advice(finding),
                "facts": {name: words.plain(value) for name, value in finding.facts.items()},
            }
            for finding in diagnosis.findings
        ],
    }


class _Words:
    """Puts findings into words, with the same placeholder for the same folder everywhere."""

    def __init__(self, diagnosis: Diagnosis, paths: bool) -> None:
        self._paths = paths
        found = (value for finding in diagnosis.findings for value in finding.facts.values())
        groups = dict.fromkeys(v.group for v in found if isinstance(v, Private) and v.kind == "folder")
        self._numbers = {group: count for count, group in enumerate(groups, start=1)}

    def line(self, finding: Finding) -> str:
        advice = self.advice(finding)
        return MARKS[finding.grade] + self.text(finding) + (f" → {advice}" if advice else "")

    def text(self, finding: Finding) -> str:
        return say(finding.key, **self._gaps(finding))

    def advice(self, finding: Finding) -> str:
        return say(finding.advice, **self._gaps(finding)) if finding.advice else ""

    def plain(self, value: object) -> object:
        """A fact as JSON has it."""
        if isinstance(value, Private):
            return self._private(value)
        return list(map(self.plain, value)) if isinstance(value, tuple) else value

    def _gaps(self, finding: Finding) -> dict[str, str]:
        return {name: self._word(value) for name, value in finding.facts.items()}

    def _word(self, value: object) -> str:
        match value:
            case Private():
                return self._private(value)
            case tuple():
                return ", ".join(map(self._word, value))
            case Bytes():
                return size(value)
            case int():
                return number(value)
            case str() if is_text(value):
                return say(value)
            case _:
                return str(value)

    def _private(self, value: Private) -> str:
        if self._paths:
            return visible(str(value))
        if value.kind == "folder":
            return say("doctor.some_folder", number=self._numbers[value.group])
        return say(f"doctor.some_{value.kind}")


def size(value: int) -> str:
    """Bytes in the unit that fits: kB, MB or GB of 1,000, 1,000² or 1,000³ bytes."""
    for unit, bytes_ in (("GB", 10**9), ("MB", 10**6)):
        if value >= bytes_:
            return f"{number(value / bytes_, 1)}\u00a0{unit}"
    return f"{number(value / 1000)}\u00a0kB"
