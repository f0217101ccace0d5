"""``saved`` and ``search --saved``: listing starred searches, what is new in them, and looking."""

from __future__ import annotations

import json

import pytest

from semantik.engine.models import Models
from semantik.storage.settings import CONFIG_NAME
from tests.support.fake_encoder import replace_encoders_of
from tests.support.libraries import paint


@pytest.fixture(autouse=True)
def fakes(monkeypatch, home, library):
    return replace_encoders_of(monkeypatch, home, image_folder=str(library))


def test_starred_searches_are_listed_with_what_is_new_and_looked_at(run, library):
    run("index", library)
    assert run("saved") == (0, "No hay ninguna búsqueda guardada.\n", "")
    assert run("saved", library, "--add", "rojo  carpeta: viaje")[1] == "    0  rojo carpeta:viaje\n"
    paint(library / "viaje" / "granate.png", (250, 5, 5))
    run("index", library)
    assert json.loads(run("saved", "--json")[1]) == [{"words": "rojo carpeta:viaje", "new": 1}]
    # Asked in passing it is not looked at; in other words it is the same.
    hits = json.loads(run("search", library, "--text", "rojo carpeta:viaje", "--json")[1])
    assert not any("new" in hit for hit in hits)
    hits = json.loads(run("search", library, "--saved", "rojo folder:viaje", "--json")[1])
    assert [hit["path"] for hit in hits if hit.get("new")] == [str(library / "viaje" / "granate.png")]
    assert run("saved")[1] == "    0  rojo carpeta:viaje\n"
    paint(library / "viaje" / "cereza.png", (240, 9, 9))
    run("index", library)
    out = run("search", library, "--saved", "rojo carpeta:viaje")[1]
    assert [line for line in out.splitlines() if line.endswith("cereza.png  (nueva)")]
    assert out.count("(nueva)") == 1
    assert run("saved", "--remove", "rojo carpeta:viaje")[1] == "No hay ninguna búsqueda guardada.\n"
    told = "semantik: «rojo» no es una búsqueda guardada. La orden «saved» las muestra.\n"
    assert run("search", library, "--saved", "rojo") == (1, "", told)


def test_what_cannot_be_counted_is_told(run, library, tmp_path):
    run("saved", library, "--add", "rojo")
    code, out, err = run("saved", tmp_path / "nada")
    assert (code, out) == (0, "    –  rojo\n")
    assert err.startswith(f"semantik: No se encuentra la carpeta «{tmp_path / 'nada'}».")
    code, out, err = run("saved", "--json")
    assert (code, json.loads(out)) == (0, [{"words": "rojo", "new": None}])
    assert "aún no está indexada" in err
    assert run("search", library, "--saved", "rojo", "--text", "verde")[0] == 2


def test_without_a_model_it_is_the_one_that_the_library_uses(run, library, home, monkeypatch, fakes):
    clip = Models.DEFAULT_CLIP
    monkeypatch.setattr(Models, "is_ready", lambda self, name: True)
    monkeypatch.setattr(Models, "must_prove", lambda self, name: False)
    run("index", library, "--encoder", clip)
    assert run("saved", library, "--add", "rojo") == (0, "    0  rojo\n", "")
    paint(library / "viaje" / "granate.png", (250, 5, 5))
    run("index", library, "--encoder", clip)
    assert json.loads(run("saved", "--json")[1]) == [{"words": "rojo", "new": 1}]
    hits = json.loads(run("search", library, "--saved", "rojo", "--json")[1])
    assert [hit["path"] for hit in hits if hit.get("new")] == [str(library / "viaje" / "granate.png")]
    assert sorted(path.name for path in home.glob("indexes/*/*/image_index.json")) == ["image_index.json"]  # no other
    # Of several models it is the window's, where it has as many of the folders, and one that was named in any case.
    run("index", library)
    windows = ((clip, [], clip), ("", [], "builtin"), (clip, ["--encoder", "builtin"], "builtin"))
    for window, named, used in windows:
        settings = json.loads((home / CONFIG_NAME).read_text()) | {"encoder": window}
        (home / CONFIG_NAME).write_text(json.dumps(settings))
        assert run("saved", *named)[0] == 0
        assert fakes[-1].name == used
