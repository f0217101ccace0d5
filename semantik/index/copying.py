"""An index copied from one store to another, and each row of the copy held against what it was copied from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from semantik.errors import StoreCopyDiffers, StoreTaken
from semantik.index.image_index import ImageIndex
from semantik.index.index_store import IndexStore

_ROWS_AT_ONCE = 4096

NEAR = 1e-3
"""By how much a number of a copied vector may differ at most: a server keeps them in half precision, where units have
an error of 2**-11 each."""


def copy_index(folder: Path, source: Path | IndexStore, target: Path | IndexStore) -> int:
    """Copy the index of ``folder``, and return how many rows were compared; the source stays as it is.

    Raises as ``ImageIndex.load`` and ``save``, StoreTaken where there is another index already, and StoreCopyDiffers
    when the copy is not the same.
    """
    index = ImageIndex.load(source, folder)
    copy = index.copied_to(target)
    with index.locked(), copy.locked():
        if index.is_stale():
            index.reload()
            copy = index.copied_to(target)
        if copy.is_stale():
            compare(index, ImageIndex.load(target, folder), StoreTaken(place=str(target)))
        else:
            copy.save()
    return compare(index, ImageIndex.load(target, folder))


def compare(one: ImageIndex, other: ImageIndex, refusal: StoreTaken | None = None) -> int:
    """How many rows both have. Raises ``refusal``, or StoreCopyDiffers with the first path that differs."""

    def differs(path: str) -> Exception:
        return refusal or StoreCopyDiffers(place=str(other.store), path=path)

    if (one.space, one.dim, one.views_behind) != (other.space, other.dim, other.views_behind):
        raise differs(other.space)
    if one.problems() != other.problems():
        raise differs(next(bad.path for bad in {*one.problems()} ^ {*other.problems()}))
    keys = list(one.rows())
    if keys != list(other.rows()):
        raise differs(next(iter({*keys} ^ {*other.rows()}), keys[0] if keys else ""))
    for first in range(0, len(keys), _ROWS_AT_ONCE):
        part = keys[first : first + _ROWS_AT_ONCE]
        ours, theirs = ([index.rows()[key] for key in part] for index in (one, other))
        near = np.abs(one.vectors(ours) - other.vectors(theirs)).max(axis=1) <= NEAR
        for key, row, copied, is_near in zip(part, ours, theirs, near, strict=True):
            told = [(index.file_of(at), index.fingerprint_of(at)) for index, at in ((one, row), (other, copied))]
            if told[0] != told[1] or not is_near:
                raise differs(key)
    return len(keys)
