"""Where the home is, when the program's folder is one that other computers share."""

from __future__ import annotations

from pathlib import Path

import pytest

from semantik.storage import home


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.delenv("SEMANTIK_HOME", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("system", "place", "synced"),
    [
        ("win32", "OneDrive/Programas/SemantikSearch", True),
        ("win32", "iCloudDrive/SemantikSearch", True),
        ("win32", "OneDrive2/SemantikSearch", False),
        ("darwin", "Library/Mobile Documents/com~apple~CloudDocs/x", True),
        ("darwin", "Library/CloudStorage/OneDrive-Personal/x", True),
        ("darwin", "Documents/x", True),
        ("darwin", "Downloads/x", False),
        ("linux", "Documents/x", False),
    ],
)
def test_folders_that_are_kept_alike_elsewhere(user, monkeypatch, system, place, synced):
    monkeypatch.setattr(home.sys, "platform", system)
    if system == "win32":
        monkeypatch.setenv("OneDrive", str(user / "OneDrive"))
    (user / "Library/Mobile Documents/com~apple~CloudDocs/Documents").mkdir(parents=True)
    assert home.is_synced(user / place) is synced


def test_the_home_is_not_there_unless_it_was(user, monkeypatch):
    import platformdirs

    program, data = user / "OneDrive/SemantikSearch", user / "data"
    program.mkdir(parents=True)
    monkeypatch.setattr(home, "PROGRAM_FOLDER", program)
    monkeypatch.setattr(platformdirs, "user_data_dir", lambda *args, **options: str(data))
    assert home.find_home() == program
    monkeypatch.setenv("OneDrive", str(user / "OneDrive"))
    assert home.find_home() == data
    home.indexes_folder(program).mkdir()
    assert home.find_home() == program
