"""The embedded model's image side run by ONNX Runtime: the same vectors in less than half the time, and without torch.

Made once of what torch has loaded, and kept in one file with what follows the network: an ``.npz``, whose members have
checksums. Where that cannot be done or read, torch does the work, as before.
"""

from __future__ import annotations

import io
import logging
import zipfile
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semantik.downloads.model_file import default_folder
from semantik.encoders import onnx_images
from semantik.encoders.builtin.network import INPUT_SIDE, WEIGHTS, Classifier, Network
from semantik.encoders.devices import processors
from semantik.storage.atomic_files import replace_file

log = logging.getLogger(__name__)

Parts = Mapping[str, NDArray[np.float32] | NDArray[np.uint8]]

_NETWORK, _FLOATS = "network", ("class_weights", "class_bias", "visual_axes")
_DAMAGED = (OSError, EOFError, ValueError, KeyError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)
"""What numpy raises for a file that is cut, altered or another one."""


def kept_path(folder: Path | None) -> Path:
    """Where it is kept: in the folder of downloaded models (None: the usual one), by what it was made of."""
    return (folder or default_folder()) / f"efficientnet-lite0-{WEIGHTS.sha256[:12]}-{INPUT_SIDE}.npz"


def load(kept: Path, weights: Path | None) -> OnnxNetwork | Network:
    """What is kept, made anew unless it is good; by torch where ONNX Runtime does not work.

    ``weights`` replaces the weights package's own folder. Raises EncoderFailed, WrongHash.
    """
    try:
        if parts := read(kept):
            return OnnxNetwork(parts)
    except (ImportError, RuntimeError) as error:
        log.warning("%s is not used: %s", kept, error)
    exact = Network(weights)
    try:
        made = make(exact)
        working = OnnxNetwork(made)
        keep(kept, made)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        log.warning("torch looks at pictures for the embedded model, ONNX Runtime cannot: %s", error)
        return exact
    return working


def make(exact: Network) -> Parts:
    """What is kept of a network that torch has loaded. Raises RuntimeError, OSError and ImportError."""
    written = io.BytesIO()
    onnx_images.export(exact.exportable(), INPUT_SIDE, INPUT_SIDE, written)
    known = exact.classifier
    floats = zip(_FLOATS, (known.class_weights, known.class_bias, known.visual_axes), strict=True)
    return {_NETWORK: np.frombuffer(written.getvalue(), np.uint8), **dict(floats)}


def keep(path: Path, parts: Parts) -> None:
    """Keep it for the next start. A full or read-only disk costs only the time to make it again."""
    content, arrays = io.BytesIO(), dict[str, Any](parts)
    np.savez(content, **arrays)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content.getvalue(), mode=0o644, ours=False)
    except OSError as error:
        log.warning("the embedded model's image side is not kept in %s: %s", path, error)
    else:
        log.info("image side for ONNX Runtime kept in %s", path)


def read(path: Path) -> Parts | None:
    """What ``keep`` wrote; None when there is nothing, or it is damaged, which is told in the log."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            return {_NETWORK: file[_NETWORK], **{name: file[name] for name in _FLOATS}}
    except _DAMAGED as error:
        log.warning("%s is damaged and made again: %r", path, error)
        return None


class OnnxNetwork:
    """Does what ``Network`` does. Raises RuntimeError for what is damaged, ImportError without onnxruntime."""

    def __init__(self, parts: Parts) -> None:
        weights, bias, axes = (np.asarray(parts[name], dtype=np.float32) for name in _FLOATS)
        self.classifier = Classifier(weights, bias, axes)
        self._network = onnx_images.OnnxImages(parts[_NETWORK].tobytes())
        self._pool = ThreadPoolExecutor(processors(), "pictures")

    def features(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the network sees, before it names it: float32 (n, 3, H, W) -> (n, 1280), not negative."""
        pictures = np.require(batch, np.float32, ["C"])
        rows = self._pool.map(self._network.one, (pictures[at : at + 1] for at in range(len(pictures))))
        return np.concatenate([np.empty((0, self.classifier.class_weights.shape[1]), dtype=np.float32), *rows])
