"""The text side of open_clip's models, from their weights alone: torch without open_clip, timm and torchvision.

A query waits for this side, and those packages take longer to import than it takes to load. It computes what
``open_clip.transformer.TextTransformer`` computes (Radford et al., 2021, arXiv:2103.00020; without a causal
mask in Zhai et al., 2023, arXiv:2303.15343); the tests hold both against each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from semantik.encoders.open_clip.models import TextSpec
from semantik.encoders.tensor_files import NetworkTensors, TensorFile, names_under
from semantik.encoders.transformer import CLIP_NAMES, BlockSpec, Transformer

if TYPE_CHECKING:
    import torch

NOT_OF_TEXTS = ("visual.", "logit_")  # what else is in the file of a model that does not put "text." before this side


class TextTower:
    """``tower(tokens)``: int (n, context) -> float32 (n, dim), not unit.

    The table of token vectors, half of a multilingual model, stays in the file; only rows in use are read.
    Raises KeyError, ValueError or RuntimeError when the weights are not those of such a network.
    """

    def __init__(self, file: TensorFile, spec: TextSpec, dim: int, device: str) -> None:
        custom = any(names_under(file, "text."))
        tensors = NetworkTensors(file, "text." if custom else "", device)
        self._spec, self._device = spec, device
        self.embedding = tensors.table("token_embedding.weight")
        self.vocabulary, width = self.embedding.shape
        self.positions = tensors.tensor("positional_embedding", (spec.context, width))
        blocks = BlockSpec(CLIP_NAMES, "gelu_tanh" if spec.gelu == "tanh" else "gelu", spec.epsilon)
        self.transformer = Transformer(tensors, "transformer.resblocks.", width, blocks)
        self.norm_final = tensors.pair("ln_final.", (width,))
        self.bias: torch.Tensor | None = None
        if custom:
            self.projection, self.bias = tensors.pair("text_projection.", (dim, width))
        else:
            self.projection = tensors.tensor("text_projection", (width, dim)).T.contiguous()
        tensors.require_all_used(besides=() if custom else NOT_OF_TEXTS)

    def __call__(self, tokens: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional

        causal = self._spec.causal
        ends = tokens.argmax(dim=1).to(self._device)  # in CLIP's vocabulary, the end mark has the highest number
        length = int(ends.max()) + 1 if causal else tokens.shape[1]
        x = functional.embedding(tokens[:, :length], self.embedding).float().to(self._device) + self.positions[:length]
        x = self.transformer(x, causal=causal)
        last = x[range(len(x)), ends] if causal else x[:, -1]
        normed = functional.layer_norm(last, last.shape[-1:], *self.norm_final, eps=self._spec.epsilon)
        embedded: torch.Tensor = functional.linear(normed, self.projection, self.bias)
        return embedded
