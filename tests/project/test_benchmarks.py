"""The measurements start as ``python -m benchmarks.NAME``, and importing one measures nothing."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from tests.support.places import REPO

NAMES = sorted(path.stem for path in (REPO / "benchmarks").glob("*.py") if path.stem != "__init__")
PARTS = {"drawn_texts", "embedded_grid", "sample_photos"}  # of others, with no command of their own


@pytest.mark.parametrize("name", NAMES)
def test_a_measurement_explains_itself(name, monkeypatch, capsys):
    places = list(sys.path)
    module = importlib.import_module(f"benchmarks.{name}")
    assert sys.path == places
    assert capsys.readouterr() == ("", "")
    assert hasattr(module, "main") == (name not in PARTS)
    if name in PARTS:
        return
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit) as ended:
        module.main()
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: {name}.py ")
    assert module.__doc__.splitlines()[0] in shown


def test_a_measurement_is_started_from_the_top_folder():
    shown = subprocess.run(
        [sys.executable, "-m", "benchmarks.rclip_arm", "--help"], cwd=REPO, capture_output=True, text=True, check=True
    )
    assert shown.stdout.startswith("usage: ")


def test_no_measurement_edits_the_places_for_modules():
    for path in (REPO / "benchmarks").glob("*.py"):
        assert "sys.path" not in path.read_text(encoding="utf-8"), path.name


def test_pages_name_measurements_that_there_are():
    for page in (REPO / "benchmarks").glob("*.md"):
        content = page.read_text(encoding="utf-8")
        assert "python benchmarks/" not in content, page.name
        for word in content.split():
            if word.startswith("benchmarks."):
                assert word.strip("`.,:").split(".")[1] in NAMES, (page.name, word)
