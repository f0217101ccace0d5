"""Small pictures for the results page, made once and kept in a folder of limited size."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import secrets
import struct
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from semantik.decoding.decoded import Thumbnail
from semantik.decoding.fingerprint import Fingerprint
from semantik.errors import DecodeFailed
from semantik.records import split_path
from semantik.storage.atomic_files import patiently
from semantik.storage.private_files import make_folder, opener
from semantik.storage.regular_files import changed_ns, long_path, read_regular

log = logging.getLogger(__name__)

SIDE = 400
"""Longer side of a thumbnail in pixels: what a card measures on a large screen."""

LARGE_SIDE = 640
"""The same for a page of few pictures."""

_FORMAT = b"SSt1"  # part of every key and entry: another layout or JPEG quality needs another mark
_TRAILER = struct.Struct(">4sII16s")  # mark, width, height, digest
_LARGEST_ENTRY = 1 << 24  # bytes; no thumbnail comes near, and a foreign file of any size is not read
_ENTRY_NAME = re.compile(r"[0-9a-f]{40}\.jpg")
_PARTIAL_NAME = re.compile(r"[0-9a-f]{40}\.[0-9a-f]{8}\.tmp")
_PARTIAL_AGE = 3600.0  # seconds after which an unfinished file was left by a killed process
_KEEP = 0.9  # an eviction goes down to this part of the limit, so that the next search need not evict again


class ThumbnailMaker(Protocol):
    """What the cache needs of ``decoding.pool.DecodePool``."""

    def thumbnails(self, paths: Sequence[Path], side: int) -> Iterator[Thumbnail | DecodeFailed]:
        """One result per path, in order; upright JPEGs whose longer side is at most ``side`` pixels."""


class ThumbnailCache:
    """Thumbnails on disk, one file each, found by the picture's content and side.

    Of a picture whose content nothing tells (see ``content_of``), the path, size and modification time stand for it.

    An entry is an ordinary JPEG followed by its size in pixels and a keyed BLAKE2b digest, which the
    JPEG format lets readers ignore: any viewer opens it, and a damaged, truncated, renamed or foreign
    file is recognised and made again. The modification time of an entry is the time of its last use;
    when the folder outgrows ``limit_bytes``, the entries used longest ago go first. Nothing that is
    wrong with the folder breaks a search: thumbnails are then made each time, and the log says why.
    """

    def __init__(
        self,
        folder: Path,
        limit_bytes: int = 256 << 20,
        content_of: Callable[[Path], Fingerprint | None] = lambda path: None,
    ) -> None:
        """``content_of``: what is known of the content of a picture, or of a moment of a video. Any thread asks."""
        self.folder = folder
        self._content_of = content_of
        self.limit_bytes = limit_bytes
        self._used: int | None = None  # bytes in the folder, unknown until the first write

    def get_many(
        self,
        paths: Iterable[Path],
        pool: ThumbnailMaker,
        side: int = SIDE,
        places: Mapping[Path, Path] | None = None,
    ) -> dict[Path, Thumbnail]:
        """The thumbnails of ``paths``, in their order, longer side at most ``side`` pixels.

        Of a picture that is not there now, on a drive that was unplugged, what was cached is given, of another side
        if need be. Pictures of which nothing is left or that cannot be decoded are absent. Only what is not cached is
        decoded. ``places``: where files are that were fetched for it.
        Raises what the pool raises when it cannot work at all.
        """
        places = places or {}
        found: dict[Path, Thumbnail | None] = {}
        keys: dict[Path, str] = {}
        made: dict[str, Thumbnail] = {}
        for path in paths:
            if path in found:
                continue
            if (status := _status(places.get(path, path))) is None:
                found[path] = self._kept(path, side)
                continue
            now = status.st_size, changed_ns(status)
            by_name = _key(path, now, side)
            key = _key_of_content(path, self._content_of(path), now, side) or by_name
            found[path] = known = self._read(key)
            if known is None and key != by_name and (known := self._read(by_name)):
                found[path] = made[key] = known  # from before its content was known
            if known is None:
                keys[path] = key
        missing = list(keys)
        there = [places.get(path, path) for path in missing]
        for path, result in zip(missing, pool.thumbnails(there, side) if missing else (), strict=True):
            if isinstance(result, DecodeFailed):
                log.info("no thumbnail: %s", result)
                continue
            found[path] = made[keys[path]] = result
        self._keep(made)
        return {path: thumbnail for path, thumbnail in found.items() if thumbnail is not None}

    def _kept(self, path: Path, side: int) -> Thumbnail | None:
        """What is left of a picture that is not there now, as it was last indexed."""
        content = self._content_of(path)
        if content is None:
            return None
        was = (content.size, content.mtime_ns)
        for each in dict.fromkeys((side, LARGE_SIDE, SIDE)):
            for key in (_key_of_content(path, content, was, each), _key(path, was, each)):
                if key and (known := self._read(key)):
                    return known
        return None

    def _entry(self, key: str) -> Path:
        # Subfolders, because a FAT32 stick holds no more than some 16,000 long names in one folder.
        return self.folder / key[:2] / f"{key}.jpg"

    def _read(self, key: str) -> Thumbnail | None:
        entry = self._entry(key)
        try:
            if entry.stat().st_size > _LARGEST_ENTRY:
                raise ValueError("too large")
            thumbnail = _unpack(key, patiently(lambda: read_regular(entry)))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            log.warning("cached thumbnail %s is not usable and will be made again: %s", entry, error)
            return None
        with contextlib.suppress(OSError):  # a cache that can only be read still serves
            now = time.time_ns()
            os.utime(entry, ns=(now, now))
        return thumbnail

    def _keep(self, made: dict[str, Thumbnail]) -> None:
        """Write new entries, then evict if the folder has outgrown its limit."""
        if not made:
            return
        try:
            if self._used is None:
                self._used = sum(size for _, size, _ in self._entries())
            for key, thumbnail in made.items():
                self._used += self._write(key, thumbnail)
        except OSError as error:
            log.warning("thumbnails are not cached in %s: %s", self.folder, error)
        if self._used is not None and self._used > self.limit_bytes:
            self._evict()

    def _write(self, key: str, thumbnail: Thumbnail) -> int:
        entry = self._entry(key)
        data = _pack(key, thumbnail)
        make_folder(entry.parent)
        partial = entry.with_name(f"{key}.{secrets.token_hex(4)}.tmp")
        try:
            # Not synced: the digest tells an entry that a power cut left incomplete, and 500 syncs take seconds.
            with open(partial, "xb", opener=opener) as file:
                file.write(data)
            patiently(lambda: os.replace(partial, entry))
        except OSError:
            with contextlib.suppress(OSError):
                patiently(lambda: partial.unlink(missing_ok=True))
            raise
        return len(data)

    def _evict(self) -> None:
        entries = sorted(self._entries())
        used = sum(size for _, size, _ in entries)
        if used > self.limit_bytes:
            for _, size, entry in entries:
                if used <= self.limit_bytes * _KEEP:
                    break
                try:
                    entry.unlink(missing_ok=True)
                except OSError as error:
                    log.warning("cached thumbnail %s cannot be removed: %s", entry, error)
                    continue
                used -= size
        self._used = used

    def _entries(self) -> Iterator[tuple[int, int, Path]]:
        """(time of last use in ns, bytes, file) of every entry. Removes what killed processes left unfinished."""
        for entry in self.folder.glob("[0-9a-f][0-9a-f]/*"):
            try:
                status = entry.stat()
                if _ENTRY_NAME.fullmatch(entry.name):
                    yield status.st_mtime_ns, status.st_size, entry
                elif _PARTIAL_NAME.fullmatch(entry.name) and time.time() - status.st_mtime > _PARTIAL_AGE:
                    entry.unlink()
            except OSError:  # gone, or another program's: it is not ours to count
                continue


def _status(path: Path) -> os.stat_result | None:
    """None when the picture is not there. ``path`` may name a moment of a video (``moments.frame_key``)."""
    try:
        return long_path(split_path(path)[0]).stat()
    except OSError as error:
        log.info("no thumbnail: %s", error)
        return None


def _key_of_content(path: Path, content: Fingerprint | None, now: tuple[int, int], side: int) -> str | None:
    """Name of a picture's thumbnail, 40 hex digits; None when it is not known what is in the file now.

    ``now``: its size in bytes and the time of its last change in nanoseconds.
    """
    if not content or not content.digest or (content.size, content.mtime_ns) != now:
        return None
    moment = split_path(path)[1]
    told = f"{content.digest} {content.size} {side} {'' if moment is None else f'{moment:.2f}'}"
    return hashlib.blake2b(_FORMAT + b"\0content\0" + told.encode("ascii"), digest_size=20).hexdigest()


def _key(path: Path, now: tuple[int, int], side: int) -> str:
    """Name of a picture's thumbnail by the picture's own name, 40 hex digits. ``now`` as above."""
    parts = (_FORMAT, b"%d %d %d" % (*now, side), os.fsencode(path))
    return hashlib.blake2b(b"\0".join(parts), digest_size=20).hexdigest()


def _digest(key: str, jpeg: bytes, width: int, height: int) -> bytes:
    # Keyed with the entry's name: a whole entry under another picture's name is refused, too.
    digest = hashlib.blake2b(jpeg, digest_size=16, key=bytes.fromhex(key))
    digest.update(struct.pack(">II", width, height))
    return digest.digest()


def _pack(key: str, thumbnail: Thumbnail) -> bytes:
    digest = _digest(key, thumbnail.jpeg, thumbnail.width, thumbnail.height)
    return thumbnail.jpeg + _TRAILER.pack(_FORMAT, thumbnail.width, thumbnail.height, digest)


def _unpack(key: str, data: bytes) -> Thumbnail:
    """Raises ValueError unless ``data`` is the whole, unchanged entry of ``key``."""
    jpeg, trailer = data[: -_TRAILER.size], data[-_TRAILER.size :]
    if len(trailer) < _TRAILER.size:
        raise ValueError("too short")
    mark, width, height, digest = _TRAILER.unpack(trailer)
    if mark != _FORMAT or digest != _digest(key, jpeg, width, height):
        raise ValueError("not what was stored")
    return Thumbnail(jpeg, width, height)
