"""Files whose names leave open whether they count: second halves of a shot, and pictures under strange names.

What was found out once is noted in the index, so that an unchanged folder is opened without opening a file.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from semantik.decoding.pictures.formats import SIGNATURE_BYTES
from semantik.decoding.pictures.unlisted import recognise_unlisted
from semantik.decoding.pool import DecodePool
from semantik.folders.known_content import Recognised
from semantik.folders.raw_jpeg_pairs import TWIN_EXTENSIONS, stem, suffix
from semantik.folders.same_shot import of_one_shot
from semantik.folders.scan import Doubt
from semantik.index import ImageIndex
from semantik.long_tasks import TaskControl
from semantik.records import Changes, ImageFile, Reason, is_part
from semantik.storage.regular_files import open_regular


@dataclass(slots=True)
class DoubtfulFiles:
    """The doubtful files of one scan. ``waiting`` are those whose shot is still to be compared, by path."""

    halves: dict[str, ImageFile] = field(default_factory=dict)
    unlisted: dict[str, ImageFile] = field(default_factory=dict)
    waiting: dict[str, ImageFile] = field(default_factory=dict)
    _pictures: dict[str, list[str]] = field(default_factory=dict)  # those beside the halves, by what they share

    def add(self, file: ImageFile, doubt: Doubt) -> None:
        """Take a file that ``find_images`` tells."""
        (self.unlisted if doubt is Doubt.UNLISTED else self.halves)[file.path] = file

    def paths(self) -> set[str]:
        """All of them."""
        return {*self.halves, *self.unlisted}

    def enter(self, index: ImageIndex, found: dict[str, ImageFile]) -> None:
        """Add to what was ``found`` those that are pictures, and the halves that are not known to be second ones.

        New files under strange names are opened for their first bytes, and what they are is noted.
        """
        for path, file in self.unlisted.items():
            if not _is_picture(index, file):
                continue
            if not is_part(path):
                found[path] = file
            elif not _is_noted(index, file, Reason.NAME):  # it cannot have a row: that is some other file's part's
                index.note(file, Reason.NAME)
        if not self.halves:
            return
        shared = {stem(path) for path in self.halves}
        pictures = defaultdict(list)
        for path in found:
            if suffix(path) in TWIN_EXTENSIONS and (name := stem(path)) in shared:
                pictures[name].append(path)
        self._pictures = dict(pictures)
        found.update({path: file for path, file in self.halves.items() if not _is_noted(index, file)})

    def wait_for(self, index: ImageIndex, changes: Changes) -> None:
        """Note which halves are to be compared: new ones, and those beside a picture of which there is news."""
        new = {file.path for file in (*changes.added, *changes.changed)}
        news = {stem(path) for path in (*new, *changes.removed) if suffix(path) in TWIN_EXTENSIONS}
        for path, file in self.halves.items():
            is_open = path in new or (stem(path) in news and not file.only_in_cloud)
            if is_open or (_is_noted(index, file) and not self._good_pictures(index, path)):
                self.waiting[path] = file

    def hold_back(self, index: ImageIndex, changes: Changes) -> Changes:
        """The changes without what waits: to be read whole only where an indexed file of its size may be it."""
        if not self.waiting:
            return changes
        old = {*changes.removed, *(file.path for file in changes.changed)}
        sizes = {index.file_of(row).size for path in old for row in index.rows_of(path)[:1]}
        return changes.without({path for path, file in self.waiting.items() if file.size not in sizes})

    def hold_back_rest(self, known: Recognised) -> None:
        """Take what waits out of what is to be embedded."""
        if not self.waiting:
            return
        known.leave_out(self.waiting)
        known.copies = [(path, file) for path, file in known.copies if file.path not in self.waiting]
        known.bad = [told for told in known.bad if told[0].path not in self.waiting]

    def settle(self, index: ImageIndex, pool: DecodePool, control: TaskControl) -> list[ImageFile]:
        """Compare what waits with the pictures beside it, which are indexed by now; returns what counts itself.

        Second halves are noted, and forgotten if they were indexed.
        """
        couples = [(path, picture) for path in self.waiting for picture in self._good_pictures(index, path)]
        same = of_one_shot(index.folder, couples, pool, control) if couples else set()
        if control.cancelled:
            return []
        for path in same:
            index.skip(self.waiting[path], Reason.SAME_SHOT)
        return [file for path, file in self.waiting.items() if path not in same and not _is_known(index, file)]

    def _good_pictures(self, index: ImageIndex, half: str) -> list[str]:
        """The pictures beside a half that were read whole: no other can stand for it."""
        pictures = self._pictures.get(stem(half), ())
        return [path for path in pictures if index.rows_of(path) and index.skip_of(path) is None]


def _is_known(index: ImageIndex, file: ImageFile) -> bool:
    """Whether this very file is indexed."""
    rows = index.rows_of(file.path)
    return bool(rows) and index.file_of(rows[0]) == file


def _is_noted(index: ImageIndex, file: ImageFile, reason: Reason = Reason.SAME_SHOT) -> bool:
    skip = index.skip_of(file.path)
    return skip is not None and skip.reason is reason and skip.is_of(file)


def _is_picture(index: ImageIndex, file: ImageFile) -> bool:
    """Whether a file under a strange name is a picture; one that is not is noted."""
    if _is_known(index, file):
        return True
    skip = index.skip_of(file.path)
    if skip and skip.is_of(file):
        return skip.reason is not Reason.NO_PICTURE
    if not file.size or file.only_in_cloud:
        return False
    try:
        with open_regular(index.folder / file.path) as opened:
            head = opened.read(SIGNATURE_BYTES)
    except (OSError, ValueError):  # the next time, perhaps; nothing says that it is a picture
        return False
    if recognise_unlisted(head, file.path.rpartition("/")[2]):
        return True
    index.note(file, Reason.NO_PICTURE)
    return False
