"""CLIP's two sides, laid out for inference on a processor: the same function in fewer passes.

Radford et al., 2021, arXiv:2103.00020. Against the modules of the ``clip`` package: what ``transformer`` says of
its blocks, patches are cut without a convolution, and a text is only as long as its tokens, since no token of a causal
transformer sees a later one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from semantik.encoders.tensor_files import NetworkTensors, Weights
from semantik.encoders.transformer import CLIP_NAMES, BlockSpec, Transformer

if TYPE_CHECKING:
    import torch

BLOCKS = BlockSpec(CLIP_NAMES, "quick_gelu")


class ImageTower:
    """The image side of a model with a vision transformer.

    ``tower(pictures)``: float32 (n, 3, H, W) -> (n, dim), not unit. Raises KeyError, ValueError or RuntimeError when
    the weights are not those of such a model.
    """

    def __init__(self, weights: Weights) -> None:
        tensors = NetworkTensors(weights, "visual.")
        width, channels, _, self.patch = tensors.shape("conv1.weight")
        kernel = tensors.tensor("conv1.weight", (width, channels, self.patch, self.patch))
        self.kernel = kernel.reshape(width, -1)
        self.class_embedding = tensors.tensor("class_embedding", (width,))
        self.positions = tensors.tensor("positional_embedding", (tensors.shape("positional_embedding")[0], width))
        self.norm_pre = tensors.pair("ln_pre.", (width,))
        self.norm_post = tensors.pair("ln_post.", (width,))
        self.transformer = Transformer(tensors, "transformer.resblocks.", width, BLOCKS)
        self.projection = tensors.tensor("proj", (width, tensors.shape("proj")[-1]))

    def lower(self, kind: torch.dtype) -> None:
        """Keep the matrices in another precision from now on, for use under torch's autocast."""
        self.kernel, self.projection = self.kernel.to(kind), self.projection.to(kind)
        self.transformer.lower(kind)

    def __call__(self, pictures: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional

        n, channels, height, width = pictures.shape
        rows, columns, side = height // self.patch, width // self.patch, self.patch
        # Patches do not overlap, so the convolution is one matrix product.
        patches = pictures.view(n, channels, rows, side, columns, side).permute(0, 2, 4, 1, 3, 5)
        x = pictures.new_empty(n, rows * columns + 1, len(self.kernel))
        x[:, 0] = self.class_embedding
        x[:, 1:] = functional.linear(patches.reshape(n, rows * columns, -1), self.kernel)
        x += self.positions
        x = self.transformer(functional.layer_norm(x, x.shape[-1:], *self.norm_pre))
        embedded: torch.Tensor = functional.layer_norm(x[:, 0], x.shape[-1:], *self.norm_post) @ self.projection
        return embedded


class TextTower:
    """The text side. ``tower(tokens)``: int (n, 77) -> (n, dim), not unit. Raises as ``ImageTower``."""

    def __init__(self, weights: Weights) -> None:
        tensors = NetworkTensors(weights)
        width = tensors.shape("token_embedding.weight")[-1]
        self.embedding = tensors.tensor("token_embedding.weight", tensors.shape("token_embedding.weight"))
        self.positions = tensors.tensor("positional_embedding", (tensors.shape("positional_embedding")[0], width))
        self.transformer = Transformer(tensors, "transformer.resblocks.", width, BLOCKS)
        self.norm_final = tensors.pair("ln_final.", (width,))
        self.projection = tensors.tensor("text_projection", (width, tensors.shape("text_projection")[-1]))

    def __call__(self, tokens: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional

        ends = tokens.argmax(dim=1)  # the end mark has the highest number of all tokens
        tokens = tokens[:, : int(ends.max()) + 1]
        x = functional.embedding(tokens, self.embedding) + self.positions[: tokens.shape[1]]
        x = self.transformer(x, causal=True)
        last = x[range(len(x)), ends]
        embedded: torch.Tensor = functional.layer_norm(last, last.shape[-1:], *self.norm_final) @ self.projection
        return embedded
