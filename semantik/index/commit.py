"""From the state in memory to a new state on disk: which vector files stay, which rows are written anew."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from semantik.errors import IndexDamaged
from semantik.index.manifest import Manifest, Segment
from semantik.index.opened_file import open_file
from semantik.index.store import HEADER_BYTES, sweep, write_manifest, write_segment
from semantik.index.vector_files import Run, Vectors, Verify, live_chunks
from semantik.storage.atomic_files import sync_folder

DEAD_ROWS = 1000
"""Up to this many dead rows are left in the files; beyond it, as many as a fifth of all rows."""


def commit(store: Path, manifest: Manifest, saved: Sequence[Run], pending: Sequence[Run]) -> tuple[Manifest, list[Run]]:
    """Write the state in memory as the generation after that of ``manifest``. Hold the store's lock.

    ``manifest`` has the columns of all rows, those of ``saved`` (vector files) and then those of ``pending``
    (in memory), and is not changed. Returns what stands on disk from now on: without the removed rows,
    numbered anew, when the files were rewritten whole. Raises OSError; the old state then still stands.
    """
    total, dead = len(manifest.paths), len(manifest.removed)
    live = np.ones(total, dtype=np.bool_)
    live[manifest.removed] = False
    # Dead rows cost time in every search; a fifth is where rewriting pays.
    compact = dead > max(DEAD_ROWS, total // 5) or dead == total
    kept = 0 if compact else _keep(store, saved, sum(vectors.rows for vectors in pending))
    start = sum(vectors.rows for vectors in saved[:kept])
    mask = live if compact else np.ones(total - start, dtype=np.bool_)
    new = replace(
        manifest,
        generation=manifest.generation + 1,
        segments=[vectors.segment for vectors in saved[:kept] if vectors.segment],
    )
    if compact:
        rows = np.flatnonzero(live).tolist()
        new.removed = []
        new.paths = [manifest.paths[row] for row in rows]
        new.sizes = [manifest.sizes[row] for row in rows]
        new.mtimes_ns = [manifest.mtimes_ns[row] for row in rows]
        new.fingerprints = [manifest.fingerprints[row] for row in rows]
    vectors: list[Run] = list(saved[:kept])
    if mask.any():
        chunks = live_chunks([*saved, *pending][kept:], mask)
        taken = {segment.file for segment in manifest.segments}
        segment = write_segment(store, new.generation, int(mask.sum()), new.dim, chunks, taken=taken)
        new.segments.append(segment)
        vectors.append(_reopen(store, segment, new.dim))
        sync_folder(store)
    # If a power cut may still bring the old manifest back, its files must stay.
    if write_manifest(store, new):
        sweep(store, new)
    return new, vectors


def _keep(store: Path, saved: Sequence[Run], fresh: int) -> int:
    """How many of the saved vector files stay as they are, counted from the first; ``fresh`` rows are new.

    The last ones are merged with the new rows while they are not at least twice as large: the number
    of files stays logarithmic and each row is rewritten a logarithmic number of times. A file that
    somebody deleted is written again, with those after it: its rows are still in memory.
    """
    kept = next((number for number, vectors in enumerate(saved) if not _is_there(store, vectors)), len(saved))
    fresh += sum(vectors.rows for vectors in saved[kept:])
    while fresh and kept and saved[kept - 1].rows < 2 * fresh:
        kept -= 1
        fresh += saved[kept].rows
    return kept


def _is_there(store: Path, vectors: Run) -> bool:
    if vectors.segment is None:
        return False
    try:
        return (store / vectors.segment.file).stat().st_size == HEADER_BYTES + vectors.rows * vectors.row_bytes
    except FileNotFoundError:
        return False


def _reopen(store: Path, segment: Segment, dim: int) -> Vectors:
    """Open a file that was just written and synced: its checksum was computed from the same bytes."""
    try:
        return Vectors.of_file(open_file(store, segment, dim), segment, dim, Verify.NEVER)
    except IndexDamaged as error:  # the disk gives back something other than what it got
        raise OSError(errno.EIO, os.strerror(errno.EIO), segment.file) from error
