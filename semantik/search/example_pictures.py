"""Pictures to search with that are no files yet: from the clipboard, or from an address of the web."""

from __future__ import annotations

import hashlib
import io
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from semantik.decoding.pictures.formats import SIGNATURE_BYTES, recognise
from semantik.downloads.http_get import open_url
from semantik.errors import (
    DownloadFailed,
    PictureNotSaved,
    PictureTooLarge,
    SemantikError,
    ServerRefused,
    system_detail,
)
from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.queries import Term
from semantik.search.picture_names import FindPicture
from semantik.search.query_syntax import parse
from semantik.storage.atomic_files import replace_file
from semantik.storage.home import example_pictures_folder
from semantik.storage.private_files import make_folder
from semantik.storage.regular_files import long_path

if TYPE_CHECKING:
    from PIL import Image

log = logging.getLogger(__name__)

KEPT = 30
MOST_BYTES = 50 << 20
TIMEOUT = 15.0  # seconds without a byte
_CHUNK = 1 << 16
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)


def is_address(typed: str) -> bool:
    """Whether what was typed is an address of the web."""
    return _ADDRESS.fullmatch(typed.strip()) is not None


def host_of(address: str) -> str:
    """The computer that an address names, for the question whether it may be asked."""
    try:
        return urlsplit(address.strip()).hostname or address
    except ValueError:
        return address


def read_pictures(typed: str, path: str, folders: Sequence[Path], find: FindPicture | None = None) -> tuple[Term, ...]:
    """The pictures that were typed: one path as it is (``path``, made plain), or several in the syntax of queries.

    ``find`` knows the library's pictures by name, as for ``parse``.
    """
    whole = Path(path).absolute()
    try:
        if long_path(whole).is_file():
            return (Term(image=whole),)
    except (OSError, ValueError):  # a name that no file system takes
        return (Term(image=whole),)
    try:
        terms = parse(typed, folders, find).terms
        if not (terms and all(term.image for term in terms)) and find and (named := find(path)):
            terms = (Term(image=named[0]),)  # a name with spaces or signs in it
    except SemantikError:
        terms = ()
    return terms if terms and all(term.image for term in terms) else (Term(image=whole),)


def fetch_picture(address: str, home: Path, control: TaskControl = UNATTENDED) -> Path:
    """Download a picture to search with; nothing but the request for it is sent. Whether it is one, decoding tells.

    Raises what ``open_url`` does, ServerRefused, PictureTooLarge, PictureNotSaved or Cancelled.
    """
    import urllib3

    address = address.strip()
    name = host_of(address)
    response = open_url(name, address, {"Accept": "image/*,*/*;q=0.5"}, TIMEOUT, control)
    try:
        if response.status_code != 200:
            raise ServerRefused(name=name, host=name, status=response.status_code)
        data = bytearray()
        while chunk := response.raw.read(_CHUNK, decode_content=True):
            control.stop_if_cancelled()
            data += chunk
            if len(data) > MOST_BYTES:
                raise PictureTooLarge(megabytes=MOST_BYTES >> 20)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise DownloadFailed(name=name, detail=str(error)) from error
    finally:
        response.close()
    return keep(bytes(data), _extension(bytes(data), address), home)


def keep(data: bytes, extension: str, home: Path) -> Path:
    """Write a picture's bytes into the home under a name made of their content. Raises PictureNotSaved."""
    path = example_pictures_folder(home) / f"{hashlib.sha256(data).hexdigest()[:16]}{extension}"
    try:
        make_folder(path.parent)
        replace_file(path, data)
        _prune(path.parent)
    except OSError as error:
        raise PictureNotSaved(folder=str(path.parent), detail=system_detail(error)) from error
    return path


def pasted(home: Path) -> list[Path]:
    """The pictures on the clipboard: files that were copied, or one that is kept as a PNG; none when there is none.

    Raises PictureNotSaved, and NotImplementedError where the system has no program that reads its clipboard.
    """
    from PIL import Image, ImageGrab

    content = ImageGrab.grabclipboard()
    if isinstance(content, Image.Image):
        return [keep(_png(content), ".png", home)]
    return [Path(name) for name in content or ()]


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    (image if image.mode in ("RGB", "RGBA", "L") else image.convert("RGBA")).save(file, "PNG")
    return file.getvalue()


def _extension(data: bytes, address: str) -> str:
    """The ending that suits the content, whatever the address says: by its ending the system chooses what opens it.

    The few formats without a signature need their own; what is no picture that we know gets one that opens nothing.
    """
    ending = Path(urlsplit(address).path).suffix.lower()
    kind = recognise(data[:SIGNATURE_BYTES], ending)
    if kind is None:
        return ".img"
    return ending if ending in kind.extensions else (kind.extensions or (".img",))[0]


def _prune(folder: Path) -> None:
    pictures = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in pictures[KEPT:]:
        path.unlink(missing_ok=True)
