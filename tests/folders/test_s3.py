"""A real S3 protocol, spoken with a server on this machine."""

from __future__ import annotations

import importlib
import importlib.util

import pytest

from semantik.errors import NotAFolder, RemoteFolderNotFound
from semantik.folders.remote_files import RemoteFiles
from semantik.folders.scan import find_images
from semantik.records import Reason
from semantik.storage.typed_paths import path_named

PACKAGES = "s3fs", "moto", "flask", "flask_cors"
pytestmark = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, PACKAGES)), reason=f"one of {', '.join(PACKAGES)} is not installed"
)

ODD = {"año/con espacio.png", "50 %20.png", "a#b.png", "c[1]*.png", "d?e=1.png", "f\\g.png", "日本/x.png"}


@pytest.fixture(scope="module")
def server():
    moto = importlib.import_module("moto.server")  # not where nothing of it is run: it takes a second
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def store(server, monkeypatch, tmp_path):
    """The bucket ``museo``, as a user with credentials in the environment has it."""
    from semantik.folders import remote_files

    for name, value in (("ACCESS_KEY_ID", "k"), ("SECRET_ACCESS_KEY", "s"), ("ENDPOINT_URL", server)):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("CONFIG_FILE", "SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(f"AWS_{name}", str(tmp_path / "none"))
    monkeypatch.setattr(remote_files, "PAUSES", ())
    kind = importlib.import_module("s3fs").S3FileSystem
    kind.clear_instance_cache()
    store = kind()
    store.mkdir("museo")
    yield store
    kind.clear_instance_cache()


def test_a_bucket_is_listed_and_fetched(store, tmp_path):
    """What is made of the files is seen in test_remote_folder: here, that S3 tells and gives what is told there."""
    names = {"rojo.png", "viaje/playa/naranja.png"} | {f"raros/{name}" for name in ODD}
    contents = {name: name.encode() * (number + 1) for number, name in enumerate(sorted(names))}
    for name, content in contents.items():
        store.pipe_file(f"museo/fotos/{name}", content)
    for name in ("fotos/", "fotos/nadie//x.png", "fotos2/other.png"):
        store.pipe_file(f"museo/{name}", b"")
    folder, problems = path_named("s3://museo/fotos"), []
    found = [*find_images(folder, problems.append)]
    assert {file.path: file.size for file in found} == {name: len(content) for name, content in contents.items()}
    assert [(problem.path, problem.reason) for problem in problems] == [("nadie//", Reason.ODD_NAME)]
    fetched = RemoteFiles(folder).fetch(found, tmp_path)
    assert {file.path: place.read_bytes() for file, place in zip(found, fetched, strict=True)} == contents
    # One is replaced in the same second by another of the same size, one by itself.
    store.pipe_file("museo/fotos/raros/a#b.png", contents["raros/a#b.png"][::-1])
    store.pipe_file("museo/fotos/rojo.png", contents["rojo.png"])
    versions = [{file.path: file.mtime_ns % 10**9 for file in each} for each in (found, find_images(folder))]
    assert {name for name in names if versions[0][name] != versions[1][name]} == {"raros/a#b.png"}
    store.rm_file("museo/fotos/rojo.png")
    (gone,) = RemoteFiles(folder).fetch([file for file in found if file.path == "rojo.png"], tmp_path)
    assert gone.reason is Reason.VANISHED
    for url, kind in (
        ("s3://museo/fot", RemoteFolderNotFound),
        ("s3://nadie/fotos", RemoteFolderNotFound),
        ("s3://museo/fotos/viaje/playa/naranja.png", NotAFolder),
    ):
        with pytest.raises(kind):
            next(find_images(path_named(url)))
