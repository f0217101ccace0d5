"""The number format that the program chooses by itself: by a trial, before the first picture is indexed."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semantik.encoders import machine, registry
from semantik.encoders.format_records import FormatRecords, Outcome, Record, decide
from semantik.encoders.machine import Machine
from semantik.encoders.number_formats import FORMATS
from semantik.engine import format_choice, format_trial
from semantik.engine.engine import Engine
from semantik.engine.format_choice import FormatChoice
from semantik.errors import Cancelled, TooFewPictures
from semantik.long_tasks import TaskControl
from semantik.storage.home import formats_file
from semantik.storage.settings import CONFIG_NAME, Config
from semantik.words import text
from semantik.words.phrases import number_format_told
from tests.support.fake_encoder import FakeEncoder, replace_encoders
from tests.support.libraries import paint

CLIP = registry.DEFAULT_CLIP
GOOD, QUICKER = Outcome(1.9, 0.9997, 0.991), Outcome(2.4, 0.9999, 1.0)

# -- What follows from what is known -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tried", "used", "expected"),
    [
        ({}, None, ("fp32", "untried")),
        ({}, "int8", ("int8", "index")),
        ({"int8": GOOD}, None, ("int8", "faster")),
        ({"int8": GOOD}, "int8", ("int8", "faster")),
        ({"int8": GOOD}, "fp32", ("fp32", "index")),
        ({"int8": Outcome(1.19, 1, 1)}, None, ("fp32", "nothing_better")),
        ({"int8": Outcome(1.2, 0.99, 0.98)}, None, ("int8", "faster")),
        ({"int8": Outcome(3, 0.9999, 0.979)}, None, ("fp32", "nothing_better")),
        ({"int8": Outcome(3, float("nan"), float("nan"))}, None, ("fp32", "nothing_better")),
        ({"int8": None}, None, ("fp32", "nothing_better")),
        ({"int8": Outcome(1.1, 1, 1)}, "int8", ("int8", "index")),
        ({"bf16": Outcome(1.7, 0.9995, 1)}, "fp32", ("bf16", "faster")),
        ({"bf16": Outcome(1.7, 0.99949, 1)}, "fp32", ("fp32", "nothing_better")),
        ({"fp16": Outcome(1.7, 0.9999, 0.98)}, None, ("fp16", "faster")),
        ({"bf16": QUICKER, "int8": GOOD}, None, ("bf16", "faster")),
        ({"bf16": GOOD, "int8": QUICKER}, None, ("int8", "faster")),
        ({"bf16": GOOD, "int8": QUICKER}, "fp32", ("bf16", "faster")),
        ({"bf16": QUICKER, "int8": GOOD}, "int8", ("int8", "faster")),
        ({"fp32-onnx": GOOD}, "fp32", ("fp32-onnx", "faster")),
        ({"fp32-onnx": Outcome(2.3, 0.999, 1)}, None, ("fp32", "nothing_better")),
    ],
)
def test_what_follows_from_trials_and_indexes(tried, used, expected) -> None:
    assert decide(("fp32",), Record("x", 64, tried), None, exact=True).why == "only"
    decided = decide(FORMATS, Record("x", 64, tried), used, exact=False)
    assert (decided.number_format, decided.why) == expected
    assert decide(FORMATS, Record("x", 64, tried), used, exact=True).number_format == "fp32"
    chosen = decide(FORMATS, Record("x", 64, tried, "int8"), used, exact=False)
    assert (chosen.number_format, chosen.why) == ("int8", "wanted")


NUMBERS = st.one_of(st.floats(0, 3), st.sampled_from([1.2, 0.98, 0.9995, float("nan")]))
TRIED = st.dictionaries(
    st.sampled_from(FORMATS[1:]), st.one_of(st.none(), st.builds(Outcome, NUMBERS, NUMBERS, NUMBERS))
)


@given(st.sets(st.sampled_from(FORMATS[1:])), TRIED, st.sampled_from([None, "fp32", "int8"]))
def test_no_choice_costs_an_index_or_hits(offered, tried, used) -> None:
    decided = decide({"fp32", *offered}, Record("x", 64, tried), used, exact=False)
    assert decided.number_format == "int8" or used != "int8" or not offered
    assert decided.number_format != "int8" or used != "fp32"
    if used != "int8" or not offered:
        assert decided.number_format in {"fp32", *offered}
    if decided.why == "faster":
        found = tried[decided.number_format]
        assert found.speedup >= 1.2
        assert found.recall >= 0.98
        assert decided.number_format == "int8" or found.cosine >= 0.9995


def test_records_outlive_the_program_and_damage_costs_only_itself(home: Path) -> None:
    record = Record("a machine", 64, {"int8": GOOD, "bf16": None}, "int8")
    FormatRecords(home).keep("one", record)
    FormatRecords(home).want("two", "bf16")
    assert FormatRecords(home).of("one") == record
    assert FormatRecords(home).of("two") == Record(wanted="bf16")
    known = json.loads(formats_file(home).read_text())
    known["one"]["tried"]["int8"] = {"speedup": "much", "cosine": 1, "recall": 1}
    known["two"] = 7
    formats_file(home).write_text(json.dumps(known))
    assert FormatRecords(home).of("one") == Record("a machine", 64, {"bf16": None, "int8": None}, "int8")
    assert FormatRecords(home).of("two") == Record()


@pytest.mark.parametrize(
    ("language", "told", "plain"),
    [
        (
            "es",
            "8 bits: 1,9 veces más rápido, mismo resultado en 99 de 100",
            "precisión completa, como el índice que ya hay",
        ),
        ("en", "8-bit: 1.9 times as fast, the same result in 99 of 100", "full precision, as the index that there is"),
        (
            "pt",
            "8 bits: 1,9 vezes mais rápido, mesmo resultado em 99 de 100",
            "precisão completa, como o índice que já existe",
        ),
    ],
)
def test_why_is_told_in_a_sentence(language: str, told: str, plain: str) -> None:
    text.set_language(language)
    record = Record("x", 64, {"int8": GOOD})
    assert number_format_told(*decide(FORMATS, record, None, exact=False).facts) == told
    assert number_format_told(*decide(FORMATS, record, "fp32", exact=False).facts) == plain


# -- The trial ---------------------------------------------------------------------------------------------


class Scrambled(FakeEncoder):
    """It sees the channels in another order and forgets one."""

    def encode_images(self, batch):
        return super().encode_images(batch[:, [1, 2, 2]])


def some_pixels(number: int) -> list[np.ndarray]:
    draws = np.random.default_rng(3).integers(0, 256, (number, 1, 1, 3), dtype=np.uint8)
    return [np.broadcast_to(draw, (8, 8, 3)) for draw in draws]


def clock(*steps: float):
    """A clock that is looked at before and after each batch: the steps are what the batches take, over and over."""
    looks = count()
    now = 0.0

    def tell() -> float:
        nonlocal now
        look = next(looks)
        if look % 2:
            now += steps[(look // 2) % len(steps)]
        return now

    return tell


def test_speed_is_that_of_the_quickest_turns() -> None:
    pixels = some_pixels(64)
    found = format_trial.run(FakeEncoder(), FakeEncoder(), pixels, clock=clock(0.9, 0.5, 0.8, 0.4))
    assert found.speedup == pytest.approx(2)
    assert found.cosine == pytest.approx(1)
    assert found.recall == 1


def test_what_is_quick_and_wrong_is_not_worth_it() -> None:
    found = format_trial.run(FakeEncoder(), Scrambled(), some_pixels(64), clock=clock(3, 1))
    assert found.speedup == pytest.approx(3)
    assert found.recall < 0.6
    assert found.cosine < 0.95
    assert not found.is_worth_it("int8")


def test_few_pictures_are_mirrored_and_turned() -> None:
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    ways = format_trial.enough([picture])
    assert len({way.tobytes() for way in ways}) == len(ways) == 8
    assert len(format_trial.enough([picture] * 9)) == 64
    assert len(format_trial.enough([picture] * 100)) == 64
    assert format_trial.enough([]) == []


def test_neighbour_recall() -> None:
    rows = np.eye(4, dtype=np.float32) + np.array([[0, 0.9, 0, 0], [0.9, 0, 0, 0], [0, 0, 0, 0.9], [0, 0, 0.9, 0]])
    swapped = rows[[0, 2, 1, 3]]
    assert format_trial.neighbour_recall(rows, rows, 1) == 1
    assert format_trial.neighbour_recall(rows, swapped, 1) == 0


# -- The choice, in the program ----------------------------------------------------------------------------


class Trials:
    """What stands for the machine and its trials: each format's outcome; ``made`` are those that were made."""

    def __init__(self) -> None:
        self.machine = Machine("cpu", "new", frozenset({"avx2", "avx512_bf16"}))
        self.outcomes: dict[str, Outcome | BaseException] = {"bf16": GOOD, "int8": QUICKER}
        self.made: list[str] = []
        self.pictures = 48  # six, in eight ways

    def run(self, exact, other, pixels, control):
        self.made.append(other.number_format)
        assert len(pixels) == self.pictures
        assert exact.number_format == "fp32"
        found = self.outcomes[other.number_format]
        if isinstance(found, BaseException):
            raise found
        return found


@pytest.fixture
def prepare(untried_formats):
    """``FormatChoice.prepare``, which no test calls unasked."""
    return untried_formats[1]


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch, untried_formats) -> Trials:
    replace_encoders(monkeypatch)
    stand_in = registry.create

    def create(name, *, number_format, **options):
        fake = stand_in(name)
        fake.number_format = number_format
        fake.space += "+int8" if number_format == "int8" else ""
        return fake

    found = Trials()
    monkeypatch.setattr(registry, "create", create)
    monkeypatch.setattr(FormatChoice, "settle", untried_formats[0])
    monkeypatch.setattr(format_trial, "run", found.run)
    monkeypatch.setattr(format_choice, "Machine", type("Here", (), {"here": lambda: found.machine}))
    return found


def index(home: Path, *folders: Path, **settings) -> str:
    """What a program that is started anew indexes folders in."""
    engine = Engine(home, Config(**settings))
    engine.models.use(CLIP)
    library = engine.open(*folders)
    library.open()
    for outcome in library.update(library.indexed_folders):
        assert outcome.error is None
    assert all(each.index.space == library.encoder.space for each in library.indexed_folders)
    assert engine.models.encoder is library.encoder
    engine.close()
    return library.encoder.number_format


def stores(home: Path) -> set[str]:
    return {path.name for path in home.glob("indexes/*/*/")}


def test_the_first_indexing_chooses_and_the_next_program_keeps_to_it(
    home: Path, library: Path, tmp_path: Path, trials
) -> None:
    assert index(home, library) == "int8"
    assert stores(home) == {f"{CLIP}-int8"}
    assert trials.made == ["bf16", "int8"]
    paint(library / "rosa.png", (255, 90, 200))
    paint(tmp_path / "otra" / "gris.png", (90, 90, 90))
    assert index(home, library, tmp_path / "otra") == "int8"
    assert stores(home) == {f"{CLIP}-int8"}
    assert trials.made == ["bf16", "int8"]
    told = FormatRecords(home).of(CLIP)
    assert (told.pictures, told.tried) == (48, {"bf16": GOOD, "int8": QUICKER})


def test_an_index_of_before_stays_and_only_what_shares_it_is_tried(
    home: Path, library: Path, tmp_path: Path, trials
) -> None:
    trials.machine = Machine("cpu", "old")
    assert index(home, library) == "fp32"
    trials.machine = Machine("cpu", "new", frozenset({"avx2", "avx512_bf16"}))
    paint(library / "rosa.png", (255, 90, 200))
    assert index(home, library) == "fp32"  # for one picture nothing is tried
    assert trials.made == []
    for number in range(6):
        paint(tmp_path / "otra" / f"{number}.png", (40 * number, 90, 90))
    assert index(home, library, tmp_path / "otra") == "bf16"
    assert (trials.made, stores(home)) == (["bf16"], {CLIP})


def test_what_differs_too_much_shares_no_index(home: Path, library: Path, trials) -> None:
    trials.outcomes = {"bf16": Outcome(2.0, 0.9994, 1.0), "int8": Outcome(1.1, 0.9999, 1.0)}
    assert index(home, library) == "fp32"
    assert stores(home) == {CLIP}


@pytest.mark.parametrize("failure", [RuntimeError("illegal instruction"), MemoryError(), OSError("no file")])
def test_what_fails_is_not_taken_nor_tried_again(home: Path, library: Path, tmp_path: Path, trials, failure) -> None:
    trials.outcomes = {"bf16": failure, "int8": failure}
    assert index(home, library) == "fp32"
    assert FormatRecords(home).of(CLIP).tried == {"bf16": None, "int8": None}
    paint(tmp_path / "otra" / "gris.png", (90, 90, 90))
    assert index(home, tmp_path / "otra") == "fp32"
    assert trials.made == ["bf16", "int8"]


def test_what_ends_the_program_is_not_tried_again(home: Path, library: Path, trials) -> None:
    """An instruction that the processor has not: no handler of ours runs, as after this exception."""
    trials.outcomes["int8"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        index(home, library)
    assert index(home, library) == "bf16"
    assert trials.made == ["bf16", "int8"]


def test_it_is_tried_again_on_another_machine(home: Path, library: Path, monkeypatch, trials) -> None:
    trials.outcomes = {"bf16": Outcome(1.0, 1.0, 1.0), "int8": Outcome(1.0, 1.0, 1.0)}
    assert index(home, library) == "fp32"
    monkeypatch.setattr(machine.metadata, "version", lambda package: "99")
    trials.outcomes["bf16"] = GOOD
    engine = Engine(home, Config())
    engine.models.use(CLIP)
    opened = engine.open(library)
    opened.open()
    opened.update(opened.indexed_folders, rebuild=opened.indexed_folders)
    assert opened.encoder.number_format == "bf16"
    assert trials.made == ["bf16", "int8", "bf16"]
    engine.close()


def index_embedded(home: Path, folder: Path) -> str:
    engine = Engine(home, Config())
    engine.models.use("builtin")
    opened = engine.open(folder)
    opened.open()
    assert [outcome.error for outcome in opened.update(opened.indexed_folders)] == [None]
    engine.close()
    return opened.encoder.number_format


def test_the_embedded_model_is_tried_by_onnx_runtime_where_it_can_gain_something(
    home: Path, library: Path, tmp_path: Path, trials
) -> None:
    """A few pictures would be indexed before the trial is over; afterwards what was found is used for all."""
    trials.outcomes = {"fp32-onnx": GOOD}
    trials.pictures = 24
    assert index_embedded(home, library) == "fp32"
    assert trials.made == []
    for number in range(24):
        paint(tmp_path / "muchas" / f"{number}.png", (10 * number, 90, 90))
    assert index_embedded(home, tmp_path / "muchas") == "fp32-onnx"
    assert trials.made == ["fp32-onnx"]
    paint(tmp_path / "otra" / "gris.png", (90, 90, 90))
    assert index_embedded(home, tmp_path / "otra") == "fp32-onnx"
    assert (trials.made, stores(home)) == (["fp32-onnx"], {"builtin"})


def test_a_trial_that_is_cancelled_leaves_nothing(home: Path, library: Path, trials, pool) -> None:
    trials.outcomes["bf16"] = Cancelled()
    engine = Engine(home, Config())
    folder = engine.indexed_folder(library, engine.models.create(CLIP))
    assert engine.models.settle(folder, folder.encoder, TaskControl()) is folder.encoder
    assert FormatRecords(home).of(CLIP).tried == {}
    with pytest.raises(TooFewPictures) as few:
        engine.models.formats.measure(CLIP, paint(home / "una" / "a.png", (1, 2, 3)).parent, pool)
    engine.close()
    assert few.value.params == {"found": 8, "needed": 24}


def test_the_setting_wants_full_precision(home: Path, library: Path, trials) -> None:
    assert index(home, library, exact_numbers=True) == "fp32"
    assert trials.made == []
    assert index(home, library) == "fp32"  # what is indexed stays


def test_what_a_trial_needs_is_made_when_a_model_arrives(home: Path, monkeypatch, trials, prepare) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(FakeEncoder, "load", lambda self, **sides: loaded.append(self.number_format))
    engine = Engine(home, Config())
    prepare(engine.models.formats, CLIP)
    assert loaded == ["int8"]
    prepare(engine.models.formats, "builtin")
    trials.machine = Machine("cpu", "old")
    prepare(engine.models.formats, CLIP)
    assert loaded == ["int8"]
    engine.close()


# -- The command -------------------------------------------------------------------------------------------


def test_the_command_shows_tries_and_overrides(home: Path, library: Path, trials, run) -> None:
    (home / CONFIG_NAME).write_text(json.dumps({"weights_folder": str(home / "weights")}))
    named = ("--encoder", CLIP)
    assert run("fast") == (
        0,
        "builtin: precisión completa; antes de indexar la primera carpeta se prueba si hay algo más rápido que dé lo "
        "mismo\n",
        "",
    )
    trials.machine = Machine("cpu", "old")
    assert index(home, library, weights_folder=str(home / "weights")) == "fp32"
    assert run("fast", library, *named)[1].splitlines() == [
        f"Este equipo no tiene nada más rápido que la precisión completa para {CLIP}.",
        "No compensa en este equipo o con estas fotos: todo queda como estaba.",
    ]
    trials.machine = Machine("cpu", "new", frozenset({"avx2"}))
    assert run("fast", library, *named)[1].splitlines() == [
        f"{CLIP}, 8 bits: 2,4 veces más rápido con 48 imágenes; 100,0 % de los 10 vecinos iguales; "
        "coseno de 0,9999 o más",
        f"{CLIP} trabajará así: tiene índices propios, y la próxima vez indexará de nuevo.",
        f"{CLIP}: 8 bits, como usted eligió",
    ]
    assert index(home, library) == "int8"
    assert run("fast", "--format", "fp32", *named)[0] == 0
    assert index(home, library) == "fp32"
    assert (
        run("fast", "--off")[1]
        == "Los modelos trabajarán siempre con la precisión completa; los índices de antes siguen ahí.\n"
    )
    assert json.loads((home / CONFIG_NAME).read_text())["exact_numbers"] is True
    assert run("fast", "--auto", *named)[1].splitlines()[0] == "El programa elige otra vez por sí mismo."
    assert json.loads((home / CONFIG_NAME).read_text())["exact_numbers"] is False
    assert FormatRecords(home).of(CLIP).wanted == ""


def test_a_format_that_a_model_has_not_is_refused(home: Path, trials, run) -> None:
    code, _, complaint = run("fast", "--format", "int8", "--encoder", "builtin")
    assert code == 1
    assert (
        "builtin no puede trabajar en 8 bits; puede en precisión completa, precisión completa con ONNX Runtime."
        in complaint
    )
