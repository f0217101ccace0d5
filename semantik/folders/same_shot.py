"""Whether a RAW file or a video shows what the picture beside it shows: then the picture counts for both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from semantik.decoding.pool import DecodePool
from semantik.decoding.shots import Shot, look_alike, told_alike
from semantik.long_tasks import UNATTENDED, TaskControl

Couple = tuple[str, str]
"""The paths of a RAW file or video, and of a picture that may be of the same shot."""


def of_one_shot(
    folder: Path, couples: Sequence[Couple], pool: DecodePool, control: TaskControl = UNATTENDED
) -> set[str]:
    """Those RAW files and videos of ``couples`` that are of one shot with their picture, by its path below ``folder``.

    Heads tell of nearly all; where they do not, as in a copy that lost them, both are decoded, and only how they look
    counts. What cannot be read agrees with nothing. Once ``control`` is cancelled, no more is read.
    """
    told = _read(folder, couples, pool, control, look=False)
    same = {half for half, picture in couples if _agree(told, half, picture, by_looks=False)}
    left = [couple for couple in couples if couple[0] not in same and set(couple) <= told.keys()]
    looks = _read(folder, left, pool, control, look=True)
    return same | {half for half, picture in left if _agree(looks, half, picture, by_looks=True)}


def _agree(shots: dict[str, Shot], half: str, picture: str, *, by_looks: bool) -> bool:
    if half not in shots or picture not in shots:
        return False
    return (look_alike if by_looks else told_alike)(shots[half], shots[picture])


def _read(
    folder: Path, couples: Iterable[Couple], pool: DecodePool, control: TaskControl, *, look: bool
) -> dict[str, Shot]:
    paths = list(dict.fromkeys(path for couple in couples for path in couple))
    read: dict[str, Shot] = {}
    found = pool.shots((folder / path for path in paths), look=look)
    try:
        for path, shot in zip(paths, found, strict=True):
            if control.cancelled:
                break
            if isinstance(shot, Shot):
                read[path] = shot
    finally:
        found.close()
    return read
