"""Which rows of an index count, and what each is of: a picture, a frame of a video, or a view of a wide picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from semantik.records import is_view, split_key


class RowTable:
    """Rows by the keys of what they show (see ``records``); the path of a picture is the key of the whole of it.

    ``row_of`` has the row of every key, in row order; ``removed`` the rows that no longer count.
    """

    def __init__(self, keys: Iterable[str] = (), removed: Iterable[int] = ()) -> None:
        """``keys``: of all rows, in their order."""
        self.removed = set(removed)
        self.row_of: dict[str, int] = {}
        self.views: dict[int, str] = {}
        """The rows that are views, each with the path of the picture; a view is found as its picture."""
        self._parts_of: dict[str, dict[str, None]] = {}  # keys of frames and views, by their file, in row order
        for row, key in enumerate(keys):
            if row not in self.removed:
                self.row_of[key] = row
                if "#" in key:
                    self._note_part(key, row)

    def __len__(self) -> int:
        """Rows that count."""
        return len(self.row_of)

    @property
    def count(self) -> int:
        """Pictures and frames that can be found: a picture is one, whatever views there are of it."""
        return len(self.row_of) - len(self.views)

    def fork(self) -> RowTable:
        """The same once more, to be changed while this one is read."""
        other = RowTable()
        other.removed, other.row_of, other.views = {*self.removed}, {**self.row_of}, {**self.views}
        other._parts_of = {file: {**parts} for file, parts in self._parts_of.items()}
        return other

    def set(self, key: str, row: int) -> None:
        """``row`` shows what ``key`` is of; a picture loses the views of its former version."""
        self.drop(key)
        self.row_of[key] = row
        if "#" in key:
            self._note_part(key, row)

    def drop(self, key: str) -> bool:
        """Forget a picture with its views, a video with its frames, or one of these; whether there was any."""
        parts = self._parts_of.pop(key, ())
        for part in parts:
            self._remove(part)
        file = split_key(key)[0]
        if file != key and key in self._parts_of.get(file, ()):
            del self._parts_of[file][key]
            if not self._parts_of[file]:
                del self._parts_of[file]
        return self._remove(key) or bool(parts)

    def _remove(self, key: str) -> bool:
        row = self.row_of.pop(key, None)
        if row is None:
            return False
        self.removed.add(row)
        self.views.pop(row, None)
        return True

    def rows_of(self, path: str) -> list[int]:
        """The rows of a file: of a picture itself first, and then of its views; several of a video; or none."""
        whole = self.row_of.get(path)
        if not self._parts_of:
            return [] if whole is None else [whole]
        parts = [self.row_of[key] for key in self._parts_of.get(path, ())]
        return parts if whole is None else [whole, *parts]

    def first_row_of(self, path: str) -> int | None:
        """The first of these rows."""
        row = self.row_of.get(path)
        if row is None and path in self._parts_of:
            row = self.row_of[next(iter(self._parts_of[path]))]
        return row

    def picture_row(self, row: int) -> int:
        """The row of the picture that ``row`` is a view of, or the row itself."""
        path = self.views.get(row)
        return row if path is None else self.row_of.get(path, row)

    def picture_rows(self) -> Sequence[int]:
        """The rows that are no views, in their order."""
        rows = list(self.row_of.values())
        return [row for row in rows if row not in self.views] if self.views else rows

    @property
    def has_parts(self) -> bool:
        """Whether any file has more rows than one."""
        return bool(self._parts_of)

    @property
    def files(self) -> int:
        """How many files there are; a video counts once."""
        videos = [parts for file, parts in self._parts_of.items() if file not in self.row_of]
        return self.count - sum(map(len, videos)) + len(videos)

    def _note_part(self, key: str, row: int) -> None:
        file = split_key(key)[0]
        if file == key:
            return
        self._parts_of.setdefault(file, {})[key] = None
        if is_view(key):
            self.views[row] = file
