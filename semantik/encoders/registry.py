"""The models by name, what of each is on disk, making their encoders, fetching and removing them.

Needs neither torch nor clip. A new family of models is a folder here with a ``cards.py``, and a line in ``FAMILIES``.
"""

from __future__ import annotations

import contextlib
import importlib.util
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from semantik.downloads import model_file_set
from semantik.downloads.model_file import weights_path
from semantik.downloads.model_file_set import ModelFiles
from semantik.encoders.base import Encoder
from semantik.encoders.builtin import cards as builtin
from semantik.encoders.clip import cards as clip
from semantik.encoders.model_card import EncoderOptions, ModelCard
from semantik.encoders.number_formats import EXACT, NumberFormat
from semantik.encoders.open_clip import cards as open_clip
from semantik.errors import ModelNotRemoved, OwnCheckpoint, UnknownEncoder, system_detail
from semantik.long_tasks import TaskControl
from semantik.storage.atomic_files import patiently

log = logging.getLogger(__name__)

FAMILIES: list[Callable[[], Iterable[ModelCard]]] = [
    clip.cards,
    open_clip.cards,
    builtin.cards,
]
"""What tells each family's models, in the order in which they are listed."""

BUILTIN = builtin.NAME
"""The model that needs no download."""

DEFAULT_CLIP = clip.DEFAULT
"""The model of the program's specification; which one fits whom, ``engine.model_advice`` knows."""


def cards() -> list[ModelCard]:
    """Every model, parts of others included."""
    return [card for family in FAMILIES for card in family()]


def card(name: str) -> ModelCard:
    """A model or a part of one. Raises UnknownEncoder."""
    for known in cards():
        if known.name == name:
            return known
    raise UnknownEncoder(name=name, known=", ".join(encoder_names()))


def needed(name: str, language: str) -> list[ModelCard]:
    """A model and what else it takes for it to read queries in a language: mostly nothing. Raises UnknownEncoder.

    What these have to download in all is what choosing the model costs.
    """
    model = card(name)
    parts = () if model.reads(language) else cards()
    return [model, *(part for part in parts if part.part_of == name and part.reads(language))]


def encoder_names() -> tuple[str, ...]:
    """The names of all models that are encoders."""
    return tuple(card.name for card in cards() if card.make)


def create(
    name: str,
    *,
    weights_folder: Path | None = None,
    checkpoint: Path | None = None,
    number_format: NumberFormat = EXACT,
    query_language: str = "english",
    users_language: str = "es",
) -> Encoder:
    """The encoder of that name, not yet loaded. For the options see ``EncoderOptions``. Raises UnknownEncoder."""
    make = card(name).make
    if make is None:
        raise UnknownEncoder(name=name, known=", ".join(encoder_names()))
    return make(EncoderOptions(weights_folder, checkpoint, number_format, query_language, users_language))


def default_name(weights_folder: Path | None = None) -> str:
    """The encoder for a user who has not chosen one: CLIP when its file is on disk, else the embedded model."""
    return DEFAULT_CLIP if on_disk(card(DEFAULT_CLIP), weights_folder).ready else BUILTIN


@dataclass(frozen=True, slots=True)
class ModelOnDisk:
    """A model and what of it is here.

    ``have`` are the bytes on disk of those to download, unfinished parts included; ``ready`` tells whether it can
    be used now, without a download.
    """

    card: ModelCard
    have: int
    ready: bool

    @property
    def name(self) -> str:
        """The card's."""
        return self.card.name

    @property
    def size(self) -> int:
        """The card's: bytes to download in all."""
        return self.card.size


def on_disk(card: ModelCard, weights_folder: Path | None = None) -> ModelOnDisk:
    """A model and what of it is in the weights folder (None: ``~/.cache/clip``)."""
    have = _bytes_on_disk(card.files, weights_folder) if card.files else 0
    downloaded = card.files is None or model_file_set.is_ready(card.files, weights_folder)
    return ModelOnDisk(card, have, downloaded and all(map(importlib.util.find_spec, card.packages)))


def describe(weights_folder: Path | None = None) -> list[ModelOnDisk]:
    """All encoders in the order of ``encoder_names``, for a list to choose from."""
    return [on_disk(card, weights_folder) for card in cards() if card.make]


def listed(weights_folder: Path | None, also: frozenset[str] = frozenset()) -> list[ModelOnDisk]:
    """The models for a user to manage: those on offer, then those that are on disk or in ``also``.

    What needs no download comes first.
    """
    models = [on_disk(card, weights_folder) for card in cards()]
    offered = sorted((model for model in models if model.card.is_offered), key=lambda model: model.size > 0)
    return offered + [model for model in models if not model.card.is_offered and (model.ready or model.name in also)]


def fetch(name: str, folder: Path | None, control: TaskControl) -> None:
    """Download a model's files, going on where an earlier try stopped. Raises as ``model_file_set.download``."""
    files = card(name).files
    if files:
        model_file_set.download(files, folder, control)


def remove(name: str, folder: Path | None, own: Path | None = None) -> int:
    """Delete what was downloaded for a model, and what was made of it; returns the bytes that became free.

    Whoever has the model loaded must drop it first: Windows deletes no file that is in use. ``own`` is the
    user's own checkpoint. Raises OwnCheckpoint when one of the files is that, and ModelNotRemoved.
    """
    model = card(name)
    if model.files is None:
        return 0
    made = model.made_files(folder)
    doomed = {path.absolute() for path in (*made, *(weights_path(file, folder) for file in model.files.files))}
    if own and own.absolute() in doomed:
        raise OwnCheckpoint(path=own)
    freed = 0
    try:
        # What was made comes first: when something fails, a later try still finds the model and ends the work.
        for path in made:
            with contextlib.suppress(FileNotFoundError):
                size = path.stat().st_size
                patiently(path.unlink)
                freed += size
        freed += model_file_set.remove(model.files, folder)
    except OSError as error:
        log.warning("%s not removed", name, exc_info=True)
        raise ModelNotRemoved(name=model.files.name, detail=system_detail(error)) from error
    log.info("%s removed, %d bytes", name, freed)
    return freed


def _bytes_on_disk(files: ModelFiles, folder: Path | None) -> int:
    have = 0
    for file in files.files:
        path = weights_path(file, folder)
        for place in (path, path.with_name(path.name + ".part")):
            with contextlib.suppress(OSError):
                have += place.stat().st_size
                break
    return have
