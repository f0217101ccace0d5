"""Paths as people type and paste them."""

from __future__ import annotations

import warnings

import pytest

from semantik.storage import typed_paths
from semantik.storage.typed_paths import named_by

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import nturl2path
import urllib.request


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("file:///C:/Users/Ana/Fotos/a%C3%B1o%20%231.jpg", "C:\\Users\\Ana\\Fotos\\año #1.jpg"),
        ("file://localhost/C:/Fotos", "C:\\Fotos"),
        ("file://nas/fotos/a%C3%B1o/x.jpg", "\\\\nas\\fotos\\año\\x.jpg"),
        ("FILE://NAS/fotos", "\\\\nas\\fotos"),
        ("file:////nas/fotos/x.jpg", "\\\\nas\\fotos\\x.jpg"),
        ("file://///nas/fotos/x.jpg", "\\\\nas\\fotos\\x.jpg"),
        ("file://[nas/fotos", "file://[nas/fotos"),
    ],
)
def test_an_address_of_a_file_on_windows(monkeypatch, address, path):
    monkeypatch.setattr(urllib.request, "url2pathname", nturl2path.url2pathname)
    monkeypatch.setattr(typed_paths.os, "name", "nt")
    assert named_by(address) == path


@pytest.mark.parametrize(
    ("address", "path"),
    [("file:///home/ana/a%C3%B1o.jpg", "/home/ana/año.jpg"), ("file://mi-equipo/home/ana/x.jpg", "/home/ana/x.jpg")],
)
@pytest.mark.skipif(typed_paths.os.name == "nt", reason="paths of POSIX")
def test_an_address_of_a_file_elsewhere(address, path):
    assert named_by(address) == path
