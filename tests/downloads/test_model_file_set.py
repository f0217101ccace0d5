"""A model of several files: one download that goes on where it stopped, files checked once, removal."""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from semantik.downloads import model_file, model_file_set
from semantik.downloads.model_file import WeightsFile
from semantik.downloads.model_file_set import CHECKED, ModelFiles
from semantik.errors import Cancelled, DownloadInterrupted, NoNetwork, ServerRefused, WeightsMissing, WrongHash
from semantik.long_tasks import Progress, TaskControl
from tests.support.task_controls import CancelledWhen
from tests.support.weights_server import PATIENT, QUICK, Server, serving

CONTENTS = (np.random.default_rng(1).bytes(700_000), b"tokenizer" * 10_000)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[list[Server], ModelFiles]]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    model_file._verified.clear()
    with serving(CONTENTS[0]) as first, serving(CONTENTS[1]) as second:
        files = tuple(
            WeightsFile("Tiny", server.url, hashlib.sha256(content).hexdigest(), len(content), f"tiny/{name}")
            for server, content, name in zip(
                (first, second), CONTENTS, ("net.safetensors", "tokenizer.json"), strict=True
            )
        )
        yield [first, second], ModelFiles("Tiny", files)


def in_folder(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "tiny").iterdir() if path.suffix not in {".lock", CHECKED})


def test_download_of_all_files(served, tmp_path: Path) -> None:
    servers, model = served
    seen: list[Progress] = []
    assert not model_file_set.is_ready(model, tmp_path)
    paths = model_file_set.download(model, tmp_path, TaskControl(seen.append), limits=QUICK)
    assert [path.read_bytes() for path in paths] == list(CONTENTS)
    assert in_folder(tmp_path) == ["net.safetensors", "tokenizer.json"]
    assert model_file_set.is_ready(model, tmp_path)
    total = sum(map(len, CONTENTS))
    assert {progress.total for progress in seen} == {total}
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)
    assert seen[-1].done == total
    assert [progress.done for progress in seen].count(total) == 1
    model_file._verified.clear()
    assert model_file_set.checked_paths(model, tmp_path) == paths
    assert model_file._verified == {}  # noted by the download, hashed no more
    seen.clear()
    assert model_file_set.download(model, tmp_path, TaskControl(seen.append), limits=QUICK) == paths
    assert [len(server.requests) for server in servers] == [1, 1]
    assert seen[-1].done == seen[-1].total == total


def test_cut_download_goes_on_where_it_stopped(served, tmp_path: Path) -> None:
    servers, model = served
    servers[1].cuts = [40_000] * 10
    servers[1].ranges = False
    with pytest.raises(DownloadInterrupted) as broken:
        model_file_set.download(model, tmp_path, limits=QUICK)
    assert broken.value.params["name"] == "Tiny"
    assert in_folder(tmp_path)[0] == "net.safetensors"
    assert not model_file_set.is_ready(model, tmp_path)
    with pytest.raises(WeightsMissing):
        model_file_set.checked_paths(model, tmp_path)
    servers[1].cuts, servers[1].ranges = [], True
    model_file_set.download(model, tmp_path, limits=QUICK)
    assert [(tmp_path / "tiny" / name).read_bytes() for name in in_folder(tmp_path)] == list(CONTENTS)
    assert len(servers[0].requests) == 1  # the first file was whole


def test_corrupted_download_leaves_nothing(served, tmp_path: Path) -> None:
    servers, model = served
    servers[1].content = b"X" + CONTENTS[1][1:]
    with pytest.raises(WrongHash):
        model_file_set.download(model, tmp_path, limits=PATIENT)
    assert in_folder(tmp_path) == ["net.safetensors"]
    servers[1].content = CONTENTS[1]
    assert len(model_file_set.download(model, tmp_path, limits=PATIENT)) == 2


def test_failed_and_cancelled_downloads(served, tmp_path: Path) -> None:
    servers, model = served
    servers[0].status = 404
    with pytest.raises(ServerRefused):
        model_file_set.download(model, tmp_path, limits=QUICK)
    servers[0].status = 200
    before = len(servers[0].requests)
    with pytest.raises(Cancelled):
        model_file_set.download(
            model, tmp_path, CancelledWhen(lambda: len(servers[0].requests) > before), limits=PATIENT
        )
    assert not model_file_set.is_ready(model, tmp_path)
    nowhere = ModelFiles("Tiny", (dataclasses.replace(model.files[0], url="http://127.0.0.1:9/"),))
    with pytest.raises(NoNetwork):
        model_file_set.download(nowhere, tmp_path / "new", limits=QUICK)


def test_removal(served, tmp_path: Path) -> None:
    _, model = served
    (tmp_path / "ViT-B-32.pt").write_bytes(b"another model")
    model_file_set.download(model, tmp_path, limits=PATIENT)
    assert model_file_set.remove(model, tmp_path) >= sum(map(len, CONTENTS))
    assert [path.name for path in tmp_path.iterdir()] == ["ViT-B-32.pt"]
    assert model_file_set.remove(model, tmp_path) == 0


def test_files_are_hashed_once_in_their_life(served, tmp_path: Path, monkeypatch) -> None:
    hashed: list[str] = []
    original = model_file.file_sha256
    monkeypatch.setattr(model_file, "file_sha256", lambda path: hashed.append(path.name) or original(path))
    _, model = served
    paths = [tmp_path / file.filename for file in model.files]
    paths[0].parent.mkdir()
    for path, content in zip(paths, CONTENTS, strict=True):
        path.write_bytes(content)  # by another program: nothing is noted yet
    assert model_file_set.checked_paths(model, tmp_path) == paths
    model_file._verified.clear()  # as in the next process
    assert model_file_set.checked_paths(model, tmp_path) == paths
    assert hashed == ["net.safetensors", "tokenizer.json"]
    state = paths[0].stat()
    paths[0].write_bytes(b"x" * state.st_size)
    os.utime(paths[0], ns=(state.st_atime_ns, state.st_mtime_ns + 1_000_000_000))
    with pytest.raises(WrongHash):
        model_file_set.checked_paths(model, tmp_path)


def test_folder_that_cannot_be_written_costs_only_time(served, tmp_path: Path, monkeypatch) -> None:
    def refuse(path: Path, content: bytes, **options: object) -> None:
        raise PermissionError(13, "read-only", str(path))

    monkeypatch.setattr(model_file_set, "replace_file", refuse)
    _, model = served
    paths = model_file_set.download(model, tmp_path, limits=PATIENT)
    model_file._verified.clear()
    assert model_file_set.checked_paths(model, tmp_path) == paths
    assert not any(path.name.endswith(CHECKED) for path in paths[0].parent.iterdir())
