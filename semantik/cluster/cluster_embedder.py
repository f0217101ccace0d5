"""Vectors of files by the workers of a cluster, for the ordinary run that enters them into the index."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from semantik.cluster.batch_files import batch_name, read_batch, remove, stored_batches
from semantik.cluster.batch_queue import Batch, BatchQueue
from semantik.cluster.crew import Crew
from semantik.encoders.base import Encoder
from semantik.errors import WorkerFolderUnseen, WorkerUnfit
from semantik.folders.embedding_run import AWAY
from semantik.folders.file_embedder import EmbeddedFile, Here
from semantik.long_tasks import TaskControl
from semantik.records import ImageFile
from semantik.storage.regular_files import changed_ns, open_regular

log = logging.getLogger(__name__)

GLANCE = 0.5
"""Seconds between two looks at whether to stop, and at what machines there are."""


class ClusterEmbedder:
    """An ``Embedder`` whose workers write what they make into ``batches``, a folder that all machines see.

    What is there goes into the index first: an earlier run may have been killed. It is deleted once the index is saved.
    """

    def __init__(
        self, folder: Path, batches: Path, encoder: Encoder, crew: Callable[[], Crew], control: TaskControl
    ) -> None:
        """``crew`` is asked for when there is something to embed: a cluster may have to be started."""
        self._folder = folder
        self._batches = batches
        self._space, self._dim = encoder.space, encoder.dim
        self._crew = crew
        self._control = control
        self._entered: list[Path] = []
        self._made: list[tuple[int, Path]] = []  # with the last number of its files

    def load(self) -> None:
        """Wait until a worker has its model. Raises as ``RayCluster.crew``, and WorkerUnfit."""
        crew = self._crew()
        while not crew.is_ready and not self._control.cancelled:
            crew.keep_up()
            for _ in crew.wait(GLANCE):
                pass

    def saved(self, *, complete: bool = False) -> None:
        """Delete the files of what the index has now; all of them when nothing is left to do."""
        remove(stored_batches(self._batches) if complete else self._entered)
        self._entered.clear()

    def forget(self) -> None:
        """Delete what an earlier run left."""
        remove(stored_batches(self._batches))

    def embed(
        self, todo: Sequence[ImageFile], here: Here, *, alone: bool = False
    ) -> Generator[Sequence[EmbeddedFile], None, None]:
        """As ``Embedder``. A held or closed run lets the workers end what they have; a cancelled one does not.

        Raises WorkerUnfit when one can do nothing.
        """
        rest = yield from self._left_before(todo)
        crew, queue = self._crew(), BatchQueue(rest)
        try:
            while not queue.is_over and not self._control.cancelled:
                crew.keep_up()
                self._hand_out(crew, queue, here, alone=alone)
                for batch, target, node in crew.wait(GLANCE):
                    self._end(queue, batch, target, node)
                ready = queue.ready()
                self._entered += [path for last, path in self._made if last < queue.over]
                self._made = [(last, path) for last, path in self._made if last >= queue.over]
                yield ready
        finally:
            while crew.is_busy and not self._control.cancelled:
                for _ in crew.wait(GLANCE):  # what they write is found when the run goes on
                    pass
            self._made.clear()

    def _left_before(self, todo: Sequence[ImageFile]) -> Generator[Sequence[EmbeddedFile], None, list[ImageFile]]:
        """Yield what is in the folder for batches of these files; returns the others."""
        left = {file.path: file for file in todo}
        for path in stored_batches(self._batches):
            try:
                found = read_batch(path, self._space, self._dim)
            except (OSError, ValueError) as error:
                log.warning("%s is not taken: %s", path, error)
                remove([path])
                continue
            # What failed is tried again: it may have been of that moment.
            good = [each for each in found if each.vectors is not None and left.get(each.file.path) == each.file]
            for each in good:
                del left[each.file.path]
            self._entered.append(path)
            yield good
        return [file for file in todo if file.path in left]

    def _hand_out(self, crew: Crew, queue: BatchQueue, here: Here, *, alone: bool) -> None:
        for hand in crew.idle():
            if alone and crew.is_busy:
                return
            batch = queue.take(1 if alone else hand.size)
            if batch is None:
                return
            for file in batch.files:
                if file.only_in_cloud:
                    here(file)
            crew.give(hand, batch, self._folder, self._batches / batch_name(self._space, batch.files))

    def _end(self, queue: BatchQueue, batch: Batch, target: Path | None, node: str) -> None:
        if target is None:
            queue.died(batch)
            return
        try:
            done = read_batch(target, self._space, self._dim)
        except (OSError, ValueError) as error:
            log.warning("%s of %s cannot be read: %s", target, node, error)
            raise WorkerUnfit(node=node, error=WorkerFolderUnseen(folder=str(self._batches))) from error
        numbered = [*zip(batch.numbers, done, strict=True)]
        unseen = [number for number, each in numbered if self._is_seen_only_here(each)]
        if unseen and batch.unseen:
            raise WorkerUnfit(node=node, error=WorkerFolderUnseen(folder=str(self._folder)))
        if unseen:
            queue.see_again(batch, unseen)
        seen = [(number, each) for number, each in numbered if number not in unseen]
        queue.finish(
            Batch(tuple(number for number, _ in seen), tuple(each.file for _, each in seen)), [each for _, each in seen]
        )
        self._made.append((batch.numbers[-1], target))

    def _is_seen_only_here(self, each: EmbeddedFile) -> bool:
        """Whether a worker could not open a file that is there: its machine has the folder elsewhere, or not at all."""
        if each.failure is None or each.failure.reason not in AWAY:
            return False
        try:
            path = self._folder / each.file.path
            status = path.stat()
            with open_regular(path):
                return (status.st_size, changed_ns(status)) == (each.file.size, each.file.mtime_ns)
        except (OSError, ValueError):
            return False
