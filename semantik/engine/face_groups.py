"""Which faces are probably one person's: density clustering, and what is near to those whose person is known."""

from __future__ import annotations

import math
import secrets
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.records import Embeddings

LEAST = 2
"""Faces that make a group: those who are in one picture only are not listed."""

_AT_ONCE = 10_000  # faces: what looks for neighbours among them keeps all that it finds in memory
_NEAREST = 5  # faces that are asked whose one is
_AGREE = 2  # of them that must be near
_FARTHER = 0.07  # what two of a person may differ by more where one face more agrees on who it is


def near(count: int) -> float:
    """The cosine from which on two of so many faces are of one person.

    The more faces there are, the more strangers are alike by chance, and one such pair would join two groups. Measured
    in benchmarks/find_people.md.
    """
    return min(0.70, max(0.46, 0.52 + 0.07 * math.log10(max(1, count) / 300)))


def new_group() -> str:
    """A name for a group that no other has."""
    return secrets.token_hex(8)


def grouped(vectors: Embeddings, groups: Sequence[str], control: TaskControl = UNATTENDED) -> list[str]:
    """The groups of faces, float32 (n, 128), of which some have one already, "" for none: those keep it.

    The others go to the group that most of the faces nearest to them have, or make new groups; what is near to nothing
    stays alone. Stops early when ``control`` is cancelled.
    """
    found = np.array(groups, object)
    alike = near(len(vectors))
    loose = np.flatnonzero(found == "")
    for first in range(0, len(loose), _AT_ONCE):
        if control.cancelled:
            break
        seen = loose[: first + _AT_ONCE]
        while _join(vectors, found, seen[first:], alike, _AGREE):
            pass
        _cluster(vectors, found, seen[found[seen] == ""], alike)
        _join(vectors, found, seen, alike - _FARTHER, _AGREE + 1)
    return [str(group) for group in found]


def _join(vectors: Embeddings, found: NDArray[np.object_], some: NDArray[np.int64], alike: float, most: int) -> bool:
    """Put those of ``some`` that have no group into one of which ``most`` faces, or all, are near; whether any was."""
    from sklearn.neighbors import NearestNeighbors

    loose, known = some[found[some] == ""], np.flatnonzero(found != "")
    if not len(known) or not len(loose):
        return False
    sizes = Counter(found[known].tolist())

    def least(group: str) -> int:
        # One face may be near by chance. Of a person with one face it must do, but then it must be near indeed.
        return min(most, sizes[group]) if most == _AGREE else most

    finder = NearestNeighbors(n_neighbors=min(_NEAREST, len(known)), algorithm="brute").fit(vectors[known])
    distances, places = finder.kneighbors(vectors[loose])
    joined: list[tuple[int, str]] = []
    for face, far, owners in zip(loose.tolist(), distances, found[known][places], strict=True):
        votes: dict[str, list[float]] = {}
        for distance, group in zip(far.tolist(), owners.tolist(), strict=True):
            if (cosine := 1 - distance * distance / 2) >= alike:
                votes.setdefault(group, []).append(cosine)
        enough = [group for group, told in votes.items() if len(told) >= least(group)]
        if enough:
            joined.append((face, max(enough, key=lambda group: sum(votes[group]))))
    for face, group in joined:
        found[face] = group
    return bool(joined)


def _cluster(vectors: Embeddings, found: NDArray[np.object_], loose: NDArray[np.int64], alike: float) -> None:
    """Make new groups of faces that are near to each other."""
    from sklearn.cluster import DBSCAN

    if len(loose) < LEAST:
        return
    labels = DBSCAN(eps=math.sqrt(2 - 2 * alike), min_samples=LEAST, algorithm="brute").fit_predict(vectors[loose])
    names = {label: new_group() for label in np.unique(labels) if label >= 0}
    for face, label in zip(loose.tolist(), labels, strict=True):
        if label >= 0:
            found[face] = names[label]
