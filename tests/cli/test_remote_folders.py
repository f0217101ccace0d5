"""``index`` and ``search`` of a folder that is in an object store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.fake_encoder import replace_encoders_of
from tests.support.libraries import paint
from tests.support.object_store import Museum, museum_in, upload

URL = "museo://cubo/fotos"


@pytest.fixture
def museum(tmp_path, monkeypatch):
    with museum_in(tmp_path, monkeypatch) as store:
        yield store


@pytest.fixture
def uploaded(museum, library, home, monkeypatch):
    """The six pictures, in the store alone."""
    upload(library)
    replace_encoders_of(monkeypatch, home)
    monkeypatch.chdir(home)  # nothing here is meant by the URL


def test_a_museum_finds_its_pictures(run, uploaded, tmp_path):
    code, out, _ = run("index", URL, "--json")
    assert (code, json.loads(out)["count"], json.loads(out)["problems"]) == (0, 6, [])
    code, out, _ = run("search", f"{URL}/", "--text", "rojo", "--json", "-k", "2")
    hits = json.loads(out)
    assert code == 0
    assert [hit["path"] for hit in hits] == [f"{URL}/rojo.png", f"{URL}/viaje/playa/naranja.png"]
    assert (hits[0]["width"], hits[0]["date"][:7], hits[0]["date_source"]) == (40, "2024-05", "file")
    assert run("search", URL, "--text", "amarillo", "-k", "1")[1].split()[-1] == f"{URL}/viaje/amarillo.png"
    _, out, _ = run("details", f"{URL}/viaje/amarillo.png", "--json")
    told = json.loads(out)
    assert (told["path"], told["folder"], told["width"]) == (f"{URL}/viaje/amarillo.png", URL, 40)
    assert len(Museum.fetched) == 6


def test_the_page_shows_what_it_fetched(run, uploaded, tmp_path):
    run("index", URL)
    Museum.fetched.clear()
    page = tmp_path / "page.html"
    assert run("search", URL, "--text", "rojo", "-k", "2", "--html", page)[0] == 0
    html = page.read_text(encoding="utf-8")
    assert Museum.fetched == ["cubo/fotos/rojo.png", "cubo/fotos/viaje/playa/naranja.png"]
    assert html.count('src="data:image/jpeg') == 2
    assert f'title="{URL}/rojo.png"' in html
    assert f">{URL}</bdi>" in html
    assert "En la nube" in html
    assert "disco sin conectar" not in html
    # Thumbnails are kept; what has none and does not answer is shown without.
    Museum.failures |= {f"cubo/fotos/{name}.png": [ConnectionResetError()] * 3 for name in ("rojo", "verde")}
    assert run("search", URL, "--text", "verde", "-k", "6", "--html", tmp_path / "other.html")[0] == 0
    assert 2 <= (tmp_path / "other.html").read_text(encoding="utf-8").count('src="data:image/jpeg') < 6


def test_several_folders_here_and_there(run, uploaded, library, tmp_path):
    paint(tmp_path / "aqui" / "rosa.png", (255, 0, 128))
    _, out, _ = run("index", URL, tmp_path / "aqui", "--json")
    assert [each["folder"] for each in json.loads(out)] == [URL, str(tmp_path / "aqui")]
    _, out, _ = run("search", URL, f"{URL}/viaje", tmp_path / "aqui", "--text", "rojo", "--json", "-k", "7")
    assert len(json.loads(out)) == 7  # nothing twice
    # What was indexed there is no index that a folder here takes over.
    assert json.loads(run("index", library, "--json")[1])["count"] == 6
    assert json.loads(run("index", URL, "--json")[1])["reused"] == 6


def test_what_is_wrong_is_one_line(run, uploaded, home):
    code, out, err = run("index", "museo://nadie/fotos")
    assert (code, out) == (1, "")
    assert "No hay nada en «museo://nadie/fotos»" in err
    code, out, err = run("search", "museo://ana:clave@cubo/fotos", "--text", "rojo")
    assert (code, out) == (1, "")
    assert "sin contraseña" in err
    logs = [*Path(home).rglob("*.log*")]
    assert logs
    assert "clave" not in err + "".join(log.read_text(encoding="utf-8") for log in logs)
