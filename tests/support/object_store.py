"""An object store in this process, ``museo://``, that lists and fails as S3 does; and one for several processes.

Both are file systems of fsspec, as those are that the program talks to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.spec import AbstractFileSystem

UPLOADED = datetime(2024, 5, 17, 10, 30, tzinfo=UTC)


class Museum(AbstractFileSystem):
    """``objects`` has the contents by bucket and key; times are whole seconds, and all the same."""

    protocol = "museo"
    cachable = False
    objects: ClassVar[dict[str, bytes]] = {}
    buckets: ClassVar[set[str]] = {"cubo"}
    fetched: ClassVar[list[str]] = []
    failures: ClassVar[dict[str, list[Exception]]] = {}  # of what is asked of a name, the next first
    later: ClassVar[timedelta] = timedelta()

    @classmethod
    def _strip_protocol(cls, path):
        return path.removeprefix("museo://").rstrip("/")

    def _fail(self, name: str) -> None:
        if failures := self.failures.get(name):
            raise failures.pop(0)

    def _told(self, key: str) -> dict[str, object]:
        etag = f'"{hashlib.md5(self.objects[key]).hexdigest()}"'
        size = len(self.objects[key])
        return {"name": key, "type": "file", "size": size, "ETag": etag, "LastModified": UPLOADED + self.later}

    def ls(self, path, detail=True, **options):
        self._fail(path)
        told = []
        for key in self.objects:
            if key == path:
                told.append(self._told(key))
            elif key.startswith(path + "/"):
                first, bar, _ = key[len(path) + 1 :].partition("/")
                name = f"{path}/{first}"
                told.append({"name": name, "type": "directory", "size": 0} if bar else self._told(key))
        if not told and path not in self.buckets:
            raise FileNotFoundError(path)
        return [each for number, each in enumerate(told) if each not in told[:number]]

    def info(self, path, **options):
        self._fail(path)
        if path in self.buckets or any(key.startswith(path + "/") for key in self.objects):
            return {"name": path, "type": "directory", "size": 0}
        raise FileNotFoundError(path)

    def get_file(self, rpath, lpath, **options):
        self._fail(rpath)
        self.fetched.append(rpath)
        if rpath not in self.objects:
            raise FileNotFoundError(rpath)
        Path(lpath).write_bytes(self.objects[rpath])


class SharedDisk(LocalFileSystem):
    """``archivo://`` (see ``WorkerEncoder``) and a path: files of this machine, for workers in other processes."""

    protocol = "archivo"

    @classmethod
    def _strip_protocol(cls, path):
        return "/" + path.removeprefix("archivo://").strip("/")


def register() -> None:
    """Let fsspec know it."""
    fsspec.register_implementation("museo", Museum, clobber=True)


def upload(folder: Path, prefix: str = "cubo/fotos") -> None:
    """Put the files of a folder into the store."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            Museum.objects[f"{prefix}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()


@contextmanager
def museum_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Museum]]:
    """The store, empty; nothing is waited for, and what is fetched goes below ``tmp_path``, and away again."""
    from semantik.folders import remote_files

    register()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(remote_files, "PAUSES", (0.0, 0.0))
    try:
        yield Museum
        assert [*(tmp_path / "temporary").iterdir()] == []
    finally:
        for kept in (Museum.objects, Museum.fetched, Museum.failures):
            kept.clear()
        Museum.later = timedelta()
