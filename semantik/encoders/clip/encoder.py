"""OpenAI's CLIP through the ``clip`` package: pictures and texts in one space."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semantik.decoding.fitting import InputSpec
from semantik.encoders import devices
from semantik.encoders.clip import network as clip_network
from semantik.encoders.clip import package
from semantik.encoders.clip.models import MEAN, MODELS, STD, ClipModel
from semantik.encoders.clip.text_tower_choice import QueryReader
from semantik.encoders.clip.towers import ImageTower, TextTower
from semantik.encoders.clip.weights_source import LOAD_ERRORS, ClipSource
from semantik.encoders.devices import PictureWorkers
from semantik.encoders.int8_images import int8_path
from semantik.encoders.number_formats import EXACT, INT8, NumberFormat
from semantik.encoders.tensor_files import Weights
from semantik.encoders.two_tower import Network, Side, TwoTowerEncoder
from semantik.encoders.unread_text import is_latin, unread_words
from semantik.errors import EncoderFailed, UnknownEncoder
from semantik.records import Embeddings

if TYPE_CHECKING:
    import torch

    from semantik.downloads.model_file_set import ModelFiles


class ClipEncoder(TwoTowerEncoder):
    """One of ``clip.models.MODELS``, or a user's own checkpoint of the same shape.

    Loading a checkpoint executes TorchScript. A published file is therefore loaded only once its
    SHA-256 matches; any other file only when the caller names it as ``checkpoint``, which must come
    from an explicit setting of the user. After the first time, the weights are read from a file that
    holds data only (see ``tensor_files``). On a processor the two sides are loaded apart, on first use or
    by ``load``; on a GPU together. All methods may be called from any thread.

    ``reader`` has a tower for texts that are not English, which reads them once its files are on disk.
    Raises UnknownEncoder for a name that is not in the table.
    """

    load_errors = LOAD_ERRORS

    def __init__(
        self,
        name: str,
        *,
        weights_folder: Path | None = None,
        checkpoint: Path | None = None,
        number_format: NumberFormat = EXACT,
        reader: QueryReader | None = None,
    ) -> None:
        if name not in MODELS:
            raise UnknownEncoder(name=name, known=", ".join(MODELS))
        self.model: ClipModel = MODELS[name]
        super().__init__(self.model.weights.name, number_format)
        self.name = name
        self.dim = self.model.dim
        side = self.model.resolution
        self.input_spec = InputSpec(side, side, "crop", "bicubic", MEAN, STD)
        self._source = ClipSource(self.model, weights_folder, checkpoint)
        self._reader = reader

    @cached_property
    def space(self) -> str:  # type: ignore[override]  # computed, because a checkpoint must be hashed for it
        """``clip/<name>/<start of the file's SHA-256>``, "+int8". Raises BadCheckpoint for one that cannot be read."""
        return f"clip/{self.model.clip_name}/{self._source.sha256[:12]}{'+int8' if self.number_format == INT8 else ''}"

    def load(self, *, images: bool = True, texts: bool = True) -> None:
        """Load the sides that are asked for unless they are loaded.

        Raises WeightsMissing, WrongHash, BadCheckpoint, or EncoderFailed when torch or the model fails.
        """
        elsewhere = texts and self._reader is not None and self._reader.is_expected
        super().load(images=images, texts=texts and not elsewhere)
        if self._reader and elsewhere:
            self._reader.tower.load()

    def missing_for(self, text: str) -> ModelFiles | None:
        return self._reader.missing_for(text) if self._reader else None

    def unread(self, text: str) -> tuple[str, ...]:
        return self._reader.unread(text) if self._reader else unread_words(text, is_latin)

    def encode_texts(self, texts: list[str]) -> Embeddings:
        """Embed texts: n strings -> unit rows (n, dim). What exceeds CLIP's 77 tokens is ignored.

        Raises what ``load`` raises.
        """
        return self._reader.encode(texts, self._encode_tokens) if self._reader else self._encode_tokens(texts)

    def _tokenize(self, texts: list[str]) -> torch.Tensor:
        return package.tokenize(texts).to(self._device)

    # -- Loading ---------------------------------------------------------------------------------------

    def _open(self) -> Weights:
        return self._source.open()

    def _failed(self, error: Exception) -> EncoderFailed:
        return self._source.broken(str(error))

    def _read(self, weights: Weights, side: Side, device: str) -> dict[Side, Network]:
        """Make one side ready on the processor, or both on a GPU. Raises LOAD_ERRORS."""
        import torch

        if device == "cpu":
            if side == "text":
                return {"text": TextTower(weights)}
            self._workers = PictureWorkers(devices.PICTURES_PER_PASS)
            if "visual.proj" in weights.names:
                return {"image": ImageTower(weights)}
            visual = clip_network.build(weights, single=True).visual
            return {"image": visual.to(memory_format=torch.channels_last)}
        network = clip_network.build(weights, single=True).to(device)
        # A driver or a GPU that this torch does not support shows only when it has to work.
        size = self.model.resolution
        with torch.inference_mode():
            network.visual(torch.zeros(1, 3, size, size, device=device)).cpu()
        return {"image": network.visual, "text": network.encode_text}

    def _int8_path(self) -> Path:
        return int8_path(self._source.kept)

    def _exportable(self, weights: Weights) -> Any:
        return clip_network.build(weights, single=True).visual

    def _find_devices(self) -> list[str]:
        package.model_module()
        return super()._find_devices()
