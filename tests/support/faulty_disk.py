"""A disk that fails on demand, that refuses at first, or that forgets what was not synced: for tests of saving."""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from semantik.storage import atomic_files

SYSTEM_CALLS = ("open", "write", "fsync", "close", "replace", "unlink")


class FaultyDisk:
    """While entered, counts the system calls of a save and lets chosen ones fail.

    ``fail_at`` counts from 1; 0 fails none. With ``lasting`` all calls from there on fail, as when a disk
    is pulled out. ``short`` makes each write write no more than that many bytes. Syncing is counted but not
    done: what it is for is tested with ``ForgetfulDisk``.
    """

    def __init__(self, monkeypatch, fail_at=0, code=errno.EIO, *, lasting=False, short=0) -> None:
        self.calls: list[str] = []
        self._monkeypatch = monkeypatch
        self._fail_at = fail_at
        self._code = code
        self._lasting = lasting
        self._short = short
        self._context = None

    def __enter__(self) -> FaultyDisk:
        self._context = self._monkeypatch.context()
        patch = self._context.__enter__()
        for name in SYSTEM_CALLS:
            patch.setattr(os, name, self._wrapped(name, getattr(os, name)))
        return self

    def __exit__(self, *failure: object) -> None:
        self._context.__exit__(None, None, None)

    @property
    def failed(self) -> str:
        """The call that failed."""
        return self.calls[self._fail_at - 1] if 0 < self._fail_at <= len(self.calls) else ""

    def _wrapped(self, name, real):
        def call(*arguments, **options):
            self.calls.append(name)
            number = len(self.calls)
            if self._fail_at and (number == self._fail_at or (self._lasting and number > self._fail_at)):
                if name == "close":
                    real(*arguments, **options)  # the descriptor is gone, whatever close says
                raise OSError(self._code, os.strerror(self._code), str(arguments[0]))
            if name == "fsync":
                return None
            if name == "write" and self._short:
                return real(arguments[0], arguments[1][: self._short])
            return real(*arguments, **options)

        return call


class ForgetfulDisk:
    """Records what a save does in ``folder``, and tells what may be there after a power cut at any instant.

    The model is harsher than any file system: of the changes to the folder since its last sync, any may have
    reached the disk and any not; a file that was not synced may be whole, empty, cut or full of zeros.
    With ``fails_late`` the folder cannot be synced any more once a file in it was replaced.
    """

    def __init__(self, monkeypatch, folder: Path, *, fails_late=False) -> None:
        self._fails_late = fails_late
        self._monkeypatch = monkeypatch
        self._folder = folder
        self._names: dict[int, str] = {}  # by descriptor; "" is the folder
        self.before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        self.events: list[tuple] = []
        self._context = None

    def __enter__(self) -> ForgetfulDisk:
        self._context = self._monkeypatch.context()
        patch = self._context.__enter__()
        real = {name: getattr(os, name) for name in SYSTEM_CALLS}

        def opened(path, flags, *mode, **options):
            descriptor = real["open"](path, flags, *mode, **options)
            self._names[descriptor] = "" if Path(path) == self._folder else Path(path).name
            if flags & os.O_CREAT:
                self.events.append(("create", Path(path).name))
            return descriptor

        def written(descriptor, data):
            count = real["write"](descriptor, data)
            self.events.append(("write", self._names[descriptor], bytes(data[:count])))
            return count

        def synced(descriptor):
            name = self._names[descriptor]
            if not name and self._fails_late and any(event[0] == "replace" for event in self.events):
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            self.events.append(("sync", name) if name else ("sync folder",))

        def replaced(source, target):
            real["replace"](source, target)
            self.events.append(("replace", Path(source).name, Path(target).name))

        def unlinked(path):
            real["unlink"](path)
            self.events.append(("unlink", Path(path).name))

        for name, call in zip(
            ("open", "write", "fsync", "replace", "unlink"), (opened, written, synced, replaced, unlinked), strict=True
        ):
            patch.setattr(os, name, call)
        return self

    def __exit__(self, *failure: object) -> None:
        self._context.__exit__(None, None, None)

    def states(self, done: int) -> Iterator[dict[str, bytes]]:
        """What the folder may hold when the power goes after ``done`` events."""
        contents: dict[str, tuple[bytes, bool]] = {name: (data, True) for name, data in self.before.items()}
        files = {name: name for name in contents}  # name on disk -> whose content
        settled, loose = dict(files), []
        for event in self.events[:done]:
            match event:
                case ("create", name):
                    contents[name] = (b"", False)
                    loose.append(event)
                case ("write", name, data):
                    contents[name] = (contents[name][0] + data, False)
                case ("sync", name):
                    contents[name] = (contents[name][0], True)
                case ("sync folder",):
                    settled, loose = apply(settled, loose), []
                case _:
                    loose.append(event)
        for count in range(len(loose) + 1):
            for reached in itertools.combinations(loose, count):
                names = apply(settled, list(reached))
                for damage in (
                    lambda data: data,
                    lambda data: b"",
                    lambda data: data[: len(data) // 2],
                    lambda data: bytes(len(data)),
                ):
                    yield {
                        name: contents[source][0] if contents[source][1] else damage(contents[source][0])
                        for name, source in names.items()
                    }


def apply(names: dict[str, str], events: list[tuple]) -> dict[str, str]:
    """The folder after these changes; one whose source never reached the disk changes nothing."""
    names = dict(names)
    for event in events:
        match event:
            case ("create", name):
                names[name] = name
            case ("replace", source, target) if source in names:
                names[target] = names.pop(source)
            case ("unlink", name):
                names.pop(name, None)
    return names


def refuse_at_first(monkeypatch, call: str, times: int) -> list[PermissionError]:
    """Let ``os.replace`` or ``os.rename`` be refused ``times`` times, as Windows does while a file is read.

    Returns the refusals that are still to come, to which a test may add. Nobody waits between two tries.
    """
    real, refusals = getattr(os, call), refused(times)

    def called(source, destination):
        if refusals:
            raise refusals.pop()
        real(source, destination)

    monkeypatch.setattr(os, call, called)
    monkeypatch.setattr(atomic_files, "_PAUSES", (0.0,) * 5)
    return refusals


def refused(times: int) -> list[PermissionError]:
    """What Windows says to that, so many times."""
    return [PermissionError(errno.EACCES, "in use")] * times
