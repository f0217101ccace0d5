"""Which model fits whom, and what it costs in all: in the guide, on the command line and in the documentation."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semantik.downloads.model_file import ROOM_TO_SPARE
from semantik.encoders import registry
from semantik.encoders.model_card import ModelCard
from semantik.engine import model_advice
from semantik.engine.model_advice import Choice, Computer, advise
from semantik.engine.models import Models
from semantik.errors import DiskFull
from semantik.storage.settings import Config
from semantik.words.catalogue import LANGUAGES
from tests.support.places import REPO

GIGA = 2**30
ROOMY = Computer(100 * GIGA, 16 * GIGA, 8)
SIGLIP, CLIP = "siglip2-b-32-256", "clip-vit-b-32"


@pytest.fixture
def here(monkeypatch) -> set[str]:
    """The names of the cards that are on disk, beside the embedded one."""
    names: set[str] = set()

    def on_disk(card: ModelCard, weights_folder: Path | None = None) -> registry.ModelOnDisk:
        ready = card.name in names or not card.size
        return registry.ModelOnDisk(card, card.size if ready else 0, ready)

    monkeypatch.setattr(registry, "on_disk", on_disk)
    return names


def names(choices: list[Choice]) -> list[str]:
    return [choice.name for choice in choices]


def test_who_searches_in_spanish_gets_what_reads_spanish(here):
    best, fast, embedded = advise("es", ROOMY, None)
    assert (best.name, best.role, best.size, best.left) == (SIGLIP, "best", 1_541_822_101, 1_541_822_101)
    assert (fast.name, fast.role, fast.size, fast.left) == (CLIP, "fast", 896_458_769, 896_458_769)
    assert embedded == Choice("builtin", "embedded", 0, 0)
    assert [choice.size for choice in advise("en", ROOMY, None)] == [1_541_822_101, 353_976_522, 0]
    assert names(advise("es", replace(ROOMY, cores=1), None)) == [CLIP, SIGLIP, "builtin"]


def test_what_is_here_goes_first_and_what_has_no_place_last(here):
    here.add(CLIP)
    assert [(choice.name, choice.left) for choice in advise("es", ROOMY, None)][:2] == [
        (SIGLIP, 1_541_822_101),
        (CLIP, 542_482_247),
    ]
    assert names(advise("en", ROOMY, None)) == [CLIP, SIGLIP, "builtin"]
    here.add("multilingual")
    assert names(advise("es", ROOMY, None)) == [CLIP, SIGLIP, "builtin"]
    here.clear()
    small = advise("es", replace(ROOMY, free=GIGA), None)
    assert [(choice.name, choice.obstacle) for choice in small] == [(CLIP, ""), (SIGLIP, "space"), ("builtin", "")]
    assert small[1].lacking == 1_541_822_101 + ROOM_TO_SPARE - GIGA
    short = advise("es", replace(ROOMY, memory=4 * GIGA), None)
    assert [(choice.name, choice.obstacle) for choice in short] == [(CLIP, ""), (SIGLIP, "memory"), ("builtin", "")]
    own = advise("es", ROOMY, None, "vit-b-32-datacomp")
    assert [(choice.name, choice.role) for choice in own][:2] == [("vit-b-32-datacomp", "own"), (SIGLIP, "best")]


def test_a_missing_package_is_told_and_not_recommended(here, monkeypatch):
    monkeypatch.setattr(model_advice, "is_installed", lambda module: module != "open_clip")
    assert [(choice.name, choice.obstacle) for choice in advise("es", ROOMY, None)] == [
        (CLIP, ""),
        (SIGLIP, "package"),
        ("builtin", ""),
    ]


def test_a_model_that_does_not_work_is_told_and_not_recommended(here):
    here.add(SIGLIP)
    choices = advise("es", ROOMY, None, refused=[SIGLIP])
    assert [(choice.name, choice.obstacle) for choice in choices] == [(CLIP, ""), (SIGLIP, "unproven"), ("builtin", "")]
    assert [choice.possible for choice in choices] == [True, False, True]


@settings(max_examples=40)
@given(
    language=st.sampled_from(LANGUAGES),
    computer=st.builds(
        Computer,
        st.none() | st.integers(0, 4 * GIGA),
        st.none() | st.integers(GIGA, 8 * GIGA),
        st.none() | st.integers(1, 4),
    ),
    on_disk=st.sets(st.sampled_from([card.name for card in registry.cards()])),
    own=st.sampled_from(["", *registry.encoder_names()]),
)
def test_every_computer_gets_something_that_it_can_use(here, language, computer, on_disk, own):
    here.clear()
    here.update(on_disk)
    choices = advise(language, computer, None, own)
    assert (choices[-1].name, choices[-1].possible) == ("builtin", True)
    assert len(set(names(choices))) == len(choices) >= 3
    models = choices[:-1]
    assert [choice.possible for choice in models] == sorted((choice.possible for choice in models), reverse=True)
    for choice in models:
        needed = registry.needed(choice.name, language)
        assert any(card.reads(language) for card in needed) or choice.role == "own"
        assert choice.size == sum(file.size for card in needed if card.files for file in card.files.files)
        assert choice.left == sum(card.size for card in needed if card.name not in on_disk)
        assert (
            (choice.obstacle == "space")
            == bool(choice.lacking)
            == bool(choice.left and computer.free is not None and computer.free < choice.left + ROOM_TO_SPARE)
        )


def test_everything_has_room_or_nothing_is_fetched(here, home, monkeypatch):
    fetched: list[str] = []
    monkeypatch.setattr(registry, "fetch", lambda name, folder, control: fetched.append(name))
    models = Models(home, Config(weights_folder=str(home / "w")))
    monkeypatch.setattr(model_advice, "_free", lambda folder: 896_458_769 + ROOM_TO_SPARE - 1)
    with pytest.raises(DiskFull) as full:
        models.fetch_whole(CLIP)
    assert full.value.params == {"name": "CLIP ViT-B/32", "folder": home / "w", "needed_mb": 964}
    monkeypatch.setattr(model_advice, "_free", lambda folder: 896_458_769 + ROOM_TO_SPARE)
    models.fetch_whole(CLIP)
    assert fetched == [CLIP, "multilingual"]


def test_whoever_wants_english_queries_needs_no_other_text(here, home):
    english = Models(home, Config(weights_folder=str(home / "w"), query_language="english"))
    assert english.download_size(CLIP)[1] == 338
    assert english.titles()[CLIP] == "CLIP ViT-B/32 (descargar: 338 MB)"
    here.add(CLIP)
    assert english.is_whole(CLIP)
    assert not Models(home, Config(weights_folder=str(home / "w"))).is_whole(CLIP)


@pytest.mark.parametrize("page", ["docs/models.md", "docs/models.es.md"])
def test_the_documentation_tells_the_same_sizes(page):
    rows = re.findall(r"^\|([^|]+)\|([^|]+)\|([^|]+)\|", (REPO / page).read_text(encoding="utf-8"), re.MULTILINE)
    told = {
        name.strip(): [int(re.sub(r"[.,]", "", size)) for size in re.findall(r"([\d.,]+) MB", cell)]
        for _, name, cell in rows
    }
    own, whole = ({card.name: round(size(card) / 2**20) for card in registry.cards()} for size in (_own, _whole))
    for name, sizes in told.items():
        if code := re.fullmatch("`(.+)`", name):
            wanted = [own[code[1]]] + [whole[code[1]]] * (own[code[1]] != whole[code[1]])
            assert sizes == (wanted if own[code[1]] else []), name
    assert own["multilingual"] in told.get("part of `clip-vit-b-32`", told.get("parte de `clip-vit-b-32`", []))


def _own(card: ModelCard) -> int:
    return card.size


def _whole(card: ModelCard) -> int:
    return model_advice.total_size(card.name, "es")
