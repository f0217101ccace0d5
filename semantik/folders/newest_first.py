"""In which order new files are looked at: the newest pictures first, for they are what people look for first.

During a first indexing of hours, a search answers from what is done by then.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from semantik.folders.dates_in_names import moment_in_name
from semantik.records import ImageFile

_DAY = 24 * 3600 * 10**9  # ns
_EPOCH = date(1970, 1, 1).toordinal()


def newest_first(files: Iterable[ImageFile]) -> list[ImageFile]:
    """The files by the day that they are probably of, the newest day first; those of one day stay in their order.

    By days and not by seconds: the pictures of a day mostly lie together, and a disk that reads them in the order of
    their names, as over a network, is quicker.
    """
    return sorted(files, key=lambda file: -day_of(file))


def day_of(file: ImageFile) -> int:
    """The day of a picture in days since 1970, as far as its name or its last change tells: nothing is opened.

    Copying changes the times of files to that of the copy, and leaves the names.
    """
    named = moment_in_name(file.path)
    return named.toordinal() - _EPOCH if named else file.mtime_ns // _DAY
