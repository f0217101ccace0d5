"""What a test needs of the system: marks that skip it elsewhere, with the reason, and names that are no text."""

from __future__ import annotations

import ctypes
import sys

import pytest

WINDOWS = sys.platform == "win32"
WINE = sys.platform == "win32" and hasattr(ctypes.windll.ntdll, "wine_get_version")


def posix_only(reason: str) -> pytest.MarkDecorator:
    """Skips a test, or a whole file, on Windows. ``reason`` says what Windows lacks, or has in another way."""
    return pytest.mark.skipif(WINDOWS, reason=reason)


def not_in_wine(reason: str) -> pytest.MarkDecorator:
    """Skips a test where Windows is played by wine. ``reason`` says what wine lacks."""
    return pytest.mark.skipif(WINE, reason=reason)


links = posix_only("links need a privilege on Windows")
pipes = posix_only("Windows has no pipes with names")
raw_names = posix_only("names on Windows are text, not bytes")
mapped_files = posix_only("on Windows nobody writes or deletes a file that a program has mapped")
grouped_faces = not_in_wine("SciPy, with which faces are grouped, needs crealf of the C library, which wine lacks")
with_transformers = not_in_wine("transformers loads SciPy, which needs crealf of the C library, which wine lacks")


def raw_name(name: bytes) -> str:
    """A name with bytes that are no UTF-8, as Python has it on Linux; on Windows a text with the same lone surrogates.

    ``os.fsdecode`` gives the same on Linux, and refuses on Windows.
    """
    return name.decode("utf-8", "surrogateescape")
