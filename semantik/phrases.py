"""Sentences that are put together from records: progress, time left, what an update did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from semantik.records import IndexReport, Progress
from semantik.text import number, say

if TYPE_CHECKING:  # its room needs numpy, and the window shows itself before that is there
    from semantik.index import Changes


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


def download_status(name: str, progress: Progress) -> str:
    """Megabytes, speed and time left of a download."""
    mega = 2**20
    return say(
        "status.downloading",
        name=name,
        done=number(progress.done / mega),
        total=number(progress.total / mega),
        rate=number(progress.rate / mega, 1),
        left=time_left(progress.eta),
    )


def index_summary(report: IndexReport) -> str:
    """What an update did, and how many files it could not read."""
    message = say(
        "done.indexed",
        seconds=number(report.seconds, 1),
        added=number(report.added),
        reused=number(report.reused),
        removed=number(report.removed),
        count=number(report.count),
    )
    if report.problems:
        message += say("done.problems", count=number(len(report.problems)))
    return message


def changes_question(changes: Changes) -> str:
    """How a folder differs from its index, and whether to update."""
    groups: dict[str, Sequence[object]] = {
        "added": changes.added,
        "changed": changes.changed,
        "removed": changes.removed,
    }
    return say("ask.changed", **{name: number(len(group)) for name, group in groups.items()})
