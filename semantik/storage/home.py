"""Where the program keeps its files: every path of its home."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import sys
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from semantik.folder_urls import is_remote, shown_path
from semantik.storage.atomic_files import patiently
from semantik.storage.private_files import close_folder, restrict

_ONEDRIVE = ("OneDrive", "OneDriveConsumer", "OneDriveCommercial")  # variables that its program sets

PROGRAM_FOLDER = Path(__file__).resolve().parents[2]
"""Where SemantikSearch.py is: the program's own folder, or site-packages when it was installed."""

_IN_PACKAGE = PROGRAM_FOLDER / "semantik" / "shipped"

INSTALLED = _IN_PACKAGE.is_dir()
"""Whether pip or pipx installed the program; only their packages have that folder, see pyproject.toml."""

STANDALONE = (_IN_PACKAGE / "standalone").is_file()
"""Whether an installer brought the program with a Python of its own, which has no pip: see tools/build_app.py."""

SHIPPED = _IN_PACKAGE if INSTALLED else PROGRAM_FOLDER
"""Where SS.png, the settings as shipped and the requirements files are."""


def find_home() -> Path:
    """The folder for settings, indexes, pages and the log; made when it does not exist.

    ``$SEMANTIK_HOME`` if set, else the program's folder if it can be written (a portable
    installation), is not among Python's packages and is not kept alike on several computers by
    OneDrive or iCloud, else the user's data folder. Raises OSError when none can be used.
    """
    chosen = os.environ.get("SEMANTIK_HOME")
    if chosen:
        try:
            home = Path(chosen).expanduser().absolute()
        except RuntimeError as error:  # "~somebody" who is not known here
            raise FileNotFoundError(errno.ENOENT, str(error), chosen) from error
        return _made(home)
    if not INSTALLED and (not is_synced(PROGRAM_FOLDER) or is_used(PROGRAM_FOLDER)) and is_writable(PROGRAM_FOLDER):
        return PROGRAM_FOLDER
    import platformdirs  # late: the start asks here for ``INSTALLED`` before it knows whether packages are there

    return _made(Path(platformdirs.user_data_dir("SemantikSearch", appauthor=False)))


def _made(home: Path) -> Path:
    """The folder, its owner's alone if it had to be made. Raises OSError."""
    home.parent.mkdir(parents=True, exist_ok=True)
    home.mkdir(mode=0o700, exist_ok=True)
    return home


def is_synced(folder: Path) -> bool:
    """Whether OneDrive or iCloud keeps ``folder`` alike on several computers.

    Indexes must not be there: each would be sent at every change, and two computers would overwrite each other's.
    """
    user = Path.home()
    places = [Path(place) for name in _ONEDRIVE if (place := os.environ.get(name))]
    if sys.platform == "win32":
        places.append(user / "iCloudDrive")
    elif sys.platform == "darwin":
        icloud = user / "Library/Mobile Documents"
        places += [icloud, user / "Library/CloudStorage"]
        # With "Desktop & Documents folders" switched on, iCloud has these two, which keep their place.
        places += [user / name for name in ("Desktop", "Documents") if (icloud / "com~apple~CloudDocs" / name).exists()]
    real = Path(os.path.normcase(os.path.realpath(folder)))
    return any(real.is_relative_to(os.path.normcase(os.path.realpath(place))) for place in places)


def is_used(home: Path) -> bool:
    """Whether the program has kept indexes in ``home``: whoever has them there keeps them."""
    return indexes_folder(home).is_dir()


def is_writable(folder: Path) -> bool:
    """Whether a file can really be made in ``folder``; permission bits do not tell on every system."""
    # Not by ``tempfile``: on Windows it takes a refusal for a name that is taken, and tries two thousand million more.
    probe = folder / f".{os.urandom(8).hex()}.tmp"
    try:
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        patiently(probe.unlink)
    except OSError:
        return False
    return True


# -- What is in the home. Nobody else joins a name to it.

CONFIG_NAME = "image_search_config.json"
"""The name of the settings file, in the home and of the shipped one in ``PROGRAM_FOLDER``."""

OLDER_LOGS = 3
"""Logs that are kept beside the one that is being written."""


def settings_file(home: Path) -> Path:
    """The user's settings."""
    return home / CONFIG_NAME


def history_file(home: Path) -> Path:
    """The searches that were typed."""
    return home / "search_history.json"


def saved_searches_file(home: Path) -> Path:
    """The searches that were starred."""
    return home / "saved_searches.json"


def arrivals_file(home: Path) -> Path:
    """In which order pictures came, for what is new in starred searches."""
    return home / "arrivals.sqlite"


def speeds_file(home: Path) -> Path:
    """How fast each model is on this computer."""
    return home / "model_speeds.json"


def formats_file(home: Path) -> Path:
    """In which numbers each model works on this computer, and by which trial."""
    return home / "number_formats.json"


def proofs_file(home: Path) -> Path:
    """Which models have shown that they work."""
    return home / "model_proofs.json"


def people_file(home: Path) -> Path:
    """Who the persons in the pictures are: names, and by which faces they are known."""
    return home / "people.json"


def log_file(home: Path) -> Path:
    """The log that is being written."""
    return home / "semantiksearch.log"


def log_files(home: Path) -> list[Path]:
    """The log and the older ones, newest first, whether they exist or not."""
    newest = log_file(home)
    return [newest, *(newest.with_name(f"{newest.name}.{number}") for number in range(1, OLDER_LOGS + 1))]


def log_lock_file(home: Path) -> Path:
    """Held by the program that sets the log's older messages aside."""
    return home / f"{log_file(home).name}.lock"


def windows_icon(home: Path) -> Path:
    """The icon that shortcuts of Windows show."""
    return home / "SemantikSearch.ico"


def indexes_folder(home: Path) -> Path:
    """The indexes of all image folders: ``<folder>/<encoder>``."""
    return home / "indexes"


def folder_of_indexes(home: Path, folder: Path) -> Path:
    """Where the indexes of an image folder are kept, one for each encoder: ``indexes/<readable>-<hash>``."""
    real = shown_path(folder) if is_remote(folder) else os.path.normcase(os.path.realpath(folder))
    digest = hashlib.sha256(os.fsencode(real)).hexdigest()[:12]
    plain = unicodedata.normalize("NFKD", Path(real).name).encode("ascii", "ignore").decode()
    readable = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[:40] or "imagenes"
    return indexes_folder(home) / f"{readable}-{digest}"


def index_folder(home: Path, folder: Path, encoder: str) -> Path:
    """Where the index of an image folder and an encoder is kept: ``indexes/<readable>-<hash>/<encoder>``."""
    return folder_of_indexes(home, folder) / encoder


def batches_folder(store: Path, shared: Path | None = None) -> Path:
    """Where workers on several machines leave vectors for the index in ``store``: in it, or in a ``shared`` folder."""
    return shared / store.parent.name / store.name if shared else store / "batches"


def details_file(indexes: Path) -> Path:
    """What is known of a folder's pictures, beside its ``indexes`` (see ``folder_of_indexes``)."""
    return indexes / "details.sqlite"


def texts_file(indexes: Path) -> Path:
    """The texts that stand in a folder's pictures, beside its ``indexes``."""
    return indexes / "texts.sqlite"


def faces_file(indexes: Path) -> Path:
    """The faces in a folder's pictures, beside its ``indexes``."""
    return indexes / "faces.sqlite"


def shared_file(store: Path) -> Path:
    """What of that is where the index is kept, for all computers that open it, beside the ``store`` in the home."""
    return store / "shared.sqlite"


def known_files(indexes: Path) -> tuple[Path, ...]:
    """All files of what is known of a folder's pictures beside its ``indexes``, whether they exist or not."""
    return details_file(indexes), texts_file(indexes), faces_file(indexes)


def thumbnails_folder(home: Path) -> Path:
    """The thumbnails of all pictures that were shown."""
    return home / "thumbnails"


def results_folder(home: Path) -> Path:
    """The results pages."""
    return home / "results"


def example_pictures_folder(home: Path) -> Path:
    """Pictures that were pasted or fetched to search by."""
    return home / "queries"


def background_folder(home: Path) -> Path:
    """What models make of queries that mean nothing, by which relevance is told."""
    return home / "background"


def cluster_folder(home: Path) -> Path:
    """What a cluster on this computer alone keeps while it runs."""
    return home / "cluster"


def picture_folders(home: Path) -> tuple[Path, ...]:
    """Where the home has pictures of the program's own, and what is made of the user's: never to be indexed."""
    return indexes_folder(home), thumbnails_folder(home), results_folder(home), example_pictures_folder(home)


def own_files(home: Path) -> tuple[Path, ...]:
    """All files of the home that are the program's own, whether they exist or not."""
    return (
        settings_file(home),
        history_file(home),
        saved_searches_file(home),
        arrivals_file(home),
        speeds_file(home),
        formats_file(home),
        proofs_file(home),
        people_file(home),
        *log_files(home),
        log_lock_file(home),
        windows_icon(home),
    )


def written_folders(home: Path) -> tuple[Path, ...]:
    """All folders of the program's own, which it writes to while it runs: what changes there is no news."""
    return (*picture_folders(home), background_folder(home), cluster_folder(home))


def tighten(home: Path) -> None:
    """Make what an older version left in the home private, and the home itself where nothing else is in it.

    What the user put beside our files is left as it is. A folder that is private already was gone through before.
    What the system refuses (FAT knows no permissions) is left.
    """
    if os.name == "nt":
        return
    folders, files = written_folders(home), own_files(home)
    for folder in folders:
        close_folder(folder)
    for file in files:
        restrict(file)
    ours = {path.name for path in (*folders, *files)}
    with contextlib.suppress(OSError):
        if home != PROGRAM_FOLDER and all(_is_ours(name, ours) for name in os.listdir(home)):  # noqa: PTH208
            restrict(home)


def _is_ours(name: str, ours: Iterable[str]) -> bool:
    return name in ours or any(name.startswith(f"{own}.") for own in ours)  # a lock, what was kept aside
