"""Models published for open-clip-torch: SigLIP 2, SigLIP and DataComp's CLIP."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semantik.downloads import model_file_set
from semantik.encoders import devices
from semantik.encoders.clip import package
from semantik.encoders.devices import PictureWorkers
from semantik.encoders.number_formats import EXACT, INT8, NumberFormat
from semantik.encoders.open_clip.models import MODELS, OpenClipModel, kept_in_int8
from semantik.encoders.open_clip.text_tower import TextTower
from semantik.encoders.tensor_files import TensorFile, names_under, single
from semantik.encoders.text_tokens import TextTokens, canonical
from semantik.encoders.two_tower import Network, Side, TwoTowerEncoder
from semantik.encoders.unread_text import is_latin, unread_words
from semantik.errors import EncoderFailed, UnknownEncoder
from semantik.records import Embeddings

if TYPE_CHECKING:
    import torch

CLIP_VOCABULARY = 49408
LOAD_ERRORS = (RuntimeError, ValueError, TypeError, KeyError, AttributeError, AssertionError, ImportError, OSError)


class OpenClipEncoder(TwoTowerEncoder):
    """One of ``open_clip.models.MODELS``.

    Its files are used once their SHA-256 matched; they hold data only, and nothing is fetched here. The two
    sides load apart, on first use or by ``load``: the text side needs torch and ``tokenizers``, the image side
    open_clip and timm as well. All methods may be called from any thread.

    Raises UnknownEncoder for a name that is not in the table.
    """

    load_errors = LOAD_ERRORS

    def __init__(self, name: str, *, weights_folder: Path | None = None, number_format: NumberFormat = EXACT) -> None:
        if name not in MODELS:
            raise UnknownEncoder(name=name, known=", ".join(MODELS))
        self.model: OpenClipModel = MODELS[name]
        super().__init__(self.model.files.name, number_format)
        self.name = name
        self.dim = self.model.dim
        self.input_spec = self.model.input_spec
        own = "+int8" if number_format == INT8 else ""
        self.space = f"open-clip/{self.model.architecture}/{self.model.files.files[0].sha256[:12]}{own}"
        self._folder = weights_folder
        self._tokens: Callable[[list[str]], torch.Tensor] | None = None
        self._knows: Callable[[str], bool] | None = None  # None: the vocabulary is made of bytes
        self._highest_token = 0

    def encode_texts(self, texts: list[str]) -> Embeddings:
        """Embed texts: n strings -> unit rows (n, dim). What exceeds the model's context is ignored.

        Raises what ``load`` raises.
        """
        return self._encode_tokens(texts)

    def unread(self, text: str) -> tuple[str, ...]:
        """What is not in the vocabulary, and in a model for English also other scripts. Raises what ``load`` raises."""
        self.load(images=False)
        return unread_words(text, self._reads)

    def _reads(self, word: str) -> bool:
        is_known = self._knows is None or self._knows(canonical(word))
        return is_known and (self.model.languages != ("en",) or is_latin(word))

    def _tokenize(self, texts: list[str]) -> torch.Tensor:
        assert self._tokens
        return self._tokens(texts)

    # -- Loading ---------------------------------------------------------------------------------------

    def _open(self) -> list[Path]:
        return model_file_set.checked_paths(self.model.files, self._folder)

    def _read(self, paths: list[Path], side: Side, device: str) -> dict[Side, Network]:
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
            return {"text": tower}
        network = build_image_side(self.model.architecture, file).to(device)
        with torch.inference_mode():
            shape = network(torch.zeros(1, 3, self.input_spec.height, self.input_spec.width, device=device)).cpu().shape
        if shape[1] != self.dim:
            raise ValueError(f"embeddings of {shape[1]} numbers, not {self.dim}")
        self._workers = PictureWorkers(devices.PICTURES_PER_PASS) if device == "cpu" else None
        return {"image": network}

    def _int8_path(self) -> Path:
        return kept_in_int8(self.model, self._folder)

    def _exportable(self, paths: list[Path]) -> Any:
        return build_image_side(self.model.architecture, TensorFile(paths[0]))

    def _tokenizer(self, paths: list[Path]) -> Callable[[list[str]], torch.Tensor]:
        import torch

        spec = self.model.text
        if spec.tokens == "clip":
            self._highest_token = CLIP_VOCABULARY - 1
            return package.tokenize
        tokens = TextTokens(paths[1], length=spec.context, start="", end=spec.end, pad=spec.pad, padded=True)
        self._highest_token = tokens.highest
        self._knows = tokens.knows
        return lambda texts: torch.from_numpy(tokens([canonical(text) for text in texts])[0])

    def _failed(self, error: Exception) -> EncoderFailed:
        detail = f"{type(error).__name__}: {error}" if isinstance(error, KeyError) else str(error)
        return EncoderFailed(name=self._title, detail=detail)


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
    state = {name: single(file, f"visual.{name}") for name in names_under(file, "visual.", without="visual.")}
    network.load_state_dict(state, strict=True, assign=True)
    if any(tensor.is_meta for tensor in (*network.parameters(), *network.buffers())):
        raise RuntimeError(f"{architecture} holds tensors that are in no file")
    return network.eval().requires_grad_(False)
