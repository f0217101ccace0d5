"""The cards of the models that were published for open-clip-torch."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from semantik.encoders.model_card import EncoderOptions, Languages, ModelCard
from semantik.encoders.number_formats import TWO_TOWER_FORMATS
from semantik.encoders.open_clip.models import MODELS, OpenClipModel, kept_in_int8

if TYPE_CHECKING:
    from semantik.encoders.open_clip.encoder import OpenClipEncoder


def cards() -> Iterator[ModelCard]:
    """The best for most people first."""
    for model in MODELS.values():
        yield ModelCard(
            name=model.name,
            dim=model.dim,
            licence=model.licence,
            languages=_shown_languages(model.languages),
            make=partial(_encoder, model.name),
            files=model.files,
            formats=TWO_TOWER_FORMATS,
            made_files=partial(_made_files, model),
            imports=("torch", "open_clip", "safetensors", "tokenizers"),
        )


def _encoder(name: str, options: EncoderOptions) -> OpenClipEncoder:
    from semantik.encoders.open_clip.encoder import OpenClipEncoder

    return OpenClipEncoder(name, weights_folder=options.weights_folder, number_format=options.number_format)


def _made_files(model: OpenClipModel, weights_folder: Path | None) -> list[Path]:
    return [kept_in_int8(model, weights_folder)]


def _shown_languages(codes: tuple[str, ...]) -> Languages:
    if "many" in codes:
        return "many"
    return "spanish_english" if "es" in codes else "english"
