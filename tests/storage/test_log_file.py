"""The log: of limited size, and complete whoever else writes it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from semantik.storage import log_file
from semantik.storage.home import log_files
from semantik.storage.log_file import SharedLog


def record(words: str) -> logging.LogRecord:
    return logging.LogRecord("semantik", logging.INFO, "", 0, words, None, None)


@pytest.fixture
def shared(tmp_path: Path):
    """Two programs' handlers of one small log."""
    path = log_files(tmp_path)[0]
    made = [SharedLog(path, maxBytes=2000, backupCount=3, encoding="utf-8") for _ in range(2)]
    yield made
    for handler in made:
        handler.close()


def test_two_programs_lose_no_message(shared, tmp_path):
    for number in range(240):
        shared[number % 2].emit(record(f"message {number:04}" + "." * 30))
    newest = log_files(tmp_path)
    kept = [path.read_text().splitlines() for path in newest if path.exists()]
    assert len(kept) == 4
    lines = [line[:12] for part in reversed(kept) for line in part]
    assert lines == [f"message {number:04}" for number in range(240 - len(lines), 240)]
    assert all(path.stat().st_size <= 2000 for path in newest)


def test_what_cannot_be_set_aside_stays_and_grows(shared, tmp_path, monkeypatch):
    def refuse(*arguments: object) -> None:
        raise PermissionError(13, "in use")

    monkeypatch.setattr(log_file.shutil, "copyfileobj", refuse)
    for number in range(100):
        shared[0].emit(record(f"message {number:04}" + "." * 30))
    assert len(log_files(tmp_path)[0].read_text().splitlines()) == 100
