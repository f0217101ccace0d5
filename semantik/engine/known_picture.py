"""All that is known of one picture, from the indexes of all models and from what lies beside them."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from semantik.decoding.decoded import Place
from semantik.engine.engine import Engine
from semantik.errors import (
    NoPictureNamed,
    NoSuchMoment,
    PictureNotIndexed,
    PictureOutside,
    PictureSkipped,
    QueryImageMissing,
    SemantikError,
)
from semantik.folder_urls import is_remote
from semantik.folders.indexed_folder import IndexedFolder
from semantik.index import StoredFile, recorded_folder, stored_contents, stored_file
from semantik.records import Details, ImageFile, TextLine, split_path
from semantik.storage.home import indexes_folder
from semantik.storage.regular_files import changed_ns, is_file, is_folder, long_path
from semantik.words.text import clock, enumeration

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KnownPicture:
    """What the program knows of an indexed picture or video.

    ``file`` is the file as it is now, or as it was last seen where it is away. ``indexed_folder``: where what is
    known is kept; its index is not loaded.
    """

    path: Path
    moment: float | None  # the second of the video that was asked for
    file: ImageFile
    is_there: bool
    is_changed: bool  # since it was indexed
    indexed_folder: IndexedFolder
    stored: dict[str, StoredFile]  # by the name of the model whose index has it
    details: Details | None
    place: Place | None
    texts: tuple[TextLine, ...] | None  # what stands in it; None where it was not read
    people: tuple[str, ...]  # who is in it, where the user wants that to be known
    same: tuple[Path, ...]  # other indexed files with the same content

    @property
    def folder(self) -> Path:
        """The innermost of the indexed folders that it is in."""
        return self.indexed_folder.folder


def known_picture(engine: Engine, named: Path) -> KnownPicture:
    """What is known of the picture, the video or the moment of one that a path names.

    No model is loaded, and of the file no more is read than its head, where its details are not known yet. Raises
    NoPictureNamed, QueryImageMissing, PictureOutside, PictureNotIndexed, PictureSkipped, NoSuchMoment.
    """
    whole = named if is_remote(named) else Path(os.path.abspath(named))  # noqa: PTH100 - "..", before links are followed
    path, moment = _named(whole)
    if is_folder(path):
        raise NoPictureNamed(path=str(path))
    there = is_file(path)
    looked_at = [(folder, key, _stored(indexes, key)) for indexes, folder, key in _folders_of(engine.home, path)]
    having = [each for each in looked_at if any(one.file for one in each[2].values())]
    if not having:
        raise _why_not(path, there, looked_at)
    folder, key, stored = having[0]
    stored = {model: each for model, each in stored.items() if each.file}
    one = next(iter(stored.values()))
    if moment is not None and moment not in one.moments:
        raise NoSuchMoment(path=str(path), moments=enumeration([clock(each) for each in one.moments]))
    assert one.file  # those without were left out
    file = _as_it_is(path, key) if there else one.file
    indexed_folder = engine.indexed_folder(folder, engine.models.encoder)
    people = engine.people.in_folder(indexed_folder)
    (details,) = indexed_folder.details.of([file]) if there else indexed_folder.details.store.of([file])
    return KnownPicture(
        path=path,
        moment=moment,
        file=file,
        is_there=there,
        is_changed=file != one.file,
        indexed_folder=indexed_folder,
        stored=stored,
        details=details,
        place=indexed_folder.details.store.place_of(file),
        texts=indexed_folder.texts.of([file])[0],
        people=people.names_in([file])[0] if people else (),
        same=tuple(_same(engine.home, path, one)),
    )


def _why_not(path: Path, there: bool, looked_at: Sequence[tuple[Path, str, Mapping[str, StoredFile]]]) -> SemantikError:
    """Why nothing is known of a file, after the folders around it were asked."""
    if not there:
        return QueryImageMissing(path=str(path))
    if not looked_at:
        return PictureOutside(path=str(path))
    told = {"path": str(path), "folder": str(looked_at[0][0])}
    reasons = (each.skipped for _, _, stored in looked_at for each in stored.values())
    if why := next(filter(None, reasons), None):
        return PictureSkipped(reason=why, **told)
    return PictureNotIndexed(**told)


def _named(path: Path) -> tuple[Path, float | None]:
    """The file and the second of it; a file that is called as a moment would be is itself."""
    return (path, None) if is_file(path) else split_path(path)


def _as_it_is(path: Path, key: str) -> ImageFile:
    status = long_path(path).stat()
    return ImageFile(key, status.st_size, changed_ns(status))


def _indexes(home: Path) -> Iterator[tuple[Path, list[Path]]]:
    """Where the indexes of each folder are, with those of its models, by name."""
    try:
        folders = sorted(path for path in indexes_folder(home).iterdir() if path.is_dir())
    except OSError:
        return
    for indexes in folders:
        try:
            stores = sorted(path for path in indexes.iterdir() if path.is_dir())
        except OSError as error:
            log.info("%s cannot be looked at: %s", indexes, error)
        else:
            yield indexes, stores


def _recorded(stores: list[Path]) -> Path | None:
    """The folder that indexes are of."""
    for store in stores:
        try:
            return Path(recorded_folder(store))
        except (OSError, SemantikError):
            continue
    return None


def _folders_of(home: Path, path: Path) -> list[tuple[Path, Path, str]]:
    """(where its indexes are, the folder, the key of ``path`` in it) of all indexed folders around it, innermost first.

    Folders are the same however they are named; the file itself may be a link.
    """
    spelled = Path(os.path.realpath(path)).name  # on Windows as it is on the disk, whatever the case typed
    name = spelled if os.path.normcase(spelled) == os.path.normcase(path.name) else path.name
    real = Path(os.path.realpath(path.parent)) / name
    found = []
    for indexes, stores in _indexes(home):
        folder = _recorded(stores)
        if folder is None:
            continue
        top = Path(os.path.realpath(folder))
        if Path(os.path.normcase(real)).is_relative_to(os.path.normcase(top)):
            found.append((indexes, folder, Path(*real.parts[len(top.parts) :]).as_posix()))
    return sorted(found, key=lambda each: -len(each[1].parts))


def _stored(indexes: Path, key: str) -> dict[str, StoredFile]:
    found = {}
    for store in sorted(path for path in indexes.iterdir() if path.is_dir()):
        try:
            known = stored_file(store, key)
        except (OSError, SemantikError) as error:
            log.info("%s tells nothing: %s", store, error)
        else:
            if known:
                found[store.name] = known
    return found


def _same(home: Path, path: Path, one: StoredFile) -> Iterator[Path]:
    """The other files of the same content, folder by folder, each by the first of its models that can tell."""
    if not (one.file and one.fingerprint):
        return
    seen = {os.path.normcase(os.path.realpath(path))}
    for _, stores in _indexes(home):
        for store in stores:
            try:
                folder, contents = Path(recorded_folder(store)), stored_contents(store)
            except (OSError, SemantikError):
                continue
            for file, digest in contents:
                other = folder / file.path
                if (file.size, digest) != (one.file.size, one.fingerprint):
                    continue
                if (place := os.path.normcase(os.path.realpath(other))) not in seen:
                    seen.add(place)
                    yield other
            break
