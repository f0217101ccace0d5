"""Decoding files ahead of their use, results in the order of the files."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from semantik.decoding.video.formats import VIDEO_EXTENSIONS
from semantik.errors import Cancelled, DecodeFailed

Result = TypeVar("Result")

VIDEO_LOAD = 8
"""As how many pictures a video counts: it gives up to 40, mostly fewer."""


def in_order(
    job: Callable[[Path], Result], paths: Iterable[Path], workers: int, look_ahead: int
) -> Generator[Result | DecodeFailed, None, None]:
    """Yield what ``job`` makes of each path, or the DecodeFailed that it raises; ``workers`` of them at a time.

    At most ``look_ahead`` pictures' worth of files is done or waiting, and at least one file; ``paths`` is read no
    further. Closing the generator drops what is pending. Raises Cancelled.
    """
    # Threads of its own: the thumbnails of a results page must not queue behind a long indexing run.
    threads = ThreadPoolExecutor(workers, thread_name_prefix="decode")
    remaining = iter(paths)
    pending: deque[tuple[Future[Result], int]] = deque()
    load = 0

    def look_further() -> None:
        nonlocal load
        while load < max(1, look_ahead) and (path := next(remaining, None)) is not None:
            weight = VIDEO_LOAD if path.suffix.lower() in VIDEO_EXTENSIONS else 1
            pending.append((threads.submit(job, path), weight))
            load += weight

    try:
        look_further()
        while pending:
            result: Result | DecodeFailed
            future, weight = pending.popleft()
            try:
                result = future.result()
            except DecodeFailed as error:
                # Its calls, this one among them, would hold it and all that the caller works with in a ring: an index,
                # say, whose files Windows moves only once nobody has them mapped.
                result = error.with_traceback(None)
            except CancelledError as error:
                raise Cancelled from error
            load -= weight
            look_further()
            yield result
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
