"""What nobody means by their pictures: hidden files and folders, and what systems fill with copies and waste."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

LITTER_FOLDERS = frozenset(
    {
        *("$recycle.bin", "recycler", "system volume information", "found.000", "msocache"),  # Windows
        *("__macosx", "lost+found", ".thumbnails"),  # macOS, Linux
        *("@eadir", "#recycle", "#snapshot", "@tmp", "@__thumb", "@recycle", "@recently-snapshot"),  # Synology, QNAP
    }
)
"""Folders that operating systems and NAS boxes fill with copies and waste (lower case)."""

PHOTO_LIBRARIES = {
    ".photoslibrary": frozenset({"originals", "masters"}),  # Photos of macOS; "masters" until 10.14
    ".photolibrary": frozenset({"masters", "originals"}),  # iPhoto, and what Photos took over from it
    ".migratedphotolibrary": frozenset({"masters", "originals"}),
    ".aplibrary": frozenset({"masters"}),  # Aperture
    ".migratedaplibrary": frozenset({"masters"}),
}
"""Folders that are one document to macOS, by how their names end, and where in each the pictures themselves are
(lower case): the rest is made of them, at several sizes."""

HIDES_BY_ATTRIBUTE = os.name == "nt" or sys.platform == "darwin"
"""Whether files and folders can be hidden in another way than by a name with a dot."""


def is_litter(name: str) -> bool:
    """Whether a file or folder of that name is left out: hidden by a dot, as are the ``._*`` doubles, or litter."""
    return name.startswith(".") or name.lower() in LITTER_FOLDERS


def is_photo_library(folder: str) -> bool:
    """Whether a folder of that name is the library of a photo program, so that ``is_derived`` need be asked there."""
    return folder[folder.rfind(".") :].lower() in PHOTO_LIBRARIES


def is_derived(folder: str, name: str) -> bool:
    """Whether something in a folder of that name is what a photo program keeps beside the pictures of its library."""
    originals = PHOTO_LIBRARIES.get(folder[folder.rfind(".") :].lower())
    return originals is not None and name.lower() not in originals


def is_hidden(entry: os.DirEntry[str] | Path) -> bool:
    """Whether Windows or macOS hides a file or folder by an attribute. Other systems are not asked. Raises OSError."""
    if not HIDES_BY_ATTRIBUTE:
        return False
    status = entry.stat()
    attributes: int = getattr(status, "st_file_attributes", 0)
    flags: int = getattr(status, "st_flags", 0)
    return bool(attributes & stat.FILE_ATTRIBUTE_HIDDEN or flags & stat.UF_HIDDEN)
