"""Folders that are in no file system of this computer, and are named by a URL: ``s3://museum/photos``.

To the program such a folder is a path as any other, which pathlib writes ``s3:/museum/photos``. It is relative, as no
other folder of the engine is, so that nothing on the disk is ever meant by it.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePath

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:")  # two letters at least: of one are the drives of Windows
_SECRET = re.compile(r"//[^/@\s]*@")


def is_url(name: str) -> bool:
    """Whether a name, as it is typed, is a URL."""
    scheme = _SCHEME.match(name.lower())
    return scheme is not None and name.startswith("//", scheme.end())


def is_remote(path: PurePath) -> bool:
    """Whether a path is of a folder, or of something in one, that has a URL."""
    return not path.is_absolute() and len(path.parts) > 1 and _SCHEME.fullmatch(path.parts[0]) is not None


def has_secret(path: PurePath) -> bool:
    """Whether there may be a password in the URL: behind the name of a user, or in a question."""
    return is_remote(path) and (":" in path.parts[1].rpartition("@")[0] or any("?" in part for part in path.parts))


def scheme_of(path: PurePath) -> str:
    """What the URL begins with, ``s3``."""
    return path.parts[0].removesuffix(":")


def shown_path(path: PurePath) -> str:
    """The path in words, that of a remote folder as its URL."""
    return f"{path.parts[0]}//{'/'.join(path.parts[1:])}" if is_remote(path) else str(path)


def anchored(path: Path) -> Path:
    """The path from the root of the disk on; a remote one has its own root."""
    return path if is_remote(path) else path.absolute()


def without_secrets(message: str) -> str:
    """A message of some library without what stands before "@" in URLs."""
    return _SECRET.sub("//", message)
