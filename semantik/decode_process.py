"""One decoder process as the program sees it: started, asked, timed, stopped."""

from __future__ import annotations

import logging
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from semantik.errors import DecoderNotStarted
from semantik.frames import BadFrame, Header, read_frame, write_frame

log = logging.getLogger(__name__)

Message = tuple[Header, bytes]

START_LIMIT = 60.0
"""Seconds for a process to start: slow disks and virus scanners take their time."""

_SELF_DESTRUCT = 10.0  # seconds beyond the time limit after which an abandoned process ends itself
_ROOT = Path(__file__).resolve().parent.parent


class ProcessLost(Exception):
    """The process died, or talks nonsense, instead of answering."""


class ProcessLate(Exception):
    """The process did not answer in time; it has been killed."""


class DecodeProcess:
    """A running ``semantik.decode_worker``. One thread may ask at a time; any thread may stop it."""

    def __init__(self, command: Sequence[str] | None, memory_limit: int, time_limit: float) -> None:
        """Start the process and wait until it is ready. Raises DecoderNotStarted."""
        self.served = 0
        self.usable = True
        self._answers: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        command = command or [_interpreter(), "-m", "semantik.decode_worker"]
        limits = [str(memory_limit), str(time_limit + _SELF_DESTRUCT)]
        try:
            self._popen = subprocess.Popen(
                [*command, *limits],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=_ROOT,
                env=_environment(),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise DecoderNotStarted(detail=str(error)) from error
        # A thread of its own reads the answers: waiting with a time limit on a pipe is not portable.
        threading.Thread(target=self._read, name=f"decoder-{self.pid}", daemon=True).start()
        try:
            self._wait(START_LIMIT)
        except (ProcessLost, ProcessLate) as error:
            self.stop(0)
            raise DecoderNotStarted(detail=str(error)) from error

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    def ask(self, header: Header, payload: bytes, time_limit: float) -> Message:
        """Send a request and wait for its answer. Raises ProcessLost, ProcessLate (seconds)."""
        stdin = self._popen.stdin
        assert stdin is not None
        self.served += 1
        try:
            write_frame(stdin, header, payload)  # type: ignore[arg-type]
        except (OSError, ValueError) as error:  # ValueError: stopped meanwhile
            self.usable = False
            raise ProcessLost(self._epitaph()) from error
        return self._wait(time_limit)

    def hang_up(self) -> None:
        """Close the process's stdin, upon which it ends by itself."""
        self.usable = False
        stdin = self._popen.stdin
        assert stdin is not None
        with suppress(OSError):
            stdin.close()

    def stop(self, grace: float) -> None:
        """End the process and collect it; kill it after ``grace`` seconds."""
        self.hang_up()
        if grace > 0:
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(grace)
                return
        self._popen.kill()
        # A process that waits for a dead network drive cannot even be killed; leave it to the system.
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(1.0)

    def _wait(self, time_limit: float) -> Message:
        try:
            answer = self._answers.get(timeout=time_limit)
        except queue.Empty:
            self.usable = False
            self._popen.kill()
            raise ProcessLate(f"no answer within {time_limit:g} s") from None
        if answer is None:
            self.usable = False
            raise ProcessLost(self._epitaph())
        return answer

    def _read(self) -> None:
        stdout = self._popen.stdout
        assert stdout is not None
        with stdout:
            try:
                while (answer := read_frame(stdout)) is not None:  # type: ignore[arg-type]
                    self._answers.put(answer)
            except (OSError, BadFrame):
                log.exception("decoder process %d sent no message", self.pid)
        self._answers.put(None)

    def _epitaph(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            return f"exit code {self._popen.wait(1.0)}"
        return "closed its output"


def _interpreter() -> str:
    """The console Python beside a windowed one: its standard streams are sure to exist."""
    python = Path(sys.executable)
    console = python.with_name("python.exe")
    return str(console) if python.name.lower() == "pythonw.exe" and console.exists() else str(python)


def _environment() -> dict[str, str]:
    own = {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")])),
        # One core per process, and no address space reserved for threads that never run.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }
    return os.environ | own
