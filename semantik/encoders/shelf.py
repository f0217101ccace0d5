"""The models as a user manages them: what each is, what of it is on disk, fetching and removing it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from semantik import encoders
from semantik.downloads import model_file_set
from semantik.downloads.model_file import default_folder, weights_path
from semantik.downloads.model_file_set import ModelFiles
from semantik.encoders import tower_cache
from semantik.encoders.clip import int8_images, multilingual
from semantik.encoders.open_clip import models
from semantik.errors import ModelNotRemoved, OwnCheckpoint
from semantik.records import Progress

log = logging.getLogger(__name__)

TEXT_TOWER = "multilingual"
"""The multilingual text tower's name: listed, fetched and removed like a model, but part of another one."""

OFFERED = (encoders.BUILTIN, encoders.DEFAULT_CLIP, TEXT_TOWER, *models.MODELS)
"""What every user is shown. OpenAI's other models are found by name only: each is beaten by one of these."""


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
    infos = {info.name: info for info in encoders.describe(folder)}
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
    return multilingual.FILES if name == TEXT_TOWER else encoders.model_files_of(name)


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


def fetch(
    name: str, folder: Path | None, on_progress: Callable[[Progress], None], is_cancelled: Callable[[], bool]
) -> None:
    """Download a model or the text tower, going on where an earlier try stopped. Raises as ``model_files.download``."""
    files = files_of(name)
    if files:
        model_file_set.download(files, folder, on_progress, is_cancelled)


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
    if name not in encoders.CLIP_NAMES:
        return []
    kept = tower_cache.cache_path(folder or default_folder(), published.stem, sha256)
    return [kept, int8_images.int8_path(kept)]


def _languages(name: str) -> str:
    if name == encoders.BUILTIN:
        return "sixteen"
    if name == TEXT_TOWER:
        return "fifty"
    if name in models.MODELS:
        known = models.MODELS[name].languages
        return "many" if "many" in known else "spanish_english" if "es" in known else "english"
    return "english"
