"""Small files of the home, whatever somebody wrote into them; and who may read what is in the home."""

from __future__ import annotations

import json
import logging
import os
import stat
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semantik.engine.model_trials import read_speeds
from semantik.errors import IndexLocked
from semantik.index import ImageIndex
from semantik.index.store import writer_lock
from semantik.records import ImageFile
from semantik.storage import json_files
from semantik.storage.home import history_file, log_files, log_lock_file, settings_file, speeds_file, tighten
from semantik.storage.log_file import SharedLog, start_logging
from semantik.storage.search_history import SearchHistory
from semantik.storage.settings import Config, load_config, save_config

posix = pytest.mark.skipif(os.name == "nt", reason="permissions and pipes of POSIX")

FILES = (settings_file, history_file, speeds_file)


@pytest.fixture(autouse=True)
def nothing_told():
    json_files.take_spoiled()


def read_all(home: Path) -> Config:
    config = load_config(home)
    assert all(isinstance(entry, str) for entry in SearchHistory(home).entries)
    assert all(speed > 0 for speed in read_speeds(home).values())
    return config


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800") | st.just("a\0b"),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(max_examples=60)
@given(content=st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
@pytest.mark.parametrize("file", FILES)
def test_any_bytes_are_survived(tmp_path_factory, file, content):
    home = tmp_path_factory.mktemp("home")
    file(home).write_bytes(content)
    read_all(home)
    if not file(home).exists() or file is settings_file:
        for spoiled in json_files.take_spoiled():
            assert spoiled.kept is not None
            assert spoiled.kept.read_bytes() == content  # kept as it was
    assert read_all(home) == load_config(home)
    assert json_files.take_spoiled() == []  # told once


@settings(max_examples=60)
@given(name=st.sampled_from(sorted(asdict(Config()))), value=JSON)
def test_a_bad_value_costs_only_itself(tmp_path_factory, name, value):
    home = tmp_path_factory.mktemp("home")
    own = Config(
        image_folder="/fotos", top_k=7, theme="dark", encoder="builtin", exclude=("*.png",), decode_seconds=9.0
    )
    settings_file(home).write_text(json.dumps({**asdict(own), name: value}))
    read = asdict(load_config(home))
    assert {key: read[key] for key in read if key != name} == {k: v for k, v in asdict(own).items() if k != name}


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "-" + "9" * 5000, "[" * 900 + "]" * 900]
)
def test_numbers_beyond_all_bounds(tmp_path, number):
    settings_file(tmp_path).write_text(
        f'{{"theme": "dark", "decode_seconds": {number}, "top_k": {number}, "watch": true}}'
    )
    assert load_config(tmp_path) == Config(theme="dark", watch=True)
    assert [spoiled.file for spoiled in json_files.take_spoiled()] == [settings_file(tmp_path)]
    assert load_config(tmp_path) == Config(theme="dark", watch=True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_encodings_of_other_editors_are_simply_read(tmp_path, encoding):
    own = Config(image_folder="/fotos/Año ☃", top_k=7)
    settings_file(tmp_path).write_bytes(json.dumps(asdict(own), ensure_ascii=False).encode(encoding))
    history_file(tmp_path).write_bytes(json.dumps(["niño"], ensure_ascii=False).encode(encoding))
    assert load_config(tmp_path) == own
    assert SearchHistory(tmp_path).entries == ["niño"]
    assert json_files.take_spoiled() == []


@pytest.mark.parametrize("end", ["", "}", ', "x": }', ', // mine\n"watch": true}'])
def test_what_can_be_told_of_a_broken_file_is_kept(tmp_path, end):
    settings_file(tmp_path).write_text('{"image_folder": "/fotos", "top_k": 7,' + end)
    read = load_config(tmp_path)
    assert (read.image_folder, read.top_k) == ("/fotos", 7)
    assert load_config(tmp_path) == read
    assert len(json_files.take_spoiled()) == 1


@posix
@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_holds_nobody_up(tmp_path, file, make):
    make(file(tmp_path))
    assert read_all(tmp_path) == Config()
    assert [spoiled.file for spoiled in json_files.take_spoiled()] == [file(tmp_path)]
    SearchHistory(tmp_path).add("rojo")
    save_config(Config(top_k=3), tmp_path)
    assert (SearchHistory(tmp_path).entries, load_config(tmp_path).top_k) == (["rojo"], 3)


PLACES = {"bytes": lambda path: path.write_bytes(b"\0\xff\n" * 900), "pipe": os.mkfifo, "folder": os.mkdir}


@posix
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("which", ["log", "an older log", "its lock"])
def test_whatever_stands_where_the_log_goes(tmp_path, capfd, which, place):
    newest, older, *_ = log_files(tmp_path)
    PLACES[place]({"log": newest, "an older log": older, "its lock": log_lock_file(tmp_path)}[which])
    try:
        start_logging(tmp_path)
        (handler,) = (one for one in logging.getLogger().handlers if isinstance(one, SharedLog))
        handler.maxBytes = 2000
        for number in range(60):
            logging.getLogger("semantik").info("mensaje %03d ñ %s", number, "." * 30)
        assert "mensaje 059 ñ" in newest.read_text("utf-8", "replace").splitlines()[-1]
    finally:
        for one in [one for one in logging.getLogger().handlers if isinstance(one, SharedLog)]:
            logging.getLogger().removeHandler(one)
            one.close()
    assert "Traceback" not in capfd.readouterr().err


@settings(max_examples=25)
@given(content=st.binary(max_size=3000))
def test_a_log_of_any_bytes_is_written_on(tmp_path_factory, content):
    home = tmp_path_factory.mktemp("home")
    newest = log_files(home)[0]
    newest.write_bytes(content)
    handler = SharedLog(newest, maxBytes=2000, backupCount=3, encoding="utf-8", errors="backslashreplace")
    for number in range(3):
        handler.emit(logging.LogRecord("semantik", logging.INFO, "", 0, f"{number} \ud800", None, None))
    handler.close()
    written = b"".join(path.read_bytes() for path in reversed(log_files(home)) if path.exists())
    assert written == content + b"".join(f"{number} \\ud800\n".encode() for number in range(3))


@posix
@pytest.mark.parametrize("place", PLACES)
def test_whatever_stands_where_an_index_is_locked(tmp_path, place):
    store = tmp_path / "indice"
    store.mkdir()
    PLACES[place](store / "index.lock")
    for _ in range(2):
        index = ImageIndex(store, tmp_path, "s", 2)
        index.add([ImageFile("a.jpg", 1, 1)], np.eye(2, dtype=np.float32)[:1])
        with index.locked():
            with pytest.raises(IndexLocked), writer_lock(store, tmp_path):
                pass
            if index.is_stale():
                index.reload()
            index.save()
    assert ImageIndex.load(store, tmp_path).count == 1


@posix
def test_an_older_home_is_made_private_and_nothing_beside_it(tmp_path):
    home = tmp_path / "home"
    inner = home / "indexes" / "fotos-1" / "builtin"
    inner.mkdir(parents=True)
    for path in (inner / "image_index.json", settings_file(home), home / "mine.txt", tmp_path / "outside"):
        path.write_text("{}")
        path.chmod(0o644)
    (home / "indexes" / "link").symlink_to(tmp_path / "outside")
    home.chmod(0o755)
    tighten(home)
    mode = {path: stat.S_IMODE(path.stat().st_mode) for path in (home, home / "indexes", *home.rglob("*"))}
    assert {mode[home / "indexes"], mode[inner.parent], mode[inner]} == {0o700}
    assert {mode[inner / "image_index.json"], mode[settings_file(home)]} == {0o600}
    assert (mode[home / "mine.txt"], mode[home]) == (0o644, 0o755)  # something of the user's is in it
    assert stat.S_IMODE((tmp_path / "outside").stat().st_mode) == 0o644
    (home / "mine.txt").unlink()
    tighten(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
