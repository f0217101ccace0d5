"""Several folders from outside the window: the command line, and the results page that is written for them."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from semantik.engine.engine import Engine
from semantik.index import ImageIndex
from semantik.queries import Query
from semantik.storage import settings
from semantik.words import text
from semantik.words.shown_names import folder_within, short_names
from tests.support.fake_encoder import replace_encoders_of
from tests.support.libraries import paint
from tests.support.page_outline import Outline, outline, page_of, path_behind


@pytest.fixture(autouse=True)
def fakes(monkeypatch, home):
    """Every encoder is the predictable one, and no CLIP weights are on disk."""
    return replace_encoders_of(monkeypatch, home)


@pytest.fixture
def trips(tmp_path) -> Path:
    """Another folder, as of another disk: two pictures, one of them nearly red."""
    folder = tmp_path / "disco" / "viajes"
    paint(folder / "granate.png", (200, 20, 20))
    paint(folder / "2019" / "cielo.png", (40, 60, 255), (30, 40))
    return folder


def counts(home: Path) -> dict[str, int]:
    """Pictures in the stored indexes, by the folder's name; not in those that were set aside."""
    stores = [manifest.parent for manifest in (home / "indexes").glob("*/*/image_index.json")]
    loaded = [ImageIndex.load(store, store) for store in stores]
    return {Path(index.recorded_folder).name: index.count for index in loaded}


def paths(out: str) -> list[str]:
    return [hit["path"] for hit in json.loads(out)]


# -- index ---------------------------------------------------------------------------------------------------


def test_index_tells_of_each_folder_in_json(run, library, trips, home):
    (trips / "rota.jpg").write_bytes(b"not a picture")
    code, out, err = run("index", library, trips, "--json")
    reports = json.loads(out)
    assert code == 0
    assert all(report.pop("seconds") > 0 for report in reports)
    same = {"reused": 0, "removed": 0, "encoder": "builtin"}
    bad = {"path": "rota.jpg", "reason": "no es una imagen conocida"}
    assert reports == [
        {"folder": str(library), "added": 6, "count": 6, "problems": [], **same},
        {"folder": str(trips), "added": 2, "count": 2, "problems": [bad], **same},
    ]
    assert ("Indexando 6 de 6 (100 %)" in err, "Indexando 3 de 3 (100 %)" in err) == (True, True)
    assert counts(home) == {"fotos": 6, "viajes": 2}


def test_index_tells_of_each_folder_in_words(run, library, trips):
    (trips / "rota.jpg").write_bytes(b"not a picture")
    run("index", library)
    code, out, _ = run("index", library, trips)
    assert code == 0
    first, done, second, new, *_, bad = out.splitlines()
    assert (first, second, bad) == (f"{library}:", f"{trips}:", "  rota.jpg: no es una imagen conocida")
    assert ": 6 ya estaban. En total, 6." in done
    assert ": 2 imágenes nuevas. En total, 2." in new


def test_one_folder_however_often_it_is_named_is_told_as_one(run, library, monkeypatch):
    monkeypatch.chdir(library.parent)
    code, out, _ = run("index", library, "fotos", library, "--json")
    assert (code, json.loads(out)["added"]) == (0, 6)


@pytest.mark.parametrize("json_too", [True, False])
def test_a_missing_folder_costs_the_others_nothing(run, library, trips, home, json_too):
    missing = home / "nada"
    code, out, err = run("index", library, missing, trips, *(["--json"] if json_too else []))
    assert code == 1
    assert err.splitlines()[-1] == (
        f"semantik: No se encuentra la carpeta «{missing}». Compruebe el nombre, y que su disco esté conectado."
    )
    if json_too:
        assert [(each["folder"], each["added"]) for each in json.loads(out)] == [(str(library), 6), (str(trips), 2)]
    else:
        assert [line for line in out.splitlines() if line.endswith(":")] == [f"{library}:", f"{trips}:"]
    assert counts(home) == {"fotos": 6, "viajes": 2}


def test_without_any_report_nothing_is_on_stdout(run, tmp_path):
    for options in ([], ["--json"]):
        code, out, err = run("index", tmp_path / "nada", tmp_path / "menos", *options)
        assert (code, out) == (1, "")
        told = "semantik: No se encuentra la carpeta «{}». Compruebe el nombre, y que su disco esté conectado."
        assert err.splitlines() == [told.format(tmp_path / name) for name in ("nada", "menos")]


def test_only_the_damaged_index_is_made_again(run, library, trips, home):
    run("index", library, trips)
    (vectors,) = (home / "indexes").glob("viajes-*/*/*.bin")
    vectors.write_bytes(b"x")
    code, out, err = run("index", trips, library, "--json")
    assert (code, [each["folder"] for each in json.loads(out)]) == (1, [str(library)])
    assert "sus vectores están dañados" in err
    code, out, _ = run("index", trips, library, "--rebuild", "--json")
    assert (code, [each["added"] for each in json.loads(out)]) == (0, [2, 6])
    assert sorted(counts(home).items()) == [("fotos", 6), ("viajes", 2)]


def test_a_folder_within_another_gets_an_index_of_its_own(run, library, home):
    _, out, _ = run("index", library, library / "viaje", "--json")
    assert [(each["folder"], each["count"]) for each in json.loads(out)] == [
        (str(library), 6),
        (str(library / "viaje"), 3),
    ]
    assert counts(home) == {"fotos": 6, "viaje": 3}


# -- search --------------------------------------------------------------------------------------------------


def test_search_finds_the_best_of_all_folders(run, library, trips):
    os.utime(trips / "granate.png", (0, datetime(2019, 5, 3, 14, 5).timestamp()))
    run("index", library, trips)
    code, out, err = run("search", library, trips, "--text", "rojo", "-k", "2", "--json")
    assert (code, err) == (0, "")
    first, second = json.loads(out)
    assert (first["rank"], first["path"], first["score"]) == (1, str(library / "rojo.png"), pytest.approx(1.0))
    assert second == {
        "rank": 2,
        "score": pytest.approx(200 / (200**2 + 2 * 20**2) ** 0.5, abs=1e-3),
        "relevance": pytest.approx(0.194, abs=2e-3),
        "relevance_word": "poco probable",
        "relevance_is_rough": True,
        "path": str(trips / "granate.png"),
        "date": "2019-05-03T14:05:00",
        "date_source": "file",
        "date_sure": False,
        "width": 40,
        "height": 30,
        "camera": "",
    }
    code, out, _ = run("search", library, trips, "--text", "rojo")
    assert out.splitlines()[:2] == [
        f"   1  1,000  quizá          {library / 'rojo.png'}",
        f"   2  0,990  poco probable  {trips / 'granate.png'}",
    ]
    assert len(out.splitlines()) == 8  # the default of 20 gives way to what there is in both
    code, _, err = run("search", library, trips, "--text", "rojo", "-k", "9")
    assert (code, "K debe ser un número entero de 1 a 8. «9» no lo es." in err) == (1, True)


def test_search_takes_filters_names_and_folds_over_all_folders(run, library, trips):
    for number in range(4):  # ten pictures are enough to tell what is near
        paint(trips / "playa" / f"rojo{number}.png", (255, number, 0))
    _, out, _ = run("search", library, trips, "--text", "verde carpeta:viajes/2019", "--json", "-k", "3")
    assert paths(out) == [str(trips / "2019/cielo.png")]
    _, out, _ = run("search", library, trips, "--text", "azul carpeta:playa", "--json", "-k", "9")
    assert {Path(path).parent for path in paths(out)} == {trips / "playa"}
    _, out, _ = run("search", library, trips, "--text", "azul + cielo", "--names", "--json", "-k", "12")
    assert {Path(hit["path"]).name: hit.get("named") for hit in json.loads(out) if "named" in hit} == {
        "azul.png": ["azul"],
        "cielo.png": ["cielo"],
    }
    _, out, _ = run("search", library, trips, "--text", "rojo", "--fold", "--json", "-k", "2")
    first, _ = json.loads(out)
    assert first["path"] == str(library / "rojo.png")
    assert {copy["path"] for copy in first["copies"]} >= {
        str(trips / "playa" / f"rojo{number}.png") for number in range(4)
    }
    code, _, err = run("search", library, trips, "--text", "rojo carpeta:nada")
    assert (code, "Ninguna carpeta con imágenes de la biblioteca se llama así (carpeta:nada)." in err) == (1, True)
    # Of one folder alone its name is no part.
    code, _, err = run("search", trips, "--text", "verde carpeta:viajes/2019")
    assert code == 1


def test_an_example_is_looked_for_in_all_folders(run, library, trips):
    _, out, _ = run("search", library, trips, "--text", "2019/cielo.png", "-k", "2", "--json")
    assert paths(out) == [str(trips / "2019/cielo.png"), str(library / "azul.png")]


def test_search_indexes_first_only_the_folders_without_an_index(run, library, trips, fakes, home):
    run("index", library)
    _, out, err = run("search", library, trips, "--text", "rojo", "--json")
    assert (fakes[-1].images, len(json.loads(out))) == (2, 8)
    assert "Indexando 2 de 2" in err
    _, out, err = run("search", library, trips, "--text", "rojo", "--json")
    assert (fakes[-1].images, err, len(json.loads(out))) == (0, "", 8)


def test_a_folder_that_is_away_is_searched_by_its_index_if_it_has_one(run, library, trips, tmp_path):
    run("index", library, trips)
    trips.rename(tmp_path / "fuera")
    code, out, _ = run("search", library, trips, "--text", "rojo", "-k", "2", "--json")
    assert (code, paths(out)) == (0, [str(library / "rojo.png"), str(trips / "granate.png")])
    code, out, err = run("search", library, tmp_path / "nada", "--text", "rojo", "--json")
    assert (code, out) == (1, "")
    assert err.startswith(f"semantik: No se encuentra la carpeta «{tmp_path / 'nada'}».")


def test_a_picture_is_one_hit_however_many_of_its_folders_are_named(run, library, trips):
    run("index", library)
    paint(library / "viaje" / "nueva.png", (254, 1, 0))  # known to the inner folder's index only
    run("index", library / "viaje", trips)
    wanted = [
        "rojo.png",
        "granate.png",
        "naranja.png",
        "amarillo.png",
        "blanco.png",
        "cielo.png",
        "azul.png",
        "verde.png",
    ]
    for folders in ([library, library / "viaje", trips], [library / "viaje", trips, library]):
        code, out, _ = run("search", *folders, "--text", "rojo", "--json")
        assert (code, [Path(path).name for path in paths(out)]) == (0, wanted)


# -- The page ------------------------------------------------------------------------------------------------


def read(page: Path) -> Outline:
    return Outline(page.read_text(encoding="utf-8"))


def test_the_page_of_several_folders_tells_which_one_each_hit_is_in(run, library, trips, tmp_path):
    page = tmp_path / "página.html"
    code, out, _ = run("search", library, trips, "--text", "rojo", "--html", page)
    assert (code, out) == (0, f"{page}\n")
    seen = read(page)
    where = {path_behind(link): folder for link, folder in zip(seen.links(), seen.texts("bdi", "folder"), strict=True)}
    assert where == {
        library / "rojo.png": "fotos",
        library / "verde.png": "fotos",
        library / "azul.png": "fotos",
        library / "viaje" / "amarillo.png": str(Path("fotos/viaje")),
        library / "viaje" / "blanco.png": str(Path("fotos/viaje")),
        library / "viaje" / "playa" / "naranja.png": str(Path("fotos/viaje/playa")),
        trips / "granate.png": "viajes",
        trips / "2019" / "cielo.png": str(Path("viajes/2019")),
    }
    assert list(where)[:2] == [library / "rojo.png", trips / "granate.png"]
    assert seen.texts("p", "summary")[0].startswith("8 resultados entre 8 imágenes en ")
    assert seen.texts("dl") == [f"Carpetas {library}, {trips} Modelo Integrado (sin descarga)"]
    assert all(attrs["src"].startswith("data:image/jpeg;base64,") for attrs, _ in seen.all("img"))


def test_the_page_of_one_folder_says_nothing_that_all_hits_share(run, library, trips, tmp_path):
    page = tmp_path / "página.html"
    run("search", library, "--text", "rojo", "-k", "3", "--html", page)
    seen = read(page)
    assert seen.texts("bdi", "folder") == ["fotos", str(Path("viaje/playa")), "viaje"]
    assert seen.texts("dl") == [f"Carpeta {library} Modelo Integrado (sin descarga)"]


def test_the_page_shows_copies_from_other_folders_in_their_folder(home, library, trips):
    for number in range(3):
        paint(trips / "2019" / f"rojo{number}.png", (255, number, 0))
    engine = Engine(home, settings.Config())
    try:
        opened = engine.open(library, trips, inactive=[])
        opened.update(opened.indexed_folders)
        answer = opened.ask(Query.of_text("rojo"), 2, folded=True)
        hits = [hit.path.name for hit in answer.hits]
        page = engine.write_page(answer)
        assert page.parent == home / "results"
        seen = read(page)
        shown = [path_behind(link).name for link in seen.links()]
        assert shown[:4] == ["rojo.png", "rojo0.png", "rojo1.png", "rojo2.png"]
        assert seen.texts("bdi", "folder")[:4] == ["fotos", *[str(Path("viajes/2019"))] * 3]
        assert [own.split()[5] for own in seen.texts("li", "twin")] == [name for name in shown if name not in hits]
        # What rests was not searched, and is not told of.
        opened = engine.open(library, trips, inactive=[library])
        opened.open()
        page = engine.write_page(opened.ask(Query.of_text("azul"), 2, folded=False))
        seen = read(page)
        assert seen.texts("bdi", "folder") == ["2019", "viajes"]
        assert seen.texts("dl") == [f"Carpeta {trips} Modelo Integrado (sin descarga)"]
    finally:
        engine.close()


def test_the_page_shows_what_is_kept_of_a_drive_that_was_unplugged(home, library, trips):
    engine = Engine(home, settings.Config(theme="dark"))
    try:
        opened = engine.open(library, trips)
        opened.update(opened.indexed_folders)
        before = read(engine.write_page(opened.ask(Query.of_text("rojo"), 8)))
        assert before.all("span", "away") == []
        trips.rename(trips.with_name("sin conectar"))
        page = engine.write_page(opened.ask(Query.of_text("rojo"), 8), top_k=8)
        seen = read(page)
        assert [attrs["src"] for attrs, _ in seen.all("img")] == [attrs["src"] for attrs, _ in before.all("img")]
        away = [path_behind(link).is_relative_to(trips) for link in seen.links()]
        cards = [own for _, own in seen.all("div", "frame")]
        assert [("No disponible" in own) for own in cards] == away
        assert sum(away) == 2
        (notice,) = seen.texts("ul", "notices")
        assert notice.startswith("2 de estas fotos no están ahora en su sitio")
        assert "--ground: #0f1215" in page.read_text(encoding="utf-8")  # as the settings have it
    finally:
        engine.close()


def test_names_of_folders_are_escaped_on_the_page(tmp_path):
    folders = [tmp_path / "a<b>&", tmp_path / "c\u202ed"]
    seen = outline(page_of("x.jpg", folders=folders))
    assert seen.texts("dl") == [f"Carpetas {tmp_path / 'a<b>&'}, {tmp_path / 'c'}\ufffdd Modelo Modelo integrado"]
    assert seen.texts("bdi", "folder") == [str(Path("/fotos").absolute())]  # in none of them: the whole path
    assert not seen.all("b")


def test_the_folders_are_told_in_english(tmp_path):
    text.set_language("en")
    seen = outline(page_of("x.jpg", folders=[tmp_path / "a", tmp_path / "b"]))
    assert seen.texts("dl") == [f"Folders {tmp_path / 'a'}, {tmp_path / 'b'} Model Modelo integrado"]


def test_of_several_folders_the_one_that_a_picture_is_in_is_told_by_name():
    fotos, viajes = Path("/discos/a/fotos"), Path("/discos/b/viajes")
    assert folder_within(fotos / "v" / "Roma", [viajes, fotos]) == str(Path("fotos/v/Roma"))
    assert folder_within(viajes, [fotos, viajes]) == "viajes"
    assert folder_within(Path("/discos/a/fotos2"), [fotos, viajes]) == str(Path("/discos/a/fotos2"))


def test_folders_of_one_name_are_told_apart():
    folders = [Path("/discos/a/Fotos"), Path("/discos/b/Fotos"), Path("/nas/Viajes"), Path("/x/b/Fotos")]
    assert short_names(folders) == [
        *(str(Path("a/Fotos")), str(Path("discos/b/Fotos")), "Viajes", str(Path("x/b/Fotos"))),
    ]
    assert short_names([Path("/"), Path("/Fotos")]) == [str(Path("/")), "Fotos"]
    assert short_names([Path("/Fotos"), Path("/a/Fotos")]) == [str(Path("/Fotos")), str(Path("a/Fotos"))]
    assert folder_within(Path("/discos/a/Fotos/mar"), folders) == str(Path("a/Fotos/mar"))
