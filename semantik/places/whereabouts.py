"""Which place of the table coordinates are in: the nearest, a large one from farther away than a small one."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from semantik.places.table import BANDS_PER_DEGREE, PlaceTable, band_key, on_sphere, place_table
from semantik.queries import PlaceName

FARTHEST = 60.0
"""Kilometres from a place beyond which nobody would say that a picture is from there: at sea, in a desert."""

NEAR = 20.0
"""Kilometres that are near a village; a place's reach is added three times: 24 for Toledo, 47 for Madrid."""

NOWHERE = -1

_EARTH = 6371.0088  # km, its mean radius
_SQUARES_PER_DEGREE = 10
_TO_CORNER = 7.9  # km from the middle of such a square to its corners, at the equator
_SQUARES_AT_ONCE, _AT_ONCE = 1000, 100_000  # each with some hundreds of places, and with very few

Degrees = NDArray[np.float64]
"""Latitudes and longitudes in degrees, float64 (n, 2)."""


def place_of(degrees: Degrees, table: PlaceTable | None = None) -> NDArray[np.int64]:
    """The numbers of the places where coordinates are, int64 (n,), NOWHERE far from all."""
    table = table or place_table()
    found = np.full(len(degrees), NOWHERE, np.int64)
    squares, of = _squares(degrees)
    places, starts, counts = _places_that_win(squares, table)
    for first in range(0, len(degrees), _AT_ONCE):
        own = of[first : first + _AT_ONCE]
        rows, at = _pairs(starts[own], counts[own])
        candidates = places[at]
        distances = _apart(on_sphere(degrees[first : first + _AT_ONCE])[rows], table.vectors[candidates])
        weighed = np.where(distances <= FARTHEST, distances - table.reach[candidates], np.inf)
        best = np.flatnonzero((weighed == _least(weighed, counts[own])[rows]) & np.isfinite(weighed))
        known, firsts = np.unique(rows[best], return_index=True)  # of two in one spot the larger
        found[first + known] = candidates[best[firsts]]
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


def _apart(ones: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kilometres between unit vectors (n, 3) and the others in their places, float64 (n,)."""
    chords: NDArray[np.float64] = np.linalg.norm(ones - others, axis=1)
    return 2 * _EARTH * np.arcsin(np.minimum(chords / 2, 1.0))


def _squares(degrees: Degrees) -> tuple[Degrees, NDArray[np.int64]]:
    """The middles of the squares in which coordinates are, each once, and the number of each one's, int64 (n,)."""
    corners = np.floor(degrees * _SQUARES_PER_DEGREE).astype(np.int64)
    around = 1000 * _SQUARES_PER_DEGREE
    _, firsts, of = np.unique(corners[:, 0] * around + corners[:, 1], return_index=True, return_inverse=True)
    return (corners[firsts] + 0.5) / _SQUARES_PER_DEGREE, of.astype(np.int64)


def _places_that_win(
    squares: Degrees, table: PlaceTable
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The places in which some coordinates in the squares may be, square after square, int64, and where those of each
    begin and how many they are, int64 (n,)."""
    kept, counts = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for first in range(0, len(squares), _SQUARES_AT_ONCE):
        middles = squares[first : first + _SQUARES_AT_ONCE]
        starts, around = _around(middles, (FARTHEST + _TO_CORNER) / _EARTH, table)
        rows, at = _pairs(starts.ravel(), around.ravel())
        rows //= starts.shape[1]
        places = table.banded[at]
        distances = _apart(on_sphere(middles)[rows], table.vectors[places])
        weighed = distances - table.reach[places]
        # A place near enough to all of a square wins against what is farther by the way to a corner and back.
        sure = np.where(distances <= FARTHEST - _TO_CORNER, weighed, np.inf)
        good = (distances <= FARTHEST + _TO_CORNER) & (
            weighed <= _least(sure, around.sum(axis=1))[rows] + 2 * _TO_CORNER
        )
        kept.append(places[good])
        counts.append(np.bincount(rows[good], minlength=len(middles)))
    each = np.concatenate(counts)
    return np.concatenate(kept), each.cumsum() - each, each


def _around(middles: Degrees, angle: float, table: PlaceTable) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where in ``banded`` those begin that may be within an angle, and how many they are, int64 (n, bands)."""
    bands = np.floor((middles[:, :1] - math.degrees(angle)) * BANDS_PER_DEGREE)
    bands = bands + np.arange(math.ceil(2 * math.degrees(angle) * BANDS_PER_DEGREE) + 1)
    # How far meridians can be apart there: all around the pole, if that is near.
    flat = np.cos(np.radians(middles[:, :1]))
    wide = np.degrees(np.arcsin(np.minimum(math.sin(angle) / np.maximum(flat, 1e-9), 1.0)))
    wide[flat <= math.sin(angle)] = 180.0
    starts = np.searchsorted(table.bands, band_key(bands, middles[:, 1:] - wide))
    return starts, np.searchsorted(table.bands, band_key(bands, middles[:, 1:] + wide), "right") - starts


def _pairs(starts: NDArray[np.int64], counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each of the stretches that begin somewhere and have so many: its number, and each place in it, int64."""
    rows = np.repeat(np.arange(len(counts)), counts)
    return rows, np.arange(len(rows)) + np.repeat(starts - (counts.cumsum() - counts), counts)


def _least(values: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The least of each stretch of so many values, float64 (n,); infinity for none."""
    least = np.full(len(counts), np.inf)
    some = counts > 0
    if some.any():
        least[some] = np.minimum.reduceat(values, (counts.cumsum() - counts)[some])
    return least
