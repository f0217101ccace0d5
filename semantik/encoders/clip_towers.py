"""CLIP's two transformers, laid out for inference on a processor: the same function in fewer passes.

Radford et al., 2021, arXiv:2103.00020. Against the modules of the ``clip`` package: QuickGELU
(``x * sigmoid(1.702 x)``) becomes one pass in place, since ``silu(1.702 x) / 1.702`` is the same and both
factors fold into the matrices around it; pictures stay the outer dimension, so nothing is transposed;
attention is torch's fused one; residuals are added in place; a text is only as long as its tokens, since
no token of a causal transformer sees a later one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

GELU_SCALE = 1.702


class Block:
    """A residual attention block over (n, tokens, width), made from one of ``clip.model``; both share weights."""

    def __init__(self, block: Any) -> None:
        self.heads = block.attn.num_heads
        self.norm_1, self.norm_2 = _norm(block.ln_1), _norm(block.ln_2)
        self.in_weight, self.in_bias = block.attn.in_proj_weight, block.attn.in_proj_bias
        self.out_weight, self.out_bias = block.attn.out_proj.weight, block.attn.out_proj.bias
        self.up_weight, self.up_bias = block.mlp.c_fc.weight * GELU_SCALE, block.mlp.c_fc.bias * GELU_SCALE
        self.down_weight, self.down_bias = block.mlp.c_proj.weight / GELU_SCALE, block.mlp.c_proj.bias

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
    """The image side, from a ``clip.model.VisionTransformer`` in float32.

    ``tower(pictures)``: float32 (n, 3, H, W) -> (n, dim), not unit.
    """

    def __init__(self, visual: Any) -> None:
        kernel = visual.conv1.weight
        self.patch = kernel.shape[-1]
        self.kernel = kernel.reshape(kernel.shape[0], -1)
        self.class_embedding = visual.class_embedding
        self.positions = visual.positional_embedding
        self.norm_pre, self.norm_post = _norm(visual.ln_pre), _norm(visual.ln_post)
        self.blocks = [Block(block) for block in visual.transformer.resblocks]
        self.projection = visual.proj

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
    """The text side, from a ``clip.model.CLIP`` in float32. ``tower(tokens)``: int (n, 77) -> (n, dim), not unit."""

    def __init__(self, network: Any) -> None:
        self.embedding = network.token_embedding.weight
        self.positions = network.positional_embedding
        self.blocks = [Block(block) for block in network.transformer.resblocks]
        self.norm_final = _norm(network.ln_final)
        self.projection = network.text_projection

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


def _norm(layer: Any) -> tuple[torch.Tensor, torch.Tensor, float]:
    return layer.weight, layer.bias, layer.eps
