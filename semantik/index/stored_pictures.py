"""What a stored index has of one file, read from its manifest alone: no vector is opened for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from semantik.index.skipped_files import SkippedFiles
from semantik.index.store import read_manifest
from semantik.records import ImageFile, Reason, is_view, split_key


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as an index has it. ``file``: as it was when it was indexed, None of one that only was looked at."""

    space: str  # of the vectors
    file: ImageFile | None
    fingerprint: str  # "" while unknown
    moments: tuple[float, ...]  # of a video, the seconds whose frames are indexed
    views: int  # parts of a wide picture that have vectors of their own
    skipped: Reason | None  # why it is not there, or only in part

    @property
    def vectors(self) -> int:
        """How many vectors there are of it."""
        return (len(self.moments) or 1) + self.views if self.file else 0


def stored_file(store: Path, path: str) -> StoredFile | None:
    """What is known of the file at ``path``, relative with "/"; None for nothing. Raises as ``read_manifest``."""
    manifest = read_manifest(store)
    skip = SkippedFiles(manifest.skipped).by_path.get(path)
    removed = set(manifest.removed)
    found = [
        (row, key)
        for row, key in enumerate(manifest.paths)
        if key.startswith(path) and split_key(key)[0] == path and row not in removed
    ]
    if not found:
        return StoredFile(manifest.space, None, "", (), 0, skip.reason) if skip else None
    row = found[0][0]
    seconds = (split_key(key)[1] for _, key in found)
    return StoredFile(
        space=manifest.space,
        file=ImageFile(path, manifest.sizes[row], manifest.mtimes_ns[row]),
        fingerprint=manifest.fingerprints[row],
        moments=tuple(sorted(second for second in seconds if second is not None)),
        views=sum(is_view(key) for _, key in found),
        skipped=skip.reason if skip else None,
    )
