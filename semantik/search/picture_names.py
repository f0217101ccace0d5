"""Pictures that a query names: a path, an address of a file, or the name that a picture has in the library."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath

from semantik.decoding.pictures.formats import IMAGE_EXTENSIONS
from semantik.decoding.video.formats import VIDEO_EXTENSIONS
from semantik.queries import Remark
from semantik.records import split_key, split_path
from semantik.storage.regular_files import is_file
from semantik.storage.typed_paths import is_file_address, path_of

FindPicture = Callable[[str], Sequence[Path]]
"""All pictures of the library of a name, or of the end of a path with "/", the likeliest first."""


def named_picture(
    text: str, folders: Sequence[Path], find: FindPicture | None, remarks: list[Remark], *, sure: bool
) -> Path | None:
    """The file that a text names, or None when it names none: its end tells, and that it is there or in quotes.

    A name that several pictures have is told of in ``remarks``.
    """
    path = Path(path_of(text))
    file, moment = split_path(path)
    if file.suffix.lower() not in (IMAGE_EXTENSIONS if moment is None else VIDEO_EXTENSIONS):
        return None
    places = [(folder / path).absolute() for folder in (*folders, Path())]
    there = [place for place in places if is_file(split_path(place)[0])]
    if there and find:
        there[0] = _as_indexed(there[0], folders, find)
    if path.is_absolute() or is_file_address(text):
        return (there or places)[0]
    found = [*find(text)] if find and not there else []
    if len(found) > 1:
        remarks.append(Remark.of("several_named", name=text, count=str(len(found)), path=str(found[0])))
    if there or found:
        return (there or found)[0]
    # Not there: a name, with a message that it is missing, or words that happen to end in ".jpg".
    return places[0] if sure or " " not in text else None


def _as_indexed(place: Path, folders: Sequence[Path], find: FindPicture) -> Path:
    """The same file as the index spells it: where a file system ignores case, it may have been typed in another."""
    file, _ = split_path(place)
    top = next((folder for folder in folders if file.is_relative_to(folder)), None)
    if top is None or not _are_one(file, file.with_name(file.name.swapcase())):
        return place
    same = (each for each in find(file.relative_to(top).as_posix()) if _are_one(each, file))
    found = next(same, file)
    return found.with_name(found.name + place.name[len(file.name) :])  # with the moment of a video


def _are_one(file: Path, other: Path) -> bool:
    try:
        return file.samefile(other)
    except OSError:  # the other is not there
        return False


def alike(name: str) -> str:
    """A name or relative path as it is compared: whatever its case, however its accents are made up."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).replace("\\", "/")


def keys_named(keys: Iterable[str], name: str) -> list[str]:
    """Those of an index's keys that have this name, or end with this path: as it is written first, then the nearest.

    Of a video the file's own key counts, not those of its moments.
    """
    wanted = alike(name).removeprefix("./").strip("/")
    found = [key for key in keys if split_key(key)[1] is None and f"/{alike(key)}".endswith(f"/{wanted}")]
    return sorted(found, key=lambda key: (not key.endswith(name), key.count("/"), PurePosixPath(key).parts))
