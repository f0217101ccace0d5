"""A model that is several files: all there or not, fetched one after the other as one download, checked, removed."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from pathlib import Path

from semantik.downloads import model_file
from semantik.downloads.model_file import WeightsFile, weights_path
from semantik.downloads.resumable_transfer import DownloadLimits
from semantik.errors import WeightsMissing
from semantik.long_tasks import UNATTENDED, Progress, TaskControl
from semantik.storage.atomic_files import patiently, replace_file

log = logging.getLogger(__name__)

CHECKED = ".checked"  # suffix of the note that a file's SHA-256 was right, and of what size and time it was then


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The files of one model, the largest first, so that a lack of room shows before anything is fetched.

    ``name`` is what the user calls the model; its files carry the same name in their errors.
    """

    name: str
    files: tuple[WeightsFile, ...]

    @property
    def size(self) -> int:
        """Bytes in all, as announced before a download."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, slots=True)
class Repository:
    """A Hugging Face repository at one commit: what an address in it names can never change.

    ``title`` is what the user calls the model, ``folder`` the folder for its files within the weights folder.
    """

    title: str
    path: str
    commit: str
    folder: str

    def file(self, path: str, sha256: str, size: int, *, exact: bool = True) -> WeightsFile:
        """One of its files. ``size`` in bytes, ``exact`` when it is the file's own."""
        url = f"https://huggingface.co/{self.path}/resolve/{self.commit}/{path}"
        return WeightsFile(self.title, url, sha256, size, f"{self.folder}/{path.replace('/', '-')}", exact)


def is_ready(model: ModelFiles, folder: Path | None = None) -> bool:
    """Whether every file is on disk with its size. Cheap: contents are checked by ``checked_paths``."""
    return all(model_file.is_ready(file, folder) for file in model.files)


def checked_paths(model: ModelFiles, folder: Path | None = None) -> list[Path]:
    """The paths of the files in their order, once each SHA-256 matches.

    A file is hashed once in its life and not at every start (1.5 GB take seconds): its size and time of
    change are noted beside it. That is enough against damage, and no file of these models can run code.

    Raises WeightsMissing when any is not there, WrongHash when one is another file.
    """
    if not is_ready(model, folder):
        raise WeightsMissing(name=model.name, megabytes=round(model.size / 1e6))
    return [_checked(file, folder) for file in model.files]


def download(
    model: ModelFiles,
    folder: Path | None = None,
    control: TaskControl = UNATTENDED,
    *,
    limits: DownloadLimits | None = None,
) -> list[Path]:
    """Fetch what is missing, as ``model_file.download`` does for one file; progress counts the bytes of all.

    A later call continues where this one stopped, file and byte. Raises what ``model_file.download`` raises.
    """
    paths, before, after = [], 0, model.size
    for file in model.files:
        after -= file.size
        rate = 0.0

        def show(progress: Progress, before: int = before, after: int = after) -> None:
            nonlocal rate
            rate = progress.rate or rate
            done, total = before + progress.done, before + (progress.total or 0) + after
            if done < total:  # the end of all is reported once, below
                control.report(Progress(done, total, rate, (total - done) / rate if rate > 0 else None))

        path = model_file.download(file, folder, control.telling(show), limits=limits)
        _note(file, path)
        before += path.stat().st_size
        paths.append(path)
    control.report(Progress(before, before, rate, 0.0))
    return paths


def remove(model: ModelFiles, folder: Path | None = None) -> int:
    """Delete the model's files and what a broken download left of them; returns the bytes that became free.

    The encoder must be dropped first: Windows deletes no file that is in use. Raises OSError.
    """
    freed = 0
    for file in model.files:
        path = weights_path(file, folder)
        for leftover in (path, *(path.with_name(path.name + end) for end in (".part", ".part.etag", ".lock", CHECKED))):
            with contextlib.suppress(FileNotFoundError):
                size = leftover.stat().st_size
                patiently(leftover.unlink)
                freed += size
        with contextlib.suppress(OSError):  # not empty, or the weights folder itself
            if Path(file.filename).parent != Path():
                path.parent.rmdir()
    return freed


def is_noted(file: WeightsFile, folder: Path | None = None) -> bool:
    """Whether a note tells that the content of this very file was right."""
    path = weights_path(file, folder)
    try:
        return _note_path(path).read_text("ascii") == _state(file, path)
    except (OSError, UnicodeDecodeError):
        return False  # no note: a file that another program put there, or copied


def _checked(file: WeightsFile, folder: Path | None) -> Path:
    path = weights_path(file, folder)
    if is_noted(file, folder):
        return path
    model_file.verify(file, folder)
    _note(file, path)
    return path


def _note(file: WeightsFile, path: Path) -> None:
    try:
        replace_file(_note_path(path), _state(file, path).encode("ascii"), mode=0o644, ours=False)
    except OSError as error:  # a read-only folder costs only time
        log.info("not noted that %s is right: %s", path, error)


def _note_path(path: Path) -> Path:
    return path.with_name(path.name + CHECKED)


def _state(file: WeightsFile, path: Path) -> str:
    state = path.stat()
    return f"{file.sha256} {state.st_size} {state.st_mtime_ns}"
