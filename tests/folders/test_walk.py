"""The one way through a folder's tree."""

from __future__ import annotations

import os
import threading

import pytest

from semantik.folders.walk import FolderWalk, identify
from semantik.folders.watching.event_filter import Scope, folder_links
from tests.support.systems import links


def lay_out(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def paths(walk, root):
    return [path for _, path, _ in walk.everything(walk.list(root))]


@links
def test_files_come_in_name_order_depth_first_and_links_last(tmp_path):
    root = tmp_path / "fotos"
    lay_out(root, "b/x", "b/c/y", "a", "z", ".oculto/x", "@eaDir/x", ".x")
    lay_out(tmp_path, "fuera/w", "fuera/dentro/v")
    (root / "b" / "a").symlink_to(tmp_path / "fuera")
    (root / "bucle").symlink_to(root)
    (tmp_path / "fuera" / "vuelta").symlink_to(root / "b")
    walk = FolderWalk(seen={identify(root)})
    assert paths(walk, root) == ["a", "b/c/y", "b/x", "z", "b/a/dentro/v", "b/a/w"]
    assert not walk.links
    assert not walk.ended_early


def test_what_lies_beside_a_file_is_told(tmp_path):
    lay_out(tmp_path, "a/x", "a/y", "z")
    walk = FolderWalk()
    beside = {
        path: ([entry.name for entry in listing.entries], listing.prefix)
        for _, path, listing in walk.everything(walk.list(tmp_path))
    }
    assert beside == {"a/x": (["x", "y"], "a/"), "a/y": (["x", "y"], "a/"), "z": (["a", "z"], "")}


def test_unwanted_folders_are_not_entered(tmp_path):
    lay_out(tmp_path, "a/x", "b/a/y", "b/z")
    asked = []
    walk = FolderWalk(enters=lambda name, path: asked.append((name, path)) or path != "a")
    assert paths(walk, tmp_path) == ["b/a/y", "b/z"]
    assert asked == [("a", "a"), ("b", "b"), ("a", "b/a")]


def test_errors_are_told_and_the_rest_goes_on(tmp_path, monkeypatch):
    lay_out(tmp_path, "a/x", "b/y")
    real = os.scandir

    def refuse(path):
        if str(path).endswith("a"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    told = []
    walk = FolderWalk(on_error=lambda error, entry, path: told.append((type(error), entry.name, path)))
    assert paths(walk, tmp_path) == ["b/y"]
    assert told == [(PermissionError, "a", "a")]
    with pytest.raises(PermissionError):
        walk.list(tmp_path / "a")


def test_once_it_is_over_nothing_more_is_listed(tmp_path):
    lay_out(tmp_path, "a", "b/x", "c/y", "d")
    asked = []
    walk = FolderWalk(is_over=lambda: len(asked) == 5 or bool(asked.append(1)))
    assert paths(walk, tmp_path) == ["a", "b/x", "d"]  # the root's four entries and the first below
    assert walk.ended_early
    assert len(asked) == 5


@links
def test_links_below_a_watched_folder(tmp_path):
    root = tmp_path / "fotos"
    lay_out(root, "a/x", "b/c/y", ".oculto/x")
    lay_out(tmp_path, "fuera/w", "fuera/dentro/v")
    links = [root / "a" / "uno", root / "b" / "c" / "dos", root / ".tres", root / ".oculto" / "cuatro", root / "fuera"]
    for link in links:
        link.symlink_to(tmp_path / "fuera")
    (tmp_path / "fuera" / "dentro" / "vuelta").symlink_to(root)  # in what a link leads to: it is looked at by itself
    (root / "nada").symlink_to(tmp_path / "no hay")
    (root / "archivo").symlink_to(tmp_path / "fuera" / "w")
    scope = Scope(str(root), [root / "fuera"])
    assert folder_links(str(root), scope, threading.Event()) == [str(links[0]), str(links[1]), str(links[4])]
    assert folder_links(str(root), Scope(str(root), [root / "b"]), threading.Event()) == [str(links[0]), str(links[4])]
    closing = threading.Event()
    closing.set()
    assert folder_links(str(root), scope, closing) == []
    assert folder_links(str(root / "nada"), scope, threading.Event()) == []
