"""Where this system's user probably keeps pictures, and about how many are there, without reading any of them."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from semantik.decoding.pictures.formats import IMAGE_EXTENSIONS
from semantik.errors import FolderNotFound, FolderUnreadable
from semantik.folders.raw_jpeg_pairs import suffix, superseded
from semantik.folders.scan import LITTER_FOLDERS, identify, is_folder
from semantik.long_tasks import UNATTENDED, TaskControl

log = logging.getLogger(__name__)

MOST_COUNTED = 10_000
SECONDS = 1.0
_SECONDS_TO_FIND_ONE = 0.5

_NAMES = ("Imágenes", "Imagenes", "Pictures", "Fotos", "Photos", "Fotografías", "Mis imágenes", "My Pictures")
_UPLOADS = ("Camera Uploads", "Cargas de cámara", "InstantUpload", "Camera Roll", "Álbum de cámara", "Camera", "DCIM")
_PHONES = ("DCIM", "Camera", "Cámara", "Camera Roll", "Camera Uploads", "WhatsApp Images")
_CLOUDS = (
    *("OneDrive", "OneDrive - *", "Dropbox", "Dropbox (*)", "iCloudDrive", "iCloud Drive"),
    *("Google Drive/My Drive", "Google Drive/Mi unidad", "Google Drive", "My Drive", "Mi unidad"),
    *("Nextcloud", "ownCloud", "MEGA"),
    # where macOS puts those of all services, but for its own
    *("Library/CloudStorage/*/My Drive", "Library/CloudStorage/*/Mi unidad", "Library/CloudStorage/*"),
    "Library/Mobile Documents/com~apple~CloudDocs",
)
_ICLOUD_PHOTOS = ("iCloudPhotos", "iCloudPhotos/Photos", "iCloud Photos", "iCloud Photos/Photos")


@dataclass(frozen=True, slots=True)
class PictureCount:
    """How many pictures a folder holds; when not ``complete`` there are more, or some could not be looked at."""

    count: int
    complete: bool


def suggested_folders(most: int = 5) -> list[Path]:
    """Existing folders in which this user's pictures probably are, the most probable first, at most ``most``.

    The system's own pictures folder is always among them when it exists; the others must hold a picture. Each real
    folder comes once, also when several names lead there, and none is within another. Never the home folder as a whole,
    which systems without a pictures folder name instead. Looks at the disk: not for the window's thread.
    """
    home = Path.home()
    pictures = Path(platformdirs.user_pictures_dir())
    seen: set[Hashable] = set()
    found: list[tuple[Path, Path]] = []  # as named, and the real one
    for folder in (pictures, *_candidates(home)):
        if len(found) == most:
            break
        if not is_folder(folder):
            continue
        try:
            identity, real = identify(folder), folder.resolve()
        except (FolderNotFound, FolderUnreadable, OSError) as error:
            log.info("not suggested: %s", error)
            continue
        nested = any(real.is_relative_to(other) or other.is_relative_to(real) for _, other in found)
        if identity in seen or nested or home.resolve().is_relative_to(real):
            continue
        seen.add(identity)
        if folder == pictures or count_pictures(folder, 1, _SECONDS_TO_FIND_ONE).count:
            found.append((folder, real))
    return [folder for folder, _ in found]


def count_pictures(
    folder: Path,
    most: int = MOST_COUNTED,
    seconds: float = SECONDS,
    control: TaskControl = UNATTENDED,
) -> PictureCount:
    """Count the picture files below ``folder``, as far as ``most`` of them and ``seconds`` allow.

    They are told by their extensions as in ``scan.find_images``: no hidden ones and no litter folders, a RAW file not
    beside its twin, links to folders followed and each real folder counted once.
    """
    deadline = time.monotonic() + seconds
    seen: set[Hashable] = set()
    waiting = [folder]
    count, complete = 0, True
    while waiting:
        here = waiting.pop()
        names: list[str] = []
        try:
            identity = identify(here)
            if identity in seen:
                continue
            seen.add(identity)
            with os.scandir(here) as entries:
                for entry in entries:
                    if time.monotonic() > deadline or count + len(names) > most or control.cancelled:
                        return PictureCount(min(most, count + _shots(names)), complete=False)
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir():
                        if entry.name.lower() not in LITTER_FOLDERS:
                            waiting.append(here / entry.name)
                    elif suffix(entry.name) in IMAGE_EXTENSIONS:
                        names.append(entry.name)
        except (FolderNotFound, FolderUnreadable, OSError) as error:
            log.info("not counted: %s", error)
            complete = False
        count += _shots(names)
    return PictureCount(min(most, count), complete and count <= most)


def _shots(names: list[str]) -> int:
    return len(names) - len(superseded(names, names))


def _candidates(home: Path) -> Iterator[Path]:
    """Places that are known for pictures, existing or not, the most probable first."""
    yield from (home / name for name in _NAMES)
    yield from (home / name for name in _ICLOUD_PHOTOS)
    for cloud in _clouds(home):
        yield from (cloud / name for name in (*_NAMES, *_UPLOADS))
    yield from (home / name for name in _PHONES)
    if public := os.environ.get("PUBLIC"):  # Windows: what all users of the computer share
        yield Path(public, "Pictures")
    yield Path(platformdirs.user_desktop_dir())


def _clouds(home: Path) -> Iterator[Path]:
    """Folders that are kept equal with a service; they are on the disk, nothing is asked of the network."""
    for variable in ("OneDrive", "OneDriveConsumer", "OneDriveCommercial"):
        if value := os.environ.get(variable):
            yield Path(value)
    for pattern in _CLOUDS:
        if "*" not in pattern:
            yield home / pattern
            continue
        try:
            yield from sorted(home.glob(pattern))
        except OSError as error:
            log.info("not looked at: %s", error)
