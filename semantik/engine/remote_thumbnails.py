"""Thumbnails of pictures in remote folders: the originals are fetched for them, as far as there is no thumbnail yet."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from semantik.decoding.decoded import Thumbnail
from semantik.decoding.pool import DecodePool
from semantik.errors import SemantikError
from semantik.folders.fetched_files import fetched_ahead
from semantik.folders.indexed_folder import IndexedFolder
from semantik.records import ImageFile
from semantik.results.thumbnails import ThumbnailCache

log = logging.getLogger(__name__)

_MOST = 100  # pictures that are fetched for one page: of 3 MB each some 30 seconds on an ordinary line
_LARGEST = 64 * 2**20  # bytes; and no videos


def remote_thumbnails(
    folder: IndexedFolder, pictures: Sequence[Path], cache: ThumbnailCache, pool: DecodePool, side: int
) -> dict[Path, Thumbnail]:
    """Thumbnails of pictures of a remote folder, of as many as is reasonable; of none where it does not answer."""
    wanted: dict[str, Path] = {}
    files: list[ImageFile] = []
    for picture in pictures[:_MOST]:
        content, path = folder.content_of(picture), picture.relative_to(folder.folder).as_posix()
        if content and content.size <= _LARGEST and folder.index and path in folder.index.rows():
            wanted[path] = picture
            files.append(ImageFile(path, content.size, content.mtime_ns))
    made: dict[Path, Thumbnail] = {}
    try:
        with fetched_ahead(folder.folder, files) as portions:
            for fetched in portions:
                places = {wanted[file.path]: each for file, each in fetched if isinstance(each, Path)}
                made |= cache.get_many(places, pool, side, places)
    except SemantikError as error:
        log.warning("no thumbnails of %s: %r", folder.folder, error)
    return made
