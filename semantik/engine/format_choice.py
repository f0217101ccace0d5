"""Which number format each model's image side works in: chosen by a trial, before the first picture is indexed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from semantik.decoding.decoded import Decoded
from semantik.decoding.pool import DecodePool
from semantik.encoders import machine as machines
from semantik.encoders import registry
from semantik.encoders.base import Encoder
from semantik.encoders.format_records import Decision, FormatRecords, Outcome, Record, decide
from semantik.encoders.machine import Machine
from semantik.encoders.number_formats import EXACT, EXACT_ONNX, INT8, SAME_VECTORS, NumberFormat
from semantik.engine import format_trial
from semantik.errors import Cancelled, EncoderFailed, SemantikError, TooFewPictures
from semantik.folders.exclusions import Exclusions
from semantik.folders.indexed_folder import IndexedFolder
from semantik.folders.scan import find_images
from semantik.long_tasks import UNATTENDED, TaskControl
from semantik.records import Pixels

log = logging.getLogger(__name__)

LEAST = 24
"""Pictures, mirrored and turned ones included, of which the ten nearest tell something.

For single precision by ONNX Runtime so many have to be there and are enough: it computes the same, and the trial of a
quick model would cost a folder of a few pictures more than it could gain.
"""

_LOOKED_AT = 2000  # files of a folder among which those of the trial are chosen
_FAILURES = (EncoderFailed, RuntimeError, ValueError, OSError, MemoryError, ImportError)
"""What a format may come to that a machine or a package cannot do."""

Create = Callable[[str, NumberFormat], Encoder]


class FormatChoice:
    """The choice for each model of a home. Meant for worker threads, one at a time; ``decision`` for any."""

    def __init__(self, home: Path, create: Create, *, exact: bool) -> None:
        """``create``: a model by name in a format; ``exact``: the settings want single precision."""
        self._records = FormatRecords(home)
        self._create = create
        self._exact = exact

    def decision(self, name: str) -> Decision:
        """In which format a model works, and why. Cheap, and loads nothing."""
        return self._records.decision(registry.card(name), exact=self._exact)

    def shared(self, name: str, stored: NumberFormat) -> NumberFormat:
        """In which format a model works here for an index that other computers write, too, which is ``stored`` as INT8
        or EXACT: one that gives the same vectors as that, the quickest on this computer as far as is known."""
        if stored == INT8:
            return INT8
        offered = [each for each in registry.card(name).formats if each in SAME_VECTORS]
        return decide(offered, self._records.of(name), EXACT, exact=self._exact).number_format

    def settle(self, indexed_folder: IndexedFolder, encoder: Encoder, control: TaskControl = UNATTENDED) -> Encoder:
        """The encoder for a folder that is to be indexed for the first time: the same, or in another format.

        A trial of seconds on the folder's pictures decides, unless this machine has made one. No space changes for a
        model that has an index in this home: the format is then one that shares it. Of an index that other computers
        write, too, see ``shared``.
        """
        if self._exact or len(registry.card(encoder.name).formats) < 2:
            return encoder
        try:
            machine = Machine.here()
        except (ImportError, OSError):  # who loads the encoder is told
            return encoder
        record, used = self._records.of(encoder.name), self._records.used(encoder.name)
        untried = self._untried(encoder.name, record, machine)
        if indexed_folder.is_shared:
            used = INT8 if encoder.number_format == INT8 else EXACT
            untried = [each for each in untried if each in SAME_VECTORS]
        elif INT8 in untried and used is not None:
            untried.remove(INT8)
        if untried and not record.wanted and used != INT8:
            try:
                least = LEAST if untried == [EXACT_ONNX] else 0
                where = indexed_folder.folder, encoder, indexed_folder.pool, control, indexed_folder.unwanted
                pixels = _pixels(*where, least=least)
                if len(pixels) >= LEAST:
                    self._try(encoder.name, untried, pixels, machine, control)
            except SemantikError as error:  # who indexes the folder meets it, too, and tells it
                log.info("no trial with %s: %r", indexed_folder.folder, error)
                return encoder
        own = self.decision(encoder.name).number_format
        decided = self.shared(encoder.name, used or EXACT) if indexed_folder.is_shared else own
        return encoder if decided == encoder.number_format else self._create(encoder.name, decided)

    def prepare(self, name: str) -> None:
        """Make what a trial of a model that was just downloaded will need, so that its first folder waits for less."""
        card = registry.card(name)
        if INT8 not in card.formats or self._exact or self._records.used(name) is not None:
            return
        try:
            if INT8 in machines.worth_trying(Machine.here(), card.formats):
                self._create(name, INT8).load(texts=False)
        except _FAILURES as error:  # the trial meets it again
            log.info("%s is not prepared in 8 bits: %r", name, error)

    def measure(self, name: str, folder: Path, pool: DecodePool, control: TaskControl = UNATTENDED) -> Record:
        """Try all that may be quicker here, again, on pictures of ``folder``; what was chosen by hand is forgotten.

        Raises FolderNotFound, FolderUnreadable, TooFewPictures, Cancelled, and what loading the model raises.
        """
        pixels = _pixels(folder, self._create(name, EXACT), pool, control)
        if len(pixels) < LEAST:
            raise TooFewPictures(found=len(pixels), needed=LEAST)
        machine = Machine.here()
        formats = machines.worth_trying(machine, registry.card(name).formats)
        self._records.keep(name, Record())
        self._try(name, list(formats), pixels, machine, control)
        return self._records.of(name)

    def adopt(self, name: str) -> bool:
        """Use what a trial found to be best even where the indexes are of another space; whether that changes it."""
        best = decide(registry.card(name).formats, self._records.of(name), None, exact=False).number_format
        if best == INT8 and self._records.used(name) == EXACT:
            self.want(name, best)
            return True
        return False

    def want(self, name: str, number_format: NumberFormat | None) -> None:
        """Use a format from now on, whatever the indexes have; None: choose by trials."""
        self._records.want(name, number_format or "")

    def _untried(self, name: str, record: Record, machine: Machine) -> list[NumberFormat]:
        worth = machines.worth_trying(machine, registry.card(name).formats)
        about = machines.what_counts(machine)
        return [each for each in worth if record.about != about or each not in record.tried]

    def _try(
        self,
        name: str,
        formats: Sequence[NumberFormat],
        pixels: Sequence[Pixels],
        machine: Machine,
        control: TaskControl,
    ) -> None:
        about = machines.what_counts(machine)
        record = self._records.of(name)
        if record.about != about:
            record = Record(about, wanted=record.wanted)
        exact = self._create(name, EXACT)
        exact.load(texts=False)
        for each in formats:
            # It is written down before: a format that ends the program is not tried a second time.
            self._records.keep(name, replace(record, pictures=len(pixels), tried={**record.tried, each: None}))
            try:
                found = self._outcome(exact, each, pixels, control)
            except Cancelled:
                self._records.keep(name, record)
                raise
            record = replace(record, pictures=len(pixels), tried={**record.tried, each: found})
            self._records.keep(name, record)
            log.info("%s in %s on %s, %d pictures: %s", name, each, machine.name, len(pixels), found)
        log.info("%s: %s", name, self.decision(name))

    def _outcome(
        self, exact: Encoder, number_format: NumberFormat, pixels: Sequence[Pixels], control: TaskControl
    ) -> Outcome | None:
        try:
            return format_trial.run(exact, self._create(exact.name, number_format), pixels, control)
        except _FAILURES:
            log.warning("%s does not work in %s", exact.name, number_format, exc_info=True)
            return None


def _pixels(
    folder: Path,
    encoder: Encoder,
    pool: DecodePool,
    control: TaskControl,
    unwanted: Exclusions | None = None,
    *,
    least: int = 0,
) -> list[Pixels]:
    """Pictures for a trial, spread over the folder, as neighbours in time look alike. None of what cannot be read.

    They are mirrored and turned until there are enough; with ``least`` as many of the folder itself, or fewer.
    """
    here = (folder / file.path for file in find_images(folder, unwanted=unwanted) if not file.only_in_cloud)
    found = list(islice(here, _LOOKED_AT))
    if len(found) < least:
        return []
    wanted = least or format_trial.PICTURES
    step = max(1, len(found) // wanted)
    pixels = []
    for outcome in pool.fit_all(found[::step][:wanted], encoder.input_spec):
        control.stop_if_cancelled()
        if isinstance(outcome, Decoded):
            pixels.append(outcome.pixels)
    return pixels if least else format_trial.enough(pixels)
