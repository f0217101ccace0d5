"""From picture files to their vectors: decoded ahead in the pool, encoded in batches. No index is touched here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np

from semantik.decoding.decoded import Decoded, DecodedVideo
from semantik.decoding.pool import DecodePool
from semantik.encoders.base import Encoder
from semantik.errors import DecodeFailed, SemantikError
from semantik.long_tasks import TaskControl
from semantik.records import Embeddings, ImageFile, Pixels, Reason, frame_key, view_key

log = logging.getLogger(__name__)

NO_PIXELS: Pixels = np.empty((0, 0, 0, 3), np.uint8)

Outcome = Decoded | DecodedVideo | DecodeFailed

Here = Callable[[ImageFile], Path]
"""Where a file is; it was brought there if it was only in a cloud."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why nothing is to be had of a file. ``tried_alone``: nothing else was done at that time, so it is to blame."""

    reason: Reason
    detail: str = ""  # for the log
    fingerprint: str = ""  # what tells its content, where that could be read
    tried_alone: bool = False


@dataclass(frozen=True, slots=True)
class EmbeddedFile:
    """What became of a file that was to be embedded: its vectors, or why there are none.

    ``told`` is what decoding it gave, the pixels left out; None when it could not be decoded. ``vectors``, float32
    (n, dim), are those of a picture and then of its views, or of a video's frames.
    """

    file: ImageFile
    told: Decoded | DecodedVideo | None = None
    vectors: Embeddings | None = None
    failure: Failure | None = None

    @property
    def keys(self) -> list[str]:
        """What each of its vectors shows (see ``records``), (n,)."""
        if isinstance(self.told, DecodedVideo):
            return [frame_key(self.file.path, moment) for moment in self.told.moments]
        regions = self.told.regions if self.told else ()
        return [self.file.path, *(view_key(self.file.path, region) for region in regions)]


class Embedder(Protocol):
    """Whoever makes vectors of files: this program itself, or others for it."""

    def load(self) -> None:
        """Get ready, which may take its time. Raises SemantikError when nothing can be embedded."""

    def embed(
        self, todo: Sequence[ImageFile], here: Here, *, alone: bool
    ) -> Generator[Sequence[EmbeddedFile], None, None]:
        """Yield what becomes of files, each once, some at a time and as a rule in their order.

        Now and then nothing, so that the caller can look whether to stop. ``alone``: one after the other, and nothing
        else meanwhile. It ends early when the task is cancelled. Closing it ends what was begun.
        """

    def saved(self, *, complete: bool = False) -> None:
        """All that was yielded until now is stored; ``complete``: and nothing is left to do."""

    def forget(self) -> None:
        """Do not yield what was made of files in an earlier run: their content may be another."""


class LocalEmbedder:
    """Makes vectors with the decoders and the encoder of this process: decoding runs ahead while the encoder works."""

    def __init__(self, encoder: Encoder, pool: DecodePool, control: TaskControl) -> None:
        self._encoder = encoder
        self._pool = pool
        self._control = control

    def load(self) -> None:
        """Load the model. Raises EncoderFailed."""
        self._encoder.load(texts=False)

    def embed(
        self, todo: Sequence[ImageFile], here: Here, *, alone: bool = False
    ) -> Generator[list[EmbeddedFile], None, None]:
        """As ``Embedder``, in batches that suit the encoder. Raises as ``DecodePool.fit_all``, and EncoderFailed."""
        ahead = {"look_ahead": 1} if alone else {}
        decoded = self._pool.fit_all(map(here, todo), self._encoder.input_spec, **ahead)
        pairs = zip(todo, decoded, strict=True)
        try:
            while (batch := list(islice(pairs, self._encoder.batch_size))) and not self._control.cancelled:
                yield self._embed_batch(batch)
        finally:
            decoded.close()

    def saved(self, *, complete: bool = False) -> None:
        """Nothing is kept but in the index."""

    def forget(self) -> None:
        """Nothing is kept but in the index."""

    def _embed_batch(
        self, batch: Sequence[tuple[ImageFile, Decoded | DecodedVideo | DecodeFailed]]
    ) -> list[EmbeddedFile]:
        pictures = [(file, decoded) for file, decoded in batch if isinstance(decoded, Decoded)]
        rows = iter(self._encode_each([decoded.pixels for _, decoded in pictures]))
        done: list[EmbeddedFile] = []
        for file, outcome in batch:
            if isinstance(outcome, DecodeFailed):
                told = outcome.params
                reason, fingerprint = told["reason"], str(told.get("fingerprint", ""))
                assert isinstance(reason, Reason)
                done.append(EmbeddedFile(file, failure=Failure(reason, str(told.get("detail", "")), fingerprint)))
            elif isinstance(outcome, DecodedVideo):
                done.append(_embedded(file, outcome, self._encode(outcome.pixels)))
            else:
                vectors = next(rows)
                if outcome.views is not None and not isinstance(vectors, str):
                    # By themselves, so that no other picture's batch is another for them.
                    views = self._encode(outcome.views)
                    vectors = views if isinstance(views, str) else np.concatenate([vectors, views])
                done.append(_embedded(file, outcome, vectors))
        return done

    def _encode_each(self, pixels: Sequence[Pixels]) -> list[Embeddings | str]:
        """The vector of each picture, (1, dim), or what went wrong; after a failure they are tried one by one."""
        if not pixels:
            return []
        embeddings = self._encode(np.stack(pixels))
        if not isinstance(embeddings, str):
            return [*np.split(embeddings, len(pixels))]
        if len(pixels) == 1:
            return [embeddings]
        log.warning("the %d pictures of that batch are tried one by one", len(pixels))
        return [self._encode(each[np.newaxis]) for each in pixels]

    def _encode(self, pixels: Pixels) -> Embeddings | str:
        """Embeddings of pictures, in batches, or what went wrong. Raises SemantikError when the model is broken."""
        size = self._encoder.batch_size
        try:
            parts = [self._encode_batch(pixels[at : at + size]) for at in range(0, len(pixels), size)]
        except SemantikError:
            raise  # no file is to blame
        except Exception as error:  # a boundary: encoding one batch
            log.warning("a batch of %d could not be encoded", len(pixels), exc_info=True)
            return str(error)
        return np.concatenate(parts)

    def _encode_batch(self, pixels: Pixels) -> Embeddings:
        embeddings = self._encoder.encode_images(self._encoder.normalise(pixels))
        if embeddings.shape != (len(pixels), self._encoder.dim) or not np.isfinite(embeddings).all():
            raise ValueError(f"embeddings of shape {embeddings.shape} or not finite")
        return embeddings


def _embedded(file: ImageFile, decoded: Decoded | DecodedVideo, vectors: Embeddings | str) -> EmbeddedFile:
    told = (
        replace(decoded, pixels=NO_PIXELS, views=None)
        if isinstance(decoded, Decoded)
        else replace(decoded, pixels=NO_PIXELS)
    )
    if isinstance(vectors, str):
        return EmbeddedFile(file, told, failure=Failure(Reason.ENCODER_FAILED, vectors))
    return EmbeddedFile(file, told, vectors)
