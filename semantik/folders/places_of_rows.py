"""Rows of the details store by where their pictures were taken: what SQLite can tell, and then what the table can."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semantik.queries import PlaceName

_SQUARES_PER_DEGREE = 200
LATITUDE, LONGITUDE = "coalesce(latitude, noted_latitude)", "coalesce(longitude, noted_longitude)"
_LOCATED = f"typeof({LATITUDE}) = 'real' AND typeof({LONGITUDE}) = 'real'"

SQUARES = (
    f"SELECT DISTINCT round({LATITUDE} * {_SQUARES_PER_DEGREE}) / {_SQUARES_PER_DEGREE},"
    f" round({LONGITUDE} * {_SQUARES_PER_DEGREE}) / {_SQUARES_PER_DEGREE} FROM pictures"
    f" WHERE {_LOCATED} AND abs({LATITUDE}) <= 90 AND abs({LONGITUDE}) <= 180"
)
"""Where pictures were taken, each square of half a kilometre once."""


def square_of(place: tuple[float, float]) -> tuple[float, float]:
    """The square of coordinates in degrees, as ``SQUARES`` tells it, or the one beside it."""
    latitude, longitude = (round(value * _SQUARES_PER_DEGREE) / _SQUARES_PER_DEGREE for value in place)
    return latitude, longitude


def as_degrees(squares: Iterable[tuple[float, float]]) -> NDArray[np.float64]:
    """Latitudes and longitudes as an array, float64 (n, 2)."""
    return np.array([*squares], np.float64).reshape(-1, 2)


def around(name: PlaceName) -> tuple[str, list[float]]:
    """A condition that all rows in the places of ``name`` fulfil, and few others, and its values."""
    from semantik.places.whereabouts import box

    conditions, values = ["0"], []
    for south, west, north, east in box(name):
        conditions.append(f"({LATITUDE} BETWEEN ? AND ? AND {LONGITUDE} BETWEEN ? AND ?)")
        values += [south, north, west, east]
    return f"{_LOCATED} AND ({' OR '.join(conditions)})", values


def in_places(rows: Sequence[tuple[Any, ...]], names: Sequence[PlaceName]) -> list[tuple[Any, ...]]:
    """Those of the rows that are in a place of each of the names; their last two cells are the coordinates."""
    from semantik.places.whereabouts import is_in, place_of

    degrees = np.array([row[-2:] for row in rows], np.float64).reshape(-1, 2)
    places = place_of(degrees)
    inside = np.logical_and.reduce([is_in(degrees, name, places) for name in names])
    return [rows[at] for at in np.flatnonzero(inside).tolist()]
