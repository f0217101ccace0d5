"""The home's folder: whether it can be written, whatever the system answers."""

from __future__ import annotations

import errno
import os

import filelock
import pytest

from semantik.downloads import model_file
from semantik.errors import IndexLocked, IndexNotSaved, WeightsFolderUnwritable
from semantik.index import store
from semantik.storage import home
from semantik.storage.home import find_home, is_writable


def test_what_can_be_written_is_told_and_nothing_is_left(tmp_path):
    assert is_writable(tmp_path) is True
    assert list(tmp_path.iterdir()) == []
    assert is_writable(tmp_path / "nowhere") is False


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """A folder of Windows that may not be written, though its attributes tell nothing of that; what was tried there."""
    tried = []
    real = os.open

    def refuse(path, flags, *rest, **options):
        if str(path).startswith(str(tmp_path / "C")) and flags & os.O_CREAT:
            tried.append(path)
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, flags, *rest, **options)

    monkeypatch.setattr(os, "open", refuse)
    (tmp_path / "C").mkdir()
    return tmp_path / "C", tried


def test_one_refusal_is_enough(refused):
    """``tempfile`` takes it for a name that is taken, on Windows, and tries 2147483647 names."""
    folder, tried = refused
    assert is_writable(folder) is False
    assert len(tried) == 1


def test_a_program_in_a_folder_that_cannot_be_written_has_its_home_elsewhere(refused, tmp_path, monkeypatch):
    folder, tried = refused
    monkeypatch.delenv("SEMANTIK_HOME", raising=False)
    monkeypatch.setattr(home, "PROGRAM_FOLDER", folder)
    monkeypatch.setattr("platformdirs.user_data_dir", lambda *names, **options: str(tmp_path / "datos"))
    assert find_home() == tmp_path / "datos"
    assert len(tried) == 1


def test_a_folder_that_cannot_be_written_is_not_taken_for_one_that_another_program_holds(tmp_path, monkeypatch):
    """On Windows ``filelock`` cannot tell the two apart: a download waited for ever, an index was said to be in use."""

    def acquire(lock, *arguments, **options):
        raise filelock.Timeout(lock.lock_file)

    monkeypatch.setattr(filelock.FileLock, "acquire", acquire)
    with pytest.raises(IndexLocked), store.writer_lock(tmp_path / "indice", tmp_path):
        pass
    monkeypatch.setattr(store, "is_writable", lambda folder: False)
    monkeypatch.setattr(model_file, "is_writable", lambda folder: False)
    with pytest.raises(IndexNotSaved), store.writer_lock(tmp_path / "indice", tmp_path):
        pass
    with pytest.raises(WeightsFolderUnwritable):
        model_file.download(model_file.WeightsFile("modelo", "https://example.org/m", "0" * 64, 3, "m.bin"), tmp_path)


def test_nothing_of_the_program_asks_tempfile_for_a_name():
    sources = (home.PROGRAM_FOLDER / "semantik").rglob("*.py")
    assert [path.name for path in sources if "import tempfile" in path.read_text(encoding="utf-8")] == []
