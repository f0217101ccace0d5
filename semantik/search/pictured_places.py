"""In which places the pictures of a library are: what tells a name of a place from a word in a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from semantik.folders.picture_details import DetailsStore
from semantik.places.whereabouts import box, is_in
from semantik.queries import Filters, PlaceName

_AT_ONCE = 2000
"""Squares that are looked at before it is asked whether one of them is in a place: mostly the first are enough."""


class PicturedPlaces:
    """What some folders' details tell of the places of their pictures. May be asked from any thread."""

    def __init__(self, stores: Sequence[DetailsStore]) -> None:
        self.stores = list(stores)
        self._known: tuple[list[NDArray[np.float64]], dict[PlaceName, bool]] = [], {}

    def __bool__(self) -> bool:
        return any(len(store.squares()) for store in self.stores)

    def among(self, name: PlaceName) -> PlaceName | None:
        """The same name for those of its places in which there are pictures; None where there are none in any."""
        squares = [store.squares() for store in self.stores]
        before, answers = self._known
        if [*map(id, before)] != [*map(id, squares)]:
            answers = {}
            self._known = squares, answers
        kept: list[int] = []
        for number in name.places:
            alone = replace(name, words="", places=(number,))
            if alone not in answers:
                answers[alone] = any(_is_any_in(degrees, alone) for degrees in squares)
            if answers[alone]:
                kept.append(number)
        return replace(name, places=tuple(kept)) if kept else None

    def narrowed(self, filters: Filters) -> Filters:
        """Filters whose names of places mean those with pictures, where there are any."""
        if not filters.places and not filters.excluded:
            return filters
        places = tuple(self.among(name) or name for name in filters.places)
        return replace(filters, places=places, excluded=tuple(map(self.narrowed, filters.excluded)))


def _is_any_in(degrees: NDArray[np.float64], name: PlaceName) -> bool:
    """Whether any of the coordinates, float64 (n, 2), is in a place."""
    for south, west, north, east in box(name):
        latitude, longitude = degrees[:, 0], degrees[:, 1]
        within = (latitude >= south) & (latitude <= north) & (longitude >= west) & (longitude <= east)
        inside = degrees[within]
        for first in range(0, len(inside), _AT_ONCE):
            if is_in(inside[first : first + _AT_ONCE], name).any():
                return True
    return False
