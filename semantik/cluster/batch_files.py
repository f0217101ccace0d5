"""What a worker made of a batch of files, as one file in a folder that all machines see.

Its name tells what it is of: the content list and the encoder's space. Whoever makes it once more makes the same, and
a rename puts it there whole, so any machine may be killed at any instant. It is an ``.npz``; nothing is unpickled.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from semantik.decoding.decoded import Decoded, DecodedVideo
from semantik.folders.file_embedder import NO_PIXELS, EmbeddedFile, Failure
from semantik.records import DateSource, ImageFile, Reason
from semantik.storage.atomic_files import replace_file
from semantik.storage.regular_files import read_regular

log = logging.getLogger(__name__)

FORMAT = 1
SUFFIX = ".batch.npz"


def batch_name(space: str, files: Sequence[ImageFile]) -> str:
    """The name of the file of what is made of ``files`` in an encoder's ``space``."""
    contents = [[file.path, file.size, file.mtime_ns] for file in files]
    return hashlib.sha256(json.dumps([FORMAT, space, contents]).encode()).hexdigest()[:32] + SUFFIX


def write_batch(path: Path, space: str, done: Sequence[EmbeddedFile]) -> None:
    """Put it there, whole. Raises OSError."""
    vectors = [each.vectors for each in done if each.vectors is not None]
    listed = {"format": FORMAT, "space": space, "files": [_as_json(each) for each in done]}
    told = np.frombuffer(json.dumps(listed).encode("ascii"), np.uint8)
    packed = io.BytesIO()
    np.savez(packed, told=told, vectors=np.concatenate(vectors) if vectors else np.empty((0, 0), np.float32))
    # Two machines may make the same file at a time: process ids do not tell them apart.
    replace_file(path, packed.getvalue(), ours=False)


def read_batch(path: Path, space: str, dim: int) -> list[EmbeddedFile]:
    """What is in it. Raises OSError, and ValueError when it is damaged or of another space."""
    try:
        with np.load(io.BytesIO(read_regular(path)), allow_pickle=False) as packed:
            listed, vectors = json.loads(packed["told"].tobytes()), packed["vectors"]
        if (listed["format"], listed["space"]) != (FORMAT, space):
            raise ValueError(f"{path.name} is of {listed['space']}")
        done, first = [], 0
        for fields in listed["files"]:
            rows = int(fields["rows"])
            done.append(_from_json(fields, vectors[first : first + rows]))
            first += rows
    except (KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path.name} is no batch: {error!r}") from error
    good = vectors.dtype == np.float32 and vectors.shape == (first, dim if first else vectors.shape[1])
    if not good or not np.isfinite(vectors).all():
        raise ValueError(f"{path.name} has vectors {vectors.dtype} {vectors.shape}")
    for each in done:
        if each.vectors is not None and len(each.keys) != len(each.vectors):
            raise ValueError(f"{path.name} has {len(each.vectors)} vectors of {each.file.path}")
    return done


def remove(paths: Sequence[Path]) -> None:
    """Delete batch files; one that cannot be is no harm."""
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            log.info("%s stays: %s", path, error)


def stored_batches(folder: Path) -> list[Path]:
    """The batch files in ``folder``, by name; none where there is no such folder."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def _as_json(each: EmbeddedFile) -> dict[str, Any]:
    told, failure = each.told, each.failure
    fields: dict[str, Any] = {
        "file": [each.file.path, each.file.size, each.file.mtime_ns],
        "rows": 0 if each.vectors is None else len(each.vectors),
        "failure": failure and [failure.reason.value, failure.detail, failure.fingerprint],
    }
    if told:
        fields |= {
            "size": [told.width, told.height],
            "warning": told.warning and told.warning.value,
            "taken": told.taken and told.taken.isoformat(),
            "camera": told.camera,
            "fingerprint": told.fingerprint,
            "source": told.source and told.source.value,
            "place": told.place,
        }
        if isinstance(told, DecodedVideo):
            fields["moments"] = told.moments
        else:
            fields["regions"] = told.regions
    return fields


def _from_json(fields: dict[str, Any], vectors: Any) -> EmbeddedFile:
    file, failure = ImageFile(*fields["file"]), None
    if fields["failure"]:
        reason, detail, fingerprint = fields["failure"]
        failure = Failure(Reason(reason), detail, fingerprint)
    told: Decoded | DecodedVideo | None = None
    if "size" in fields:
        common: dict[str, Any] = {
            "width": fields["size"][0],
            "height": fields["size"][1],
            "warning": fields["warning"] and Reason(fields["warning"]),
            "taken": fields["taken"] and datetime.fromisoformat(fields["taken"]),
            "camera": fields["camera"],
            "fingerprint": fields["fingerprint"],
            "source": fields["source"] and DateSource(fields["source"]),
            "place": fields["place"] and tuple(fields["place"]),
        }
        if "moments" in fields:
            told = DecodedVideo(NO_PIXELS, tuple(fields["moments"]), **common)
        else:
            told = Decoded(NO_PIXELS, regions=tuple(map(tuple, fields["regions"])), **common)
    return EmbeddedFile(file, told, vectors if fields["rows"] else None, failure)
