"""CLIP's two transformers, laid out for inference on a processor: the same function in fewer passes.

Radford et al., 2021, arXiv:2103.00020. Against the modules of the ``clip`` package: QuickGELU
(``x * sigmoid(1.702 x)``) becomes one pass in place, since ``silu(1.702 x) / 1.702`` is the same and both
factors fold into the matrices around it; pictures stay the outer dimension, so nothing is transposed;
attention is torch's fused one; residuals are added in place; a text is only as long as its tokens, since
no token of a causal transformer sees a later one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from semantik.encoders.tensor_files import Weights

if TYPE_CHECKING:
    import torch

GELU_SCALE = 1.702
WIDTH_PER_HEAD = 64  # in all of OpenAI's models


class Block:
    """A residual attention block over (n, tokens, width), from the weights whose names begin with ``prefix``."""

    def __init__(self, weights: Weights, prefix: str) -> None:
        def weight(name: str) -> torch.Tensor:
            return single(weights, f"{prefix}.{name}")

        self.norm_1 = weight("ln_1.weight"), weight("ln_1.bias")
        self.norm_2 = weight("ln_2.weight"), weight("ln_2.bias")
        self.in_weight, self.in_bias = weight("attn.in_proj_weight"), weight("attn.in_proj_bias")
        self.out_weight, self.out_bias = weight("attn.out_proj.weight"), weight("attn.out_proj.bias")
        self.up_weight = weight("mlp.c_fc.weight").mul_(GELU_SCALE)
        self.up_bias = weight("mlp.c_fc.bias").mul_(GELU_SCALE)
        self.down_weight = weight("mlp.c_proj.weight").div_(GELU_SCALE)
        self.down_bias = weight("mlp.c_proj.bias")
        self.heads = len(self.out_bias) // WIDTH_PER_HEAD

    def add_to(self, x: torch.Tensor, *, causal: bool) -> None:
        """Add what the block computes to ``x``, in place."""
        from torch.nn import functional

        n, tokens, width = x.shape
        projected = functional.linear(functional.layer_norm(x, (width,), *self.norm_1), self.in_weight, self.in_bias)
        split = projected.view(n, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        queries, keys, values = split.unbind(0)
        attended = functional.scaled_dot_product_attention(queries, keys, values, is_causal=causal)
        joined = attended.transpose(1, 2).reshape(n, tokens, width)
        x += functional.linear(joined, self.out_weight, self.out_bias)
        inner = functional.linear(functional.layer_norm(x, (width,), *self.norm_2), self.up_weight, self.up_bias)
        x += functional.linear(functional.silu(inner, inplace=True), self.down_weight, self.down_bias)


class ImageTower:
    """The image side of a model with a vision transformer.

    ``tower(pictures)``: float32 (n, 3, H, W) -> (n, dim), not unit. Raises KeyError or RuntimeError when
    the weights are not those of such a model.
    """

    def __init__(self, weights: Weights) -> None:
        kernel = single(weights, "visual.conv1.weight")
        self.patch = kernel.shape[-1]
        self.kernel = kernel.reshape(len(kernel), -1)
        self.class_embedding = single(weights, "visual.class_embedding")
        self.positions = single(weights, "visual.positional_embedding")
        self.norm_pre = single(weights, "visual.ln_pre.weight"), single(weights, "visual.ln_pre.bias")
        self.norm_post = single(weights, "visual.ln_post.weight"), single(weights, "visual.ln_post.bias")
        self.blocks = blocks(weights, "visual.transformer.resblocks")
        self.projection = single(weights, "visual.proj")

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
        x = functional.layer_norm(x, x.shape[-1:], *self.norm_pre)
        for block in self.blocks:
            block.add_to(x, causal=False)
        embedded: torch.Tensor = functional.layer_norm(x[:, 0], x.shape[-1:], *self.norm_post) @ self.projection
        return embedded


class TextTower:
    """The text side. ``tower(tokens)``: int (n, 77) -> (n, dim), not unit. Raises as ``ImageTower``."""

    def __init__(self, weights: Weights) -> None:
        self.embedding = single(weights, "token_embedding.weight")
        self.positions = single(weights, "positional_embedding")
        self.blocks = blocks(weights, "transformer.resblocks")
        self.norm_final = single(weights, "ln_final.weight"), single(weights, "ln_final.bias")
        self.projection = single(weights, "text_projection")

    def __call__(self, tokens: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional

        ends = tokens.argmax(dim=1)  # the end mark has the highest number of all tokens
        tokens = tokens[:, : int(ends.max()) + 1]
        x = functional.embedding(tokens, self.embedding) + self.positions[: tokens.shape[1]]
        for block in self.blocks:
            block.add_to(x, causal=True)
        last = x[range(len(x)), ends]
        embedded: torch.Tensor = functional.layer_norm(last, last.shape[-1:], *self.norm_final) @ self.projection
        return embedded


def single(weights: Weights, name: str) -> torch.Tensor:
    """A copy of one tensor in float32: the mapped file is read once and may go away afterwards."""
    import torch

    return weights.tensor(name).to(torch.float32, copy=True)


def blocks(weights: Weights, prefix: str) -> list[Block]:
    """The blocks of one transformer, in order."""
    numbers = {int(name[len(prefix) + 1 :].split(".")[0]) for name in weights.shapes() if name.startswith(f"{prefix}.")}
    return [Block(weights, f"{prefix}.{number}") for number in range(len(numbers))]
