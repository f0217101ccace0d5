"""Which folders and files the user does not want to find: simple patterns, as in a ``.gitignore``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable


class Exclusions:
    """Patterns for paths within an image folder, compared without regard to case.

    ``borradores`` and ``*.png`` stand for every folder or file of that name, wherever it is, and ``viajes/2019/*``
    for what is in that folder of the image folder; ``cache/`` stands for folders only. ``*`` and ``?`` take no
    "/", ``**`` does; a backslash is a "/", as Windows writes it. Brackets stand for themselves, unlike in a
    ``.gitignore``: names like ``[copias]`` are common and classes of letters are not. What is in an excluded folder
    is excluded.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self.patterns = tuple(patterns)
        names: list[str] = []
        paths: list[str] = []
        for pattern in map(_plain, self.patterns):
            cleaned = pattern.strip().replace("\\", "/")
            for_folders = cleaned.endswith("/")
            anchored = "/" in cleaned.rstrip("/")
            cleaned = cleaned.strip("/")
            if cleaned:
                (paths if anchored else names).append(_translate(cleaned) + ("/" if for_folders else "/?"))
        self._names = re.compile("|".join(names)) if names else None
        self._paths = re.compile("|".join(paths)) if paths else None

    def __bool__(self) -> bool:
        return bool(self._names or self._paths)

    def match(self, name: str, path: str, *, is_folder: bool) -> bool:
        """Whether the entry ``name`` with the relative ``path`` is excluded; the folders above it are not looked at."""
        end = "/" if is_folder else ""
        return bool(
            (self._names and self._names.fullmatch(_plain(name) + end))
            or (self._paths and self._paths.fullmatch(_plain(path) + end))
        )

    def covers(self, path: str) -> bool:
        """Whether a file with this relative path is excluded, by itself or by a folder above it."""
        if not self:
            return False
        parts = path.split("/")
        return any(
            self.match(part, "/".join(parts[: depth + 1]), is_folder=depth + 1 < len(parts))
            for depth, part in enumerate(parts)
        )


def _plain(text: str) -> str:
    # macOS hands out names with their accents apart; most names are ASCII and need none of this.
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).casefold()


_WILDCARDS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _translate(pattern: str) -> str:
    pieces = re.split(r"(\*\*/|\*\*+|\*|\?)", pattern)
    return (
        "(?s:" + "".join(_WILDCARDS.get(re.sub(r"\*{3,}", "**", piece)) or re.escape(piece) for piece in pieces) + ")"
    )
