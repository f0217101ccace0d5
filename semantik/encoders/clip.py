"""OpenAI's CLIP through the ``clip`` package: pictures and texts in one space."""

from __future__ import annotations

import logging
import pickle
import threading
import warnings
import zipfile
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from semantik.encoders.base import Encoder, InputSpec, unit_rows
from semantik.encoders.clip_models import MODELS, ClipModel
from semantik.encoders.weights import file_sha256, verify
from semantik.errors import BadCheckpoint, EncoderFailed, UnknownEncoder
from semantik.records import Embeddings

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)

BATCH_SIZES = {"cuda": 128, "mps": 64, "cpu": 16}
CUDA_BYTES_PER_PICTURE = 16 << 20  # a generous bound for the activations of a 224 x 224 picture
TEXTS_PER_BATCH = 64
TEXT_LIMIT = 2500  # characters; 75 tokens of at most 32 cannot reach further, and clip's tokeniser is quadratic

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


class ClipEncoder(Encoder):
    """One of the models in ``clip_models.MODELS``, or a user's own checkpoint of the same shape.

    Loading a checkpoint executes TorchScript. A published file is therefore loaded only once its
    SHA-256 matches; any other file only when the caller names it as ``checkpoint``, which must come
    from an explicit setting of the user. Both sides live in one file and are loaded together, on first
    use or by ``load``; all methods may be called from any thread.

    Raises UnknownEncoder for a name that is not in the table.
    """

    def __init__(self, name: str, *, weights_folder: Path | None = None, checkpoint: Path | None = None) -> None:
        if name not in MODELS:
            raise UnknownEncoder(name=name, known=", ".join(MODELS))
        self.model: ClipModel = MODELS[name]
        self.name = name
        self.dim = self.model.dim
        side = self.model.resolution
        self.input_spec = InputSpec(side, side, "crop", "bicubic", MEAN, STD)
        self._weights_folder = weights_folder
        self._checkpoint = checkpoint
        self._lock = threading.Lock()
        self._network: Any = None  # clip.model.CLIP, once loaded
        self._device = ""
        self._batch_size = 0

    @cached_property
    def space(self) -> str:  # type: ignore[override]  # computed, because a checkpoint must be hashed for it
        """``clip/<name>/<start of the file's SHA-256>``. Raises BadCheckpoint for one that cannot be read."""
        return f"clip/{self.model.clip_name}/{self._sha256()[:12]}"

    @property
    def batch_size(self) -> int:  # type: ignore[override]  # it depends on the device
        """Pictures per call: 16 on the CPU, 64 on Apple's GPU, up to 128 on CUDA as its memory allows."""
        if not self._batch_size:
            device = self._device or self._devices()[0]
            self._batch_size = self._cuda_batch_size() if device == "cuda" else BATCH_SIZES[device]
        return self._batch_size

    @property
    def device(self) -> str:
        """Where the model is: "cuda", "mps" or "cpu"; empty until it is loaded."""
        return self._device

    def load(self, *, images: bool = True, texts: bool = True) -> None:
        """Load the model unless it is loaded. Both sides come together.

        Raises WeightsMissing, WrongHash, BadCheckpoint, or EncoderFailed when torch or the model fails.
        """
        if images or texts:
            self._loaded()

    def encode_images(self, batch: NDArray[np.float32]) -> Embeddings:
        """Embed pictures made by ``preprocess`` or ``normalise``: float32 (n, 3, H, W) -> unit rows (n, dim).

        Raises what ``load`` raises; the network's own errors (out of memory, say) come as they are.
        """
        if not len(batch):
            return np.zeros((0, self.dim), dtype=np.float32)
        network = self._loaded()
        import torch

        with torch.inference_mode():
            pictures = torch.from_numpy(np.require(batch, np.float32, ["C", "W"])).to(self._device)
            return unit_rows(self._in_parts(network.encode_image, pictures))

    def encode_texts(self, texts: list[str]) -> Embeddings:
        """Embed texts: n strings -> unit rows (n, dim). What exceeds CLIP's 77 tokens is ignored.

        Raises what ``load`` raises.
        """
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        network = self._loaded()
        import clip
        import torch

        with torch.inference_mode():
            tokens = clip.tokenize([_clean(text) for text in texts], truncate=True).to(self._device)
            parts = [self._in_parts(network.encode_text, part) for part in tokens.split(TEXTS_PER_BATCH)]
            return unit_rows(np.concatenate(parts))

    def _in_parts(self, encode: Callable[[torch.Tensor], torch.Tensor], batch: torch.Tensor) -> NDArray[np.float32]:
        """Encode a batch; one that does not fit into the GPU's memory is halved."""
        import torch

        try:
            rows: NDArray[np.float32] = encode(batch).float().cpu().numpy()
            return rows
        except torch.cuda.OutOfMemoryError:
            if len(batch) == 1:
                raise
            log.warning("no memory for a batch of %d, halving it", len(batch))
        torch.cuda.empty_cache()
        half = (len(batch) + 1) // 2
        self._batch_size = min(self.batch_size, half)
        return np.concatenate([self._in_parts(encode, batch[:half]), self._in_parts(encode, batch[half:])])

    def _loaded(self) -> Any:
        with self._lock:
            if self._network is None:
                path = self._trusted_file()
                devices = self._devices()
                for device in devices:
                    try:
                        self._network = self._read(path, device)
                    except LOAD_ERRORS as error:
                        log.warning("%s cannot be loaded on %s", path, device, exc_info=True)
                        if device == devices[-1]:
                            raise self._broken(str(error)) from error
                    else:
                        self._device = device
                        self._batch_size = 0
                        log.info("%s loaded on %s", self.name, device)
                        break
            return self._network

    def _trusted_file(self) -> Path:
        """The file to load: checked against the published hash, or the one that the user named."""
        if self._checkpoint is None:
            return verify(self.model.weights, self._weights_folder)
        if not _is_torchscript(self._checkpoint):
            raise self._broken("not a TorchScript archive such as OpenAI publishes (a bare state dict is not one)")
        return self._checkpoint

    def _read(self, path: Path, device: str) -> Any:
        """Load the file onto a device. Raises LOAD_ERRORS, EncoderFailed, BadCheckpoint."""
        import clip
        import torch

        from semantik.encoders.uninitialised import uninitialised

        # True, and no news for the user: this is the format in which OpenAI publishes.
        warnings.filterwarnings("ignore", message="`torch.jit.load` is deprecated", category=FutureWarning)
        # Apple's GPU does not mix half and single precision: the model goes there as float32.
        with uninitialised():
            network, _ = clip.load(str(path.absolute()), device="cuda" if device == "cuda" else "cpu", jit=False)
        if device == "mps":
            network = network.float().to(device)
        shape = (network.visual.input_resolution, network.text_projection.shape[1])
        if shape != (self.model.resolution, self.dim):
            raise self._broken(f"input size and dimension are {shape}, not {(self.model.resolution, self.dim)}")
        if device != "cpu":
            # A driver or a GPU that this torch does not support shows only when it has to work.
            side = self.model.resolution
            with torch.inference_mode():
                network.encode_image(torch.zeros(1, 3, side, side, device=device)).cpu()
        return network

    def _broken(self, detail: str) -> EncoderFailed:
        name = self.model.weights.name
        if self._checkpoint is None:
            return EncoderFailed(name=name, detail=detail)
        return BadCheckpoint(name=name, path=self._checkpoint, detail=detail)

    def _sha256(self) -> str:
        if self._checkpoint is None:
            return self.model.weights.sha256
        try:
            return file_sha256(self._checkpoint)
        except OSError as error:
            raise self._broken(str(error)) from error

    def _devices(self) -> list[str]:
        """Devices to try, the fastest first. Raises EncoderFailed when torch or clip is not installed well."""
        try:
            import clip  # noqa: F401
            import torch
        except (ImportError, OSError) as error:  # OSError: on Windows, a missing system library
            log.exception("torch or clip cannot be imported")
            raise EncoderFailed(name=self.model.weights.name, detail=str(error)) from error
        found = ["cuda"] if torch.cuda.is_available() else ["mps"] if torch.backends.mps.is_available() else []
        return [*found, "cpu"]

    def _cuda_batch_size(self) -> int:
        import torch

        free, _ = torch.cuda.mem_get_info()
        per_picture = CUDA_BYTES_PER_PICTURE * (self.model.resolution / 224) ** 2
        return int(min(BATCH_SIZES["cuda"], max(1, free // 2 // per_picture)))


def _clean(text: str) -> str:
    """The text as clip's tokeniser would clean it anyway, without what it cannot encode or would ignore."""
    return " ".join(text.split())[:TEXT_LIMIT].encode("utf-8", "replace").decode("utf-8")


def _is_torchscript(path: Path) -> bool:
    """Whether the file is a TorchScript archive. Nothing in it is executed or unpickled.

    Without this, ``clip.load`` would try to unpickle a file that is none.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False
    return any(name.endswith("/constants.pkl") for name in names) and any("/code/" in name for name in names)
