"""The text side of open_clip's models, from their weights alone: torch without open_clip, timm and torchvision.

A query waits for this side, and those packages take longer to import than it takes to load. It computes what
``open_clip.transformer.TextTransformer`` computes (Radford et al., 2021, arXiv:2103.00020; without a causal
mask in Zhai et al., 2023, arXiv:2303.15343); the tests hold both against each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from semantik.encoders.open_clip.models import TextSpec
from semantik.encoders.tensor_files import TensorFile

if TYPE_CHECKING:
    import torch

HEAD_WIDTH = 64  # of every published model


class TextTower:
    """``tower(tokens)``: int (n, context) -> float32 (n, dim), not unit.

    The table of token vectors, half of a multilingual model, stays in the file; only rows in use are read.
    Raises KeyError, ValueError or RuntimeError when the weights are not those of such a network.
    """

    def __init__(self, file: TensorFile, spec: TextSpec, dim: int, device: str) -> None:
        custom = any(file.under("text."))
        self._prefix = "text." if custom else ""
        self._file, self._device, self._spec = file, device, spec
        self._read: set[str] = set()
        self.embedding = file.mapped(self._note("token_embedding.weight"))
        self.vocabulary, width = self.embedding.shape
        self.positions = self._tensor("positional_embedding", (spec.context, width))
        self.heads = width // HEAD_WIDTH or 1
        count = len({name.split(".")[2 + custom] for name in file.under(f"{self._prefix}transformer.resblocks.")})
        if not count:
            raise KeyError(f"{self._prefix}transformer.resblocks")
        self.blocks = [self._block(f"transformer.resblocks.{number}.", width) for number in range(count)]
        self.norm_final = self._pair("ln_final.", (width,))
        self.bias: torch.Tensor | None = None
        if custom:
            self.projection, self.bias = self._pair("text_projection.", (dim, width))
        else:
            self.projection = self._tensor("text_projection", (width, dim)).T.contiguous()
        own = (
            set(file.under(self._prefix))
            if custom
            else {n for n in file.names if not n.startswith(("visual.", "logit_"))}
        )
        if left := sorted(own - self._read):
            raise ValueError(f"not of this network: {', '.join(left[:3])}")

    def __call__(self, tokens: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional

        spec, epsilon = self._spec, self._spec.epsilon
        ends = tokens.argmax(dim=1).to(self._device)  # in CLIP's vocabulary, the end mark has the highest number
        length = int(ends.max()) + 1 if spec.causal else tokens.shape[1]
        x = functional.embedding(tokens[:, :length], self.embedding).float().to(self._device) + self.positions[:length]
        n, _, width = x.shape
        for norm_1, into, out, norm_2, up, down in self.blocks:
            projected = functional.linear(functional.layer_norm(x, (width,), norm_1[0], norm_1[1], epsilon), *into)
            split = projected.view(n, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
            queries, keys, values = split.unbind(0)
            attended = functional.scaled_dot_product_attention(queries, keys, values, is_causal=spec.causal)
            x = x + functional.linear(attended.transpose(1, 2).reshape(n, length, width), *out)
            inner = functional.linear(functional.layer_norm(x, (width,), norm_2[0], norm_2[1], epsilon), *up)
            x = x + functional.linear(functional.gelu(inner, approximate=spec.gelu), *down)
        last = x[range(n), ends] if spec.causal else x[:, -1]
        normed = functional.layer_norm(last, (width,), self.norm_final[0], self.norm_final[1], epsilon)
        embedded: torch.Tensor = functional.linear(normed, self.projection, self.bias)
        return embedded

    def _block(self, name: str, width: int) -> tuple[Any, ...]:
        inner = self._file.shape(self._prefix + name + "mlp.c_fc.weight")[0]
        return (
            self._pair(name + "ln_1.", (width,)),
            (
                self._tensor(name + "attn.in_proj_weight", (3 * width, width)),
                self._tensor(name + "attn.in_proj_bias", (3 * width,)),
            ),
            self._pair(name + "attn.out_proj.", (width, width)),
            self._pair(name + "ln_2.", (width,)),
            self._pair(name + "mlp.c_fc.", (inner, width)),
            self._pair(name + "mlp.c_proj.", (width, inner)),
        )

    def _pair(self, name: str, shape: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
        return self._tensor(name + "weight", shape), self._tensor(name + "bias", shape[:1])

    def _tensor(self, name: str, shape: tuple[int, ...]) -> torch.Tensor:
        full_name = self._note(name)
        if self._file.shape(full_name) != shape:
            raise ValueError(f"{full_name} is {self._file.shape(full_name)}, not {shape}")
        return self._file.tensor(full_name).to(self._device)

    def _note(self, name: str) -> str:
        self._read.add(self._prefix + name)
        return self._prefix + name
