"""A real S3 protocol, spoken with a server on this machine."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from semantik.errors import RemoteFolderForbidden, RemoteFolderNotFound, RemoteFolderUnreachable
from semantik.folders.indexed_folder import IndexedFolder
from semantik.records import Reason
from semantik.storage.typed_paths import path_named
from tests.support.fake_encoder import FakeEncoder

pytestmark = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("moto", "s3fs", "flask"))), reason="moto[server] or s3fs is not installed"
)

ODD = {"año/con espacio.png", "50 %20.png", "a#b.png", "c[1]*.png", "d?e=1.png", "f\\g.png", "日本/x.png"}


@pytest.fixture(scope="module")
def server():
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def put(server, monkeypatch, tmp_path):
    """Puts objects into the bucket ``museo``; the environment is that of a user with credentials."""
    import botocore.session
    import s3fs

    from semantik.folders import remote_files

    for name, value in (("ACCESS_KEY_ID", "k"), ("SECRET_ACCESS_KEY", "s"), ("ENDPOINT_URL", server)):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setattr(remote_files, "PAUSES", ())
    client = botocore.session.get_session().create_client("s3")
    client.create_bucket(Bucket="museo")
    s3fs.S3FileSystem.clear_instance_cache()
    yield lambda key, body: client.put_object(Bucket="museo", Key=key, Body=body)
    for each in client.list_objects_v2(Bucket="museo").get("Contents", ()):
        client.delete_object(Bucket="museo", Key=each["Key"])


def test_a_bucket_is_indexed_as_a_folder_on_a_disk(put, home, library, pool, monkeypatch):
    picture = (library / "rojo.png").read_bytes()
    for path in library.rglob("*.png"):
        put(f"fotos/{path.relative_to(library).as_posix()}", path.read_bytes())
    put("fotos/", b"")
    put("fotos/nadie//x.png", picture)
    for number, name in enumerate(sorted(ODD)):
        put(f"fotos/raros/{name}", picture + bytes(number + 1))
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
    changed = bytearray((library / "viaje" / "blanco.png").read_bytes())
    put("fotos/viaje/blanco.png", bytes(changed) + b"")
    put("fotos/raros/a#b.png", picture[:-12] + picture[-12:] + b"\1")
    again = opened()
    assert (again.update().count, again.encoder.images) == (report.count, 1)

    for url, kind in (("s3://museo/fot", RemoteFolderNotFound), ("s3://nadie/fotos", RemoteFolderNotFound)):
        with pytest.raises(kind):
            opened(url).update()
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(RemoteFolderForbidden):
        opened().update()
    s3fs.S3FileSystem.clear_instance_cache()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(RemoteFolderUnreachable):
        opened().update()
    assert opened().count == report.count
