"""A predictable encoder, and putting it in the place of every model."""

from __future__ import annotations

import atexit
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from semantik.decoding.fitting import InputSpec
from semantik.decoding.pool import DecodePool
from semantik.encoders.base import Encoder, unit_rows
from semantik.storage.settings import CONFIG_NAME

if TYPE_CHECKING:
    import pytest  # each worker of a cluster imports this module, and needs neither that nor searches


class FakeEncoder(Encoder):
    """Embeds a picture as its mean colour and a text as the colour that it names, so scores can be foretold.

    dim 3: red, green, blue. ``images`` and ``batches`` count the work that was asked for.
    """

    name = "fake"
    space = "fake/rgb"
    dim = 3
    input_spec = InputSpec(8, 8, "squash", "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    batch_size = 4
    COLOURS: ClassVar = {
        "rojo": (1, 0, 0),
        "verde": (0, 1, 0),
        "azul": (0, 0, 1),
        "amarillo": (1, 1, 0),
        "blanco": (1, 1, 1),
    }

    def __init__(self) -> None:
        self.images = 0
        self.batches = 0

    def encode_images(self, batch):
        self.images += len(batch)
        self.batches += 1
        return unit_rows(batch.mean(axis=(2, 3)))

    def encode_texts(self, texts):
        # Of the texts that name no colour every tenth background query is white, the rest mean nothing.
        colours = [self.COLOURS.get(text, (1, 1, 1) if text in _white() else (0, 0, 0)) for text in texts]
        return unit_rows(np.array(colours, dtype=np.float32).reshape(-1, 3))


@functools.cache
def _white() -> frozenset[str]:
    from semantik.search.relevance import read_queries

    return frozenset(read_queries()[::10])


def fake_encoder(name: str, **options: object) -> FakeEncoder:
    """Stands for the registry's ``create``: the predictable encoder under the name of any model."""
    fake = FakeEncoder()
    fake.name = name
    return fake


def replace_encoders(monkeypatch: pytest.MonkeyPatch) -> list[FakeEncoder]:
    """Make the predictable encoder stand for every model; those that get made are in the returned list.

    Nothing is read in pictures, which takes a process that loads for a second: see ``reading.read_pictures``.
    """
    from semantik.encoders import registry
    from semantik.engine import engine

    made: list[FakeEncoder] = []

    def create(name, **options):
        fake = fake_encoder(name)
        fake.space = f"fake/{name}"
        made.append(fake)
        return fake

    monkeypatch.setattr(registry, "create", create)
    monkeypatch.setattr(engine, "DecodePool", lasting_pool)
    readers_of()  # as they are
    monkeypatch.setattr(engine.Engine, "readers_of", lambda self, indexed_folder: [])
    return made


def replace_encoders_of(monkeypatch: pytest.MonkeyPatch, home: Path, **settings: object) -> list[FakeEncoder]:
    """As ``replace_encoders`` for a home with these settings, in which no CLIP weights are on disk."""
    (home / CONFIG_NAME).write_text(json.dumps({"weights_folder": str(home / "weights"), **settings}))
    return replace_encoders(monkeypatch)


@functools.cache
def readers_of() -> Callable[..., object]:
    """``Engine.readers_of``, which ``replace_encoders`` replaces."""
    from semantik.engine.engine import Engine

    return Engine.readers_of


@functools.cache
def lasting_pool(time_limit: float, *, fetch_cloud: bool) -> DecodePool:
    """Decoder processes that outlast the engine and the tests that use them: to start them takes longer than most."""
    pool = DecodePool(time_limit=time_limit, fetch_cloud=fetch_cloud)
    atexit.register(pool.close)
    pool.close = lambda: None  # type: ignore[method-assign]
    return pool
