"""What can be told of a model without loading it. Each family has a ``cards.py`` with one card per model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from semantik.downloads.model_file_set import ModelFiles
from semantik.encoders.base import Encoder
from semantik.encoders.number_formats import EXACT, NumberFormat

Languages = Literal["english", "spanish_english", "sixteen", "fifty", "many"]
"""In which languages a model reads queries well; "many" are about a hundred."""

_FEW: dict[Languages, tuple[str, ...]] = {"english": ("en",), "spanish_english": ("es", "en")}
"""ISO 639-1 codes of those that are told one by one. The others have every language that the window speaks."""


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """The user's settings of an encoder. Each family heeds what it has.

    ``weights_folder`` is where downloaded files are (None: ``~/.cache/clip``). ``checkpoint`` is a file of the user's
    own that takes the place of the published one; it runs code when it is loaded, so it must come from an explicit
    setting. ``number_format`` is that of the image side. ``query_language`` ("auto", "multilingual" or "english")
    lets a multilingual text tower read queries, ``users_language`` is that of the window.
    """

    weights_folder: Path | None = None
    checkpoint: Path | None = None
    number_format: NumberFormat = EXACT
    query_language: str = "english"
    users_language: str = "es"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """One model. Making a card and reading it needs neither torch nor the model's own library.

    A part of another model, such as a further text tower, names that model in ``part_of`` and has no ``make``.
    """

    name: str
    """On the command line and in the settings, such as ``clip-vit-b-32``. The catalogues may have a title for it."""

    dim: int
    """Length of an embedding."""

    licence: str
    """SPDX identifier."""

    languages: Languages

    make: Callable[[EncoderOptions], Encoder] | None
    """Its encoder, not yet loaded. Imports what it needs only when it is called."""

    files: ModelFiles | None = None
    """What is downloaded for it; None when nothing is."""

    part_of: str = ""

    is_offered: bool = True
    """Whether it is recommended to everybody. Other models are listed only while they are on disk or in use."""

    imports: tuple[str, ...] = ()
    """Modules of the packages without which its encoder cannot run."""

    packages: tuple[str, ...] = ()
    """Modules of the packages that bring along what is not downloaded: it is ready only when all are installed."""

    check_packaged_files: Callable[[], int] | None = None
    """Reads what those packages bring along and returns its bytes. Raises EncoderFailed, WrongHash."""

    made_files: Callable[[Path | None], list[Path]] = lambda weights_folder: []
    """What the program keeps in the weights folder that it made of the files: a cache, 8-bit weights."""

    takes_checkpoint: bool = False
    """Whether its encoder heeds this option."""

    formats: tuple[NumberFormat, ...] = (EXACT,)
    """The number formats that its image side can work in."""

    @property
    def size(self) -> int:
        """Bytes to download in all, 0 when nothing is downloaded."""
        return self.files.size if self.files else 0

    def reads(self, language: str) -> bool:
        """Whether it reads queries in one of the window's languages, an ISO 639-1 code, well."""
        return self.languages not in _FEW or language in _FEW[self.languages]
