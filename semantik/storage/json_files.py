"""Small JSON files of the home, which anybody may have edited: read whatever they hold, and keep aside what is wrong.

What was kept aside is remembered until somebody tells the user: see ``take_spoiled``.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from semantik.storage.atomic_files import patiently
from semantik.storage.regular_files import open_regular

Values = TypeVar("Values", dict[str, Any], list[Any])

log = logging.getLogger(__name__)

_MOST_BYTES = 4 << 20  # a hundred times what the largest of them has
_LONGEST_NUMBER = 18  # digits: what fits into 64 bits, and into a float
_KEPT = 1000  # names that are tried for a file that is kept aside


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A file that could not be used as it was; ``kept`` is where it is now, None where it could not be moved."""

    file: Path
    kept: Path | None


_spoiled: list[Spoiled] = []
_lock = threading.Lock()


def take_spoiled() -> list[Spoiled]:
    """The files that were kept aside since this was asked last, each to be told to the user once."""
    with _lock:
        taken, _spoiled[:] = list(_spoiled), []
    return taken


def set_aside(path: Path, why: object) -> Path | None:
    """Move a file, or whatever has its name, out of the way to ``*.damaged``; nothing is overwritten.

    Returns where it is now, or None when the system does not let it be moved.
    """
    kept: Path | None = None
    for number in range(_KEPT):
        place = path.with_name(f"{path.name}.damaged{number + 1 if number else ''}")
        if os.path.lexists(place):
            continue
        try:
            patiently(lambda place=place: path.rename(place))  # type: ignore[misc]
            kept = place
        except OSError as error:
            log.warning("%s cannot be kept aside: %s", path, error)
        break
    log.warning("%s cannot be used, kept as %s: %s", path, kept, why)
    with _lock:
        _spoiled.append(Spoiled(path, kept))
    return kept


def make_way(path: Path) -> None:
    """Keep aside what is no regular file (a folder, a pipe) where a file of ours is to be opened."""
    if os.path.lexists(path) and path.exists() and not path.is_file():
        set_aside(path, "not a regular file")


def read_object(path: Path, names: Collection[str] | None = None) -> dict[str, Any]:
    """The object in a file; {} where there is none. What cannot be read is kept aside.

    UTF-8, UTF-16 and UTF-32 are read, with a mark at the beginning or without. Of a file that is no JSON, the
    values after ``names`` that can be told are saved. Numbers are those that fit into 64 bits; others become None.
    """
    return _values(path, dict, lambda data: _salvaged(data, names or ()))


def read_list(path: Path) -> list[Any]:
    """The list in a file; [] where there is none. What cannot be read is kept aside."""
    return _values(path, list, lambda data: [])


def _values(path: Path, kind: type[Values], salvaged: Callable[[bytes], Values]) -> Values:
    data = _bytes(path)
    if data is None:
        return kind()
    try:
        values = _parse(data)
    except (ValueError, RecursionError, MemoryError) as error:
        set_aside(path, error)
        return salvaged(data)
    if not isinstance(values, kind):
        set_aside(path, f"not a {kind.__name__}")
        return kind()
    return values


def is_plain(text: str) -> bool:
    """Whether a text can be the name of a file, and so be handed to the system and be written."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def _bytes(path: Path) -> bytes | None:
    """The file's content; None when it is not there, or was kept aside."""
    try:
        with patiently(lambda: open_regular(path)) as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        set_aside(path, error)
        return None
    if len(data) > _MOST_BYTES:
        set_aside(path, "too large")
        return None
    return data


def _parse(data: bytes) -> Any:
    return json.loads(data.decode(json.detect_encoding(data)).removeprefix("\ufeff"), parse_int=_number)


def _number(digits: str) -> int | None:
    return int(digits) if len(digits.lstrip("-")) <= _LONGEST_NUMBER else None


def _salvaged(data: bytes, names: Collection[str]) -> dict[str, Any]:
    """The values that stand after ``names`` in a text that is no JSON: a comma is missing, or the end."""
    text = data.decode(json.detect_encoding(data), "surrogateescape" if data[:1] == b"{" else "replace")
    decoder = json.JSONDecoder(parse_int=_number)
    found: dict[str, Any] = {}
    for name in names:
        if place := re.search(rf'(?:^|[{{,\n])\s*"{re.escape(name)}"\s*:\s*', text):
            try:
                found[name] = decoder.raw_decode(text, place.end())[0]
            except (ValueError, RecursionError):
                continue
    return found
