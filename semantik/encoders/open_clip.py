"""Models published for open-clip-torch: SigLIP 2, SigLIP and DataComp's CLIP."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from semantik.encoders import clip_package, devices, model_files
from semantik.encoders.base import Encoder, unit_rows
from semantik.encoders.open_clip_models import MODELS, OpenClipModel
from semantik.encoders.open_clip_text import TextTower
from semantik.encoders.tensor_file import TensorFile
from semantik.encoders.text_tokens import TextTokens, canonical, encodable
from semantik.encoders.workers import PictureWorkers
from semantik.errors import EncoderFailed, UnknownEncoder
from semantik.records import Embeddings

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

TEXTS_PER_BATCH = 64
CLIP_VOCABULARY = 49408
LOAD_ERRORS = (RuntimeError, ValueError, TypeError, KeyError, AttributeError, AssertionError, ImportError, OSError)

Side = Literal["image", "text"]
Network = Callable[["torch.Tensor"], "torch.Tensor"]


class OpenClipEncoder(Encoder):
    """One of the models in ``open_clip_models.MODELS``.

    Its files are used once their SHA-256 matched; they hold data only, and nothing is fetched here. The two
    sides load apart, on first use or by ``load``: the text side needs torch and ``tokenizers``, the image side
    open_clip and timm as well. All methods may be called from any thread.

    Raises UnknownEncoder for a name that is not in the table.
    """

    def __init__(self, name: str, *, weights_folder: Path | None = None) -> None:
        if name not in MODELS:
            raise UnknownEncoder(name=name, known=", ".join(MODELS))
        self.model: OpenClipModel = MODELS[name]
        self.name = name
        self.dim = self.model.dim
        self.input_spec = self.model.input_spec
        self.space = f"open-clip/{self.model.architecture}/{self.model.files.files[0].sha256[:12]}"
        self._folder = weights_folder
        self._lock = threading.Lock()
        self._sides: dict[Side, Network] = {}
        self._tokens: Callable[[list[str]], torch.Tensor] | None = None
        self._highest_token = 0
        self._workers: PictureWorkers | None = None  # on a processor only
        self._device = ""
        self._batch_size = 0

    @property
    def batch_size(self) -> int:  # type: ignore[override]  # it depends on the device
        """Pictures per call: 8 per core on the CPU, 64 on Apple's GPU, up to 128 on CUDA as its memory allows."""
        if not self._batch_size:
            device = self._device or self._devices()[0]
            self._batch_size = devices.batch_size_on(device, self.input_size)
        return self._batch_size

    @property
    def device(self) -> str:
        """Where the model is: "cuda", "mps" or "cpu"; empty until it is loaded."""
        return self._device

    def load(self, *, images: bool = True, texts: bool = True) -> None:
        """Load the sides that are asked for unless they are loaded.

        Raises WeightsMissing, WrongHash, or EncoderFailed when a package is missing or the files do not fit.
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

    def encode_texts(self, texts: list[str]) -> Embeddings:
        """Embed texts: n strings -> unit rows (n, dim). What exceeds the model's context is ignored.

        Raises what ``load`` raises.
        """
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        encode = self._side("text")
        import torch

        assert self._tokens
        with torch.inference_mode():
            tokens = self._tokens(texts)
            parts = [tokens[start : start + TEXTS_PER_BATCH] for start in range(0, len(texts), TEXTS_PER_BATCH)]
            return unit_rows(np.concatenate([devices.encode_in_parts(encode, part, self._halved) for part in parts]))

    def _halved(self, size: int) -> None:
        self._batch_size = min(self.batch_size, size)

    # -- Loading ---------------------------------------------------------------------------------------

    def _side(self, side: Side) -> Network:
        with self._lock:
            if side not in self._sides:
                choice = [self._device] if self._device else self._devices()
                paths = model_files.checked_paths(self.model.files, self._folder)
                for device in choice:
                    try:
                        self._sides[side] = self._read(paths, side, device)
                    except LOAD_ERRORS as error:
                        log.warning("%s cannot be loaded on %s", self.name, device, exc_info=True)
                        if device == choice[-1]:
                            raise self._failed(error) from error
                    else:
                        self._device, self._batch_size = device, 0
                        log.info("%s: %s side loaded on %s", self.name, side, device)
                        break
            return self._sides[side]

    def _read(self, paths: list[Path], side: Side, device: str) -> Network:
        """Make one side ready and try it, since a GPU that torch does not support shows only when it has to work.

        Raises LOAD_ERRORS.
        """
        import torch

        file = TensorFile(paths[0])
        if side == "text":
            self._tokens = self._tokenizer(paths)
            tower = TextTower(file, self.model.text, self.dim, device)
            if self._highest_token >= tower.vocabulary:
                raise ValueError(f"{self._highest_token + 1} tokens for {tower.vocabulary} vectors")
            with torch.inference_mode():
                tower(self._tokens([""])).cpu()
            return tower
        network = build_image_side(self.model.architecture, file).to(device)
        with torch.inference_mode():
            shape = network(torch.zeros(1, 3, self.input_spec.height, self.input_spec.width, device=device)).cpu().shape
        if shape[1] != self.dim:
            raise ValueError(f"embeddings of {shape[1]} numbers, not {self.dim}")
        self._workers = PictureWorkers(devices.PICTURES_PER_PASS) if device == "cpu" else None
        result: Network = network
        return result

    def _tokenizer(self, paths: list[Path]) -> Callable[[list[str]], torch.Tensor]:
        import torch

        spec = self.model.text
        if spec.tokens == "clip":
            self._highest_token = CLIP_VOCABULARY - 1
            return lambda texts: clip_package.tokenize([" ".join(encodable(text).split()) for text in texts])
        tokens = TextTokens(paths[1], length=spec.context, start="", end=spec.end, pad=spec.pad, padded=True)
        self._highest_token = tokens.highest
        return lambda texts: torch.from_numpy(tokens([canonical(text) for text in texts])[0])

    def _devices(self) -> list[str]:
        try:
            return devices.usable_devices()
        except (ImportError, OSError) as error:  # OSError: on Windows, a missing system library
            log.exception("torch cannot be imported")
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> EncoderFailed:
        detail = f"{type(error).__name__}: {error}" if isinstance(error, KeyError) else str(error)
        return EncoderFailed(name=self.model.files.name, detail=detail)


def build_image_side(architecture: str, file: TensorFile) -> Any:
    """The image side of one of open_clip's architectures, with exactly the file's ``visual.`` weights.

    Raises RuntimeError when names or shapes differ, ImportError without open_clip or timm.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # nothing here asks for it; nothing shall be able to
    import open_clip
    import torch

    config = open_clip.get_model_config(architecture)
    if config is None:
        raise ValueError(f"open_clip has no architecture {architecture}")
    kind = open_clip.CustomTextCLIP if config.pop("custom_text", False) else open_clip.CLIP
    with torch.device("meta"):  # no memory, no random numbers: every weight comes from the file
        network: Any = kind(**config).visual
    state = {name.removeprefix("visual."): file.tensor(name) for name in file.under("visual.")}
    network.load_state_dict(state, strict=True, assign=True)
    if any(tensor.is_meta for tensor in (*network.parameters(), *network.buffers())):
        raise RuntimeError(f"{architecture} holds tensors that are in no file")
    return network.eval().requires_grad_(False)
