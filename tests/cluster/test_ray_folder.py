"""Where Ray keeps its sockets on one computer, and what becomes of the folders of killed programs; without Ray."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import pytest

from semantik.cluster.ray_folder import RayFolder
from semantik.storage.home import cluster_folder
from tests.support.places import REPO

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Ray runs a cluster on Linux only")

KILLED = """
import os, signal, sys
from pathlib import Path
from semantik.cluster.ray_folder import RayFolder
made = [RayFolder(Path(home)) for home in sys.argv[1:]]
for each in made:
    (each.path / "session" / "logs").mkdir(parents=True)
    (each.path / "session" / "latest").symlink_to("logs")
    print(each.path, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def short():
    """A folder whose path is short enough for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


def test_what_a_killed_program_left_is_deleted_and_nothing_else(short, tmp_path):
    homes = [short, tmp_path / ("h" * 60)]  # that the sockets' paths would be too long for
    live = [RayFolder(home) for home in homes]
    program = subprocess.run(
        [sys.executable, "-c", KILLED, *homes], cwd=REPO, capture_output=True, text=True, check=False
    )
    assert program.returncode == -signal.SIGKILL
    left = [*map(Path, program.stdout.split())]
    assert [path.parent for path in left] == [cluster_folder(short), Path("/tmp")]
    assert [path.parent for path in left] == [each.path.parent for each in live]
    assert all((path / "session" / "latest").is_dir() for path in left)
    own = cluster_folder(short) / "apuntes"
    own.mkdir()
    for home in homes:
        RayFolder(home).close()
    assert not any(path.exists() for path in left)
    assert own.is_dir()
    assert all(each.path.is_dir() for each in live)
    assert all(each.path.stat().st_mode & 0o077 == 0 for each in live)
    for each in live:
        each.close()
        each.close()
    assert [[*cluster_folder(home).iterdir()] for home in homes] == [[own], []]
    assert not any(each.path.exists() for each in live)


def test_the_path_of_a_socket_is_never_too_long(short):
    """Linux takes 107 bytes, macOS 103; the folder is in the home as long as that lasts."""
    name = datetime.now().strftime("session_%Y-%m-%d_%H-%M-%S_%f_4194304/sockets/plasma_store")
    inside = []
    for length in range(1, 40, 3):
        home = short / ("ñ" * (length // 2) + "h" * (length % 2))
        folder = RayFolder(home)
        assert len(os.fsencode(folder.path / name)) <= 103
        inside.append(folder.path.is_relative_to(home))
        folder.close()
    assert inside == sorted(inside, reverse=True)
    assert set(inside) == {True, False}
