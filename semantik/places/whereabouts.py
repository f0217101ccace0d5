"""Which place of the table coordinates are in: the nearest, a large one from farther away than a small one."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from semantik.places.table import PlaceTable, on_sphere, place_table
from semantik.queries import PlaceName

FARTHEST = 60.0
"""Kilometres from a place beyond which nobody would say that a picture is from there: at sea, in a desert."""

NEAR = 20.0
"""Kilometres that are near a village; a place's reach is added three times: 24 for Toledo, 47 for Madrid."""

NOWHERE = -1

_FEW = 50  # coordinates
_EARTH = 6371.0088  # km, its mean radius
_CELL_RADIUS = 79.0  # km from the middle of a square degree to its corners, at the equator

Degrees = NDArray[np.float64]
"""Latitudes and longitudes in degrees, float64 (n, 2)."""


def place_of(degrees: Degrees, table: PlaceTable | None = None) -> NDArray[np.int64]:
    """The numbers of the places where coordinates are, int64 (n,), NOWHERE far from all."""
    table = table or place_table()
    found = np.full(len(degrees), NOWHERE, np.int64)
    for rows, candidates in _by_square(degrees, table):
        distances = _kilometres(degrees[rows], table.vectors[candidates])
        weighed = np.where(distances <= FARTHEST, distances - table.reach[candidates], np.inf)
        best = weighed.argmin(axis=1)
        found[rows] = np.where(np.isfinite(weighed[np.arange(len(rows)), best]), candidates[best], NOWHERE)
    return found


def is_in(degrees: Degrees, name: PlaceName, places: NDArray[np.int64] | None = None) -> NDArray[np.bool_]:
    """Whether coordinates are in any of the places, regions and countries that ``name`` means, bool (n,).

    That is where ``place_of`` says so (``places``, when that is known), and as far as a large place reaches: its
    quarters are places of their own. With ``name.near`` also around the places.
    """
    table = place_table()
    inside = np.zeros(len(degrees), bool)
    places = place_of(degrees, table) if places is None else places
    known = places >= 0
    for number in name.places:
        if number < table.places:
            away = _kilometres(degrees, table.vectors[[number]])[:, 0]
            inside |= (places == number) | (away <= extent(number, near=name.near))
        else:
            owner = table.region if table.is_region(number) else table.country
            inside |= known & (owner[places] == number)
    return inside


def extent(number: int, *, near: bool) -> float:
    """How many kilometres around its middle are in, or near, a place."""
    reach = float(place_table().reach[number])
    return NEAR + 3 * reach if near else reach


def box(name: PlaceName) -> list[tuple[float, float, float, float]]:
    """(south, west, north, east) in degrees of areas outside of which nothing passes ``is_in``."""
    table = place_table()
    boxes: list[tuple[float, float, float, float]] = []
    for number in name.places:
        if number < table.places:
            of, farthest = table.degrees[[number]], max(FARTHEST, extent(number, near=name.near))
        else:
            owner = table.region if table.is_region(number) else table.country
            of, farthest = table.degrees[owner == number], FARTHEST
        (south, west), (north, east) = of.min(axis=0), of.max(axis=0)
        margin = math.degrees(farthest / _EARTH)
        south, north = max(south - margin, -90.0), min(north + margin, 90.0)
        widest = max(abs(south), abs(north))
        wide = margin / max(math.cos(math.radians(widest)), 1e-3)
        west, east = west - wide, east + wide
        if west < -180 or east > 180:
            west, east = -180.0, 180.0
        boxes.append((float(south), float(west), float(north), float(east)))
    return boxes


def _kilometres(degrees: Degrees, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """From each of the coordinates (n, 2) to each of the unit vectors (m, 3), float64 (n, m)."""
    # Twice the sine of half the angle is the chord, which is exact where the cosine of a small angle is all ones.
    chords = np.sqrt(np.maximum(2.0 - 2.0 * (on_sphere(degrees) @ vectors.T), 0.0))
    return 2 * _EARTH * np.arcsin(np.minimum(chords / 2, 1.0))


def _by_square(degrees: Degrees, table: PlaceTable) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """(rows, candidates) of each small square with coordinates in it: the places that can be meant there.

    A picture is compared with some tens of places this way, and no tree nor index is needed: libraries have pictures
    of some thousand such squares.
    """
    farthest = (_CELL_RADIUS + FARTHEST) / _EARTH
    latitudes = table.degrees[table.by_latitude, 0]
    for rows in _alike(np.floor(degrees)):
        middle = np.floor(degrees[rows[:1]]) + 0.5
        first, last = np.searchsorted(latitudes, middle[0, 0] + np.array([-1, 1]) * math.degrees(farthest))
        around = table.by_latitude[first:last]
        near_enough = table.vectors[around] @ on_sphere(middle)[0] >= math.cos(farthest)
        around = around[near_enough & table.whole[around]]
        if not len(around):
            continue
        if len(rows) <= _FEW:  # not worth looking closer
            yield rows, around
            continue
        for some in _alike(np.floor(degrees[rows] * 10)):
            inner = rows[some]
            middle = (np.floor(degrees[inner[:1]] * 10) + 0.5) / 10
            weighed = _kilometres(middle, table.vectors[around])[0] - table.reach[around]
            # From the middle to any of its coordinates and back, which is as much as two places can change ranks by.
            candidates = around[weighed <= weighed.min() + 2 * _CELL_RADIUS / 10]
            for first in range(0, len(inner), 50_000):
                yield inner[first : first + 50_000], candidates


def _alike(keys: Degrees) -> Iterator[NDArray[np.int64]]:
    """The rows of each different pair of whole numbers."""
    joined = (keys[:, 0] * 10_000 + keys[:, 1]).astype(np.int64)
    order = np.argsort(joined, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(joined[order])) + 1) if len(order) else ()
