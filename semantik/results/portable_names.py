"""Names of files that every system takes, and that differ from one another."""

from __future__ import annotations

import os
import re
from pathlib import PurePath

from semantik.storage.regular_files import DEVICE, is_altered
from semantik.words.shown_names import visible

_FOREIGN = re.compile(r'[<>:"/\\|?*]')
_DEVICE = re.compile(DEVICE, re.IGNORECASE)
_LONGEST = 255  # bytes; Windows and macOS count characters, of which there are no more


def portable(name: str) -> str:
    """``name`` as a file may be called on any system: one level, no controls, no reserved names, never empty."""
    name = _FOREIGN.sub("_", visible(name)).rstrip(" .")
    if _DEVICE.match(name) or not name:
        name = f"_{name}"
    return _cut(name, "")


def kept(name: str) -> str:
    """``name`` as a copy of that file is called here: as it is, unless Windows would make another name of it."""
    return portable(name) if os.name == "nt" and is_altered(name) else name


def numbered(name: str, taken: dict[str, int]) -> str:
    """``name``, or the first of "name (2)", "name (3)" … before the extension that is not taken yet.

    ``taken`` holds what was given before, whatever the case of its letters, and is kept up.
    """
    key = name.casefold()
    number = taken.get(key, 0) + 1
    while True:
        taken[key] = number
        candidate = name if number == 1 else with_number(name, number)
        if number == 1 or candidate.casefold() not in taken:
            taken.setdefault(candidate.casefold(), 1)
            return candidate
        number += 1


def with_number(name: str, number: int) -> str:
    """``foto.jpg`` as ``foto (2).jpg``, within the length that file systems take."""
    return _cut(name, f" ({number})")


def _cut(name: str, addition: str) -> str:
    suffix = PurePath(name).suffix
    if len(os.fsencode(suffix)) > 32:  # not what anyone means by an extension
        suffix = ""
    stem = name.removesuffix(suffix) if suffix else name
    while stem and len(os.fsencode(stem + addition + suffix)) > _LONGEST:
        stem = stem[:-1]
    return stem + addition + suffix
