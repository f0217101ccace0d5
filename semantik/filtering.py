"""Which rows of an index may be hits: filters as a mask, so that a search looks at nothing else."""

from __future__ import annotations

from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from semantik.details_store import DetailsStore
from semantik.errors import ContradictoryDates, NoneMatchesFilters
from semantik.filter_words import filter_words
from semantik.index import ImageIndex
from semantik.moments import split_key
from semantik.plain_words import plain
from semantik.records import Filters


def passing(index: ImageIndex, filters: Filters, details: DetailsStore) -> NDArray[np.bool_] | None:
    """The rows that pass the filters, bool (rows,); None when there is no filter.

    ``details`` must know the pictures of the index if the filters need details. Raises ContradictoryDates, and
    NoneMatchesFilters when no picture is left.
    """
    if filters == Filters():
        return None
    if filters.since and filters.until and filters.since > filters.until:
        raise ContradictoryDates(since=filters.since.isoformat(), until=filters.until.isoformat())
    rows = index.rows()
    chosen = set(rows.values())
    if filters.folder:
        wanted = f"{plain(filters.folder)}/"
        chosen &= {row for path, row in rows.items() if plain(path).startswith(wanted)}
    if filters.extensions:
        ends = filters.extensions
        chosen &= {row for key, row in rows.items() if PurePosixPath(split_key(key)[0]).suffix.lower() in ends}
    if filters.need_details:
        found = ((file, row) for file in details.matching(filters) for row in index.rows_of(file.path))
        chosen &= {row for file, row in found if index.file_of(row) == file}
    if not chosen:
        words = (f"{key}:{value}" for key, value in filter_words(filters))
        raise NoneMatchesFilters(filters=" ".join(words))
    return index.mask(chosen)
