"""The cards of OpenAI's models, and of the text tower that reads other languages in the space of one of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from semantik.downloads.model_file_set import ModelFiles
from semantik.encoders.clip import multilingual
from semantik.encoders.clip.models import LICENCE, MODELS, ClipModel
from semantik.encoders.model_card import EncoderOptions, ModelCard
from semantik.encoders.number_formats import TWO_TOWER_FORMATS

if TYPE_CHECKING:
    from semantik.encoders.clip.encoder import ClipEncoder
    from semantik.encoders.clip.text_tower_choice import QueryLanguage

DEFAULT = "clip-vit-b-32"


def cards() -> Iterator[ModelCard]:
    """The default model first, the text tower last."""
    for model in MODELS.values():
        yield ModelCard(
            name=model.name,
            dim=model.dim,
            licence=LICENCE,
            languages="english",
            make=partial(_encoder, model.name),
            files=ModelFiles(model.weights.name, (model.weights,)),
            is_offered=model.name == DEFAULT,
            made_files=partial(_made_files, model),
            imports=("torch", "clip"),
            takes_checkpoint=True,
            formats=TWO_TOWER_FORMATS,
        )
    yield ModelCard(
        name=multilingual.NAME,
        dim=multilingual.DIM,
        licence=multilingual.LICENCE,
        languages="fifty",
        make=None,
        files=multilingual.FILES,
        part_of=multilingual.SPACE_OF,
        imports=("torch", "safetensors", "tokenizers"),
    )


def _encoder(name: str, options: EncoderOptions) -> ClipEncoder:
    from semantik.encoders.clip.encoder import ClipEncoder
    from semantik.encoders.clip.text_tower_choice import QueryReader

    folder, checkpoint, reader = options.weights_folder, options.checkpoint, None
    # The tower's space is that of the published weights.
    if name == multilingual.SPACE_OF and checkpoint is None and options.query_language != "english":
        choice: QueryLanguage = "multilingual" if options.query_language == "multilingual" else "auto"
        reader = QueryReader(multilingual.MultilingualTexts(folder), choice, options.users_language)
    return ClipEncoder(
        name, weights_folder=folder, checkpoint=checkpoint, number_format=options.number_format, reader=reader
    )


def _made_files(model: ClipModel, weights_folder: Path | None) -> list[Path]:
    from semantik.encoders.clip.weights_source import ClipSource
    from semantik.encoders.int8_images import int8_path

    kept = ClipSource(model, weights_folder, None).kept
    return [kept, int8_path(kept)]
