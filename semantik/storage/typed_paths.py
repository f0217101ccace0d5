"""Paths as people type, paste and drop them: quotes around them, ``~``, and addresses of files."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from semantik.folder_urls import is_remote, is_url

_BARS = "\\/"
_SCHEME = "file:/"


def is_file_address(typed: str) -> bool:
    """Whether what was typed is a file's address, ``file:///home/ana/a%C3%B1o.jpg``."""
    return typed.lstrip()[: len(_SCHEME)].lower() == _SCHEME


def typed_path(typed: str) -> str:
    """A path as people type or paste it: without quotes and spaces around it, and as ``path_of``; "" for none."""
    path = typed.strip().strip("\"'").strip()
    return str(Path(path_of(path))) if path else ""


def path_of(name: str) -> str:
    """The path that a name means, whose spaces and quotes are its own: ``~`` and ``file://`` are understood."""
    if is_file_address(name):
        return named_by(name.strip())
    try:
        return str(Path(name).expanduser()) if name.startswith("~") else name
    except RuntimeError:  # nobody of that name is known here: the file is called so
        return name


def path_named(name: str) -> Path:
    """The same as a Path: for settings, and for what stands on a command line. A folder may be named by a URL."""
    if is_url(name) and not is_file_address(name):
        scheme, _, rest = name.partition(":")
        return Path(f"{scheme.lower()}:{rest}")
    path = Path(path_of(name))
    return path.absolute() if is_remote(path) else path  # a folder here that is called as URLs begin


def named_by(address: str) -> str:
    """The path that a file's address names; on Windows ``file://nas/photos`` is the share ``\\\\nas\\photos``."""
    from urllib.request import url2pathname  # brings http and email along: not before the window is on screen

    try:
        # "#" and "?" are letters of names here: programs write them as they are, and a path has neither part.
        parts = urlsplit(address.replace("#", "%23").replace("?", "%3F"))
        host, path = parts.hostname, url2pathname(parts.path)
    except (ValueError, OSError):  # a host in brackets, or no drive that Windows could have
        return address
    # Elsewhere a host is this machine's own name, as programs put it into what is dragged from them.
    if os.name == "nt" and host and host != "localhost":
        return f"\\\\{host}\\{path.lstrip(_BARS)}"
    if os.name == "nt" and path.startswith("\\\\"):  # file:////nas/photos, as some programs write it
        return f"\\\\{path.lstrip(_BARS)}"
    return path
