"""Progress on terminals with and without escape sequences."""

from __future__ import annotations

import io

import pytest

from semantik.cli import output
from semantik.long_tasks import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("escapes", "written"),
    [(True, "\r\x1b[Kfoto 10 de 20\r\x1b[Kfin"), (False, "\rfoto 10 de 20\rfin" + " " * 10)],
)
def test_a_line_is_written_over(monkeypatch, escapes, written):
    terminal = Terminal()
    monkeypatch.setattr(output.sys, "stderr", terminal)
    monkeypatch.setattr(output, "understands_escapes", lambda: escapes)
    monkeypatch.setattr(output, "REFRESH", 0.0)
    show = output.ProgressLine().shows(lambda progress: "fin" if progress.done == 20 else "foto 10 de 20")
    show(Progress(10, 20))
    show(Progress(20, 20))
    assert terminal.getvalue() == written
