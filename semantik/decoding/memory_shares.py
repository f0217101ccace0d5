"""How much memory decoder processes may take: each of them, the one with a large picture, and all together."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MEMORY_LIMIT = 960 * 2**20
"""Bytes that an ordinary decoder process may take beyond what it has when idle."""

SHARE = 0.5
"""Of the memory that is free when the first decoder starts, what all of them together may take."""

LARGE_SHARE = 0.8
"""Of the memory that is free then, what one decoder with a large picture may take while all others wait."""

LEAST_MEMORY = 192 * 2**20
"""Bytes with which a decoder reads ordinary photos; where there are not as many for each, there are fewer decoders."""

_GROUP = Path("/sys/fs/cgroup")
_SPARE = 1.2  # what a process may take, of what its picture is reckoned to: the readers themselves, and fragments
_LIBRARIES = 256 * 2**20  # bytes
_UNHURRIED = 50_000_000  # pixels that any decoder opens well within the time for an ordinary file


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a decoder may take for one picture: ``memory`` in bytes; ``patient``, as much time as it needs."""

    memory: int = 2**62
    patient: bool = True


class NeedsMore(Exception):
    """A picture that is honest, as far as can be told, and takes more than its decoder is allowed.

    ``memory`` in bytes, 0 when that is not known; ``pixels`` that are decoded.
    """

    def __init__(self, memory: int, pixels: int) -> None:
        super().__init__(memory, pixels)
        self.memory = memory
        self.pixels = pixels


def free_memory() -> int:
    """Bytes that programs may still take: of the machine, or of the container that this one is in."""
    import psutil

    free = int(psutil.virtual_memory().available)
    with suppress(OSError, ValueError):
        limit, used = (int((_GROUP / f"memory.{name}").read_text("ascii")) for name in ("max", "current"))
        # Files that were read are counted as used, and given up when somebody wants the memory.
        counts = dict(line.split() for line in (_GROUP / "memory.stat").read_text("ascii").splitlines())
        free = min(free, max(0, limit - used + int(counts.get("inactive_file", 0))))
    return free


def share_memory(free: int, workers: int, most: int) -> tuple[int, int]:
    """How many decoders there may be, ``workers`` at most, and the bytes that each may take, ``most`` at most.

    Together they keep to their share of ``free``, and so does the one of them that may take ``most`` at a time.
    """
    budget = int(free * SHARE)
    if workers * most <= budget:
        return workers, most
    left = budget - most  # for the ordinary ones, beside the one with a large picture
    count = max(1, min(workers, left // LEAST_MEMORY))
    return count, min(most, max(LEAST_MEMORY, left // count))


def picture_memory(limit: int) -> int:
    """What a picture may be reckoned to take in a process with ``limit``, both in bytes."""
    return int(limit / _SPARE)


def large_limit(needs: int, free: int) -> int | None:
    """The limit, in bytes, of a process for a picture that is reckoned to take ``needs``; None when that is not free.

    ``needs`` is 0 when it is not known: it is as much as there is then, within reason.
    """
    most = int(free * LARGE_SHARE)
    if not needs:
        return min(4 * MEMORY_LIMIT, most)
    limit = int(needs * _SPARE) + _LIBRARIES
    return max(limit, MEMORY_LIMIT) if limit <= most else None


def time_for(pixels: int, ordinary: float) -> float:
    """Seconds for a picture of so many pixels, where an ordinary one has ``ordinary``."""
    return ordinary * max(1.0, pixels / _UNHURRIED)
