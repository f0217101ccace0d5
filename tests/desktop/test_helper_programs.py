"""Running small programs of the system: what they answer, and what if they are missing, slow or left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import psutil
import pytest

from semantik.desktop import helper_programs
from semantik.desktop.helper_programs import Answer, ask, start
from tests.support.systems import posix_only

DEADLINE = 30.0


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_what_a_program_prints_and_its_status_are_its_answer():
    code = "import sys; print(sys.stdin.read().upper()); print('ay', file=sys.stderr); sys.exit(3)"
    answer = ask(python(code), DEADLINE, given="hola")
    assert answer == Answer(3, "HOLA\n", "ay\n")
    assert not answer.succeeded
    assert ask(python("import sys; print(repr(sys.stdin.read()))"), DEADLINE) == Answer(0, "''\n", "")


def test_it_gets_the_environment_it_is_given():
    environment = os.environ | {"SEMANTIK_X": "ñ $(id)"}
    code = "import os; print(ascii(os.environ['SEMANTIK_X']))"
    assert ask(python(code), DEADLINE, environment=environment).output == ascii("ñ $(id)") + "\n"


def test_bytes_that_are_no_text_do_no_harm():
    answer = ask(python(r"import sys; sys.stdout.buffer.write(b'a\xff\xfeb')"), DEADLINE)
    assert answer.succeeded
    assert (answer.output[0], answer.output[-1]) == ("a", "b")


@pytest.mark.parametrize("command", [["there is no such program"], ["nul\0 byte"]])
def test_a_program_that_cannot_be_run_is_an_answer(command):
    answer = ask(command, DEADLINE)
    assert answer.status is None
    assert answer.errors
    assert not answer.succeeded
    assert start(command, DEADLINE) is False


def test_one_that_takes_too_long_is_ended_and_leaves_no_zombie(tmp_path):
    began = time.monotonic()
    note = tmp_path / "pid"
    code = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    answer = ask(python(code), 3.0)
    assert (answer.status, answer.output) == (None, "")
    assert "timed out" in answer.errors
    assert time.monotonic() - began < DEADLINE
    if note.exists():  # a slow machine may end it before it wrote anything
        assert not psutil.pid_exists(int(note.read_text()))


def test_no_window_is_opened_on_windows(monkeypatch):
    asked = []
    monkeypatch.setattr(helper_programs, "_NO_WINDOW", 0x08000000)
    monkeypatch.setattr(subprocess, "run", lambda command, **options: asked.append(options) or answered(command))
    assert ask(["x"], 1).succeeded
    assert asked[0]["creationflags"] == 0x08000000
    assert asked[0]["timeout"] == 1


def answered(command):
    return subprocess.CompletedProcess(command, 0, stdout="", stderr="")


@posix_only("explorer.exe fails always, so that Windows is not asked")
def test_a_program_that_is_started_tells_by_its_status_or_by_going_on():
    assert start(python("pass"), DEADLINE) is True
    assert start(python("raise SystemExit(1)"), DEADLINE) is False


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no zombies")
def test_one_that_goes_on_is_collected_when_it_ends(tmp_path):
    note, end = tmp_path / "pid", tmp_path / "end"
    code = f"""
import os, pathlib, time
pathlib.Path({str(note)!r}).write_text(str(os.getpid()))
while not pathlib.Path({str(end)!r}).exists():
    time.sleep(0.02)
"""
    assert start(python(code), 0.5) is True
    wait(lambda: note.exists() and note.read_text())
    process = int(note.read_text())
    assert psutil.pid_exists(process)
    end.touch()
    wait(lambda: not psutil.pid_exists(process))
    wait(lambda: "helper program" not in {thread.name for thread in threading.enumerate()})


def wait(condition):
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
