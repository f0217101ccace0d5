"""What an index remembers of files that it does not hold, or holds only in part: why, and for how long that counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from semantik.records import LASTING, NOTES, WARNINGS, ImageFile, Lasts, Problem, Reason

TRANSIENT = frozenset(reason for reason, lasts in LASTING.items() if lasts in (Lasts.UNTIL_NEXT, Lasts.A_FEW_TIMES))
"""Reasons that may be gone although the file is the same: an update tries such files again."""

MOST_TRIES = 3
"""Updates in which a file of ``Lasts.A_FEW_TIMES`` is tried; another version of the program counts anew."""


class Skip(NamedTuple):
    """What is remembered of a file that was skipped: its size and time then, why, and in how many updates in a row.

    ``fingerprint`` tells its content where that is to blame for good: then it is so under any name.
    """

    size: int  # bytes
    mtime_ns: int
    reason: Reason
    tries: int = 0  # 0 where nobody counts
    fingerprint: str = ""

    def is_of(self, file: ImageFile) -> bool:
        """Whether the file is still the same."""
        return (self.size, self.mtime_ns) == (file.size, file.mtime_ns)

    def may_pass(self) -> bool:
        """Whether trying once more may help."""
        lasts = LASTING[self.reason]
        return lasts is Lasts.UNTIL_NEXT or (lasts is Lasts.A_FEW_TIMES and self.tries < MOST_TRIES)

    def stored(self) -> list[Any]:
        """Itself without what is not known, as a manifest has it after the path."""
        rest = [self.tries, self.fingerprint] if self.fingerprint else [self.tries] if self.tries else []
        return [self.size, self.mtime_ns, self.reason.value, *rest]


def skip_of(file: ImageFile, reason: Reason, before: Skip | None, fingerprint: str = "") -> Skip:
    """What to remember of a file that is skipped now; ``before``: what was remembered of it until now."""
    lasts, tries = LASTING[reason], 0
    if lasts is Lasts.A_FEW_TIMES:
        tries = before.tries + 1 if before and before.is_of(file) else 1
    return Skip(file.size, file.mtime_ns, reason, tries, fingerprint if lasts is Lasts.FOR_GOOD else "")


class SkippedFiles:
    """Such files by their paths. What changes them tells whether it did."""

    def __init__(self, stored: Iterable[Sequence[Any]] = ()) -> None:
        """``stored``: as a manifest has them. Raises ValueError for a reason that is none."""
        self.by_path = {path: Skip(size, mtime_ns, Reason(why), *rest) for path, size, mtime_ns, why, *rest in stored}

    def stored(self) -> list[list[Any]]:
        """As a manifest has them, by path."""
        return [[path, *skip.stored()] for path, skip in sorted(self.by_path.items())]

    def fork(self) -> SkippedFiles:
        """The same once more."""
        other = SkippedFiles()
        other.by_path = {**self.by_path}
        return other

    def problems(self) -> list[Problem]:
        """Those that are the user's business, by path."""
        found = sorted(self.by_path.items())
        return [Problem(path, skip.reason) for path, skip in found if skip.reason not in NOTES]

    def warning_of(self, path: str) -> Reason | None:
        """Why an indexed file is only partly good."""
        skip = self.by_path.get(path)
        return skip.reason if skip and skip.reason in WARNINGS else None

    def bad_contents(self, sizes: Collection[int]) -> list[tuple[ImageFile, str, Reason]]:
        """Files of one of these sizes (bytes) whose content is bad for good: as they were, fingerprints, reasons."""
        return [
            (ImageFile(path, skip.size, skip.mtime_ns), skip.fingerprint, skip.reason)
            for path, skip in self.by_path.items()
            if skip.fingerprint and skip.size in sizes
        ]

    def keep(self, paths: Collection[str]) -> bool:
        """Forget all others."""
        gone = self.by_path.keys() - set(paths)
        for path in gone:
            del self.by_path[path]
        return bool(gone)

    def forget_notes(self) -> bool:
        """Forget which files were noted, so that they are looked at anew."""
        return self.keep([path for path, skip in self.by_path.items() if skip.reason not in NOTES])

    def try_again(self, paths: Iterable[str]) -> bool:
        """Forget that these were skipped; what is partly good stays."""
        again = [path for path in paths if path in self.by_path and not self.warning_of(path)]
        for path in again:
            del self.by_path[path]
        return bool(again)

    def count_anew(self) -> None:
        """Give those that were tried some times as many tries again."""
        self.by_path = {path: skip._replace(tries=0) for path, skip in self.by_path.items()}
