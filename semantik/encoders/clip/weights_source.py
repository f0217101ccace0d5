"""Where a CLIP model's weights come from: the file that was kept, the published one, or the user's own."""

from __future__ import annotations

import logging
import pickle
from functools import cached_property
from pathlib import Path

from semantik.downloads.model_file import default_folder, file_sha256, is_ready, verify
from semantik.encoders import tensor_files
from semantik.encoders.clip import network
from semantik.encoders.clip.models import ClipModel
from semantik.encoders.tensor_files import LoadedWeights, Weights
from semantik.errors import BadCheckpoint, EncoderFailed

log = logging.getLogger(__name__)

# What torch and clip raise for an archive that is damaged or holds another network
LOAD_ERRORS = (
    RuntimeError,
    ValueError,
    KeyError,
    AttributeError,
    AssertionError,
    OSError,
    EOFError,
    pickle.UnpicklingError,
)


class ClipSource:
    """Opens the weights of one model, executing a file only when it is trusted.

    That is a published file whose SHA-256 matches, or the ``checkpoint`` that the user named.
    """

    def __init__(self, model: ClipModel, weights_folder: Path | None, checkpoint: Path | None) -> None:
        self.model = model
        self._folder = weights_folder
        self._checkpoint = checkpoint

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file, published or computed. Raises BadCheckpoint for an own one that cannot be read."""
        if self._checkpoint is None:
            return self.model.weights.sha256
        try:
            return file_sha256(self._checkpoint)
        except OSError as error:
            raise self.broken(str(error)) from error

    @property
    def kept(self) -> Path:
        """Where the weights are kept after their first use."""
        stem = Path(self.model.weights.filename).stem
        return tensor_files.cache_path(self._folder or default_folder(), stem, self.sha256)

    def open(self) -> Weights:
        """All weights. Raises WeightsMissing, WrongHash, BadCheckpoint or EncoderFailed."""
        if self._checkpoint is None and not is_ready(self.model.weights, self._folder):
            verify(self.model.weights, self._folder)  # tells what is wrong
        kept = tensor_files.open_cache(self.kept, self.sha256)
        if kept and self._fits(kept):
            return kept
        del kept  # on Windows nobody replaces a file that is open
        try:
            state = network.read_archive(self._trusted_file())
        except LOAD_ERRORS as error:
            log.warning("%s cannot be read", self.model.name, exc_info=True)
            raise self.broken(str(error)) from error
        weights = LoadedWeights(state)
        if not self._fits(weights):
            wanted = (self.model.resolution, self.model.dim)
            raise self.broken(f"input size and dimension are {network.shape_of(weights)}, not {wanted}")
        tensor_files.write_cache(self.kept, state, self.sha256)
        return weights

    def broken(self, detail: str) -> EncoderFailed:
        """The error for weights that cannot be used."""
        name = self.model.weights.name
        if self._checkpoint is None:
            return EncoderFailed(name=name, detail=detail)
        return BadCheckpoint(name=name, path=self._checkpoint, detail=detail)

    def _fits(self, weights: Weights) -> bool:
        return network.shape_of(weights) == (self.model.resolution, self.model.dim)

    def _trusted_file(self) -> Path:
        if self._checkpoint is None:
            return verify(self.model.weights, self._folder)
        if not network.is_torchscript(self._checkpoint):
            raise self.broken("not a TorchScript archive such as OpenAI publishes (a bare state dict is not one)")
        return self._checkpoint
