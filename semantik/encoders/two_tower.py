"""What CLIP's families share: an image side and a text side that load apart, on the best device that works."""

from __future__ import annotations

import logging
import threading
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from semantik.encoders import devices, int8_images
from semantik.encoders.base import Encoder, unit_rows
from semantik.encoders.devices import PictureWorkers
from semantik.encoders.number_formats import EXACT, INT8, NumberFormat, lowered, onnx_is_available
from semantik.errors import EncoderFailed, FastPackagesMissing
from semantik.records import Embeddings

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

TEXTS_PER_BATCH = 64

Side = Literal["image", "text"]
Network = Callable[["torch.Tensor"], "torch.Tensor"]


class TwoTowerEncoder(Encoder):
    """Loads each side on first use or by ``load``, and encodes with it. All methods may be called from any thread.

    The image side works in ``number_format``, see ``number_formats``: 8-bit integers on a processor only.
    """

    load_errors: ClassVar[tuple[type[Exception], ...]]
    """What ``_read`` may raise for weights that do not fit, or on a device that does not work."""

    def __init__(self, title: str, number_format: NumberFormat = EXACT) -> None:
        """``title`` is what the user calls the model's files, for errors."""
        self.number_format = number_format
        self._title = title
        self._lock = threading.Lock()
        self._sides: dict[Side, Network] = {}
        self._workers: PictureWorkers | None = None  # on a processor only
        self._device = ""
        self._batch_size = 0

    @property
    def batch_size(self) -> int:  # type: ignore[override]  # it depends on the device
        """Pictures per call: 8 per core on the CPU, 64 on Apple's GPU, up to 128 on CUDA as its memory allows."""
        if not self._batch_size:
            self._batch_size = devices.batch_size_on(self._device or self._devices()[0], self.input_size)
        return self._batch_size

    @property
    def device(self) -> str:
        """Where the model is: "cuda", "mps" or "cpu"; empty until it is loaded."""
        return self._device

    def load(self, *, images: bool = True, texts: bool = True) -> None:
        """Load the sides that are asked for unless they are loaded.

        Raises WeightsMissing, WrongHash, or EncoderFailed when a package is missing or the weights do not fit.
        """
        if images:
            self._side("image")
        if texts:
            self._side("text")

    def encode_images(self, batch: NDArray[np.float32]) -> Embeddings:
        """Embed pictures made by ``preprocess`` or ``normalise``: float32 (n, 3, H, W) -> unit rows (n, dim).

        Raises what ``load`` raises; the network's own errors (out of memory, say) come as they are.
        """
        if not len(batch):
            return np.zeros((0, self.dim), dtype=np.float32)
        encode = self._side("image")
        rows = devices.encode_pictures(encode, batch, self._device, self._workers, self._halved)
        return unit_rows(rows)

    def _encode_tokens(self, texts: list[str]) -> Embeddings:
        """Embed texts as the text side reads them: n strings -> unit rows (n, dim). Raises what ``load`` raises."""
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        encode = self._side("text")
        import torch

        with torch.inference_mode():
            tokens = self._tokenize(texts)
            parts = [tokens[start : start + TEXTS_PER_BATCH] for start in range(0, len(texts), TEXTS_PER_BATCH)]
            return unit_rows(np.concatenate([devices.encode_in_parts(encode, part, self._halved) for part in parts]))

    def _halved(self, size: int) -> None:
        self._batch_size = min(self.batch_size, size)

    def _side(self, side: Side) -> Network:
        with self._lock:
            if side not in self._sides:
                choice = [self._device] if self._device else self._devices()
                weights = self._open()
                for device in choice:
                    try:
                        self._sides |= self._read_in_format(weights, side, device)
                    except self.load_errors as error:
                        log.warning("%s cannot be loaded on %s", self.name, device, exc_info=True)
                        if device == choice[-1]:
                            raise self._failed(error) from error
                    else:
                        self._device, self._batch_size = device, 0
                        log.info("%s: %s side loaded on %s", self.name, side, device)
                        break
            return self._sides[side]

    def _read_in_format(self, weights: Any, side: Side, device: str) -> dict[Side, Network]:
        if side == "image" and self.number_format == INT8:
            # Each picture is a run of its own anyway, so whoever is ready takes the next: decoders slow one core down.
            self._workers = PictureWorkers(1)
            made = int8_images.load(
                self._int8_path(), lambda: self._exportable(weights), self.input_spec.height, self.input_spec.width
            )
            return {"image": made}
        sides = self._read(weights, side, device)
        # Half precision is what GPUs are quick with; a processor would be slower than before.
        wanted = self.number_format if (self.number_format, device) != ("fp16", "cpu") else EXACT
        if "image" in sides and wanted != EXACT:
            sides["image"] = lowered(sides["image"], wanted, device)
        return sides

    @abstractmethod
    def _int8_path(self) -> Path:
        """Where the image side in 8-bit integers is kept."""

    @abstractmethod
    def _exportable(self, weights: Any) -> Any:
        """The image side as a ``torch.nn.Module`` in single precision on the processor. Raises ``load_errors``."""

    @abstractmethod
    def _open(self) -> Any:
        """What ``_read`` reads from. Raises WeightsMissing, WrongHash or EncoderFailed."""

    @abstractmethod
    def _read(self, weights: Any, side: Side, device: str) -> dict[Side, Network]:
        """Make a side ready, or both where they cannot be parted. Raises ``load_errors``."""

    @abstractmethod
    def _tokenize(self, texts: list[str]) -> torch.Tensor:
        """Tokens for the text side, which is loaded: n strings -> (n, context), where that side takes them."""

    @abstractmethod
    def _failed(self, error: Exception) -> EncoderFailed:
        """The error for weights that cannot be used."""

    def _devices(self) -> list[str]:
        """Devices to try, the fastest first. Raises EncoderFailed when a package is not installed well."""
        if self.number_format == INT8 and not onnx_is_available():
            raise FastPackagesMissing(name=self._title)
        try:
            found = self._find_devices()
            return ["cpu"] if self.number_format == INT8 else found
        except (ImportError, OSError) as error:  # OSError: on Windows, a missing system library
            log.exception("what %s needs cannot be imported", self.name)
            raise EncoderFailed(name=self._title, detail=str(error)) from error

    def _find_devices(self) -> list[str]:
        return devices.usable_devices()
