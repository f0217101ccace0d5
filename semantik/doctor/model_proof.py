"""Whether the models work: they tell drawn pictures by sentences, or did not when that was tried."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from semantik.doctor.findings import Finding, hidden, ok, wrong
from semantik.encoders import registry
from semantik.encoders.model_card import ModelCard
from semantik.encoders.proof import Proof
from semantik.encoders.proof_records import ProofRecords
from semantik.errors import EncoderFailed, SemantikError
from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.storage.settings import Config
from semantik.storage.typed_paths import path_named
from semantik.words.text import number, say


def check(
    home: Path, config: Config, folder: Path | None, *, deep: bool, control: TaskControl = UNATTENDED
) -> Iterator[Finding]:
    """What is known of the models in ``folder`` (None: the default); ``deep`` tries each, and remembers the outcome.

    Raises Cancelled.
    """
    records = ProofRecords(home, folder)
    for card in registry.cards():
        own = _checkpoint(card, config)
        here = own is not None or registry.on_disk(card, folder).ready
        if not here or (card.part_of and not registry.on_disk(registry.card(card.part_of), folder).ready):
            continue
        try:
            found = records.prove(card, own, control) if deep else records.of(card, own)
        except EncoderFailed as error:
            yield wrong("models", "doctor.model_not_loaded", "doctor.advice_model", name=card.name, detail=_why(error))
            continue
        if found:
            yield _finding(card, found)


def _finding(card: ModelCard, found: Proof) -> Finding:
    facts = {"name": card.name, "shares": ", ".join(_share(language, told) for language, told in found.told.items())}
    if found.passed:
        return ok("models", "doctor.model_proven", **facts)
    key = "doctor.model_unproven" if found.fault == "meaning" else "doctor.model_misread"
    return wrong("models", key, "doctor.advice_unproven" if card.files else "doctor.advice_builtin", **facts)


def _share(language: str, told: float) -> str:
    return say("doctor.share", language=say(f"language.{language}"), percent=number(round(100 * told)))


def _checkpoint(card: ModelCard, config: Config) -> Path | None:
    """The user's own file, for the model whose place it takes."""
    own = config.clip_checkpoint
    preferred = config.encoder if config.encoder in registry.encoder_names() else registry.DEFAULT_CLIP
    path = path_named(own) if own and card.takes_checkpoint and card.name == preferred else None
    return path if path and path.is_file() else None


def _why(error: SemantikError) -> object:
    return hidden(error.params.get("detail", error.key))
