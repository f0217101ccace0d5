"""Pictures that are averaged by their readers here, since their decoders give nothing smaller themselves."""

from __future__ import annotations

from typing import Any

import numpy as np

from semantik.decoding.pictures.opened_picture import Extent, Picture

Array = np.ndarray[Any, Any]


class AveragedPicture(Picture):
    """A picture of which ``load`` gives the means of cells of ``factor`` x ``factor`` pixels."""

    factor = 1

    def prepare(self, side: int) -> Extent:
        self.factor = max(1, min(self.size) // side)
        return self.extent

    @property
    def extent(self) -> Extent:
        """What the picture fills of its cells."""
        return self.size[0] / self.factor, self.size[1] / self.factor

    @property
    def cells(self) -> int:
        """How many there are, with those that are cut off by the right and lower edge."""
        return -(-self.size[0] // self.factor) * -(-self.size[1] // self.factor)


def cell_means(rows: Array, factor: int, exact: type[np.float32 | np.float64]) -> Array:
    """Means of cells of rows, (height, width, ...), which are added up as ``exact``.

    Those at the right and lower edge are of as many pixels as there are.
    """
    down, across = (np.arange(0, length, factor) for length in rows.shape[:2])
    sums = np.add.reduceat(np.add.reduceat(rows, down, axis=0, dtype=exact), across, axis=1)
    counts = np.outer(np.diff(np.append(down, rows.shape[0])), np.diff(np.append(across, rows.shape[1])))
    return np.asarray(sums / counts.reshape(counts.shape + (1,) * (rows.ndim - 2)))
