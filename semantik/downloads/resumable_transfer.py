"""One file over HTTP into a partial file: resumed when it breaks, never longer than expected."""

from __future__ import annotations

import errno
import logging
import math
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from semantik.downloads.http_get import host_of, open_url
from semantik.errors import (
    DiskFull,
    DownloadFailed,
    DownloadInterrupted,
    NoNetwork,
    ServerRefused,
    WrongHash,
)
from semantik.long_tasks import TaskControl

if TYPE_CHECKING:
    import requests

log = logging.getLogger(__name__)

CHUNK = 1 << 18  # bytes asked of the connection at once; it gives what it has
STEP_FORWARD = 1 << 20  # bytes of new ground after which earlier failures are forgiven
BUSY = frozenset({408, 429, 500, 502, 503, 504})  # statuses that another try may change
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT if hasattr(errno, "EDQUOT") else errno.ENOSPC})
WINDOWS_DISK_FULL = frozenset({39, 112})  # ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL


@dataclass(frozen=True, slots=True)
class DownloadLimits:
    """How patient a download is.

    ``timeout``: seconds until a server that cannot be reached or says nothing counts as no network;
    ``retries``: how often a broken connection is taken up again without getting further;
    ``pause``: seconds before the first of these, doubled before each further one.
    """

    timeout: float = 4.0
    retries: int = 4
    pause: float = 0.5


class _Broken(Exception):
    """The connection broke in a way that another try may mend; ``error`` is what to say if it does not."""

    def __init__(self, error: DownloadFailed) -> None:
        self.error = error
        super().__init__(str(error))


class Transfer:
    """Brings one URL into ``part``; an interrupted transfer continues where it stopped.

    ``size`` is the exact size in bytes if it is known, ``most`` the most that is accepted. The partial
    file's ETag is kept in ``<part>.etag``: a server that meanwhile has another file starts over.
    """

    def __init__(
        self,
        *,
        name: str,
        url: str,
        part: Path,
        size: int | None,
        most: int,
        limits: DownloadLimits,
        on_bytes: Callable[[int, int | None], None],
        control: TaskControl,
    ) -> None:
        self.name = name
        self.url = url
        self.part = part
        self.size = size
        self.most = most
        self.limits = limits
        self.on_bytes = on_bytes
        self.control = control
        self.pieced = False  # whether the partial file was put together from more than one answer
        self._etag = part.with_name(part.name + ".etag")
        self._heard = False  # whether the server has delivered anything in this run

    @property
    def have(self) -> int:
        """Bytes in the partial file."""
        try:
            return self.part.stat().st_size
        except FileNotFoundError:
            return 0

    def drop(self) -> None:
        """Delete the partial file and what is known of it."""
        self.part.unlink(missing_ok=True)
        self._etag.unlink(missing_ok=True)

    def run(self) -> None:
        """Fill the partial file. Raises the errors that ``model_file.download`` lists; OSError is the disk's."""
        failures, best = 0, self.have
        while True:
            try:
                if self._attempt():
                    return
            except _Broken as broken:
                if self.have >= best + STEP_FORWARD:
                    failures = 0
                best = max(best, self.have)
                failures += 1
                log.info("%s: try %d broke at byte %d: %s", self.name, failures, self.have, broken.error.params)
                if failures > self.limits.retries:
                    raise broken.error from broken
                self._wait(self.limits.pause * 2 ** (failures - 1))

    def _attempt(self) -> bool:
        """One request. Returns whether the file is whole; False: start over (the partial file is gone)."""
        start = self.have
        if start > self.most:
            self.drop()
            start = 0
        self.pieced = start > 0
        if start and start == self.size:
            return True
        etag = self._read_etag() if start else ""
        response = self._open(start, etag)
        try:
            status, headers = response.status_code, response.headers
            ranged = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)", headers.get("Content-Range", ""))
            if start and status == 416:
                if ranged and ranged[2] == str(start):
                    return True
                self.drop()
                return False
            if start and status == 206:
                changed = etag and headers.get("ETag", etag) != etag
                if changed or not ranged or ranged[1] != str(start):
                    self.drop()
                    return False
                total = int(ranged[2]) if ranged[2].isdigit() else None
            elif status == 200:
                start, self.pieced = 0, False
                length = headers.get("Content-Length", "")
                total = int(length) if length.isdigit() else None
            else:
                refusal = ServerRefused(name=self.name, host=host_of(self.url), status=status)
                raise _Broken(refusal) if status in BUSY else refusal
            self._receive(response, start, total)
        finally:
            response.close()
        return True

    def _receive(self, response: requests.Response, start: int, total: int | None) -> None:
        """Append the body from byte ``start`` on to the partial file; ``total`` is the whole file's size."""
        import urllib3

        expected = self.size if self.size is not None else total
        if (total is not None and total > self.most) or (self.size is not None and total not in (None, self.size)):
            self._refuse_content(f"{total} bytes announced")
        have = start
        try:
            with self.part.open("ab" if start else "wb") as out:
                if not start:
                    # After the file was emptied: a kill in between leaves no etag for other bytes.
                    self._write_etag(response.headers.get("ETag", ""))
                while True:
                    self.control.stop_if_cancelled()
                    try:
                        chunk: bytes = response.raw.read1(CHUNK)
                    except urllib3.exceptions.HTTPError as error:
                        raise _Broken(self._interrupted(str(error))) from error
                    if not chunk:
                        break
                    have += len(chunk)
                    if have > self.most:
                        break
                    out.write(chunk)
                    self.on_bytes(have, expected)
                out.flush()
                os.fsync(out.fileno())  # before the rename that makes it the real file
        except OSError as error:
            self._raise_if_full(error, (expected or have) - self.have)
            raise
        if have > self.most:
            self._refuse_content(f"more than {self.most} bytes")
        if expected is not None and have < expected:
            raise _Broken(self._interrupted(f"{have} of {expected} bytes"))

    def _open(self, start: int, etag: str) -> requests.Response:
        headers = {"Accept-Encoding": "identity"}  # the ranges and the hash are of the file's own bytes
        if start:
            headers["Range"] = f"bytes={start}-"
            if etag and not etag.startswith("W/"):  # RFC 9110, 13.1.5: only a strong one may be named here
                headers["If-Range"] = etag
        try:
            response = open_url(self.name, self.url, headers, self.limits.timeout, self.control)
        except NoNetwork as error:
            if self._heard:  # in the middle of a download the network may come back
                raise _Broken(error) from error
            raise
        self._heard = True
        return response

    def _interrupted(self, detail: str) -> DownloadInterrupted:
        return DownloadInterrupted(name=self.name, host=host_of(self.url), detail=detail)

    def _refuse_content(self, why: str) -> None:
        log.warning("%s sent another file: %s", self.url, why)
        self.drop()
        raise WrongHash(name=self.name)

    def _raise_if_full(self, error: OSError, missing: int) -> None:
        if error.errno in DISK_FULL or getattr(error, "winerror", None) in WINDOWS_DISK_FULL:
            needed = math.ceil(max(missing, CHUNK) / 1e6)
            raise DiskFull(name=self.name, folder=self.part.parent, needed_mb=needed) from error

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.control.stop_if_cancelled()
            time.sleep(min(left, 0.05))

    def _read_etag(self) -> str:
        try:
            return self._etag.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return ""

    def _write_etag(self, etag: str) -> None:
        if etag:
            self._etag.write_text(etag, "utf-8")
        else:
            self._etag.unlink(missing_ok=True)
