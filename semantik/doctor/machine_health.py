"""The program, its Python and the computer; whether results pages can reach the program."""

from __future__ import annotations

import importlib
import os
import platform
import socket
import sys
from collections.abc import Iterator

import psutil

from semantik import __version__
from semantik.doctor.findings import Bytes, Finding, hidden, ok, wrong

LEAST_MEMORY = 2 << 30
_PATIENCE = 2.0  # seconds for a connection within the computer


def check() -> Iterator[Finding]:
    """Versions, processors, memory, the loopback interface."""
    kind = "doctor.python_own" if sys.prefix != sys.base_prefix else "doctor.python"
    yield ok("program", kind, version=__version__, python=platform.python_version(), bits=sys.maxsize.bit_length() + 1)
    yield ok("program", "doctor.system", system=platform.platform(), cpus=os.cpu_count() or 1)
    memory = memory_bytes()
    if memory >= LEAST_MEMORY or not memory:
        yield ok("program", "doctor.memory", memory=Bytes(memory))
    else:
        yield wrong("program", "doctor.memory", "doctor.advice_memory", memory=Bytes(memory))
    failure = loopback_failure()
    if failure:
        yield wrong("program", "doctor.no_loopback", "doctor.advice_loopback", detail=hidden(failure))
    else:
        yield ok("program", "doctor.loopback")


def memory_bytes() -> int:
    """The computer's memory; 0 when the system does not say."""
    try:
        return int(psutil.virtual_memory().total)
    except (OSError, psutil.Error):
        return 0


def loopback_failure() -> str:
    """Why no program of this computer can reach another over 127.0.0.1, as results pages do; "" when it can."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(_PATIENCE)
            with socket.create_connection(server.getsockname(), _PATIENCE) as caller:
                answered, _ = server.accept()
                with answered:
                    caller.sendall(b"?")
                    answered.settimeout(_PATIENCE)
                    return "" if answered.recv(1) == b"?" else "no data"
    except OSError as error:
        return str(error)


def tk_version() -> str:
    """Tk's version as Python was built with it, without opening a window; "" when it has none."""
    try:
        return str(importlib.import_module("_tkinter").TK_VERSION)
    except (ImportError, AttributeError):
        return ""
