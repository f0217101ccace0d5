"""Which files beside pictures tell of them: XMP files of photo programs, and the JSON files of Google Takeout.

IMG_1.jpg: IMG_1.jpg.xmp, IMG_1.xmp, IMG_1.jpg.json, IMG_1.jpg.supplemental-metadata.json or the beginning of that;
               IMG_1.json
IMG_1(2).jpg: IMG_1.jpg(2).json, IMG_1.jpg.supplemental-metadata(2).json
IMG_1-edited.jpg: as IMG_1.jpg; the word is that of the user's language
"""

from __future__ import annotations

import logging
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from semantik.decoding.video.formats import VIDEO_EXTENSIONS
from semantik.folders.raw_jpeg_pairs import suffix
from semantik.folders.walk import FolderWalk
from semantik.records import ImageFile
from semantik.storage.regular_files import changed_ns

log = logging.getLogger(__name__)

_LONG = ".supplemental-metadata"
_LONGEST = 46  # characters before ".json"; Takeout cuts off what is more
_CUT = range(_LONGEST + 1, _LONGEST - 6, -1)  # by which of them, changed with the years and with "(1)"
_NUMBER = re.compile(r"\((\d{1,4})\)$")
_EDITED = re.compile(
    r"-(?:edited|editado|editada|effects|effets|bearbeitet|modifi[ée]|modificato|bewerkt|edytowane|redigerad|rediget"
    r"|muokattu|изменено|编辑|編集済み|已修改|수정됨)$"
)
_STILLS = (".heic", ".jpg", ".jpeg", ".png", ".dng")  # a video of a moving photo has the JSON of the picture


def find_sidecars(folder: Path, files: Iterable[ImageFile]) -> dict[str, ImageFile]:
    """The files beside pictures of ``folder`` that tell of them, by the pictures' paths; each folder is listed once.

    A folder that cannot be listed is left out, and so are its pictures.
    """
    inside: dict[str, list[str]] = defaultdict(list)
    for file in files:
        parent, _, name = file.path.rpartition("/")
        inside[parent].append(name)
    found: dict[str, ImageFile] = {}
    for parent, names in inside.items():
        prefix = f"{parent}/" if parent else ""
        try:
            listing = FolderWalk().list(folder / parent)
        except (OSError, ValueError) as error:
            log.info("not looked at for files beside pictures: %s", error)
            continue
        beside = _Beside(listing.entries)
        for name in names if beside else ():
            if entry := beside.of(name):
                try:
                    status = entry.stat()
                except OSError:  # gone again
                    continue
                found[prefix + name] = ImageFile(prefix + entry.name, status.st_size, changed_ns(status))
    return found


def stamp(sidecar: ImageFile) -> str:
    """What tells a version of a file beside a picture from any other."""
    name = os.fsencode(sidecar.path.rpartition("/")[2]).decode("utf-8", "backslashreplace")
    return f"{sidecar.size} {sidecar.mtime_ns} {name}"


class _Beside:
    """The files of one folder that may tell of pictures."""

    def __init__(self, entries: Iterable[os.DirEntry[str]]) -> None:
        self._xmp: dict[str, os.DirEntry[str]] = {}
        self._json: dict[tuple[str, str], os.DirEntry[str]] = {}
        for entry in entries:
            kind = suffix(entry.name)
            if kind == ".xmp":
                self._xmp.setdefault(_plain(entry.name[: -len(kind)]), entry)
            elif kind == ".json":
                self._json.setdefault(_numbered(_plain(entry.name[: -len(kind)])), entry)

    def __bool__(self) -> bool:
        return bool(self._xmp or self._json)

    def of(self, name: str) -> os.DirEntry[str] | None:
        """The one that tells of a picture."""
        name = _plain(name)
        end = suffix(name) if "." in name else ""
        stem = name[: len(name) - len(end)]
        xmp = self._xmp.get(name) or self._xmp.get(stem)
        if xmp or not self._json:
            return xmp
        for base, number in _titles(stem):
            ends = (end, *_STILLS) if end in VIDEO_EXTENSIONS else (end,)
            for title in (base + each for each in ends):
                for written in _written(title):
                    if found := self._json.get((written, number)):
                        return found
        return None


def _titles(stem: str) -> Iterator[tuple[str, str]]:
    """What the picture was called before Takeout numbered it, and before it was edited; and the number, "" for none."""
    yield stem, ""
    base, number = _numbered(stem)
    yield base, number
    original = _EDITED.sub("", base)
    if original != base:
        yield original, number
        yield _numbered(original)


def _written(title: str) -> Iterator[str]:
    """How the name of the JSON of a picture may begin, the most telling first."""
    whole = title + _LONG
    for length in range(min(len(whole), _LONGEST + 1), len(title) - 1, -1):
        yield whole[:length]
    if len(title) > _CUT[-1]:
        yield from (title[:length] for length in _CUT if length < len(title))
    yield title[: title.rfind(".")] if "." in title else title  # titles that had no ending when they were uploaded


def _numbered(stem: str) -> tuple[str, str]:
    found = _NUMBER.search(stem)
    return (stem[: found.start()], found[1]) if found else (stem, "")


def _plain(name: str) -> str:
    """A name without regard to case, nor to how a system writes accents."""
    return unicodedata.normalize("NFC", name).casefold()
