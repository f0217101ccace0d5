"""Finding the picture files of a folder, without opening any of them."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Collection, Iterator
from enum import Enum
from pathlib import Path
from weakref import WeakKeyDictionary

from semantik.decoding.pictures.formats import IMAGE_EXTENSIONS
from semantik.decoding.video.formats import VIDEO_EXTENSIONS
from semantik.errors import FolderNotFound
from semantik.folder_urls import is_remote
from semantik.folders import litter
from semantik.folders.exclusions import Exclusions
from semantik.folders.known_endings import may_be_picture
from semantik.folders.litter import is_hidden, is_litter
from semantik.folders.raw_jpeg_pairs import RAW_EXTENSIONS, TWIN_EXTENSIONS, stem, suffix
from semantik.folders.walk import FolderWalk, Listing, identify, identities, refused
from semantik.records import ImageFile, Problem, Reason
from semantik.storage.regular_files import changed_ns, is_only_in_cloud, reason_of

log = logging.getLogger(__name__)

TAKEN = IMAGE_EXTENSIONS | VIDEO_EXTENSIONS
"""Extensions of the files that are indexed."""

_SURE = IMAGE_EXTENSIONS - RAW_EXTENSIONS - VIDEO_EXTENSIONS  # names of nearly all files, that leave nothing open


def find_images(
    folder: Path,
    on_problem: Callable[[Problem], None] = lambda problem: None,
    exclude: Collection[Path] = (),
    unwanted: Exclusions | None = None,
    on_doubtful: Callable[[ImageFile, Doubt], None] | None = None,
) -> Iterator[ImageFile]:
    """Yield the picture files below ``folder`` in name order, depth first.

    A file counts by its extension. Hidden files and folders (also those that Windows or macOS hide by an
    attribute), ``._*`` doubles and litter folders are left out, as are the folders in ``exclude`` and what
    ``unwanted`` names. A camera's RAW file counts only without a picture of the same name beside it
    (see ``raw_jpeg_pairs``). ``on_doubtful`` is told of what names leave open, and such a file is not found: of these
    RAW files, of videos beside a picture of their name, and of files that only their beginning tells. Without it such
    videos are found, and such files are not. Links to folders are followed, each real folder once, so a loop ends; they
    come after all real folders, so that a new link never renames what is known already.
    Of the library of a photo program, as Photos of macOS, only the originals are found. No file is opened, so that
    none is fetched from a cloud; those that would be are marked.
    A remote folder (see ``folder_urls``) is listed in the same way, and nothing in it is fetched.
    A subfolder that cannot be listed goes to ``on_problem`` with its relative path and a trailing "/",
    and the rest goes on. Raises FolderNotFound or FolderUnreadable for ``folder`` itself, also when it
    goes away meanwhile: what was found until then is no picture of it. Of a remote one, as ``RemoteFiles.entries``.
    """

    def tell(error: OSError, entry: os.DirEntry[str], path: str) -> None:
        _tell(error, entry, path, on_problem)

    def enters(name: str, path: str) -> bool:
        return not (unwanted and unwanted.match(name, path, is_folder=True))

    root = identify(folder)
    unwanted = unwanted or None
    if is_remote(folder):
        from semantik.folders.remote_walk import RemoteWalk

        walk: FolderWalk = RemoteWalk(folder, enters=enters, on_error=tell)
    else:
        walk = FolderWalk(seen={root, *identities(exclude)}, enters=enters, on_error=tell)
    try:
        listing = walk.list(folder)
    except PermissionError as error:
        raise refused(folder, error) from error
    except OSError as error:
        raise FolderNotFound(folder=str(folder)) from error
    choice = PictureChoice(TAKEN, unwanted)
    by_name = not unwanted and not litter.HIDES_BY_ATTRIBUTE
    for entry, path, beside in walk.everything(listing):
        try:
            kind = path[path.rfind(".") :].lower()  # ``suffix``, without a call for each file
            doubt = None
            if kind not in _SURE:
                doubt = choice.doubts(entry, path, beside) if on_doubtful else None
                if not doubt and not choice.takes(entry, path, beside):
                    continue
            elif not (
                entry.is_file() if by_name and kind not in RAW_EXTENSIONS else choice.takes(entry, path, beside, kind)
            ):
                continue
            status = entry.stat()
            file = ImageFile(path, status.st_size, changed_ns(status), is_only_in_cloud(status))
            if doubt and on_doubtful:
                on_doubtful(file, doubt)
            else:
                yield file
        except OSError as error:
            tell(error, entry, path)
    if identify(folder) != root:  # an unmounted disk leaves an empty folder of the same name
        raise FolderNotFound(folder=str(folder))


class Doubt(Enum):
    """What the name of a file leaves open."""

    SECOND_HALF = "second half"  # a RAW file or a video beside a picture of its name: of the same shot?
    UNLISTED = "unlisted"  # no ending of a picture or video, nor of anything else that is known: a picture?


class PictureChoice:
    """Which of the files that a walk finds are pictures to be had, by what their folders tell of them."""

    def __init__(self, extensions: Collection[str], unwanted: Exclusions | None = None) -> None:
        self._extensions = extensions
        self._unwanted = unwanted or None
        # Of each folder that has a RAW file: the stems of its pictures that supersede such files.
        self._twins: WeakKeyDictionary[Listing, frozenset[str]] = WeakKeyDictionary()

    def takes(self, entry: os.DirEntry[str], path: str, listing: Listing, kind: str = "") -> bool:
        """Whether a file that ``FolderWalk`` found is one; ``kind``: its suffix, if that is known already.

        Raises OSError when it cannot be looked at.
        """
        kind = kind or suffix(entry.name)
        if kind not in self._extensions or not entry.is_file():
            return False
        if self._unwanted and self._excludes(entry.name, path):
            return False
        if kind in RAW_EXTENSIONS and stem(entry.name) in self._twins_in(listing):
            return False
        return not is_hidden(entry)

    def doubts(self, entry: os.DirEntry[str], path: str, listing: Listing) -> Doubt | None:
        """What is to be found out about a file; None when its name decides. Raises OSError as ``takes``."""
        kind = suffix(entry.name)
        if kind not in self._extensions:
            doubt = Doubt.UNLISTED if may_be_picture(entry.name) else None
        elif kind in RAW_EXTENSIONS or kind in VIDEO_EXTENSIONS:
            doubt = Doubt.SECOND_HALF if stem(entry.name) in self._twins_in(listing) else None
        else:
            doubt = None
        if doubt and entry.is_file() and not self._excludes(entry.name, path) and not is_hidden(entry):
            return doubt
        return None

    def _excludes(self, name: str, path: str) -> bool:
        return bool(self._unwanted and self._unwanted.match(name, path, is_folder=False))

    def _twins_in(self, listing: Listing) -> frozenset[str]:
        # Most folders have no RAW file, and pay nothing for this.
        twins = self._twins.get(listing)
        if twins is None:
            twins = frozenset(stem(entry.name) for entry in listing.entries if self._is_twin(entry, listing.prefix))
            self._twins[listing] = twins
        return twins

    def _is_twin(self, entry: os.DirEntry[str], prefix: str) -> bool:
        """Whether a picture beside a RAW file is one that is found."""
        if suffix(entry.name) not in TWIN_EXTENSIONS or is_litter(entry.name):
            return False
        try:
            return entry.is_file() and not self._excludes(entry.name, prefix + entry.name) and not is_hidden(entry)
        except OSError:
            return False


def _tell(error: OSError, entry: os.DirEntry[str], path: str, on_problem: Callable[[Problem], None]) -> None:
    """Make a problem of what is wrong with one entry."""
    shown, reason = _shown(entry, path), reason_of(error)
    if error.errno == errno.ELOOP or (reason is Reason.VANISHED and shown == path):
        # A file that was deleted meanwhile is no news, nor is a link that leads nowhere or to itself.
        log.info("not followed: %s", error)
    else:  # of a folder that goes away meanwhile, too: a disk may be going with it
        on_problem(Problem(shown, reason, str(error)))


def _shown(entry: os.DirEntry[str], path: str) -> str:
    try:
        return path + "/" if entry.is_dir() else path
    except OSError:
        return path
