"""Opening what may be anything: long paths of Windows, names of every kind, what the system answers."""

from __future__ import annotations

import ntpath
import os
from pathlib import Path, PureWindowsPath

import pytest

from semantik.records import Reason
from semantik.storage import regular_files
from semantik.storage.regular_files import (
    NotRegular,
    file_address,
    is_file,
    is_folder,
    long_path,
    open_regular,
    reason_of,
)
from tests.support.systems import posix_only

LONG = "\\".join(["carpeta"] * 31)  # 247 characters: with a drive before it, beyond what Windows takes


@pytest.fixture
def windows(monkeypatch):
    """Paths are those of Windows, and the program runs in C:\\Users\\Ana."""
    monkeypatch.setattr(regular_files.os, "name", "nt")
    there = "C:\\Users\\Ana"
    # On Windows itself ntpath asks the system, not getcwd.
    monkeypatch.setattr(ntpath, "abspath", lambda path: ntpath.normpath(ntpath.join(there, path)))


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("C:\\Users\\Ana\\Fotos", "\\\\?\\C:\\Users\\Ana\\Fotos"),
        ("C:/Users/Ana/Fotos", "\\\\?\\C:\\Users\\Ana\\Fotos"),
        ("C:\\Users\\Ana\\..\\Eva", "\\\\?\\C:\\Users\\Eva"),
        ("C:\\", "\\\\?\\C:\\"),
        ("\\\\nas\\fotos\\años", "\\\\?\\UNC\\nas\\fotos\\años"),
        ("\\\\nas\\fotos\\", "\\\\?\\UNC\\nas\\fotos\\"),
        ("\\\\?\\C:\\Fotos", "\\\\?\\C:\\Fotos"),
        ("\\\\?\\UNC\\nas\\fotos\\x.jpg", "\\\\?\\UNC\\nas\\fotos\\x.jpg"),
        ("\\\\.\\pipe\\x", "\\\\.\\pipe\\x"),
        ("Fotos\\x.jpg", "\\\\?\\C:\\Users\\Ana\\Fotos\\x.jpg"),
    ],
)
def test_what_lies_below_a_folder_of_windows_is_reached_however_deep(windows, path, form):
    assert str(long_path(PureWindowsPath(path), below=True)) == form


@pytest.mark.parametrize(
    ("path", "form"),
    [
        (f"C:\\{LONG}\\x.jpg", f"\\\\?\\C:\\{LONG}\\x.jpg"),
        (f"\\\\nas\\fotos\\{LONG}\\x.jpg", f"\\\\?\\UNC\\nas\\fotos\\{LONG}\\x.jpg"),
        (f"\\\\?\\C:\\{LONG}\\x.jpg", f"\\\\?\\C:\\{LONG}\\x.jpg"),
        (f"{LONG}\\x.jpg", f"\\\\?\\C:\\Users\\Ana\\{LONG}\\x.jpg"),
        ("C:\\Fotos\\fin.jpg.", "\\\\?\\C:\\Fotos\\fin.jpg."),
        ("C:\\Fotos\\fin.jpg ", "\\\\?\\C:\\Fotos\\fin.jpg "),
        ("C:\\Fotos. .\\x.jpg", "\\\\?\\C:\\Fotos. .\\x.jpg"),
        ("\\\\nas\\fotos\\CON.jpg", "\\\\?\\UNC\\nas\\fotos\\CON.jpg"),
        ("C:\\aux\\x.jpg", "\\\\?\\C:\\aux\\x.jpg"),
        ("C:\\Fotos\\consejo.jpg", "C:\\Fotos\\consejo.jpg"),
        ("C:\\Fotos\\..\\.x.jpg", "C:\\Fotos\\..\\.x.jpg"),
        ("C:\\Fotos\\x.jpg", "C:\\Fotos\\x.jpg"),
        ("\\\\nas\\fotos\\x.jpg", "\\\\nas\\fotos\\x.jpg"),
        ("Fotos\\x.jpg", "Fotos\\x.jpg"),
    ],
)
def test_only_a_path_of_windows_that_is_long_or_has_an_odd_name_is_changed(windows, path, form):
    assert str(long_path(PureWindowsPath(path))) == form


@posix_only("on Windows it changes")
def test_on_other_systems_a_path_stays_as_it_is():
    path = Path("/fotos") / ("x" * 240) / "y.jpg"
    assert long_path(path) == long_path(path, below=True) == path


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("C:\\Fotos\\año #1.jpg", "file:///C:/Fotos/a%C3%B1o%20%231.jpg"),
        ("C:\\Fotos\\medio \ud83d par #1.jpg", "file:///C:/Fotos/medio%20%ED%A0%BD%20par%20%231.jpg"),
        ("\\\\nas\\mis fotos\\\udc00ñ.jpg", "file://nas/mis%20fotos/%ED%B0%80%C3%B1.jpg"),
    ],
)
def test_any_name_on_windows_has_an_address_even_one_that_is_no_unicode(path, address):
    assert file_address(PureWindowsPath(path)) == address


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (FileNotFoundError(2, "x"), Reason.VANISHED),
        (NotADirectoryError(20, "x"), Reason.VANISHED),
        (PermissionError(13, "x"), Reason.PERMISSION),
        (NotRegular("x"), Reason.NOT_AN_IMAGE),
        (EOFError(), Reason.CHANGED),
        (OSError(5, "x"), Reason.UNREADABLE),
        (ValueError("embedded null byte"), Reason.UNREADABLE),
    ],
)
def test_what_the_system_answers_has_one_reason(error, reason):
    assert reason_of(error) is reason


def test_files_and_folders_are_seen_and_odd_names_are_none(tmp_path):
    file = tmp_path / "x.jpg"
    file.write_bytes(b"123")
    assert is_file(file)
    assert not is_folder(file)
    assert is_folder(tmp_path)
    assert not is_file(tmp_path)
    for odd in (tmp_path / "nada", file / "dentro", tmp_path / "a\0b", tmp_path / ("x" * 300)):
        assert not is_file(odd)
        assert not is_folder(odd)
    with open_regular(file) as opened:
        assert opened.read() == b"123"
    with pytest.raises(NotRegular):
        open_regular(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes with names")
def test_a_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "x.jpg")
    with pytest.raises(NotRegular):
        open_regular(tmp_path / "x.jpg")
