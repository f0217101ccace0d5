"""A model that cannot tell the drawn pictures is not used, and the user is told: engine, command line and doctor."""

from __future__ import annotations

import dataclasses
import json

import pytest

from semantik.doctor import Grade, model_proof
from semantik.doctor.findings import Private
from semantik.encoders import proof, registry
from semantik.encoders.proof import Proof
from semantik.engine.engine import Engine
from semantik.engine.models import Models
from semantik.errors import EncoderFailed, ModelUnproven
from semantik.storage.home import own_files, proofs_file
from semantik.storage.settings import Config
from tests.support.fake_encoder import FakeEncoder, replace_encoders

CLIP, TEXTS = "clip-vit-b-32", "multilingual"
PASSED, REFUSED = Proof({"es": 0.9, "en": 0.95}), Proof({"es": 0.51, "en": 0.95}, "meaning")


@pytest.fixture
def on_disk(monkeypatch) -> set[str]:
    """The models that are downloaded; a download adds one, and removing takes it away."""
    names: set[str] = set()
    really = registry.on_disk

    def at(card, folder=None):
        return dataclasses.replace(really(card, folder), ready=card.files is None or card.name in names)

    monkeypatch.setattr(registry, "on_disk", at)
    monkeypatch.setattr(registry, "fetch", lambda name, folder, control: names.add(name))
    monkeypatch.setattr(registry, "remove", lambda name, folder, own: names.discard(name) or 7)
    return names


@pytest.fixture
def outcomes(monkeypatch) -> dict[str, Proof]:
    """What comes of each model's check, by the encoder's name; what is not in it passes."""
    found: dict[str, Proof] = {}
    monkeypatch.setattr(proof, "prove", lambda encoder, languages, control: found.get(encoder.name, PASSED))
    return found


@pytest.fixture
def engine(monkeypatch, home, on_disk, outcomes):
    replace_encoders(monkeypatch)
    made = Engine(home, Config(weights_folder=str(home / "w"), encoder=CLIP))
    yield made
    made.close()


@pytest.fixture
def model(engine) -> Models:
    return engine.models


def again(home) -> Models:
    """The models as the program's next start sees them."""
    return Models(home, Config(weights_folder=str(home / "w"), encoder=CLIP))


def test_a_download_is_checked_once_and_what_came_of_it_is_remembered(model, home, proven, outcomes, monkeypatch):
    assert model.must_prove(CLIP)
    model.download(CLIP)
    model.use(CLIP)
    assert model.encoder.name == CLIP
    assert not again(home).must_prove(CLIP)
    assert not again(home).is_refused(CLIP)
    (told,) = json.loads(proofs_file(home).read_text()).values()
    assert (told["fault"], told["told"]) == ("", PASSED.told)
    assert proofs_file(home) in own_files(home)  # private, as all that is in the home


def test_one_that_fails_is_not_used_today_nor_tomorrow(model, home, on_disk, outcomes):
    outcomes[CLIP] = REFUSED
    with pytest.raises(ModelUnproven) as error:
        model.download(CLIP)
    assert error.value.params == {"name": "CLIP ViT-B/32"}
    for known in (model, again(home)):
        assert known.is_refused(CLIP)
        assert not known.must_prove(CLIP)
        with pytest.raises(ModelUnproven):
            known.use(CLIP)
        assert (known.encoder.name, known.without_asking()) == ("builtin", "builtin")


def test_removed_and_downloaded_again_it_gets_another_chance(model, home, outcomes):
    outcomes[CLIP] = REFUSED
    with pytest.raises(ModelUnproven):
        model.download(CLIP)
    model.remove(CLIP)
    assert (model.must_prove(CLIP), model.is_refused(CLIP)) == (True, False)
    outcomes.clear()
    model.download(CLIP)
    model.use(CLIP)
    assert model.without_asking() == CLIP


def test_other_files_another_preprocessing_or_another_check_are_not_believed(model, home, monkeypatch):
    model.download(CLIP)
    assert not model.must_prove(CLIP)
    (home / "w").mkdir()
    own = home / "w" / "own.pt"
    own.write_bytes(b"weights")
    other = Models(home, Config(weights_folder=str(home / "w"), encoder=CLIP, clip_checkpoint=str(own)))
    assert other.must_prove(CLIP)
    monkeypatch.setattr(FakeEncoder, "input_spec", dataclasses.replace(FakeEncoder.input_spec, mean=(0.5, 0.5, 0.5)))
    assert model.must_prove(CLIP)
    monkeypatch.undo()


def test_a_newer_check_is_made_again(model, monkeypatch):
    model.download(CLIP)
    monkeypatch.setattr(proof, "VERSION", proof.VERSION + 1)
    assert model.must_prove(CLIP)


@pytest.mark.parametrize("damage", ["", "{", '{"clip-vit-b-32": 3}', '{"clip-vit-b-32": {"about": 1, "fault": "x"}}'])
def test_a_damaged_memory_counts_as_not_checked(model, home, damage):
    model.download(CLIP)
    proofs_file(home).write_text(damage)
    assert (model.must_prove(CLIP), model.is_refused(CLIP)) == (True, False)


def test_a_text_tower_that_fails_is_not_used_and_its_model_is(monkeypatch, home, on_disk, outcomes):
    asked: list[tuple[str, str]] = []
    replace_encoders(monkeypatch)
    create = registry.create

    def noted(name, **options):
        asked.append((name, options["query_language"]))
        encoder = create(name)
        if options["query_language"] == "multilingual":
            encoder.name = TEXTS
        return encoder

    monkeypatch.setattr(registry, "create", noted)
    model = Models(home, Config(weights_folder=str(home / "w"), encoder=CLIP))
    model.download(CLIP)
    model.use(CLIP)
    assert asked[-1] == (CLIP, "auto")
    outcomes[TEXTS] = REFUSED
    with pytest.raises(ModelUnproven):
        model.download(TEXTS)
    assert asked[-1] == (CLIP, "english")  # the encoder in use was made anew without it
    assert (model.is_refused(TEXTS), model.is_refused(CLIP)) == (True, False)


def test_a_text_tower_that_comes_first_waits_for_its_model(model, on_disk, outcomes, home):
    model.download(TEXTS)
    assert model.must_prove(TEXTS)
    model.download(CLIP)
    assert (model.must_prove(TEXTS), model.is_refused(TEXTS)) == (False, False)


def test_the_embedded_model_needs_no_check(model):
    assert (model.must_prove("builtin"), model.is_refused("builtin")) == (False, False)


# -- What the user is told -----------------------------------------------------------------------------


@pytest.mark.usefixtures("engine")
def test_the_command_line_says_what_to_do(run, library, outcomes, on_disk):
    outcomes[CLIP] = REFUSED
    code, out, err = run("index", library, "--encoder", CLIP)
    sentence = (
        "El modelo CLIP ViT-B/32 no ha pasado la prueba: no reconoce dibujos sencillos por su descripción, así que no "
        "se usa. Borre sus archivos y descárguelo de nuevo, o elija otro modelo con --encoder."
    )
    assert (code, out) == (1, "")
    assert err.splitlines()[-1] == f"semantik: {sentence}"
    assert run("index", library, "--encoder", CLIP) == (1, "", f"semantik: {sentence}\n")  # known by now
    assert run("index", library, "--encoder", "builtin")[0] == 0


@pytest.mark.usefixtures("engine")
def test_what_came_by_other_ways_than_a_download_is_checked_before_its_first_use(run, library, on_disk):
    on_disk.add(CLIP)
    first = run("index", library, "--encoder", CLIP)[2]
    assert first.splitlines()[0] == "Se comprueba una vez que el modelo CLIP ViT-B/32 funciona…"
    assert "Se comprueba" not in run("index", library, "--encoder", CLIP)[2]


def findings(home, **what):
    config = Config(weights_folder=str(home / "w"))
    return {
        str(one.facts["name"]): (one.key.removeprefix("doctor."), one.grade, one.facts.get("shares"), one.advice)
        for one in model_proof.check(home, config, home / "w", **what)
    }


@pytest.mark.usefixtures("engine")
def test_the_doctor_tries_every_model_that_is_here_when_asked_to(home, on_disk, outcomes, monkeypatch):
    assert findings(home, deep=False) == {}
    on_disk.update({CLIP, "siglip2-b-32-256"})
    outcomes["builtin"] = REFUSED
    outcomes["siglip2-b-32-256"] = Proof({"es": 0.97}, "colours")
    shares = "español 90 %, inglés 95 %"
    tried = findings(home, deep=True)
    assert tried[CLIP] == ("model_proven", Grade.OK, shares, "")
    assert tried["siglip2-b-32-256"][:3] == ("model_misread", Grade.WRONG, "español 97 %")
    assert tried["builtin"] == (
        "model_unproven",
        Grade.WRONG,
        "español 51 %, inglés 95 %",
        "doctor.advice_builtin",
    )
    assert {name: key for name, (key, *_) in findings(home, deep=False).items()} == {
        CLIP: "model_proven",
        "siglip2-b-32-256": "model_misread",
    }
    assert again(home).is_refused("siglip2-b-32-256")

    def fail(encoder, languages, control):
        raise EncoderFailed(name="x", detail="a path of the user")

    monkeypatch.setattr(proof, "prove", fail)
    found = list(model_proof.check(home, Config(), home / "w", deep=True))
    assert {one.key for one in found} == {"doctor.model_not_loaded"}
    assert all(isinstance(one.facts["detail"], Private) for one in found)
