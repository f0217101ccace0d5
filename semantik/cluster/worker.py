"""What runs on the machines of a cluster: a loaded model, decoder processes of its own, and batch after batch."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semantik import __version__
from semantik.cluster.batch_files import write_batch
from semantik.decoding.pool import DecodePool
from semantik.encoders.base import Encoder
from semantik.errors import SemantikError, understood
from semantik.folder_urls import is_remote
from semantik.folders.file_embedder import Embedder, LocalEmbedder
from semantik.long_tasks import UNATTENDED
from semantik.records import ImageFile
from semantik.storage.private_files import make_folder

log = logging.getLogger(__name__)

Refusal = tuple[str, dict[str, Any]]
"""The name of an error and its params: what a worker cannot do. An error itself does not travel well."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of a worker, whatever the folder.

    ``make`` makes the encoder; ``space`` and ``version`` are what it and the program must be; ``decode_seconds`` is
    the limit for one file.
    """

    make: Callable[[], Encoder]
    space: str
    version: str
    decode_seconds: float


class Worker:
    """Embeds batches, one at a time. Ray makes it in a process of its own."""

    def __init__(self, task: Task, decoders: int) -> None:
        """``decoders``: how many processes decode for it."""
        self._task = task
        self._decoders = decoders

    def begin(self) -> Refusal | None:
        """Load the model, or tell what is wrong."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started the command ends its workers
        if self._task.version != __version__:
            return "WorkerVersion", {"version": __version__, "own": self._task.version}
        try:
            self._encoder = self._task.make()
            self._encoder.load(texts=False)
        except SemantikError as error:
            return _told(error)
        except (OSError, ImportError) as error:
            known = understood(error)
            return _told(known) if isinstance(known, SemantikError) else ("WorkerNotStarted", {"detail": str(error)})
        if self._encoder.space != self._task.space:
            return "WorkerModel", {"space": self._encoder.space}
        self._pool = DecodePool(self._decoders, self._task.decode_seconds)
        return None

    def embed(self, folder: str, target: str, files: Sequence[tuple[str, int, int]]) -> Refusal | None:
        """Embed files of ``folder`` (path, size, time), and write what becomes of them to ``target``."""
        root, path = Path(folder), Path(target)
        embedder: Embedder = LocalEmbedder(self._encoder, self._pool, UNATTENDED)
        if is_remote(root):
            from semantik.folders.fetched_files import RemoteEmbedder

            embedder = RemoteEmbedder(root, embedder, UNATTENDED)
        try:
            todo = [ImageFile(*file) for file in files]
            found = embedder.embed(todo, lambda file: root / file.path, alone=len(todo) == 1)
            by_path = {each.file.path: each for batch in found for each in batch}
            done = [by_path[file.path] for file in todo]
            make_folder(path.parent)
            write_batch(path, self._task.space, done)
        except SemantikError as error:
            return _told(error)
        except OSError as error:
            return "IndexNotSaved", {"folder": str(path.parent), "detail": error.strerror or str(error)}
        return None


def _told(error: SemantikError) -> Refusal:
    log.warning("this worker cannot go on: %r", error)
    return type(error).__name__, {
        name: value if isinstance(value, int) else str(value) for name, value in error.params.items()
    }
