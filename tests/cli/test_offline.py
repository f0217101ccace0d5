"""Nothing is ever sent anywhere: the program works with every network call refused, and makes none."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.libraries import paint
from tests.support.places import REPO
from tests.support.shipped_photos import shipped_photo
from tests.support.systems import WINDOWS
from tests.support.waiting import PATIENCE

TESTS = REPO / "tests"

WITH_FAKE_ENCODER = f"""
import sys
sys.path.insert(0, {str(REPO)!r})
from tests.support.fake_encoder import FakeEncoder
from semantik.cli import main as cli
from semantik.encoders import registry

def create(name, **options):
    encoder = FakeEncoder()
    encoder.name = name
    return encoder

registry.create = create
sys.exit(cli.main(sys.argv[1:]))
"""

UNHURRIED = f"""
import sys
from functools import partial
sys.path.insert(0, {str(REPO)!r})
from semantik.cli import main as cli
from semantik.downloads import model_file

model_file.DownloadLimits = partial(model_file.DownloadLimits, timeout={PATIENCE})
sys.exit(cli.main(sys.argv[1:]))
"""
"""The program, which gives up the network only when that was refused, not when it took long to ask for it."""


class Guarded:
    """Runs programs that have no network, and remembers which processes that was true for."""

    def __init__(self, place: Path, home: Path) -> None:
        self.record = place / "guarded.txt"
        site = place / "site"
        site.mkdir()
        shutil.copy(TESTS / "support" / "no_network.py", site / "sitecustomize.py")
        proxies = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        self.environment = proxies | {
            "PYTHONPATH": os.pathsep.join((str(site), str(REPO))),
            "GUARDED": str(self.record),
            "SEMANTIK_HOME": str(home),
            "HOME": str(place),  # no model that was downloaded earlier
            "USERPROFILE": str(place),
        }

    def __call__(self, *command: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *map(str, command)],
            env=self.environment | environment,
            cwd=REPO,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def processes(self) -> list[str]:
        return self.record.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def guarded(tmp_path, home):
    return Guarded(tmp_path, home)


def test_the_guard_sees_and_refuses(guarded):
    """Else the tests below would prove nothing."""
    attempts = {
        "import socket; socket.create_connection(('127.0.0.1', 9))": "socket.getaddrinfo",
        "import socket; socket.socket().connect(('127.0.0.1', 9))": "socket.__new__",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9')": "urllib.Request",
        "import requests; requests.get('http://127.0.0.1:9', timeout=5)": "socket.__new__",
    }
    for code, event in attempts.items():
        done = guarded("-c", code)
        assert done.returncode == 1
        assert done.stderr.startswith(f"SOCKET {event} "), done.stderr
    if not WINDOWS:  # there a pair is two sockets of the network
        assert guarded("-c", "import socket; print(len(socket.socketpair()))").stdout == "2\n"
    if guarded.processes()[-1].split()[1] == "kernel":
        native = "import ctypes; print(ctypes.CDLL(None).socket({}, 1, 0) > 0)"
        assert guarded("-c", native.format(1)).stdout == "True\n"  # AF_UNIX
        assert guarded("-c", native.format(2)).returncode < 0  # killed
        assert guarded("-c", native.format(10)).returncode < 0


def test_indexing_and_searching_make_no_network_call(guarded, library, tmp_path):
    (library / "rota.jpg").write_bytes(b"no")
    run = ("-c", WITH_FAKE_ENCODER)
    done = guarded(*run, "index", library, "--json")
    assert (done.returncode, "SOCKET" in done.stderr) == (0, False), done.stderr
    assert json.loads(done.stdout)["count"] == 6
    done = guarded(*run, "search", library, "--text", "azul", "-k", "1", "--json")
    assert (done.returncode, "SOCKET" in done.stderr) == (0, False), done.stderr
    assert [hit["path"] for hit in json.loads(done.stdout)] == [str(library / "azul.png")]
    example = paint(tmp_path / "ejemplo.png", (250, 0, 0))
    page = tmp_path / "página.html"
    done = guarded(*run, "search", library, "--image", example, "-k", "6", "--html", page, "--json")
    assert (done.returncode, "SOCKET" in done.stderr) == (0, False), done.stderr
    first = {"rank": 1, "score": 1.0, "relevance": None, "path": str(library / "rojo.png")}
    assert first.items() <= json.loads(done.stdout)[0].items()
    assert page.read_text(encoding="utf-8").count("data:image/jpeg;base64,") >= 6
    done = guarded("-m", "semantik", "models", "--json")
    assert (done.returncode, "SOCKET" in done.stderr) == (0, False), done.stderr
    # The processes that open the pictures were guarded as well.
    decoders = [line for line in guarded.processes() if "semantik.decoding.worker" in line]
    assert len(decoders) >= 2
    assert len({line.split()[1] for line in guarded.processes()}) == 1


@pytest.mark.skipif(importlib.util.find_spec("semantik.encoders.builtin") is None, reason="no embedded model")
def test_the_embedded_model_needs_no_network(guarded, tmp_path):
    """Without a word about a model, and with none downloaded, the embedded one is used and nothing is fetched."""
    photos = tmp_path / "fotos"
    photos.mkdir()
    for name in ("chelsea", "coffee", "rocket", "china", "flower"):
        shutil.copy(shipped_photo(name), photos)
    done = guarded("-m", "semantik", "search", photos, "--text", "un gato", "-k", "2", "--json")
    assert done.returncode == 0, done.stderr
    assert "SOCKET" not in done.stderr
    hits = json.loads(done.stdout)
    assert (Path(hits[0]["path"]).name, len(hits)) == ("chelsea.png", 2)
    assert hits[0]["score"] > hits[1]["score"] + 0.1


def test_a_download_is_announced_before_the_first_network_call(guarded, library, home):
    """The model was named, so it is wanted; its name and size are told first, and only its server is asked."""
    (home / "image_search_config.json").write_text(json.dumps({"weights_folder": str(home / "weights")}))
    done = guarded("-c", UNHURRIED, "index", library, "--encoder", "clip-vit-b-32", GUARDED_IN_PYTHON_ONLY="1")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0] == "Se va a descargar el modelo CLIP ViT-B/32 (rápido) (855 MB)…"
    calls = [line for line in lines[1:] if line.startswith("SOCKET ")]
    asked = [call for call in calls if call.startswith("SOCKET socket.getaddrinfo ")]
    assert asked
    assert all("'openaipublic.azureedge.net', 443" in call for call in asked)
    assert lines[-1].startswith("semantik: No hay conexión con openaipublic.azureedge.net, así que ")
    assert lines[1 + len(calls) :] == lines[-1:]
    assert not list((home / "weights").glob("*.pt"))
