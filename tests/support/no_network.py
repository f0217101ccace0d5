"""Becomes ``sitecustomize.py`` of a program under test: sees and refuses every way to the network.

Python's own calls are refused by an audit hook, which writes "SOCKET <event> <arguments>" to stderr. On
Linux, the kernel in addition kills the process at the first network socket that native code makes behind
Python's back. Each process that is guarded appends a line to the file that ``$GUARDED`` names. Plain Python
without the program's or the tests' modules: it runs in every process, before anything else.
"""

import ctypes
import os
import platform
import struct
import sys

_INTERNET = (2, 10, 23, 30)  # AF_INET, and AF_INET6 on Linux, Windows and macOS
_REFUSED = (
    "socket.connect",
    "socket.bind",
    "socket.sendto",
    "socket.sendmsg",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.gethostbyaddr",
    "socket.getnameinfo",
    "urllib.Request",
    "http.client.connect",
    "ftplib.connect",
    "smtplib.connect",
)


def _refuse(event, arguments):
    if event in _REFUSED or (event == "socket.__new__" and arguments[1] in _INTERNET):
        told = [argument for argument in arguments if isinstance(argument, (str, bytes, int, tuple))]
        os.write(2, f"SOCKET {event} {told}\n".encode())
        raise ConnectionRefusedError(f"{event}: this program has no network")


def _forbid_in_kernel():
    """A seccomp filter: socket(AF_INET or AF_INET6, ...) kills the process. True when it is in force."""
    numbers = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
    if sys.platform != "linux" or platform.machine() not in numbers:
        return False
    architecture, socket_call = numbers[platform.machine()]
    kill, allow = 0x80000000, 0x7FFF0000
    load, equal, give = 0x20, 0x15, 0x06
    program = [
        (load, 0, 0, 4),  # the architecture
        (equal, 0, 5, architecture),
        (load, 0, 0, 0),  # the system call
        (equal, 0, 3, socket_call),
        (load, 0, 0, 16),  # its first argument
        (equal, 2, 0, 2),
        (equal, 1, 0, 10),
        (give, 0, 0, allow),
        (give, 0, 0, kill),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *line) for line in program))
    header = struct.pack("@HP", len(program), ctypes.addressof(code))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    # PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP with SECCOMP_MODE_FILTER
    return prctl(38, 1, 0, 0, 0) == 0 and prctl(22, 2, ctypes.c_char_p(header), 0, 0) == 0


sys.addaudithook(_refuse)
_in_kernel = not os.environ.get("GUARDED_IN_PYTHON_ONLY") and _forbid_in_kernel()
with open(os.environ["GUARDED"], "a", encoding="utf-8") as _guarded:  # noqa: PTH123 - pathlib is not loaded yet
    _guarded.write(f"{os.getpid()} {'kernel' if _in_kernel else 'python'} {sys.orig_argv}\n")
