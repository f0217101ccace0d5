"""The models that a program can work with, the one in use, and their files: the engine's side of choosing one."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from semantik.downloads import model_file_set
from semantik.downloads.model_file import default_folder
from semantik.encoders import registry
from semantik.encoders.base import Encoder, store_of
from semantik.encoders.model_card import ModelCard
from semantik.encoders.number_formats import EXACT, INT8, NumberFormat
from semantik.encoders.proof_records import ProofRecords
from semantik.engine import model_advice, model_trials
from semantik.engine.format_choice import FormatChoice
from semantik.engine.model_advice import Choice, Computer
from semantik.errors import ModelInUse, ModelUnproven, UnknownEncoder
from semantik.folders.indexed_folder import IndexedFolder
from semantik.index.manifest import MANIFEST
from semantik.long_tasks import UNATTENDED, Progress, TaskControl
from semantik.queries import Query
from semantik.storage.home import index_folder
from semantik.storage.regular_files import is_file
from semantik.storage.settings import Config
from semantik.storage.typed_paths import path_named
from semantik.words.phrases import model_title
from semantik.words.text import language, number, say


class Models:
    """Owns the encoder in use. Its methods may be called from any thread, one at a time, unless they say otherwise."""

    BUILTIN = registry.BUILTIN
    DEFAULT_CLIP = registry.DEFAULT_CLIP

    def __init__(
        self, home: Path, config: Config, on_renewed: Callable[[Encoder], None] = lambda encoder: None
    ) -> None:
        """``on_renewed`` is told when the encoder in use was made anew, as the same model."""
        self._home = home
        self._config = config
        self._on_renewed = on_renewed
        self._weights = path_named(config.weights_folder) if config.weights_folder else None
        self._proofs = ProofRecords(home, self._weights)
        self.formats = FormatChoice(home, self._create, exact=config.exact_numbers)
        self.encoder: Encoder = self._create(Models.BUILTIN)

    def use(self, name: str, number_format: NumberFormat | None = None) -> None:
        """Take an encoder into use, with which libraries are opened from now on, in a format or the one chosen for it.

        Raises UnknownEncoder, and ModelUnproven for one that is known not to work.
        """
        if name != self.encoder.name or number_format not in (None, self.encoder.number_format):
            if self.is_refused(name):
                raise ModelUnproven(name=self.short_title(name))
            self.encoder = self._create(name, number_format)

    def use_shared(self, name: str, stored: NumberFormat) -> None:
        """The same for libraries that other computers write, too, ``stored`` as INT8 or EXACT: see
        ``FormatChoice.shared``."""
        self.use(name, self.formats.shared(name, stored))

    def create(self, name: str) -> Encoder:
        """Another encoder than the one in use, not yet loaded. Raises UnknownEncoder."""
        return self._create(name)

    def preferred(self) -> str:
        """The encoder that the user chose, or CLIP while nothing was chosen."""
        return self._config.encoder if self._config.encoder in registry.encoder_names() else self.DEFAULT_CLIP

    @property
    def weights_folder(self) -> Path:
        """Where downloaded models are kept."""
        return self._weights or default_folder()

    def without_asking(self) -> str:
        """The encoder for a command that names none: CLIP if its weights are here and work, else the embedded model."""
        name = registry.default_name(self._weights)
        return self.BUILTIN if self.is_refused(name) else name

    def that_indexed(self, folders: Sequence[Path], wanted: str = "") -> str:
        """The encoder for a command about what is indexed: of those that are ready, the one with most of the folders.

        Of equals ``wanted`` goes first, then ``without_asking``, which it is where nothing is indexed.
        """
        usual, names = self.without_asking(), registry.encoder_names()

        def count(name: str) -> int:
            stores = {store_of(name, each) for each in (EXACT, INT8)}
            kept = [[index_folder(self._home, folder, store) / MANIFEST for store in stores] for folder in folders]
            return sum(any(map(is_file, each)) for each in kept)

        counts = {name: count(name) for name in (wanted, usual, *names) if name in names}
        usable = [name for name in counts if counts[name] and self.is_ready(name) and not self.is_refused(name)]
        return max(usable, key=counts.__getitem__, default=usual)

    def require(self, name: str) -> None:
        """Raises UnknownEncoder unless there is an encoder of that name."""
        self._info(name)

    def is_ready(self, name: str) -> bool:
        """Whether an encoder can be used without a download."""
        return self._info(name).ready or self._checkpoint(name) is not None

    def download_size(self, name: str) -> tuple[str, int]:
        """Title of an encoder and the megabytes (2^20 bytes) of all that it takes to read the user's language."""
        self.require(name)
        return model_title(name), round(model_advice.total_size(name, self._users_language(name)) / 2**20)

    def advice(self, own: str = "") -> list[Choice]:
        """The models to choose from, the one that fits best first; ``own`` as in ``model_advice.advise``."""
        here = Computer.here(self.weights_folder)
        refused = {card.name for card in registry.cards() if not card.part_of and self.is_refused(card.name)}
        found = model_advice.advise(self._users_language(), here, self._weights, own, refused)
        own_file = {choice.name for choice in found if self._checkpoint(choice.name)} - refused
        return [replace(choice, left=0, obstacle="") if choice.name in own_file else choice for choice in found]

    def at_once(self) -> str:
        """The model that fits best of those that can be used now."""
        return next(choice.name for choice in self.advice() if choice.possible and self.is_ready(choice.name))

    def is_whole(self, name: str) -> bool:
        """Whether nothing needs to be downloaded for a model to read the user's language. Raises UnknownEncoder."""
        return not self._missing(name)

    def _missing(self, name: str) -> list[registry.ModelOnDisk]:
        """What must be downloaded for that, itself first. Raises UnknownEncoder."""
        ready = self.is_ready(name)
        parts = model_advice.to_fetch(name, self._users_language(name), self._weights)
        return [part for part in parts if not (ready and part.name == name)]

    def has_memory_for(self, name: str) -> bool:
        """Whether another model can be loaded beside the one in use. Raises UnknownEncoder."""
        return model_advice.has_memory_for(model_advice.total_size(name, self._users_language(name)))

    def titles(self) -> dict[str, str]:
        """Encoders to offer, name to title: those that are recommended, the one in use, all on disk.

        With what is not here yet, its megabytes are told.
        """
        advised = {choice.name: choice for choice in self.advice()}
        shown = {*advised, self.preferred(), self.encoder.name}
        known = registry.describe(self._weights)
        return {info.name: self._listed_title(info) for info in known if info.ready or info.name in shown}

    def _listed_title(self, info: registry.ModelOnDisk) -> str:
        if self.is_ready(info.name) or info.name == self.encoder.name or not info.card.files:
            return model_title(info.name)
        return say("model.to_download", name=info.card.files.name, size=number(self.download_size(info.name)[1]))

    def short_title(self, name: str) -> str:
        """What a model is called, without a word on what it is good at. Raises UnknownEncoder."""
        files = registry.card(name).files
        return files.name if files else model_title(name)

    def fetch_whole(self, name: str, control: TaskControl = UNATTENDED) -> None:
        """Fetch all that a model needs to read the user's language, as ``download`` does; progress counts all of it.

        It has shown that it works then. Raises as ``download``, and DiskFull before anything is fetched if all of it
        has no room.
        """
        parts = self._missing(name)
        model_advice.check_room(self.short_title(name), self.weights_folder, parts)
        before, total = 0, sum(part.size for part in parts)
        for part in parts:

            def show(progress: Progress, before: int = before) -> None:
                done, rate = before + progress.done, progress.rate
                control.report(Progress(done, total, rate, (total - done) / rate if rate > 0 else None))

            self.download(part.name, control.telling(show))
            before += part.size
        if self.must_prove(name):  # it came here by other ways than a download
            self.prove(name, control)
        if self.is_refused(name):
            raise ModelUnproven(name=self.short_title(name))

    def download(self, name: str, control: TaskControl = UNATTENDED) -> None:
        """Fetch a model's files, or the multilingual text tower's. Progress counts bytes.

        What arrived is kept for the next try. What is there then proves itself, see ``prove``. Raises UnknownEncoder,
        DownloadFailed, ModelUnproven, EncoderFailed or Cancelled.
        """
        registry.fetch(name, self._weights, control)
        self.prove(name, control)
        self.formats.prepare(name)
        for part in self._parts(name):  # it came before the model that it is part of
            if self.must_prove(part.name):
                with contextlib.suppress(ModelUnproven):  # the model itself works
                    self.prove(part.name, control)

    # -- Whether a model works ---------------------------------------------------------------------------

    def must_prove(self, name: str) -> bool:
        """Whether a model that is here has not yet shown that it works; the embedded one did before it was shipped."""
        card = registry.card(name)
        return card.files is not None and self._proofs.of(card, self._checkpoint(name)) is None

    def is_refused(self, name: str) -> bool:
        """Whether a model, or a part of one, was found not to work, and is not used."""
        card = registry.card(name)
        found = self._proofs.of(card, self._checkpoint(name)) if card.files else None
        return found is not None and not found.passed

    def prove(self, name: str, control: TaskControl = UNATTENDED) -> None:
        """See whether a model tells drawn pictures by sentences; what comes of it is remembered.

        Loads it, which takes memory and seconds: meant for a worker thread. A part whose model is not here waits for
        that. Raises ModelUnproven, EncoderFailed or Cancelled.
        """
        card = registry.card(name)
        if card.part_of and not self.is_ready(card.part_of):
            return
        if not self._proofs.prove(card, self._checkpoint(name), control).passed:
            if card.part_of == self.encoder.name:
                self._renew()  # it reads queries without that part from now on
            raise ModelUnproven(name=self.short_title(name))

    def _parts(self, name: str) -> list[ModelCard]:
        """The further parts of a model that are on disk: its multilingual text tower."""
        parts = (card for card in registry.cards() if card.part_of == name)
        return [part for part in parts if registry.on_disk(part, self._weights).ready]

    def entries(self) -> list[registry.ModelOnDisk]:
        """All models that a user should know of, and those that are here, for a list to manage them."""
        return registry.listed(self._weights, frozenset({self.preferred(), self.encoder.name}))

    def remove(self, name: str) -> int:
        """Delete a model's files, or the multilingual text tower's; returns the bytes that became free.

        Its indexes stay. The model in use is refused: what would answer the next query? Call it on the thread
        that owns the window. Raises UnknownEncoder, ModelInUse, OwnCheckpoint or ModelNotRemoved.
        """
        if name == self.encoder.name:
            raise ModelInUse(name=model_title(name))
        if registry.card(name).part_of:
            self._renew()  # the encoder may hold the part
        gc.collect()  # Windows deletes no file that a dropped model still maps
        own = self._config.clip_checkpoint
        freed = registry.remove(name, self._weights, path_named(own) if own else None)
        self._proofs.forget(name)
        return freed

    def measure(self, name: str, control: TaskControl = UNATTENDED) -> float:
        """Seconds per picture of a model on this computer, remembered. Raises as ``model_trials.measure``."""
        encoder = self.encoder if name == self.encoder.name else self._create(name)
        seconds = model_trials.measure(encoder, control)
        model_trials.remember_speed(self._home, encoder.store, seconds)
        return seconds

    def settle(self, indexed_folder: IndexedFolder, encoder: Encoder, control: TaskControl = UNATTENDED) -> Encoder:
        """The encoder with which a folder is indexed for the first time, see ``FormatChoice.settle``."""
        settled = self.formats.settle(indexed_folder, encoder, control)
        if encoder is self.encoder:
            self.encoder = settled
        return settled

    def choose_numbers(self, *, exact: bool) -> None:
        """Whether all models are to work in single precision from now on; the one in use is made anew."""
        self._config = replace(self._config, exact_numbers=exact)
        self.formats = FormatChoice(self._home, self._create, exact=exact)

    def speeds(self) -> dict[str, float]:
        """Seconds per picture of the models that were measured on this computer, by name."""
        known = model_trials.read_speeds(self._home)
        stores = {name: self._create(name).store for name in registry.encoder_names()}
        return {name: known[store] for name, store in stores.items() if store in known}

    @property
    def query_language(self) -> str:
        """Who reads queries, a value of the setting."""
        return self._config.query_language

    def read_queries(self, choice: str) -> None:
        """Change who reads queries, a value of ``query_language``, or take notice of the window's language."""
        self._config = replace(self._config, query_language=choice)
        self._renew()

    def _renew(self) -> None:
        """Make the encoder in use anew; it loads again with the next query."""
        self.encoder = self._create(self.encoder.name, self.encoder.number_format)
        self._on_renewed(self.encoder)

    def recipe(self, name: str, number_format: NumberFormat | None = None) -> Callable[[], Encoder]:
        """What makes an encoder, in a format or in the one that is chosen for it, also on another machine.

        That has to have the program and the model.
        """
        refused = any(self.is_refused(part.name) for part in self._parts(name))
        return partial(
            registry.create,
            name,
            weights_folder=self._weights,
            checkpoint=self._checkpoint(name),
            number_format=number_format or self.formats.decision(name).number_format,
            query_language="english" if refused else self._config.query_language,
            users_language=language(),
        )

    def _create(self, name: str, number_format: NumberFormat | None = None) -> Encoder:
        return self.recipe(name, number_format)()

    def missing_for(self, query: Query) -> tuple[str, int] | None:
        """What the model lacks to understand a text in its language: a title and megabytes; mostly None."""
        files = self._files_for(query)
        return (say("model.multilingual"), round(files.size / 2**20)) if files else None

    def download_missing(self, query: Query, control: TaskControl) -> None:
        """Fetch it, and see whether it works. Progress counts bytes. Raises as ``download``."""
        files = self._files_for(query)
        if files:
            model_file_set.download(files, self._weights, control)
            for card in registry.cards():
                if card.part_of and card.files == files:
                    self.prove(card.name, control)

    def _files_for(self, query: Query) -> model_file_set.ModelFiles | None:
        return next(filter(None, map(self.encoder.missing_for, query.texts)), None)

    def _users_language(self, name: str = "") -> str:
        """In which language queries are to be read; English of a checkpoint of the user's own, which has no parts."""
        reads_english = self._config.query_language == "english" or (name and self._checkpoint(name))
        return "en" if reads_english else language()

    def _checkpoint(self, name: str) -> Path | None:
        """The user's own file for a model; it runs code, so only the explicit setting names it."""
        own = self._config.clip_checkpoint
        return path_named(own) if own and name == self.preferred() and registry.card(name).takes_checkpoint else None

    def _info(self, name: str) -> registry.ModelOnDisk:
        card = registry.card(name)
        if card.make is None:
            raise UnknownEncoder(name=name, known=", ".join(registry.encoder_names()))
        return registry.on_disk(card, self._weights)
