"""OpenAI's CLIP through the ``clip`` package: pictures and texts in one space."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from semantik.encoders import clip_network, clip_package, devices, int8_images
from semantik.encoders.base import Encoder, unit_rows
from semantik.encoders.clip_models import MODELS, ClipModel
from semantik.encoders.clip_source import LOAD_ERRORS, ClipSource
from semantik.encoders.clip_towers import ImageTower, TextTower
from semantik.encoders.query_reader import QueryReader
from semantik.encoders.tower_cache import Weights
from semantik.encoders.workers import PictureWorkers
from semantik.errors import EncoderFailed, FastPackagesMissing, UnknownEncoder
from semantik.fitting import InputSpec
from semantik.records import Embeddings

if TYPE_CHECKING:
    import torch

    from semantik.encoders.model_files import ModelFiles

log = logging.getLogger(__name__)

Side = Literal["image", "text"]

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)

TEXTS_PER_BATCH = 64
TEXT_LIMIT = 2500  # characters; 75 tokens of at most 32 cannot reach further, and clip's tokeniser is quadratic


class ClipEncoder(Encoder):
    """One of the models in ``clip_models.MODELS``, or a user's own checkpoint of the same shape.

    Loading a checkpoint executes TorchScript. A published file is therefore loaded only once its
    SHA-256 matches; any other file only when the caller names it as ``checkpoint``, which must come
    from an explicit setting of the user. After the first time, the weights are read from a file that
    holds data only (see ``tower_cache``). On a processor the two sides are loaded apart, on first use or
    by ``load``; on a GPU together. All methods may be called from any thread.

    ``reader`` has a tower for texts that are not English, which reads them once its files are on disk.
    ``int8`` runs the image side in 8-bit integers on a processor (see ``int8_images``); its vectors are a
    space of their own. Raises UnknownEncoder for a name that is not in the table.
    """

    def __init__(
        self,
        name: str,
        *,
        weights_folder: Path | None = None,
        checkpoint: Path | None = None,
        int8: bool = False,
        reader: QueryReader | None = None,
    ) -> None:
        if name not in MODELS:
            raise UnknownEncoder(name=name, known=", ".join(MODELS))
        self.model: ClipModel = MODELS[name]
        self.name = name
        self.dim = self.model.dim
        side = self.model.resolution
        self.input_spec = InputSpec(side, side, "crop", "bicubic", MEAN, STD)
        self._source = ClipSource(self.model, weights_folder, checkpoint)
        self._int8 = int8
        self._reader = reader
        self._lock = threading.Lock()
        self._sides: dict[Side, Callable[[torch.Tensor], torch.Tensor]] = {}
        self._workers: PictureWorkers | None = None  # on a processor only
        self._device = ""
        self._batch_size = 0

    @cached_property
    def space(self) -> str:  # type: ignore[override]  # computed, because a checkpoint must be hashed for it
        """``clip/<name>/<start of the file's SHA-256>``, "+int8". Raises BadCheckpoint for one that cannot be read."""
        return f"clip/{self.model.clip_name}/{self._source.sha256[:12]}{'+int8' if self._int8 else ''}"

    @property
    def store(self) -> str:
        return f"{self.name}-int8" if self._int8 else self.name

    @property
    def batch_size(self) -> int:  # type: ignore[override]  # it depends on the device
        """Pictures per call: 8 per core on the CPU, 64 on Apple's GPU, up to 128 on CUDA as its memory allows."""
        if not self._batch_size:
            self._batch_size = devices.batch_size_on(self._device or self._devices()[0], self.model.resolution)
        return self._batch_size

    @property
    def device(self) -> str:
        """Where the model is: "cuda", "mps" or "cpu"; empty until it is loaded."""
        return self._device

    def load(self, *, images: bool = True, texts: bool = True) -> None:
        """Load the sides that are asked for unless they are loaded.

        Raises WeightsMissing, WrongHash, BadCheckpoint, or EncoderFailed when torch or the model fails.
        """
        if images:
            self._side("image")
        if texts and self._reader and self._reader.is_expected:
            self._reader.tower.load()
        elif texts:
            self._side("text")

    def missing_for(self, text: str) -> ModelFiles | None:
        return self._reader.missing_for(text) if self._reader else None

    def encode_images(self, batch: NDArray[np.float32]) -> Embeddings:
        """Embed pictures made by ``preprocess`` or ``normalise``: float32 (n, 3, H, W) -> unit rows (n, dim).

        Raises what ``load`` raises; the network's own errors (out of memory, say) come as they are.
        """
        if not len(batch):
            return np.zeros((0, self.dim), dtype=np.float32)
        encode = self._side("image")
        rows = devices.encode_pictures(encode, batch, self._device, self._workers, self._halved)
        return unit_rows(rows)

    def encode_texts(self, texts: list[str]) -> Embeddings:
        """Embed texts: n strings -> unit rows (n, dim). What exceeds CLIP's 77 tokens is ignored.

        Raises what ``load`` raises.
        """
        return self._reader.encode(texts, self._encode_english) if self._reader else self._encode_english(texts)

    def _encode_english(self, texts: list[str]) -> Embeddings:
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        encode = self._side("text")
        import torch

        with torch.inference_mode():
            tokens = clip_package.tokenize([_clean(text) for text in texts]).to(self._device)
            parts = [tokens[start : start + TEXTS_PER_BATCH] for start in range(0, len(texts), TEXTS_PER_BATCH)]
            return unit_rows(np.concatenate([devices.encode_in_parts(encode, part, self._halved) for part in parts]))

    def _halved(self, size: int) -> None:
        self._batch_size = min(self.batch_size, size)

    # -- Loading ---------------------------------------------------------------------------------------

    def _side(self, side: Side) -> Callable[[torch.Tensor], torch.Tensor]:
        with self._lock:
            if side not in self._sides:
                choice = [self._device] if self._device else self._devices()
                weights = self._source.open()
                for device in choice:
                    try:
                        self._sides |= self._read(weights, side, device)
                    except LOAD_ERRORS as error:
                        log.warning("%s cannot be loaded on %s", self.name, device, exc_info=True)
                        if device == choice[-1]:
                            raise self._source.broken(str(error)) from error
                    else:
                        self._device = device
                        self._batch_size = 0
                        log.info("%s: %s side loaded on %s", self.name, side, device)
                        break
            return self._sides[side]

    def _read(self, weights: Weights, side: Side, device: str) -> dict[Side, Callable[[torch.Tensor], torch.Tensor]]:
        """Make one side ready on the processor, or both on a GPU. Raises LOAD_ERRORS."""
        import torch

        if device == "cpu":
            if side == "text":
                return {"text": TextTower(weights)}
            self._workers = PictureWorkers(devices.PICTURES_PER_PASS)
            if self._int8:
                return {"image": int8_images.load(weights, self._source.kept, self.model.resolution)}
            if "visual.proj" in weights.shapes():
                return {"image": ImageTower(weights)}
            visual = clip_network.build(weights, single=True).visual
            return {"image": visual.to(memory_format=torch.channels_last)}
        # Apple's GPU does not mix half and single precision: the model goes there as float32.
        network = clip_network.build(weights, single=device == "mps").to(device)
        # A driver or a GPU that this torch does not support shows only when it has to work.
        size = self.model.resolution
        with torch.inference_mode():
            network.encode_image(torch.zeros(1, 3, size, size, device=device)).cpu()
        return {"image": network.encode_image, "text": network.encode_text}

    def _devices(self) -> list[str]:
        """Devices to try, the fastest first. Raises EncoderFailed when torch or clip is not installed well."""
        try:
            import torch  # noqa: F401

            clip_package.model_module()
        except (ImportError, OSError) as error:  # OSError: on Windows, a missing system library
            log.exception("torch or clip cannot be imported")
            raise EncoderFailed(name=self.model.weights.name, detail=str(error)) from error
        if self._int8:  # it is for processors
            if not int8_images.is_available():
                raise FastPackagesMissing(name=self.model.weights.name)
            return ["cpu"]
        return devices.usable_devices()


def _clean(text: str) -> str:
    """The text as clip's tokeniser would clean it anyway, without what it cannot encode or would ignore."""
    return " ".join(text.split())[:TEXT_LIMIT].encode("utf-8", "replace").decode("utf-8")
