"""What Windows is asked for, by the answers that it gives: task bar, title bar, console."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

import pytest

from semantik.desktop import windows_window


class Library:
    """Stands for all libraries; keeps what was called."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> Any:
            self.calls.append((name, tuple(getattr(one, "value", one) for one in arguments)))
            answer = self.answers.get(name, 1)
            return answer(*arguments) if callable(answer) else answer

        return call


@pytest.fixture
def windows(monkeypatch):
    def use(library: Library) -> Library:
        monkeypatch.setattr(windows_window.sys, "platform", "win32")
        monkeypatch.setattr(windows_window, "_library", lambda name: library)
        return library

    return use


def test_the_task_bar_knows_the_program(windows):
    library = windows(Library())
    windows_window.claim_task_bar()
    assert library.calls == [("SetCurrentProcessExplicitAppUserModelID", ("SemantikSearch.SemantikSearch",))]


@pytest.mark.parametrize(("newest", "asked"), [(True, [20]), (False, [20, 19])])
def test_the_title_bar_is_darkened_by_either_number(windows, newest, asked):
    library = windows(Library(DwmSetWindowAttribute=lambda handle, number, *rest: 0 if newest or number == 19 else -1))
    windows_window.darken_title(0x1234, True)
    assert [(call[1][0], call[1][1]) for call in library.calls if call[0] == "DwmSetWindowAttribute"] == [
        (0x1234, number) for number in asked
    ]
    assert library.calls[-1] == ("SetWindowPos", (0x1234, None, 0, 0, 0, 0, 0x37))


@pytest.mark.parametrize(("console", "granted", "understood"), [(1, 1, True), (1, 0, False), (0, 1, False)])
def test_escapes_are_written_where_the_console_follows_them(windows, console, granted, understood):
    windows(Library(GetConsoleMode=console, SetConsoleMode=granted))
    # The real kernel library is an object whose functions can be given a type; this one's are made anew each time.
    assert windows_window.understands_escapes() is understood


@pytest.mark.skipif(sys.platform == "win32", reason="asks whoever is not Windows")
def test_elsewhere_nothing_is_asked():
    windows_window.claim_task_bar()
    windows_window.darken_title(1, True)
    assert windows_window.understands_escapes() is True
    assert not hasattr(ctypes, "WinDLL")
