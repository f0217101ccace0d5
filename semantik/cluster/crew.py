"""The workers on the machines of a cluster: started where there is room, given batches, missed when they die."""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semantik import errors
from semantik.cluster.batch_queue import Batch
from semantik.cluster.worker import Refusal, Task, Worker
from semantik.errors import SemantikError, WorkerNotStarted, WorkerUnfit

log = logging.getLogger(__name__)

_LOOK = 2.0  # seconds between two looks for machines that came
_MOST_DECODERS = 8
_FAILED_STARTS = 3  # of workers on one machine, in a row, until that is told


@dataclass(slots=True)
class Hand:
    """One worker and what it does now: nothing while ``waits_for`` is None."""

    actor: Any
    node: str  # its name
    node_id: str
    size: int  # files of a batch
    waits_for: Any = None
    batch: Batch | None = None
    target: Path | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What one worker takes of its machine."""

    workers: int  # on that machine
    cpus: float
    gpus: float

    @staticmethod
    def of(resources: dict[str, float], workers: int = 0) -> Share:
        """A GPU each where there are any, else a processor; or ``workers`` of them, whatever there is."""
        cpus, gpus = resources.get("CPU", 0.0), resources.get("GPU", 0.0)
        count = workers or int(gpus) or int(cpus)
        if not count or not cpus:
            return Share(0, 0, 0)
        return Share(count, max(1.0, cpus // count) if cpus >= count else cpus / count, min(1.0, gpus / count))


class Crew:
    """All workers of a run. ``ray`` is the package, connected; ``workers`` on each machine, 0: as many as suit it."""

    def __init__(self, ray: Any, task: Task, *, workers: int = 0, on_cpu: int, on_gpu: int) -> None:
        """``on_cpu``, ``on_gpu``: files of a batch for a worker there."""
        self._ray = ray
        self._task = task
        self._workers = workers
        self._sizes = on_cpu, on_gpu
        self._hands: list[Hand] = []
        self._looked = float("-inf")
        self._failed: Counter[str] = Counter()

    @property
    def has_room(self) -> bool:
        """Whether any machine can have a worker now."""
        return any(share.workers for _, share in self._machines())

    @property
    def is_ready(self) -> bool:
        """Whether any worker has loaded its model."""
        return any(hand.waits_for is None or hand.batch for hand in self._hands)

    @property
    def is_busy(self) -> bool:
        """Whether any batch is being embedded."""
        return any(hand.batch for hand in self._hands)

    def idle(self) -> Iterator[Hand]:
        """The workers that wait for a batch."""
        return iter([hand for hand in self._hands if hand.waits_for is None])

    def keep_up(self) -> None:
        """Start workers on machines that have room for more; they load their model before they are idle."""
        if time.monotonic() - self._looked < _LOOK:
            return
        self._looked = time.monotonic()
        for machine, share in self._machines():
            here = sum(hand.node_id == machine["NodeID"] for hand in self._hands)
            for _ in range(share.workers - here):
                self._start(machine, share)

    def give(self, hand: Hand, batch: Batch, folder: Path, target: Path) -> None:
        """Have a worker embed a batch of files in ``folder``, to the file ``target``."""
        files = [(file.path, file.size, file.mtime_ns) for file in batch.files]
        hand.batch, hand.target = batch, target
        hand.waits_for = hand.actor.embed.remote(str(folder), str(target), files)

    def wait(self, seconds: float) -> Iterator[tuple[Batch, Path | None, str]]:
        """Batches that came to an end within ``seconds``: the file of what came of it, None where its worker died.

        And the machine's name. Raises WorkerUnfit when a worker tells that it cannot work, or none starts on a machine.
        """
        waiting = {hand.waits_for: hand for hand in self._hands if hand.waits_for is not None}
        if not waiting:
            time.sleep(seconds)  # until a machine comes back
            return
        over, _ = self._ray.wait([*waiting], num_returns=1, timeout=seconds)
        if over:
            over, _ = self._ray.wait([*waiting], num_returns=len(waiting), timeout=0)
        for reference in over:
            hand = waiting[reference]
            batch, target = hand.batch, hand.target
            hand.waits_for = hand.batch = hand.target = None
            try:
                refusal = self._ray.get(reference)
            except self._ray.exceptions.RayTaskError as error:
                raise WorkerUnfit(node=hand.node, error=WorkerNotStarted(detail=_last_line(error))) from error
            except self._ray.exceptions.RayError as error:
                self._bury(hand, error, began=batch is not None)
                if batch:
                    yield batch, None, hand.node
                continue
            if refusal:
                raise WorkerUnfit(node=hand.node, error=_error(refusal))
            self._failed.pop(hand.node_id, None)
            if batch:
                yield batch, target, hand.node

    def end(self) -> None:
        """End all workers, whatever they do."""
        for hand in self._hands:
            with suppress(self._ray.exceptions.RayError):
                self._ray.kill(hand.actor)
        self._hands.clear()

    def _machines(self) -> list[tuple[dict[str, Any], Share]]:
        alive = (node for node in self._ray.nodes() if node["Alive"])
        return [(node, Share.of(node["Resources"], self._workers)) for node in alive]

    def _start(self, machine: dict[str, Any], share: Share) -> None:
        place = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(machine["NodeID"], soft=False)
        cores = os.cpu_count() or 1 if self._workers else share.cpus * share.workers
        decoders = max(1, min(_MOST_DECODERS, int(cores // share.workers)))
        made = self._ray.remote(Worker).options(
            num_cpus=share.cpus, num_gpus=share.gpus, scheduling_strategy=place, max_restarts=0
        )
        actor = made.remote(self._task, decoders)
        size = self._sizes[share.gpus > 0]
        hand = Hand(actor, machine["NodeManagerHostname"], machine["NodeID"], size)
        hand.waits_for = actor.begin.remote()
        self._hands.append(hand)

    def _bury(self, hand: Hand, error: Exception, *, began: bool) -> None:
        log.warning("a worker on %s died: %s", hand.node, _last_line(error))
        with suppress(self._ray.exceptions.RayError):
            self._ray.kill(hand.actor)  # it may only seem so
        self._hands.remove(hand)
        self._looked = float("-inf")
        alive = {node["NodeID"] for node in self._ray.nodes() if node["Alive"]}
        if not began and hand.node_id in alive:
            self._failed[hand.node_id] += 1
            if self._failed[hand.node_id] >= _FAILED_STARTS:
                raise WorkerUnfit(node=hand.node, error=WorkerNotStarted(detail=_last_line(error))) from error


def _last_line(error: Exception) -> str:
    return next((line.strip() for line in reversed(str(error).splitlines()) if line.strip()), type(error).__name__)


def _error(refusal: Refusal) -> SemantikError:
    name, params = refusal
    kind: type[SemantikError] = getattr(errors, name)
    return kind(**params)
