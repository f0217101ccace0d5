"""Vectors for pictures that another folder's index knows already: of a copied library nothing is embedded again."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from semantik.errors import SemantikError
from semantik.folders.known_content import Content, Read, content_of
from semantik.index import ImageIndex, stored_contents
from semantik.records import ImageFile, key_in
from semantik.storage.home import indexes_folder
from semantik.storage.regular_files import is_file

log = logging.getLogger(__name__)

_SAMPLE = 24
"""Pictures that are read to tell whether most of a folder are a copy of what another index has, as equal sizes do not
tell: to read more for the sake of a few would cost more than it spares.
"""

_AT_ONCE = 2000  # pictures whose vectors are in memory


@dataclass(frozen=True, slots=True)
class _Known:
    """A picture as another index has it."""

    index: ImageIndex
    path: str
    digest: str


def adopt(home: Path, encoder: str, index: ImageIndex, files: Sequence[ImageFile], read: Read) -> list[ImageFile]:
    """Add those of ``files`` to ``index`` that another index in ``home`` knows by their content, and return them.

    ``encoder`` names the indexes. Those of another space, damaged ones, and those that lack views are passed over.
    Raises IndexDamaged when one is cut off while it is read.
    """
    known: dict[str, _Known] = {}
    own = index.store if isinstance(index.store, Path) else None
    for store in other_stores(home, encoder, own) if files else ():
        left = [file for file in files if file.path not in known]
        try:
            known |= _known(store, index, left, read)
        except (OSError, SemantikError) as error:
            log.info("nothing is taken from %s: %s", store, error)
    found = [file for file in files if file.path in known]
    for first in range(0, len(found), _AT_ONCE):
        _add(index, [(file, known[file.path]) for file in found[first : first + _AT_ONCE]])
    return found


def other_stores(home: Path, encoder: str, own: Path | None) -> Iterator[Path]:
    """Where ``encoder``'s indexes of other folders are, by name; none when that cannot be told."""
    try:
        stores = [path / encoder for path in sorted(indexes_folder(home).iterdir())]
    except OSError:
        return
    yield from (store for store in stores if store != own and is_file(store / "image_index.json"))


def _known(store: Path, index: ImageIndex, files: Sequence[ImageFile], read: Read) -> dict[str, _Known]:
    """What an index knows of files, by their paths. Raises OSError, NoIndex, IndexTooNew and IndexDamaged."""
    paths: dict[Content | None, str] = {}
    for there, digest in stored_contents(store):
        paths.setdefault(content_of(there, digest), there.path)
    paths.pop(None, None)
    sizes = {content[1] for content in paths if content}
    alike = [file for file in files if file.size in sizes]
    if 2 * len(alike) <= len(files):
        return {}
    sample = alike[:: max(1, len(alike) // _SAMPLE)]
    told = read(sample)
    if 2 * sum(content_of(file, told.get(file.path, "")) in paths for file in sample) <= len(sample):
        return {}
    told |= read([file for file in alike if file.path not in told])
    donor = ImageIndex.load(store, index.folder)
    if (donor.space, donor.dim) != (index.space, index.dim) or donor.views_behind:
        return {}
    found = ((file.path, content_of(file, told.get(file.path, ""))) for file in alike)
    return {path: _Known(donor, paths[content], told[path]) for path, content in found if content in paths}


def _add(index: ImageIndex, found: Sequence[tuple[ImageFile, _Known]]) -> None:
    parts: list[ImageFile] = []
    vectors, digests = [], []
    for file, known in found:
        rows = known.index.rows_of(known.path)
        parts += [replace(file, path=key_in(file.path, known.index.key_of(row))) for row in rows]
        vectors.append(known.index.vectors(rows))
        digests += [known.digest] * len(rows)
    index.add(parts, np.concatenate(vectors), digests)
    for file, known in found:
        if warning := known.index.warning_of(known.path):
            index.skip(file, warning)
