"""The models' files: which are there, whether they have their size, and whether their content is the right one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from semantik.doctor.findings import Bytes, Finding, Private, note, ok, wrong
from semantik.downloads import model_file, model_file_set
from semantik.downloads.model_file import WeightsFile, weights_path
from semantik.encoders import registry
from semantik.encoders.format_records import FormatRecords
from semantik.encoders.model_card import ModelCard
from semantik.errors import EncoderFailed, WeightsMissing, WrongHash
from semantik.storage.typed_paths import path_named
from semantik.words.phrases import number_format_told

SMALL = 32 << 20
"""Files up to this size are hashed in any case: it takes a moment."""


def check_numbers(home: Path, folder: Path | None, *, exact: bool) -> Iterator[Finding]:
    """In which numbers the models that are here look at pictures, where there is a choice, and why."""
    records = FormatRecords(home)
    for model in registry.listed(folder):
        if model.ready and len(model.card.formats) > 1:
            told = number_format_told(*records.decision(model.card, exact=exact).facts)
            yield ok("models", "doctor.number_format", name=model.name, told=told)


def check(folder: Path | None, checkpoint: str, *, deep: bool) -> Iterator[Finding]:
    """What packages bring along, then what was downloaded into ``folder`` (None: the default), an own checkpoint."""
    for model in registry.listed(folder):
        files = model.card.files
        if files is None:
            yield from _packaged(model.card)
        elif not model.have:
            yield note("models", "doctor.model_absent", name=model.name, size=Bytes(model.size))
        elif not model.ready:
            yield _incomplete(model.name, files.files, folder, model.have, model.size)
        else:
            yield _downloaded(model.name, files.files, folder, model.have, deep)
    if checkpoint:
        yield _own(path_named(checkpoint))


def _packaged(card: ModelCard) -> Iterator[Finding]:
    if card.check_packaged_files is None:
        return
    try:
        size = card.check_packaged_files()
    except (EncoderFailed, WrongHash) as error:
        yield wrong("models", "doctor.builtin_damaged", "doctor.advice_builtin", name=card.name, what=error.key)
    else:
        yield ok("models", "doctor.model_checked", name=card.name, size=Bytes(size))


def _incomplete(name: str, files: tuple[WeightsFile, ...], folder: Path | None, have: int, size: int) -> Finding:
    """A download that was stopped is no problem; a file of another size than the published one is."""
    spoiled = [file for file in files if weights_path(file, folder).is_file() and not model_file.is_ready(file, folder)]
    facts = {"name": name, "have": Bytes(have), "size": Bytes(size)}
    if spoiled:
        return wrong("models", "doctor.model_other_size", "doctor.advice_model", **facts)
    return note("models", "doctor.model_partial", "doctor.advice_model_resume", **facts)


def _downloaded(name: str, files: tuple[WeightsFile, ...], folder: Path | None, have: int, deep: bool) -> Finding:
    unchecked = False
    for file in files:
        if model_file_set.is_noted(file, folder):
            continue
        if not deep and file.size > SMALL:
            unchecked = True
            continue
        try:
            model_file.verify(file, folder)
        except (WrongHash, WeightsMissing):
            return wrong("models", "doctor.model_wrong", "doctor.advice_model", name=name, size=Bytes(have))
    if unchecked:
        return ok("models", "doctor.model_unchecked", name=name, size=Bytes(have))
    return ok("models", "doctor.model_checked", name=name, size=Bytes(have))


def _own(path: Path) -> Finding:
    shown = Private(path, "detail")
    if path.is_file():
        return note("models", "doctor.checkpoint", path=shown)
    return wrong("models", "doctor.checkpoint_missing", "doctor.advice_checkpoint", path=shown)
