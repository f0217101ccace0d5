"""Where the program keeps its files: every path of its home."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import unicodedata
from pathlib import Path

import platformdirs

PROGRAM_FOLDER = Path(__file__).resolve().parents[2]

QUERY_PICTURES = "queries"
"""Where pictures to search with are kept that were no files yet: the folder's name in the home."""


def find_home() -> Path:
    """The folder for settings, indexes, pages and the log; made when it does not exist.

    ``$SEMANTIK_HOME`` if set, else the program's folder if it can be written (a portable
    installation), else the user's data folder. Raises OSError when none can be used.
    """
    chosen = os.environ.get("SEMANTIK_HOME")
    if chosen:
        home = Path(chosen).expanduser().absolute()
        home.mkdir(parents=True, exist_ok=True)
        return home
    if is_writable(PROGRAM_FOLDER):
        return PROGRAM_FOLDER
    home = Path(platformdirs.user_data_dir("SemantikSearch", appauthor=False))
    home.mkdir(parents=True, exist_ok=True)
    return home


def is_writable(folder: Path) -> bool:
    """Whether a file can really be made in ``folder``; permission bits do not tell on every system."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def index_folder(home: Path, folder: Path, encoder: str) -> Path:
    """Where the index of an image folder and an encoder is kept: ``indexes/<readable>-<hash>/<encoder>``."""
    real = os.path.normcase(os.path.realpath(folder))
    digest = hashlib.sha256(os.fsencode(real)).hexdigest()[:12]
    plain = unicodedata.normalize("NFKD", Path(real).name).encode("ascii", "ignore").decode()
    readable = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[:40] or "imagenes"
    return home / "indexes" / f"{readable}-{digest}" / encoder
