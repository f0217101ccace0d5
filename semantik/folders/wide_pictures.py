"""Wide and tall pictures that an older program indexed by their middle alone, and that get their views now."""

from __future__ import annotations

from semantik.decoding.fitting import WIDE
from semantik.folders.picture_details import FolderDetails
from semantik.index import ImageIndex
from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.records import ImageFile


def lacking_views(index: ImageIndex, details: FolderDetails, control: TaskControl = UNATTENDED) -> list[ImageFile]:
    """The indexed pictures that are more elongated than ``WIDE`` and have no views.

    Their sizes are among the details, or else read from the files' heads; nothing is decoded for that.
    """
    details.catch_up(index, control)
    single = [file for file in index.files() if len(index.rows_of(file.path)) == 1 and file.path in index.rows()]
    return [
        file
        for file, known in zip(single, details.store.of(single), strict=True)
        if known and max(known.width, known.height) > WIDE * min(known.width, known.height)
    ]
