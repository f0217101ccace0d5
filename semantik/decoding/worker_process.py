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
from typing import IO

from semantik.decoding import windows_jobs
from semantik.decoding.ffmpeg import ENVIRONMENT
from semantik.decoding.pipe_messages import BadFrame, Message, read_frame, write_frame

log = logging.getLogger(__name__)

_SELF_DESTRUCT = 10.0  # seconds beyond the time limit after which an abandoned process ends itself
GLANCE = 0.5
"""Seconds between two looks at a process that does not answer."""

_PATIENCE = 3  # times the time limit that a process may have been stopped before it is ended
_UNKILLABLE = 1.0  # seconds to wait for a killed process
_CONSOLE_PROGRAMS = {"pythonw.exe": "python.exe", "semantiksearch.exe": "semantik.exe"}
_WINDOWS_FLAGS = (
    getattr(subprocess, "CREATE_NO_WINDOW", 0)
    | getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
    | (windows_jobs.CREATE_SUSPENDED if sys.platform == "win32" else 0)
)
_ROOT = Path(__file__).resolve().parents[2]


class ProcessLost(Exception):
    """The process died, or talks nonsense, instead of answering."""


class ProcessLate(Exception):
    """The process did not answer in time; it has been killed."""


class DecodeProcess:
    """A running ``semantik.decoding.worker``. One thread at a time may ask; any thread may stop it."""

    def __init__(
        self, command: Sequence[str] | None, memory_limit: int, time_limit: float, *, alone: bool = False
    ) -> None:
        """Start the process: ``memory_limit`` in bytes, ``time_limit`` in seconds. Raises OSError.

        Its first message, which tells that it is ready, is still to be waited for.
        """
        self.served = 0
        self.alone = alone
        """Whether it was started for one file, and is to end after it."""
        self.usable = True
        self._answers: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        command = command or [_interpreter(), "-m", "semantik.decoding.worker"]
        self._popen = subprocess.Popen(
            [*command, str(memory_limit), str(time_limit + _SELF_DESTRUCT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env=_environment(),
            creationflags=_WINDOWS_FLAGS,
        )
        self._job = self._tie_to_program()
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        self._stdin: IO[bytes] = self._popen.stdin
        self._stdout: IO[bytes] = self._popen.stdout
        # A thread of its own reads the answers: no portable call waits on a pipe with a time limit.
        threading.Thread(target=self._read, name=f"decoder-{self.pid}", daemon=True).start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    def ask(self, request: Message, time_limit: float) -> Message:
        """Send a request and wait for its answer. Raises ProcessLost, ProcessLate (seconds)."""
        self.served += 1
        try:
            write_frame(self._stdin, *request)
        except (OSError, ValueError) as error:  # ValueError: stopped by another thread
            self.usable = False
            raise ProcessLost(self._epitaph()) from error
        return self.wait(time_limit)

    def wait(self, time_limit: float) -> Message:
        """Wait for the next message. Raises as ``ask`` does; after that, and if interrupted, it is not usable."""
        usable, self.usable = self.usable, False
        try:
            answer = self._answer_within(time_limit)
        except queue.Empty:
            self._popen.kill()
            raise ProcessLate(f"no answer within {time_limit:g} s") from None
        if answer is None:
            raise ProcessLost(self._epitaph())
        self.usable = usable
        return answer

    def _answer_within(self, time_limit: float) -> Message | None:
        """The next message, within seconds in which the process and this program could run. Raises queue.Empty.

        Time in which the process was stopped is not its own, up to some limit, nor is time in which this program was
        stopped or the machine asleep: then one short wait seems to have taken long.
        """
        left, patience = time_limit, _PATIENCE * time_limit
        while True:
            step = min(GLANCE, left, patience)
            try:
                return self._answers.get(timeout=max(0.0, step))
            except queue.Empty:
                if self._is_stopped():
                    patience -= step
                else:
                    left -= step
                if min(left, patience) <= 0:
                    raise

    def _is_stopped(self) -> bool:
        import psutil

        try:
            return psutil.Process(self.pid).status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
        except (psutil.Error, OSError):
            return False

    def hang_up(self) -> None:
        """Close the process's stdin, upon which it ends by itself, even in the middle of a picture."""
        self.usable = False
        with suppress(OSError):
            self._stdin.close()

    def stop(self, grace: float = 0.0) -> None:
        """End the process, by force after ``grace`` seconds, and collect it."""
        self.hang_up()
        if grace > 0:
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(grace)
        self._popen.kill()
        # A process that waits for a dead network drive cannot even be killed; leave it to the system.
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(_UNKILLABLE)

    def _tie_to_program(self) -> object:
        """On Windows, a job in which the process ends when the program does, however it does; elsewhere None."""
        if sys.platform == "win32":
            try:
                return windows_jobs.confine(int(self._popen._handle))
            except OSError as error:  # it still ends when its stdin does, unless native code spins
                log.warning("decoder process %d is in no job: %s", self.pid, error)
        return None

    def _read(self) -> None:
        with self._stdout:
            try:
                while (answer := read_frame(self._stdout)) is not None:
                    self._answers.put(answer)
            except (OSError, BadFrame):
                log.exception("decoder process %d sent no message", self.pid)
        self._answers.put(None)

    def _epitaph(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            return f"exit code {self._popen.wait(_UNKILLABLE)}"
        return "closed its output"


def _interpreter() -> str:
    """The console program beside a windowed one: its standard streams are sure to exist.

    The programs of tools/build_app.py understand ``-m semantik.decoding.worker`` as a Python does.
    """
    python = Path(sys.executable)
    console = python.with_name(_CONSOLE_PROGRAMS.get(python.name.lower(), python.name))
    return str(console if console.exists() else python)


def _environment() -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")])),
        # One core per process, and no address space taken by threads that never run.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",
        **ENVIRONMENT,
    }
