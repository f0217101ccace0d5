"""Published models as small files on servers of the tests' own: what is downloaded, without the weight of it."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from collections.abc import Iterator

import numpy as np
import pytest

from semantik.downloads import model_file
from semantik.downloads.model_file import WeightsFile
from semantik.downloads.model_file_set import ModelFiles
from semantik.encoders.open_clip import models
from tests.support.weights_server import Server, serving

SIGLIP = "siglip2-b-32-256"
CONTENTS = (np.random.default_rng(3).bytes(3_000_000), b"tokenizer" * 10_000)
SIZE = sum(map(len, CONTENTS))


@contextlib.contextmanager
def served_siglip(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Server]]:
    """SigLIP 2 B/32 as two small files, each on a server: its weights, of 3 MB, and its tokenizer."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    model_file._verified.clear()
    with contextlib.ExitStack() as stack:
        served = [stack.enter_context(serving(content)) for content in CONTENTS]
        files = tuple(
            WeightsFile(
                "SigLIP 2 B/32",
                server.url,
                hashlib.sha256(server.content).hexdigest(),
                len(server.content),
                f"s/{name}",
            )
            for server, name in zip(served, ("net.safetensors", "tokenizer.json"), strict=True)
        )
        replaced = dataclasses.replace(models.MODELS[SIGLIP], files=ModelFiles("SigLIP 2 B/32", files))
        monkeypatch.setitem(models.MODELS, SIGLIP, replaced)
        yield served
