"""A real S3 protocol, spoken with a server on this machine."""

from __future__ import annotations

import importlib
import importlib.util

import numpy as np
import pytest

from semantik.decoding.pool import DecodePool
from semantik.errors import RemoteFolderNotFound
from semantik.folders.indexed_folder import IndexedFolder
from semantik.records import Reason
from semantik.storage.typed_paths import path_named
from tests.support.fake_encoder import FakeEncoder

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


@pytest.fixture(scope="module")
def pool():
    with DecodePool(1) as made:
        yield made


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


def test_a_bucket_is_indexed_as_a_folder_on_a_disk(store, home, library, pool):
    def put(key: str, content: bytes) -> None:
        store.pipe_file(f"museo/{key}", content)

    picture = (library / "rojo.png").read_bytes()
    for path in library.rglob("*.png"):
        put(f"fotos/{path.relative_to(library).as_posix()}", path.read_bytes())
    put("fotos/", b"")
    put("fotos/nadie//x.png", picture)
    for number, name in enumerate(sorted(ODD)):
        put(f"fotos/raros/{name}", picture + bytes((number, 0, 0)))
    put("fotos2/other.png", picture)
    disk = IndexedFolder(home / "other", library, FakeEncoder(), pool)
    disk.load()
    disk.update()

    def opened(url: str = "s3://museo/fotos") -> IndexedFolder:
        found = IndexedFolder(home, path_named(url), FakeEncoder(), pool)
        found.load()
        return found

    found = opened()
    report = found.update()
    assert [(problem.path, problem.reason) for problem in report.problems] == [("nadie//", Reason.ODD_NAME)]
    assert found.index.rows().keys() == disk.index.rows().keys() | {f"raros/{name}" for name in ODD}
    for key in disk.index.rows():
        assert np.array_equal(found.index.vector(key), disk.index.vector(key))
    # Replaced in the same second by one of the same size, and nothing else is embedded again.
    put("fotos/viaje/blanco.png", (library / "viaje" / "blanco.png").read_bytes())
    put("fotos/raros/a#b.png", picture + b"\7\7\7")
    again = opened()
    assert (again.update().count, again.encoder.images) == (report.count, 1)

    for url, kind in (("s3://museo/fot", RemoteFolderNotFound), ("s3://nadie/fotos", RemoteFolderNotFound)):
        with pytest.raises(kind):
            opened(url).update()
    assert opened().count == report.count
