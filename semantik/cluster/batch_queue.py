"""Which files are embedded together, which once more and in how small a batch, and in what order all comes out."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from semantik.folders.file_embedder import EmbeddedFile, Failure
from semantik.records import ImageFile, Reason

MOST_AHEAD = 20_000
"""Files that may be begun while one before them is not done: what is done waits in memory, some kilobytes each."""

_GIVEN_UP = 2  # deaths of workers on one file alone, in which nothing else can have been the cause both times


@dataclass(frozen=True, slots=True)
class Batch:
    """Files that one worker embeds together, and their numbers. ``deaths``: of workers that had them before.

    ``unseen``: how many workers did not see files of it that are there.
    """

    numbers: tuple[int, ...]
    files: tuple[ImageFile, ...]
    deaths: int = 0
    unseen: int = 0


class BatchQueue:
    """The files of one run. A batch on which a worker dies is tried whole once more, then in halves.

    So a killed machine costs its batches once, and a picture that kills workers is found by itself and given up.
    """

    def __init__(self, files: Sequence[ImageFile]) -> None:
        self._files = files
        self._next = 0
        self._over = 0
        self._again: deque[Batch] = deque()
        self._done: dict[int, EmbeddedFile] = {}

    @property
    def over(self) -> int:
        """How many files came out."""
        return self._over

    @property
    def is_over(self) -> bool:
        """Whether all did."""
        return self._over == len(self._files)

    def take(self, size: int) -> Batch | None:
        """The next batch, of ``size`` files at most where they are new; None when there is none now."""
        if self._again:
            return self._again.popleft()
        last = min(self._next + size, len(self._files), self._over + MOST_AHEAD)
        if last <= self._next:
            return None
        numbers = tuple(range(self._next, last))
        self._next = last
        return Batch(numbers, tuple(self._files[number] for number in numbers))

    def finish(self, batch: Batch, done: Sequence[EmbeddedFile]) -> None:
        """What became of the files of a batch, in their order."""
        self._done |= zip(batch.numbers, done, strict=True)

    def see_again(self, batch: Batch, numbers: Sequence[int]) -> None:
        """Files of a batch that its worker did not see are another's next."""
        files = dict(zip(batch.numbers, batch.files, strict=True))
        self._again.appendleft(
            replace(
                batch, numbers=tuple(numbers), files=tuple(files[each] for each in numbers), unseen=batch.unseen + 1
            )
        )

    def give_back(self, batch: Batch) -> None:
        """A batch that nobody looked at."""
        self._again.appendleft(batch)

    def died(self, batch: Batch) -> None:
        """The worker that had a batch is gone, and what it made of it is not to be had."""
        half = len(batch.files) // 2
        if half and batch.deaths:
            for part in (slice(half, None), slice(half)):
                self._again.appendleft(replace(batch, numbers=batch.numbers[part], files=batch.files[part]))
        elif batch.deaths < _GIVEN_UP:
            self._again.appendleft(replace(batch, deaths=batch.deaths + 1))
        else:
            failure = Failure(Reason.DECODER_CRASHED, "workers die of it", tried_alone=True)
            self.finish(batch, [EmbeddedFile(batch.files[0], failure=failure)])

    def ready(self) -> list[EmbeddedFile]:
        """What can come out now, in the order of the files."""
        out: list[EmbeddedFile] = []
        while (done := self._done.pop(self._over, None)) is not None:
            out.append(done)
            self._over += 1
        return out
