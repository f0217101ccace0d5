"""In which places the pictures of a library are: what tells a name of a place from a word in a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from semantik.folders.picture_details import DetailsStore
from semantik.queries import Filters, PlaceName


class PicturedPlaces:
    """What some folders' details tell of the places of their pictures. May be asked from any thread."""

    def __init__(self, stores: Sequence[DetailsStore]) -> None:
        self.stores = list(stores)
        self._known: tuple[object, NDArray[np.float64], NDArray[np.int64]] | None = None

    def __bool__(self) -> bool:
        return any(len(store.squares()) for store in self.stores)

    def among(self, name: PlaceName) -> PlaceName | None:
        """The same name for those of its places in which there are pictures; None where there are none in any."""
        from semantik.places.whereabouts import is_in

        degrees, places = self._squares()
        if not len(degrees):
            return None
        kept = tuple(number for number in name.places if is_in(degrees, replace(name, places=(number,)), places).any())
        return replace(name, places=kept) if kept else None

    def narrowed(self, filters: Filters) -> Filters:
        """Filters whose names of places mean those with pictures, where there are any."""
        if not filters.places and not filters.excluded:
            return filters
        places = tuple(self.among(name) or name for name in filters.places)
        return replace(filters, places=places, excluded=tuple(map(self.narrowed, filters.excluded)))

    def _squares(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        from semantik.places.whereabouts import place_of

        squares = [store.squares() for store in self.stores]
        state = tuple(map(len, squares)), tuple(map(id, self.stores))
        known = self._known
        if known is None or known[0] != state:
            degrees = np.array([*set().union(*squares)], np.float64).reshape(-1, 2)
            known = self._known = state, degrees, place_of(degrees)
        return known[1], known[2]
