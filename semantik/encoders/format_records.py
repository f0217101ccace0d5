"""What was found out of number formats on this computer, remembered in the home, and which one follows from it."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from semantik.encoders.base import store_of
from semantik.encoders.model_card import ModelCard
from semantik.encoders.number_formats import EXACT, FORMATS, INT8, NumberFormat
from semantik.storage.atomic_files import replace_file
from semantik.storage.home import formats_file, indexes_folder
from semantik.storage.json_files import read_object

log = logging.getLogger(__name__)

MIN_SPEEDUP = 1.2
MIN_RECALL = 0.98
SHARED_COSINE = 0.9995
"""Vectors of bf16 and fp16 stand in one index with those of fp32 if no picture of the trial has less than this."""

Why = Literal["faster", "nothing_better", "index", "untried", "setting", "wanted", "only"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a number format compares with single precision on the same pictures.

    ``speedup`` is a ratio of seconds; ``cosine`` the lowest between the two embeddings of a picture; ``recall`` the
    share of each picture's ten nearest that are the same with both (recall@10).
    """

    speedup: float
    cosine: float
    recall: float

    def is_worth_it(self, number_format: NumberFormat) -> bool:
        """Whether the format is enough quicker, and finds the same."""
        shared = number_format == INT8 or self.cosine >= SHARED_COSINE
        return self.speedup >= MIN_SPEEDUP and self.recall >= MIN_RECALL and shared


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one model.

    ``about`` is the machine and the versions (see ``machine.what_counts``) by which, and the ``pictures`` with
    which it was ``tried``; a format of which nothing came has None: it failed, or the program ended there. ``wanted``
    is what the user chose by hand, "" for nothing.
    """

    about: str = ""
    pictures: int = 0
    tried: Mapping[NumberFormat, Outcome | None] = field(default_factory=dict)
    wanted: NumberFormat | Literal[""] = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """A number format, why it is that one, and what its trial told, if that is why."""

    number_format: NumberFormat
    why: Why
    outcome: Outcome | None = None

    @property
    def facts(self) -> tuple[str, str, float, float]:
        """What ``words.phrases.number_format_told`` makes a sentence of."""
        found = self.outcome or Outcome(0.0, 0.0, 0.0)
        return self.number_format, self.why, found.speedup, found.recall


def decide(offered: Collection[NumberFormat], record: Record, used: NumberFormat | None, *, exact: bool) -> Decision:
    """The format in which a model works.

    ``offered`` by the model; ``used``: that of the home's indexes, where EXACT stands for those that share its space,
    None while there is none; ``exact``: the settings want nothing else.
    """
    has_choice = bool({*offered} - {EXACT})
    if exact or not has_choice:
        return Decision(EXACT, "setting" if has_choice else "only")
    if record.wanted and record.wanted in offered:
        return Decision(record.wanted, "wanted", record.tried.get(record.wanted))
    good = {
        each: found for each, found in record.tried.items() if found and each in offered and found.is_worth_it(each)
    }
    if used == INT8:
        return Decision(INT8, "faster" if INT8 in good else "index", good.get(INT8))
    allowed = {each: found for each, found in good.items() if used is None or each != INT8}
    if allowed:
        best = max(allowed, key=lambda each: (allowed[each].speedup, each))
        return Decision(best, "faster", allowed[best])
    if good:
        return Decision(EXACT, "index", good[INT8])
    return Decision(EXACT, "nothing_better" if record.tried else "untried")


class FormatRecords:
    """The home's records, by the models' names. May be used from any thread."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def of(self, name: str) -> Record:
        """What is known of a model; what is damaged counts as unknown."""
        match read_object(formats_file(self._home)).get(name):
            case {"about": str(about), "pictures": int(pictures), "tried": dict(tried), "wanted": str(wanted)}:
                told = {each: _outcome(tried[each]) for each in FORMATS if each in tried}
                return Record(about, pictures, told, next((each for each in FORMATS if each == wanted), ""))
        return Record()

    def keep(self, name: str, record: Record) -> None:
        """Remember it. A home that cannot be written costs only the memory of it."""
        tried = {each: _fields(found) for each, found in record.tried.items()}
        value = {"about": record.about, "pictures": record.pictures, "tried": tried, "wanted": record.wanted}
        known = read_object(formats_file(self._home)) | {name: value}
        try:
            replace_file(formats_file(self._home), (json.dumps(known, indent=2, sort_keys=True) + "\n").encode("ascii"))
        except OSError as error:
            log.warning("number formats not remembered: %s", error)

    def want(self, name: str, number_format: NumberFormat | Literal[""]) -> None:
        """Remember what the user chose by hand, "" for nothing."""
        self.keep(name, replace(self.of(name), wanted=number_format))

    def decision(self, card: ModelCard, *, exact: bool) -> Decision:
        """In which format a model works in this home from now on."""
        return decide(card.formats, self.of(card.name), self.used(card.name), exact=exact)

    def used(self, name: str) -> NumberFormat | None:
        """The format of the model's indexes: EXACT or INT8, that of the last one saved; None while there is none."""
        try:
            folders = [*indexes_folder(self._home).iterdir()]
        except OSError:
            return None
        times = (
            {each: max(_saved(folder / store_of(name, each)) for folder in folders) for each in (EXACT, INT8)}
            if folders
            else {}
        )
        newest = max(times, key=lambda each: times[each], default=None)
        return newest if newest and times[newest] > 0 else None


def _saved(store: Path) -> float:
    """When an index was last saved, 0 where there is none."""
    try:
        return (store / "image_index.json").stat().st_mtime
    except OSError:
        return 0.0


def _fields(outcome: Outcome | None) -> dict[str, float] | None:
    if outcome is None:
        return None
    return {
        "speedup": round(outcome.speedup, 3),
        "cosine": round(outcome.cosine, 6),
        "recall": round(outcome.recall, 4),
    }


def _outcome(value: Any) -> Outcome | None:
    match value:
        case {
            "speedup": int() | float() as speedup,
            "cosine": int() | float() as cosine,
            "recall": int() | float() as recall,
        }:
            if all(map(math.isfinite, (speedup, cosine, recall))):
                return Outcome(float(speedup), float(cosine), float(recall))
    return None
