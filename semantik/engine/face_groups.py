"""Which faces are probably one person's: density clustering, and what is near to those whose person is known."""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.records import Embeddings

LEAST = 2
"""Faces that make a group: those who are in one picture only are not listed."""

_AT_ONCE = 10_000  # faces: what looks for neighbours among them keeps all that it finds in memory
_NEAREST = 5  # faces that are asked whose one is


def near(count: int) -> float:
    """The cosine from which on two of so many faces are of one person.

    The more faces there are, the more strangers are alike by chance, and one such pair would join two groups.
    """
    return min(0.62, 0.42 + 0.05 * math.log10(max(1.0, count / 100)))


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
        _join(vectors, found, loose[first : first + _AT_ONCE], alike)
        _cluster(vectors, found, seen[found[seen] == ""], alike)
    return [str(group) for group in found]


def _join(vectors: Embeddings, found: NDArray[np.object_], loose: NDArray[np.int64], alike: float) -> None:
    """Put faces into the groups of those near to them, as long as that brings others near."""
    from sklearn.neighbors import NearestNeighbors

    fresh = np.flatnonzero(found != "")
    while len(fresh) and len(loose):
        sizes = dict(zip(*np.unique(found[found != ""].astype(str), return_counts=True), strict=True))
        known = np.flatnonzero(found != "")
        finder = NearestNeighbors(n_neighbors=min(_NEAREST, len(known)), algorithm="brute").fit(vectors[known])
        distances, places = finder.kneighbors(vectors[loose])
        joined = []
        for face, far, place in zip(loose.tolist(), distances, places, strict=True):
            votes: dict[str, list[float]] = {}
            for distance, row in zip(far, known[place], strict=True):
                if (cosine := 1 - distance * distance / 2) >= alike:
                    votes.setdefault(str(found[row]), []).append(cosine)
            # One face alone may be alike by chance; of a person with one face it must do.
            votes = {group: told for group, told in votes.items() if len(told) >= min(2, sizes[group])}
            if votes:
                joined.append((face, max(votes, key=lambda group: sum(votes[group]))))
        for face, group in joined:
            found[face] = group
        fresh = np.array([face for face, _ in joined], np.int64)
        loose = loose[found[loose] == ""]


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
