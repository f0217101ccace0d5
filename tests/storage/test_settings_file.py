"""Settings and the places where things are stored."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest

from semantik.storage import home as home_paths
from semantik.storage.home import PROGRAM_FOLDER, find_home, index_folder
from semantik.storage.settings import CONFIG_NAME, Config, load_config, save_config
from tests.support.systems import links


def test_shipped_defaults_are_the_programs():
    assert json.loads((PROGRAM_FOLDER / CONFIG_NAME).read_text()) == json.loads(json.dumps(asdict(Config())))


def test_settings_come_back(home):
    changed = Config(image_folder="/fotos/ñ ☃", encoder="builtin", top_k=7, language="en")
    save_config(changed, home)
    assert load_config(home) == changed


def test_unknown_keys_and_wrong_types_do_no_harm(home):
    (home / CONFIG_NAME).write_text(
        json.dumps({"top_k": "many", "language": "xx", "new": 1, "image_folder": "/a", "decode_seconds": 5})
    )
    assert load_config(home) == Config(image_folder="/a", decode_seconds=5.0)
    (home / CONFIG_NAME).write_text(json.dumps({"top_k": 0, "decode_seconds": -1.0}))
    assert load_config(home) == Config()


def test_lists_come_back_clean(home):
    save_config(Config(exclude=("borradores", "*.png")), home)
    assert json.loads((home / CONFIG_NAME).read_text())["exclude"] == ["borradores", "*.png"]
    assert load_config(home).exclude == ("borradores", "*.png")
    (home / CONFIG_NAME).write_text(json.dumps({"exclude": [" viajes/2019/* ", "", 7, "a", "a", None, "[ñ]"]}))
    assert load_config(home).exclude == ("viajes/2019/*", "a", "[ñ]")
    for wrong in ("*.png", {"a": 1}, 3, None):
        (home / CONFIG_NAME).write_text(json.dumps({"exclude": wrong, "top_k": 4}))
        assert load_config(home) == Config(top_k=4)


@pytest.mark.parametrize("content", ["{", "[1]", "", "\x00"])
def test_a_damaged_file_is_kept_aside(home, content):
    (home / CONFIG_NAME).write_text(content)
    assert load_config(home) == Config()
    assert (home / f"{CONFIG_NAME}.damaged").read_text() == content


def test_home_by_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SEMANTIK_HOME", str(tmp_path / "a" / "b"))
    assert find_home() == tmp_path / "a" / "b"
    assert find_home().is_dir()


def test_home_is_the_program_folder_when_it_can_be_written(tmp_path, monkeypatch):
    monkeypatch.delenv("SEMANTIK_HOME", raising=False)
    monkeypatch.setattr(home_paths, "PROGRAM_FOLDER", tmp_path)
    assert find_home() == tmp_path


def test_home_is_the_users_data_folder_otherwise(tmp_path, monkeypatch):
    monkeypatch.delenv("SEMANTIK_HOME", raising=False)
    monkeypatch.setattr(home_paths, "PROGRAM_FOLDER", tmp_path / "nowhere")
    monkeypatch.setattr("platformdirs.user_data_dir", lambda *a, **k: str(tmp_path / "data"))
    assert find_home() == tmp_path / "data"


def test_home_is_never_among_pythons_packages(tmp_path, monkeypatch):
    monkeypatch.delenv("SEMANTIK_HOME", raising=False)
    monkeypatch.setattr(home_paths, "PROGRAM_FOLDER", tmp_path)
    monkeypatch.setattr(home_paths, "INSTALLED", True)
    monkeypatch.setattr("platformdirs.user_data_dir", lambda *a, **k: str(tmp_path / "data"))
    assert find_home() == tmp_path / "data"


def test_every_folder_and_model_has_an_index_of_its_own(tmp_path):
    a = index_folder(tmp_path, Path("/fotos/Año 2024 ☃"), "builtin")
    assert a.parent.parent == tmp_path / "indexes"
    assert a.parent.name.startswith(os.path.normcase("Ano_2024-"))
    assert a.name == "builtin"
    assert index_folder(tmp_path, Path("/otras/Año 2024 ☃"), "builtin") != a
    assert index_folder(tmp_path, Path("/fotos/x/../Año 2024 ☃"), "builtin") == a


@links
def test_a_link_and_its_target_share_an_index(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    assert index_folder(tmp_path, tmp_path / "link", "x") == index_folder(tmp_path, tmp_path / "real", "x")


def test_settings_that_got_a_new_name_are_read_under_the_old_one(tmp_path):
    (tmp_path / CONFIG_NAME).write_text(json.dumps({"resting_folders": ["/fotos/viejas"]}))
    assert load_config(tmp_path).inactive_folders == ("/fotos/viejas",)
    (tmp_path / CONFIG_NAME).write_text(json.dumps({"resting_folders": ["/a"], "inactive_folders": ["/b"]}))
    assert load_config(tmp_path).inactive_folders == ("/b",)
