"""Screens of the tests' own: X servers of any resolution, with a window manager that hands out the keyboard."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import pytest
from PIL import Image, ImageGrab

from tests.support.systems import WINDOWS
from tests.support.waiting import PATIENCE

SIZE = (1920, 1400)

LAPTOP = (1280, 736)
"""Pixels of a screen of 1280 × 800 that its task bar and the window's title leave."""


@contextmanager
def screen(dpi: int) -> Iterator[str]:
    """The name of a fresh display of ``dpi`` pixels per inch; skips where the programs for it are missing."""
    if WINDOWS:
        pytest.skip("it needs a screen of its own, and real keys on it, which only X servers have")
    for program in ("Xvfb", "openbox", "xdotool"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    read, write = os.pipe()
    geometry = f"{SIZE[0]}x{SIZE[1]}x24"
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", geometry, "-dpi", str(dpi), "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as told:
        name = f":{told.readline().strip()}"
    manager = subprocess.Popen(
        ["openbox"], env=os.environ | {"DISPLAY": name}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield name
    finally:
        for process in (manager, server):
            process.terminate()
            process.wait(10)


def press(display: str, *keys: str) -> None:
    """Press keys as a keyboard would; what has the focus there gets them. Skips the test where that is not possible."""
    if not shutil.which("xdotool"):
        pytest.skip("xdotool is not installed")
    subprocess.run(["xdotool", "key", "--clearmodifiers", *keys], env=os.environ | {"DISPLAY": display}, check=True)


def photograph(display: str) -> Image.Image:
    """What is on the screen, RGB."""
    return ImageGrab.grab(xdisplay=display)


def open_and_close(command: Sequence[str], name: str, *, cwd: str, env: Mapping[str, str]) -> None:
    """Start a program, wait for its window of the class ``name`` on the screen, close it by keyboard.

    Fails when no window comes, or when the program ends with an error.
    """
    earlier = windows_of(name)
    with subprocess.Popen(command, cwd=cwd, env=env) as started:
        try:
            opened: set[str] = set()
            deadline = time.monotonic() + PATIENCE
            while not opened and started.poll() is None and time.monotonic() < deadline:
                opened = windows_of(name) - earlier
            assert opened, f"no window; exit code {started.poll()}"
            (window,) = opened
            # Alt+F4, which the window manager turns into the wish to close; a person, too, would press it again.
            strokes = ["xdotool", "windowfocus", "--sync", window, "key", "alt+F4"]
            while started.poll() is None and time.monotonic() < deadline:
                with suppress(subprocess.TimeoutExpired):
                    subprocess.run(strokes, capture_output=True, check=False, timeout=5)
                    started.wait(2)
            assert started.returncode == 0
        finally:
            if started.poll() is None:
                started.kill()


def windows_of(name: str) -> set[str]:
    """The windows on the screen of the class that panels group windows by."""
    search = ["xdotool", "search", "--onlyvisible", "--class", f"^{name}$"]
    return set(subprocess.run(search, capture_output=True, text=True, check=False).stdout.split())
