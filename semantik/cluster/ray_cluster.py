"""The cluster of a command: connected to by its address, or started on this computer alone and ended with it."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from semantik import __version__
from semantik.cluster.cluster_embedder import ClusterEmbedder
from semantik.cluster.crew import Crew
from semantik.cluster.ray_folder import RayFolder
from semantik.cluster.worker import Task
from semantik.encoders.base import Encoder
from semantik.errors import ClusterEmpty, ClusterUnreachable, RayMissing
from semantik.folders.file_embedder import Embedder
from semantik.long_tasks import TaskControl
from semantik.storage.home import batches_folder

log = logging.getLogger(__name__)

ON_CPU, ON_GPU = 64, 512
"""Files of a batch: seconds of a worker's time, which is what its death costs."""

_LOCAL = re.compile(r"local:([1-9]\d{0,2})")
_STORE = 80 * 2**20  # bytes for what Ray hands around: nothing here, and it takes no less
_TRIES = 3  # Ray gives its own processes 30 seconds to start, which a busy machine may exceed

_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",  # no other user of this computer is let in
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # so Ray calls a single computer: it listens on the loopback only
    "RAY_enable_metrics_collection": "0",
    "RAY_agent_register_timeout_ms": "240000",
    "RAY_worker_niceness": "0",
}


class RayCluster:
    """Where the pictures of a command are embedded. Nothing is started or connected before there is one to embed."""

    def __init__(
        self, address: str, home: Path, encoder: Encoder, make: Callable[[], Encoder], decode_seconds: float
    ) -> None:
        """``address`` of a running cluster's head (``host:port``), or ``local:N`` for N workers on this computer.

        ``make`` makes ``encoder`` on any machine, ``decode_seconds`` is the limit for one file. Raises RayMissing.
        """
        if importlib.util.find_spec("ray") is None:
            raise RayMissing
        local = _LOCAL.fullmatch(address)
        self._workers = int(local[1]) if local else 0
        self._address = address
        self._home = home
        self._encoder = encoder
        self._task = Task(make, encoder.space, __version__, decode_seconds)
        self._ray: Any = None
        self._crew: Crew | None = None
        self._temporary: RayFolder | None = None
        self._settings = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def embedder(self, folder: Path, store: Path, control: TaskControl, shared: Path | None = None) -> Embedder:
        """Who makes vectors of the pictures in ``folder``, whose index is in ``store``.

        ``shared``: a folder that all machines see, where the home is none.
        """
        batches = batches_folder(store, shared and shared.absolute())
        return ClusterEmbedder(folder, batches, self._encoder, self.crew, control)

    def crew(self) -> Crew:
        """The workers; the cluster is started or connected first. Raises ClusterUnreachable, ClusterEmpty."""
        if self._crew is None:
            self._ray = self._start() if self._workers else self._connect()
            crew = Crew(self._ray, self._task, workers=self._workers, on_cpu=ON_CPU, on_gpu=ON_GPU)
            if not crew.has_room:
                raise ClusterEmpty(address=self._address)
            self._crew = crew
        return self._crew

    def close(self) -> None:
        """End the workers, and the cluster if it was started here. May be called again."""
        if self._crew:
            self._crew.end()
        if self._ray:
            self._ray.shutdown()
        if self._temporary:
            self._temporary.close()
        self._settings.close()
        self._crew = self._ray = self._temporary = None

    def _connect(self) -> Any:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        import ray
        import ray.util.scheduling_strategies

        try:
            ray.init(address=self._address, configure_logging=False, log_to_driver=False)
        except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            raise ClusterUnreachable(address=self._address, detail=_first_line(error)) from error
        _quiet(ray)
        return ray

    def _start(self) -> Any:
        """Start Ray on this computer: no dashboard, nothing that listens to other machines, nothing reported."""
        threads = str(max(1, (os.cpu_count() or 1) // self._workers))
        self._settings.enter_context(_environment({**_SETTINGS, "RAY_AUTH_TOKEN": secrets.token_hex(32)}))
        with _environment({"OMP_NUM_THREADS": threads}):
            import ray
            import ray.util.scheduling_strategies

            for attempt in range(1, _TRIES + 1):
                self._temporary = RayFolder(self._home)
                try:
                    ray.init(
                        address="local",
                        num_cpus=self._workers,
                        include_dashboard=False,
                        object_store_memory=_STORE,
                        configure_logging=False,
                        log_to_driver=False,
                        _temp_dir=str(self._temporary.path),
                    )
                    _quiet(ray)
                    return ray
                except Exception as error:
                    ray.shutdown()
                    self._temporary.close()
                    if type(error) is not Exception and not isinstance(error, (OSError, RuntimeError, ValueError)):
                        raise
                    log.warning("Ray did not start, try %d: %s", attempt, error)
                    failure = error
            raise ClusterUnreachable(address=self._address, detail=_first_line(failure)) from failure


@contextlib.contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    """Settings for Ray and the processes that it starts; those that the user made count."""
    made = {name: value for name, value in settings.items() if name not in os.environ}
    os.environ.update(made)
    try:
        yield
    finally:
        for name in made:
            os.environ.pop(name, None)


def _quiet(ray: Any) -> None:
    """Ray prints to stdout what it hears of dead workers, where ``--json`` answers; the crew logs it."""
    if hasattr(ray._private.worker, "print_to_stdstream"):
        ray._private.worker.print_to_stdstream = lambda *lines, **options: None


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
