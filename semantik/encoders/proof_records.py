"""Which models have shown that they work: each check's outcome, remembered in the home by the model's files."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from semantik.encoders import proof, registry
from semantik.encoders.base import Encoder
from semantik.encoders.model_card import ModelCard
from semantik.encoders.proof import Fault, Proof
from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.storage.atomic_files import replace_file
from semantik.storage.home import proofs_file
from semantik.storage.json_files import read_object

log = logging.getLogger(__name__)


class ProofRecords:
    """Has models checked and knows what came of it. May be used from any thread."""

    def __init__(self, home: Path, weights_folder: Path | None) -> None:
        self._home = home
        self._weights = weights_folder

    def of(self, card: ModelCard, checkpoint: Path | None = None) -> Proof | None:
        """What came of the check of a model or a part of one; None where these files were not checked.

        ``checkpoint`` is the user's own file for it. What is damaged counts as not checked.
        """
        match read_object(proofs_file(self._home)).get(card.name):
            case {"about": str(about), "fault": str(named), "told": dict(told)} if named in get_args(Fault):
                fault: Fault = named  # type: ignore[assignment]  # it was just looked up
                shares = {str(one): float(share) for one, share in told.items() if isinstance(share, int | float)}
                right = about == _about(card, self._judged(card, checkpoint), checkpoint)
                return Proof(shares, fault) if right else None
        return None

    def prove(self, card: ModelCard, checkpoint: Path | None = None, control: TaskControl = UNATTENDED) -> Proof:
        """Check a model now, whatever is known, and remember what comes of it. Raises as ``proof.prove``.

        The embedded one is always used, so that nothing need be remembered of it.
        """
        encoder = self._judged(card, checkpoint)
        found = proof.prove(encoder, proof.READ[card.languages], control)
        log.info("%s: %s", card.name, found)
        told = {language: round(share, 3) for language, share in found.told.items()}
        if card.files:
            outcome = {"about": _about(card, encoder, checkpoint), "fault": found.fault, "told": told}
            self._keep(read_object(proofs_file(self._home)) | {card.name: outcome})
        return found

    def forget(self, name: str) -> None:
        """A model's files are gone: those that come in their place are checked anew."""
        known = read_object(proofs_file(self._home))
        if known.pop(name, None) is not None:
            self._keep(known)

    def _judged(self, card: ModelCard, checkpoint: Path | None) -> Encoder:
        """The encoder by which a model is judged: for a text tower the model that it is part of, read by it alone."""
        return registry.create(
            card.part_of or card.name,
            weights_folder=self._weights,
            checkpoint=checkpoint,
            query_language="multilingual" if card.part_of else "english",
        )

    def _keep(self, known: dict[str, Any]) -> None:
        try:
            replace_file(proofs_file(self._home), (json.dumps(known, indent=2, sort_keys=True) + "\n").encode("ascii"))
        except OSError as error:  # it costs only the memory of it: the model is checked again
            log.warning("checks of models not remembered: %s", error)


def _about(card: ModelCard, encoder: Encoder, checkpoint: Path | None) -> str:
    """What an outcome is about: the files by their SHA-256, the preprocessing, the languages, and the check itself.

    The user's own checkpoint is known by size and time of change: it is large, and nobody published its SHA-256.
    """
    own = ""
    if checkpoint:
        try:
            status = checkpoint.stat()
            own = f"{checkpoint} {status.st_size} {status.st_mtime_ns}"
        except OSError:
            own = str(checkpoint)
    files = [file.sha256 for file in card.files.files] if card.files else []
    about = [proof.VERSION, card.name, encoder.space, files, asdict(encoder.input_spec), card.languages, own]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]
