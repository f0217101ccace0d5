"""Screens of the tests' own: X servers of any resolution, with a window manager that hands out the keyboard."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from PIL import Image, ImageGrab

SIZE = (1920, 1400)

LAPTOP = (1280, 736)
"""Pixels of a screen of 1280 × 800 that its task bar and the window's title leave."""


@contextmanager
def screen(dpi: int) -> Iterator[str]:
    """The name of a fresh display of ``dpi`` pixels per inch; skips where the programs for it are missing."""
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
    """Press keys as a keyboard would; what has the focus there gets them."""
    subprocess.run(["xdotool", "key", "--clearmodifiers", *keys], env=os.environ | {"DISPLAY": display}, check=True)


def photograph(display: str) -> Image.Image:
    """What is on the screen, RGB."""
    return ImageGrab.grab(xdisplay=display)
