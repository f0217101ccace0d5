"""Sentences that are put together from records: progress, time left, what an update did."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from semantik.long_tasks import Progress
from semantik.queries import Remark
from semantik.records import Changes, IndexReport, Reason
from semantik.words.shown_names import brief
from semantik.words.text import counted, enumeration, is_text, number, say


def model_title(name: str) -> str:
    """An encoder's name as the user reads it."""
    key = f"model.{name}"
    return say(key) if is_text(key) else name


def remark_text(remark: Remark) -> str:
    """What is to be known of how a query was read."""
    return say(f"remark.{remark.key}", **dict(remark.params))


LEVELS = {0.8: "very_likely", 0.5: "likely", 0.2: "perhaps", 0.0: "unlikely"}
"""From which relevance on a hit is called so; the last ones are those that "only relevant results" leaves out."""


def relevance_level(relevance: float) -> str:
    """The name of what a relevance in [0, 1] is called: a value of ``LEVELS``."""
    return next(name for least, name in LEVELS.items() if relevance >= least)


def relevance_word(relevance: float) -> str:
    """What a relevance in [0, 1] is called where a number would seem to be exact."""
    return say(f"relevance.{relevance_level(relevance)}")


def time_left(eta: float | None) -> str:
    """The seconds left in words, coarser the more there are."""
    if eta is None:
        return say("status.left_unknown")
    if eta < 60:
        return say("status.left_seconds", n=max(1, round(eta)))
    minutes = round(eta / 60)
    if minutes < 60:
        return say("status.left_minutes", n=minutes)
    return say("status.left_hours", h=minutes // 60, m=minutes % 60)


def indexing_status(progress: Progress) -> str:
    """Count, share, speed and time left of an indexing run; or that it holds still."""
    done, total = number(progress.done), number(progress.total)
    percent = progress.done * 100 // max(1, progress.total)
    if progress.paused:
        return say("status.paused", done=done, total=total, percent=percent)
    return say(
        "status.indexing",
        done=done,
        total=total,
        percent=percent,
        rate=number(progress.rate, 1),
        left=time_left(progress.eta),
    )


def catching_up_status(progress: Progress) -> str:
    """How far it is to take what is on a server, and to bring there what is known here."""
    done, total = number(progress.done), number(progress.total)
    percent = progress.done * 100 // max(1, progress.total)
    return say("server.catching_up", done=done, total=total, percent=percent, left=time_left(progress.eta))


def download_status(name: str, progress: Progress) -> str:
    """Megabytes, speed and time left of a download; at its end, that the model has to show that it works."""
    if progress.done == progress.total:
        return say("status.proving", name=name)
    mega = 2**20
    return say(
        "status.downloading",
        name=name,
        done=number(progress.done / mega),
        total=number(progress.total / mega),
        rate=number(progress.rate / mega, 1),
        left=time_left(progress.eta),
    )


def number_format_told(number_format: str, why: str, speedup: float = 0.0, recall: float = 0.0) -> str:
    """In which numbers a model looks at pictures, and why: see ``encoders.format_records.Decision.facts``."""
    same = math.floor(100 * recall + 1e-6)
    return say(f"format.{why}", format=say(f"format.{number_format}"), speed=number(speedup, 1), recall=number(same))


def index_summary(report: IndexReport, problems: str = "done.problems") -> str:
    """What an update did, and how many files it could not read; ``problems`` is the text for these."""
    counts = {"watch.new": report.added, "done.reused": report.reused, "done.removed": report.removed}
    what = _counts(counts) or counted("watch.new", 0)
    message = say("done.indexed", seconds=number(report.seconds, 1), what=what, count=number(report.count))
    if report.problems:
        message += counted(problems, len(report.problems))
    if away := sum(problem.reason is Reason.ONLY_IN_CLOUD for problem in report.problems):
        message += "\n" + counted("done.only_in_cloud", away)
    return message


def joined_report(reports: Sequence[IndexReport]) -> IndexReport:
    """One report of several folders, one at least."""
    return replace(
        reports[0],
        added=sum(report.added for report in reports),
        reused=sum(report.reused for report in reports),
        removed=sum(report.removed for report in reports),
        count=sum(report.count for report in reports),
        seconds=sum(report.seconds for report in reports),
        problems=tuple(problem for report in reports for problem in report.problems),
        cancelled=any(report.cancelled for report in reports),
    )


def changes_question(changes: Sequence[Changes]) -> str:
    """How folders, one at least, differ from their indexes, and whether to update."""
    what = _counts(
        {
            "ask.moved": sum(each.moved for each in changes),
            "watch.new": sum(really_new(each) for each in changes),
            "ask.modified": sum(len(each.changed) for each in changes),
            "ask.removed": sum(max(0, len(each.removed) - each.moved) for each in changes),
        }
    )
    several = len(changes) > 1
    return say("ask.changed_several", folders=len(changes), what=what) if several else say("ask.changed", what=what)


MOST_RENAMED = 3
"""Persons who are told one by one when others called them otherwise."""


def renamed_told(renamed: Sequence[tuple[str, str]]) -> str:
    """Whom others call otherwise by now: names before and after, "" for none any more."""
    told = [
        say("persons.renamed" if new else "persons.renamed_gone", old=brief(old), new=brief(new))
        for old, new in renamed[:MOST_RENAMED]
    ]
    left = len(renamed) - MOST_RENAMED
    return " ".join([*told, *([counted("persons.renamed_more", left)] if left > 0 else [])])


def _counts(counts: Mapping[str, int]) -> str:
    """Counts in words, as "2 imágenes nuevas y 1 quitada", by the texts' keys; nothing about what there is none of."""
    return enumeration([counted(key, count) for key, count in counts.items() if count])


def really_new(changes: Changes) -> int:
    """How many pictures are new, without those that were most likely moved or renamed."""
    return max(0, len(changes.added) - changes.moved)


def told(file: Path, kept: Path | None) -> str:
    """What became of a file of the home that could not be used as it was."""
    return say("warn.file_kept_aside", file=file, kept=kept.name) if kept else say("warn.file_not_kept", file=file)
