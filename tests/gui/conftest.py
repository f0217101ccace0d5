"""Shared by the tests of the window: the window itself, with a predictable encoder, opened as often as wanted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from semantik.engine import model_advice
from semantik.storage.settings import CONFIG_NAME
from tests.support.fake_encoder import FakeEncoder, replace_encoders
from tests.support.screens import screen
from tests.support.window import Window, windows


@pytest.fixture
def encoders(monkeypatch: pytest.MonkeyPatch) -> list[FakeEncoder]:
    """All models are the predictable one; those that were made, in order."""
    return replace_encoders(monkeypatch)


@pytest.fixture(autouse=True)
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which model is recommended does not depend on the computer that runs the tests."""
    monkeypatch.setattr(model_advice.Computer, "here", lambda weights_folder: model_advice.Computer(2**40, 2**40, 8))
    monkeypatch.setattr(model_advice, "has_memory_for", lambda size: True)


@pytest.fixture
def start(home: Path, encoders: list[FakeEncoder], pages: list[Path]) -> Iterator[Callable[..., Window]]:
    """Opens a window as ``windows`` does; pages come into ``pages`` instead of a browser."""
    with windows(home) as begin:
        yield begin


@pytest.fixture
def window(start: Callable[..., Window]) -> Window:
    """The window of somebody who chose the embedded model and no folder yet, ready for use."""
    return start(encoder="builtin")


@pytest.fixture(scope="session")
def displays() -> Iterator[dict[int, str]]:
    """Displays by their scale in percent.

    They stay to the end: Tk never leaves a display, and one that goes ends the process at the next window's events.
    """
    with screen(96) as plain, screen(192) as fine:
        yield {100: plain, 200: fine}


@pytest.fixture
def saved(home: Path) -> Callable[[], dict[str, Any]]:
    """Reads the settings as they were written."""
    return lambda: json.loads((home / CONFIG_NAME).read_text())
