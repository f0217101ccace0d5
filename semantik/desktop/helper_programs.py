"""Running the small programs of the system that know or do something: never by a shell, never for ever.

One that is missing, fails or takes too long is an answer, not an exception: where a desktop lacks it, there is another
way or none. Only the standard library is imported here, as the program asks before its packages are there.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from semantik.errors import system_detail

log = logging.getLogger(__name__)

_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows opens a console for each


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a program: its exit ``status``, None when it did not start or was ended for taking too long.

    ``errors`` is what it wrote to stderr, or else why there was no status.
    """

    status: int | None
    output: str = ""
    errors: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether it did what it should."""
        return self.status == 0


def ask(
    command: Sequence[str], seconds: float | None, *, given: str = "", environment: Mapping[str, str] | None = None
) -> Answer:
    """Run a program to its end, which comes within ``seconds`` (None: when the user closes it).

    ``given`` is what it reads from stdin. What it prints in no encoding of the system's is replaced by marks.
    """
    try:
        done = subprocess.run(
            command,
            input=given,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
            creationflags=_NO_WINDOW,
        )
    except OSError as error:
        answer = Answer(None, errors=system_detail(error))
    except (ValueError, subprocess.SubprocessError) as error:  # ValueError: an argument that no system takes
        answer = Answer(None, errors=str(error))
    else:
        answer = Answer(done.returncode, done.stdout or "", done.stderr or "")
    if not answer.succeeded:
        log.info("%s: status %s: %s", command[0], answer.status, answer.errors.strip())
    return answer


def start(command: Sequence[str] | str, seconds: float) -> bool:
    """Run a program that may outlive this one; whether it did what it should, or still does after ``seconds``.

    What it prints goes nowhere. ``command`` is one text for programs of Windows that read their line themselves.
    """
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            creationflags=_NO_WINDOW,
        )
    except (OSError, ValueError) as error:
        log.info("%s: %s", command, error)
        return False
    if sys.platform == "win32":
        return True  # explorer.exe ends with 1 whatever happens
    try:
        status = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:  # it is waited for, or it would stay a zombie
        threading.Thread(target=process.wait, name="helper program", daemon=True).start()
        return True
    if status:
        log.info("%s: status %d", command, status)
    return status == 0
