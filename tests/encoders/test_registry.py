"""The registry of models: a family of its own is a module and one line, and nothing else has to know of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from semantik.doctor import model_health
from semantik.downloads.model_file import WeightsFile
from semantik.downloads.model_file_set import ModelFiles
from semantik.encoders import registry
from semantik.encoders.model_card import EncoderOptions, ModelCard
from semantik.engine.engine import Engine
from semantik.errors import OwnCheckpoint, UnknownEncoder
from semantik.storage.settings import Config
from tests.support.fake_encoder import FakeEncoder

CONTENT = b"tiny" * 250
FILE = WeightsFile("Tiny", "http://127.0.0.1:9/", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), "tiny/net")


def tiny_cards() -> Iterator[ModelCard]:
    """A family of one model and a part for it."""
    yield ModelCard(
        name="tiny",
        dim=3,
        licence="MIT",
        languages="many",
        make=tiny_encoder,
        files=ModelFiles("Tiny", (FILE,)),
        made_files=lambda weights_folder: [(weights_folder or Path()) / "tiny" / "net.cache"],
    )
    yield ModelCard(
        name="tiny-texts",
        dim=3,
        licence="MIT",
        languages="many",
        make=None,
        part_of="tiny",
        packages=("json",),
        check_packaged_files=lambda: 2**20,
    )


def tiny_encoder(options: EncoderOptions) -> FakeEncoder:
    made = FakeEncoder()
    made.name, made.space = "tiny", f"tiny/{options.users_language}"
    return made


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one line."""
    monkeypatch.setattr(registry, "FAMILIES", [*registry.FAMILIES, tiny_cards])


@pytest.fixture
def weights(home: Path) -> Path:
    """The weights folder that the settings name, with the tiny model's file and what was made of it."""
    folder = home / "weights"
    (folder / "tiny").mkdir(parents=True)
    (folder / "tiny" / "net").write_bytes(CONTENT)
    (folder / "tiny" / "net.cache").write_bytes(b"made")
    (home / "image_search_config.json").write_text(json.dumps({"weights_folder": str(folder), "guide": False}))
    return folder


@pytest.mark.usefixtures("tiny")
def test_a_new_family_is_listed_and_made(tmp_path: Path) -> None:
    assert registry.encoder_names()[-2:] == ("builtin", "tiny")
    absent = registry.listed(tmp_path)[-1]
    assert (absent.name, absent.size, absent.have, absent.ready) == ("tiny", 1000, 0, False)
    (part,) = [model for model in registry.listed(tmp_path) if model.card.part_of == "tiny"]
    assert (part.name, part.size, part.ready) == ("tiny-texts", 0, True)
    assert registry.create("tiny", users_language="pt").space == "tiny/pt"
    for name in ("tiny-texts", "tinier"):  # a part is no encoder
        with pytest.raises(UnknownEncoder) as unknown:
            registry.create(name)
        assert unknown.value.params["known"] == ", ".join(registry.encoder_names())


@pytest.mark.usefixtures("tiny")
def test_a_new_family_on_the_command_line(weights: Path, library: Path, run) -> None:
    listed = json.loads(run("models", "--json")[1])
    assert listed[-1] == {"name": "tiny", "ready": True, "download_bytes": 1000, "dim": 3}
    assert run("models")[1].splitlines()[-1].split() == ["tiny", "tiny", "listo"]
    code, out, _ = run("index", library, "--encoder", "tiny", "--json")
    assert (code, json.loads(out)["count"]) == (0, 6)
    code, out, _ = run("search", library, "--text", "rojo", "--encoder", "tiny", "-k", 1, "--json")
    assert (code, [Path(hit["path"]).name for hit in json.loads(out)]) == (0, ["rojo.png"])


@pytest.mark.usefixtures("tiny")
def test_a_new_family_in_the_engine(weights: Path, home: Path) -> None:
    engine = Engine(home, Config(weights_folder=str(weights), encoder="tiny"))
    try:
        assert engine.models.preferred() == "tiny"
        assert engine.models.is_ready("tiny")
        assert engine.models.download_size("tiny") == ("tiny", 0)  # without a catalogue's entry, its name
        assert engine.models.titles()["tiny"] == "tiny"
        assert engine.models.remove("tiny") == len(CONTENT) + len(b"made")
        assert not (weights / "tiny").exists()
        assert not engine.models.is_ready("tiny")
    finally:
        engine.close()


@pytest.mark.usefixtures("tiny")
def test_a_new_family_is_diagnosed(weights: Path) -> None:
    def findings(*, deep: bool) -> dict[object, str]:
        found = model_health.check(weights, "", deep=deep)
        return {finding.facts["name"]: finding.key for finding in found if "tiny" in str(finding.facts["name"])}

    assert findings(deep=False) == {"tiny": "doctor.model_checked", "tiny-texts": "doctor.model_checked"}
    (weights / "tiny" / "net").write_bytes(b"x" * len(CONTENT))
    assert findings(deep=True)["tiny"] == "doctor.model_wrong"
    (weights / "tiny" / "net").write_bytes(CONTENT[:10])
    assert findings(deep=False)["tiny"] == "doctor.model_other_size"
    (weights / "tiny" / "net").unlink()
    assert findings(deep=False)["tiny"] == "doctor.model_absent"


@pytest.mark.usefixtures("tiny")
def test_what_is_the_users_own_is_not_removed(weights: Path) -> None:
    with pytest.raises(OwnCheckpoint):
        registry.remove("tiny", weights, weights / "tiny" / "net.cache")
    assert sorted(path.name for path in (weights / "tiny").iterdir()) == ["net", "net.cache"]


def test_each_card_is_told_of_its_encoder(tmp_path: Path) -> None:
    """What a card says without loading anything is what the encoder says."""
    cards = registry.cards()
    assert len({card.name for card in cards}) == len(cards)
    spaces = set()
    for card in cards:
        if card.make is None:
            assert registry.card(card.part_of).dim == card.dim
            continue
        encoder = registry.create(card.name, weights_folder=tmp_path)
        assert (encoder.name, encoder.dim, encoder.store) == (card.name, card.dim, card.name)
        spaces.add(encoder.space)
    assert len(spaces) == len(registry.encoder_names())


def test_the_list_of_models_in_its_order(tmp_path: Path) -> None:
    offered = [
        "builtin",
        "clip-vit-b-32",
        "multilingual",
        "siglip2-b-32-256",
        "siglip2-b-16",
        "siglip-b-16",
        "vit-b-32-datacomp",
    ]
    assert [model.name for model in registry.listed(tmp_path)] == offered
    also = frozenset({"clip-rn50", "clip-vit-l-14"})
    assert [model.name for model in registry.listed(tmp_path, also)] == [*offered, "clip-vit-l-14", "clip-rn50"]
