"""The files of a remote folder, through fsspec: listed folder by folder, and fetched to this computer's disk.

fsspec and what it needs for an object store are imported when such a folder is given, and not before.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from semantik.errors import (
    FolderUrlBad,
    NotAFolder,
    RemoteFolderForbidden,
    RemoteFolderNotFound,
    RemoteFolderUnreachable,
    RemotePackageMissing,
    SemantikError,
)
from semantik.folder_urls import scheme_of, shown_path, without_secrets
from semantik.folders.file_embedder import Failure
from semantik.records import ImageFile, Reason

log = logging.getLogger(__name__)

PAUSES = (2.0, 10.0)
"""Seconds until what failed is tried again. The libraries tried for some time by then: S3's for 12 s (measured)."""

_AT_A_TIME = 8  # files that are fetched: of 3 MB each, that fills a fast line
_PACKAGES = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}
_PACKAGES |= {"abfss": "adlfs", "sftp": "paramiko", "ssh": "paramiko"}
_UNLISTED = frozenset({"file", "local", "http", "https", "data"})  # what lists nothing, or is no other place

# What raises besides OSError, by the package that the class of an error is of: each store's library has its own.
_FOREIGN = frozenset(
    {"botocore", "aiobotocore", "s3fs", "aiohttp", "gcsfs", "google", "azure", "adlfs", "paramiko", "fsspec"}
)
_NOBODY = re.compile("credential|token|authentica|refresh", re.IGNORECASE)  # names of errors: nobody is let in

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CHANGED = ("mtime", "LastModified", "last_modified", "updated", "modified", "created")
_VERSION = ("ETag", "etag", "md5Hash", "content_md5")
_GRAIN = 100  # ns: what the file systems of all computers can keep
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}$")

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class RemoteEntry:
    """A file or a folder of a store, which answers as what ``os.scandir`` gives. ``path`` is within the folder."""

    name: str
    path: str
    folder: bool
    st_size: int = 0
    st_mtime_ns: int = 0

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a folder: names go on with "/" behind it."""
        return self.folder

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is none."""
        return not self.folder

    def is_symlink(self) -> bool:
        """No store has links."""
        return False

    def stat(self, *, follow_symlinks: bool = True) -> RemoteEntry:
        """Size and time, by the names that a status has for them."""
        return self


class RemoteFiles:
    """What is in a remote folder. May be called from any thread."""

    def __init__(self, folder: Path) -> None:
        """Nothing is asked of the store yet. Raises RemotePackageMissing and FolderUrlBad."""
        self.folder = folder
        self._url = shown_path(folder)
        self._given_up = threading.Event()
        scheme = scheme_of(folder)
        if scheme in _UNLISTED:
            raise FolderUrlBad
        try:
            from fsspec.core import url_to_fs

            self._store, self._root = url_to_fs(self._url)
        except ImportError as error:
            log.info("%s cannot be read: %s", self._url, error)
            raise RemotePackageMissing(package=_PACKAGES.get(scheme, "fsspec"), folder=str(folder)) from error
        except ValueError as error:
            log.info("no URL of a folder: %s", without_secrets(str(error)))
            raise FolderUrlBad from error
        except Exception as error:  # some connect at once
            if not _is_foreign(error):
                raise
            raise self._whole(error) from error

    def entries(self, within: str) -> list[RemoteEntry]:
        """What is in a folder below, "" for the root, in no order; names may be any. Raises OSError.

        What a folder below may not be asked, or is gone, is an OSError; else, and of the root, all that goes wrong is
        told: RemoteFolderNotFound, RemoteFolderForbidden, RemoteFolderUnreachable, and NotAFolder for an object.
        """
        name = f"{self._root}/{within}" if within else self._root
        try:
            told = self._patiently(partial(self._listed, name))
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            if within:
                raise
            raise self._whole(error) from error
        entries = [entry for each in told if (entry := _entry(each, name, within))]
        if not within and not entries and any(_is_object(each, name) for each in told):
            raise NotAFolder(folder=self._url)
        return entries

    def _listed(self, name: str) -> list[dict[str, Any]]:
        self._store.invalidate_cache()  # what it keeps is of another time, and of millions of objects it is a lot
        told: list[dict[str, Any]] = self._store.ls(name, detail=True)
        self._store.invalidate_cache()
        return told

    def fetch(self, files: Sequence[ImageFile], into: Path) -> list[Path | Failure]:
        """Fetch files into a folder; where each is then, or why it could not be had.

        They have names of the program's own there, but their endings, and the times that the scan told. Raises
        RemoteFolderUnreachable when the store does not answer after several tries, and as ``entries`` of the root when
        it is not one file that is to blame.
        """
        targets = [into / f"{number}{_ending(file.path)}" for number, file in enumerate(files)]
        at_a_time = _AT_A_TIME if getattr(self._store, "async_impl", False) else 1
        with ThreadPoolExecutor(at_a_time, "fetching") as threads:
            fetched = [*threads.map(self._fetch, files, targets)]
        if any(isinstance(each, Failure) and each.reason in (Reason.VANISHED, Reason.PERMISSION) for each in fetched):
            self._look()
        return fetched

    def give_up(self) -> None:
        """Nothing is waited for any more: what has failed is not tried again."""
        self._given_up.set()

    def _look(self) -> None:
        """See that it is not the whole folder that went away, or lets nobody in any more."""
        try:
            self._patiently(partial(self._store.info, self._root))
        except (FileNotFoundError, PermissionError) as error:
            raise self._whole(error) from error

    def _fetch(self, file: ImageFile, target: Path) -> Path | Failure:
        if self._given_up.is_set():
            return Failure(Reason.UNREADABLE, "nobody waits for it any more")
        if 2 * file.size > shutil.disk_usage(target.parent).free:
            return Failure(Reason.NO_ROOM, f"{file.size} bytes", tried_alone=True)
        try:
            self._patiently(partial(self._store.get_file, f"{self._root}/{file.path}", str(target)))
            if target.stat().st_size != file.size:
                return Failure(Reason.CHANGED, "of another size than when it was listed")
            os.utime(target, ns=(file.mtime_ns, file.mtime_ns))
        except OSError as error:
            reason = _reason(error)
            if reason is None:
                raise
            return Failure(reason, without_secrets(str(error)))
        return target

    def _patiently(self, ask: Callable[[], Result]) -> Result:
        """Ask the store, some times if need be. Raises OSError where that tells the answer, RemoteFolder…"""
        for pause in (*PAUSES, None):
            try:
                return ask()
            except (FileNotFoundError, NotADirectoryError, PermissionError):
                raise
            except Exception as error:
                if not _is_foreign(error) or getattr(error, "errno", None) == errno.ENOSPC:
                    raise
                whole = self._whole(error)
                log.info("%s: %s: %s", self._url, type(error).__name__, without_secrets(str(error)))
                if pause is None or self._given_up.is_set() or isinstance(whole, RemoteFolderForbidden):
                    raise whole from error
            if self._given_up.wait(pause):
                raise whole
        raise AssertionError("unreachable: the last try returns or raises")

    def _whole(self, error: Exception) -> SemantikError:
        """What an error tells of the whole folder."""
        folder, detail = str(self.folder), without_secrets(str(error)) or type(error).__name__
        if isinstance(error, (FileNotFoundError, NotADirectoryError)):
            return RemoteFolderNotFound(folder=folder)
        if isinstance(error, PermissionError) or _NOBODY.search(type(error).__name__):
            return RemoteFolderForbidden(folder=folder, detail=detail)
        return RemoteFolderUnreachable(folder=folder, detail=detail)


def _is_foreign(error: Exception) -> bool:
    return isinstance(error, OSError) or type(error).__module__.partition(".")[0] in _FOREIGN


def _reason(error: OSError) -> Reason | None:
    """Why one file alone cannot be had."""
    if isinstance(error, FileNotFoundError):
        return Reason.VANISHED
    if error.errno == errno.ENOSPC:
        return Reason.NO_ROOM
    return Reason.PERMISSION if isinstance(error, PermissionError) else None


def _entry(told: Mapping[str, Any], parent: str, within: str) -> RemoteEntry | None:
    """What a store tells of something in a folder; None for the folder itself, which some list as an empty object.

    What is called "" there has something else between two "/", or behind the last one.
    """
    whole, parent = str(told["name"]).lstrip("/"), parent.strip("/")
    is_folder, size = told.get("type") == "directory", int(told.get("size") or 0)
    if whole == parent or (whole == f"{parent}/" and not (is_folder or size)):
        return None
    name = whole[len(parent) + 1 :]
    name = name.removesuffix("/") if is_folder else name
    return RemoteEntry(name, f"{within}/{name}" if within else name, is_folder, size, changed_ns(told))


def _is_object(told: Mapping[str, Any], name: str) -> bool:
    return told.get("type") == "file" and str(told["name"]).lstrip("/") == name.strip("/")


def changed_ns(told: Mapping[str, Any]) -> int:
    """When an object was last changed, in nanoseconds since 1970, by what a store tells of it.

    Stores tell whole seconds, in which an object may be replaced by another of the same size. But they tell its version
    (ETag): that is the part below a second, so that another version has another time.
    """
    seconds = _moment_ns(next((told[key] for key in _CHANGED if told.get(key) is not None), 0))
    version = next((str(told[key]) for key in _VERSION if told.get(key)), "")
    if not version:
        return seconds - seconds % _GRAIN
    digest = int.from_bytes(hashlib.blake2b(version.encode(), digest_size=8).digest(), "big")
    return seconds - seconds % 10**9 + digest % (10**9 // _GRAIN) * _GRAIN


def _moment_ns(moment: object) -> int:
    """A time as stores tell it, in nanoseconds since 1970; 0 for what is none."""
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            return 0
    if isinstance(moment, datetime):
        known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (known - _EPOCH) // timedelta(microseconds=1) * 1000
    return round(moment * 10**6) * 1000 if isinstance(moment, (int, float)) else 0


def _ending(path: str) -> str:
    found = _SUFFIX.search(path)
    return found[0] if found else ""
