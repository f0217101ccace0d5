"""Which files are tried again and in how small a batch, whatever dies; without any cluster."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from semantik.cluster.batch_queue import BatchQueue
from semantik.folders.file_embedder import EmbeddedFile
from semantik.records import ImageFile, Reason


@given(
    st.integers(0, 30),
    st.integers(1, 16),
    st.sets(st.integers(0, 29), max_size=4),
    st.integers(0, 2**32),
    st.integers(1, 4),
)
def test_all_files_come_out_once_in_order_and_only_what_kills_is_given_up(
    count: int, size: int, deadly: set[int], seed: int, workers: int
):
    """Workers end their batches in any order, die of deadly files, and now and then of nothing at all."""
    chance = random.Random(seed)
    files = [ImageFile(f"{number:02}.png", 1, 1) for number in range(count)]
    queue = BatchQueue(files)
    out: list[EmbeddedFile] = []
    running, accidents, deaths = [], 2, 0
    while not queue.is_over:
        while len(running) < workers and (batch := queue.take(size)):
            assert 0 < len(batch.files) <= size
            running.append(batch)
        batch = running.pop(chance.randrange(len(running)))
        if deadly & set(batch.numbers):
            queue.died(batch)
            deaths += 1
        elif accidents and not batch.deaths and chance.random() < 0.2:
            queue.died(batch)
            accidents -= 1
        elif chance.random() < 0.1:
            queue.give_back(batch)
        elif not batch.unseen and chance.random() < 0.1:
            unseen = [number for number in batch.numbers if chance.random() < 0.5] or [batch.numbers[0]]
            queue.see_again(batch, unseen)
            seen = [number for number in batch.numbers if number not in unseen]
            queue.finish(*_done(files, seen, batch))
        else:
            queue.finish(*_done(files, batch.numbers, batch))
        out += queue.ready()
    assert [each.file for each in out] == files
    assert queue.over == count
    assert not running or not any(batch.files for batch in running)
    given_up = {number for number, each in enumerate(out) if each.failure}
    assert given_up == deadly & set(range(count))
    assert all(out[number].failure.reason is Reason.DECODER_CRASHED for number in given_up)
    # Its batch dies once whole, then as often as it can be halved, and it alone twice more.
    assert deaths <= len(given_up) * ((size - 1).bit_length() + 3)


def _done(files, numbers, batch):
    part = type(batch)(tuple(numbers), tuple(files[number] for number in numbers))
    return part, [EmbeddedFile(file) for file in part.files]
