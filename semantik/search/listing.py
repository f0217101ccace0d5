"""All pictures that pass a query's filters, in an order of their own: what a query without a description asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from semantik.queries import Order
from semantik.records import split_key
from semantik.search.row_filters import Part
from semantik.words.plain import plain


def in_order(parts: Sequence[Part], among: NDArray[np.bool_] | None, order: Order) -> NDArray[np.int64]:
    """The rows of all parts, int64 (n,), that ``among``, bool (rows,), admits: the newest first, or as ``order`` says.

    Those of one date are by name, and so are the moments of a video; those of unknown date come last.
    """
    keys: list[tuple[tuple[object, ...], int]] = []
    start = 0
    for part in parts:
        rows = [(key, row) for key, row in part.index.rows().items() if among is None or among[start + row]]
        dates = [None] * len(rows) if order is Order.NAME else _dates(part, [row for _, row in rows])
        for (key, row), date in zip(rows, dates, strict=True):
            keys.append(((*_age(date, order), *_name(key)), start + row))
        start += part.index.total_rows
    keys.sort()
    return np.array([row for _, row in keys], np.int64)


def _dates(part: Part, rows: Sequence[int]) -> list[datetime | None]:
    part.details.catch_up(part.index)
    known = part.details.of([part.index.file_of(row) for row in rows])
    return [details.date if details else None for details in known]


def _age(date: datetime | None, order: Order) -> tuple[bool, float]:
    if date is None:
        return order is not Order.NAME, 0.0
    days = (date - datetime.min).total_seconds()
    return False, days if order is Order.OLDEST else -days


def _name(key: str) -> tuple[str, str, float]:
    file, moment = split_key(key)
    return plain(PurePosixPath(file).name), file, moment or 0.0
