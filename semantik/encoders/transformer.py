"""The transformer of all text and image sides, from named weights, for inference: torch and nothing else.

Vaswani et al., 2017, arXiv:1706.03762. Families differ in where they normalise, in their activation, in what a token
may attend to and in the names of their weights: all of that is told by a ``BlockSpec``. Against the modules that they
were published with, attention is torch's fused one, residuals are added in place, and samples stay the outer
dimension, so nothing is transposed. The tests hold each family's vectors against its own library's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import torch

    Pair = tuple[torch.Tensor, torch.Tensor]  # weight and bias

WIDTH_PER_HEAD = 64  # of every model published here
QUICK_GELU_SCALE = 1.702  # quick_gelu(x) = x * sigmoid(1.702 x)


@dataclass(frozen=True, slots=True)
class BlockNames:
    """What a family calls the weights of a block, each up to the "weight" or "bias" at the end.

    ``queries_keys_values`` is one stacked matrix or three of them.
    """

    queries_keys_values: tuple[str, ...]
    attention_out: str
    attention_norm: str
    mlp_in: str
    mlp_out: str
    mlp_norm: str


CLIP_NAMES = BlockNames(
    queries_keys_values=("attn.in_proj_",),
    attention_out="attn.out_proj.",
    attention_norm="ln_1.",
    mlp_in="mlp.c_fc.",
    mlp_out="mlp.c_proj.",
    mlp_norm="ln_2.",
)
"""OpenAI's names, which open_clip kept."""


@dataclass(frozen=True, slots=True)
class BlockSpec:
    """How a family's blocks compute, beyond what their weights tell.

    ``norm_first``: attention and MLP take normalised input (CLIP); otherwise the sum of input and output is
    normalised after each (BERT). ``epsilon`` is that of layer normalisation.
    """

    names: BlockNames
    activation: Literal["quick_gelu", "gelu", "gelu_tanh"]
    epsilon: float = 1e-5
    norm_first: bool = True


class Tensors(Protocol):
    """Where the weights come from, see ``tensor_files.NetworkTensors``."""

    def under(self, prefix: str) -> Iterator[str]: ...
    def shape(self, name: str) -> tuple[int, ...]: ...
    def tensor(self, name: str, shape: tuple[int, ...]) -> torch.Tensor: ...
    def pair(self, name: str, shape: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]: ...


class Transformer:
    """The blocks numbered under ``prefix``, in order. ``width`` is the length of a token's vector.

    Raises KeyError, or what ``tensors`` raises for weights of another shape.
    """

    def __init__(self, tensors: Tensors, prefix: str, width: int, spec: BlockSpec) -> None:
        numbers = {name.removeprefix(prefix).split(".")[0] for name in tensors.under(prefix)}
        if not numbers:
            raise KeyError(prefix)
        self._blocks = [_Block(tensors, f"{prefix}{number}.", width, spec) for number in range(len(numbers))]

    def lower(self, kind: torch.dtype) -> None:
        """Keep the matrices in another precision from now on, for use under torch's autocast."""
        for block in self._blocks:
            block.lower(kind)

    def __call__(self, x: torch.Tensor, *, causal: bool = False, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Token vectors (n, tokens, width) -> the same shape; ``x`` itself may be overwritten.

        ``causal``: a token attends to itself and those before it. ``mask``: bool, broadcast to
        (n, heads, tokens, tokens), true where the former may attend to the latter.
        """
        for block in self._blocks:
            x = block(x, causal, mask)
        return x


class _Block:
    """Attention and MLP, each around a residual connection."""

    def __init__(self, tensors: Tensors, prefix: str, width: int, spec: BlockSpec) -> None:
        import torch

        names = spec.names
        parts = names.queries_keys_values
        stacked = [tensors.pair(prefix + part, (3 * width // len(parts), width)) for part in parts]
        weight, bias = (of_each[0] if len(parts) == 1 else torch.cat(of_each) for of_each in zip(*stacked, strict=True))
        self._queries_keys_values: Pair = weight, bias
        self._attention_out = tensors.pair(prefix + names.attention_out, (width, width))
        self._attention_norm = tensors.pair(prefix + names.attention_norm, (width,))
        inner = tensors.shape(f"{prefix}{names.mlp_in}weight")[0]
        self._mlp_in = tensors.pair(prefix + names.mlp_in, (inner, width))
        self._mlp_out = tensors.pair(prefix + names.mlp_out, (width, inner))
        self._mlp_norm = tensors.pair(prefix + names.mlp_norm, (width,))
        self._spec = spec
        self._heads = width // WIDTH_PER_HEAD or 1
        if spec.activation == "quick_gelu":
            # quick_gelu(x) is silu(1.702 x) / 1.702: both factors fold into the matrices around it.
            for tensor in self._mlp_in:
                tensor.mul_(QUICK_GELU_SCALE)
            self._mlp_out[0].div_(QUICK_GELU_SCALE)

    def lower(self, kind: torch.dtype) -> None:
        for name in ("_queries_keys_values", "_attention_out", "_mlp_in", "_mlp_out"):
            weight, bias = getattr(self, name)
            setattr(self, name, (weight.to(kind), bias.to(kind)))

    def __call__(self, x: torch.Tensor, causal: bool, mask: torch.Tensor | None) -> torch.Tensor:
        if self._spec.norm_first:
            x += self._attended(self._normed(x, self._attention_norm), causal, mask)
            x += self._mlp(self._normed(x, self._mlp_norm))
            return x
        x = self._normed(self._attended(x, causal, mask) + x, self._attention_norm)
        return self._normed(self._mlp(x) + x, self._mlp_norm)

    def _attended(self, x: torch.Tensor, causal: bool, mask: torch.Tensor | None) -> torch.Tensor:
        from torch.nn import functional

        n, tokens, width = x.shape
        projected = functional.linear(x, *self._queries_keys_values)
        split = projected.view(n, tokens, 3, self._heads, width // self._heads).permute(2, 0, 3, 1, 4)
        queries, keys, values = split.unbind(0)
        attended = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask, is_causal=causal)
        return functional.linear(attended.transpose(1, 2).reshape(n, tokens, width), *self._attention_out)

    def _mlp(self, x: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional

        inner = functional.linear(x, *self._mlp_in)
        if self._spec.activation == "quick_gelu":
            inner = functional.silu(inner, inplace=True)
        else:
            inner = functional.gelu(inner, approximate="tanh" if self._spec.activation == "gelu_tanh" else "none")
        return functional.linear(inner, *self._mlp_out)

    def _normed(self, x: torch.Tensor, norm: Pair) -> torch.Tensor:
        from torch.nn import functional

        return functional.layer_norm(x, x.shape[-1:], *norm, eps=self._spec.epsilon)
