"""The command line: JSON, tables, messages, exit codes; and that the pages for users document all of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from semantik.cli import main
from semantik.decoding.decoded import PictureContent
from semantik.encoders import registry
from semantik.engine import models
from semantik.errors import NoNetwork
from semantik.index.store import writer_lock
from semantik.results import page as results_page
from semantik.storage import settings
from tests.support.fake_encoder import replace_encoders_of
from tests.support.libraries import change_silently, paint, write_texts
from tests.support.places import REPO
from tests.support.reading import ScriptedPool, lasting_reading_pool, read_pictures
from tests.support.signs import write_sign
from tests.support.systems import WINDOWS, raw_names

NOTHING = Path("/nada").absolute()  # on Windows on the drive where one is


@pytest.fixture(autouse=True)
def fakes(monkeypatch, home):
    """Every encoder is the predictable one, and no CLIP weights are on disk."""
    return replace_encoders_of(monkeypatch, home)


def test_index_reports_json(run, library):
    (library / "rota.jpg").write_bytes(b"not a picture")
    code, out, err = run("index", library, "--json")
    report = json.loads(out)
    assert code == 0
    assert report.pop("seconds") > 0
    assert report == {
        "added": 6,
        "reused": 0,
        "removed": 0,
        "count": 6,
        "encoder": "builtin",
        "problems": [{"path": "rota.jpg", "reason": "no es una imagen conocida"}],
    }
    assert "Indexando 7 de 7 (100 %)" in err
    code, out, err = run("index", library, "--json")
    assert {k: json.loads(out)[k] for k in ("added", "reused", "removed")} == {"added": 0, "reused": 6, "removed": 0}


def test_index_reports_in_words(run, library):
    (library / "rota.jpg").write_bytes(b"not a picture")
    code, out, _ = run("index", library)
    assert code == 0
    assert out.startswith("Índice terminado en ")
    assert "  rota.jpg: no es una imagen conocida\n" in out


def test_search_reports_json_best_first(run, library):
    for name in ("rojo.png", "viaje/playa/naranja.png"):
        os.utime(library / name, (0, datetime(2019, 5, 3, 14, 5).timestamp()))
    run("index", library)
    told = {
        "date": "2019-05-03T14:05:00",
        "date_source": "file",
        "date_sure": False,
        "width": 40,
        "height": 30,
        "camera": "",
    }
    code, out, _ = run("search", library, "--text", "rojo", "-k", "2", "--json")
    assert code == 0
    assert json.loads(out) == [
        {
            "rank": 1,
            "score": pytest.approx(1.0, abs=1e-5),
            "relevance": pytest.approx(0.2096, abs=1e-3),
            "relevance_word": "quizá",
            "relevance_is_rough": True,
            "path": str(library / "rojo.png"),
            **told,
        },
        {
            "rank": 2,
            "score": pytest.approx(0.8937, abs=1e-3),
            "relevance": pytest.approx(0.1357, abs=2e-3),
            "relevance_word": "poco probable",
            "relevance_is_rough": True,
            "path": str(library / "viaje/playa/naranja.png"),
            **told,
        },
    ]


def test_search_takes_the_query_syntax_and_pictures_beside_it(run, library, home):
    _, out, _ = run("search", library, "--text", "rojo + verde - azul", "-k", "2", "--json")
    assert [hit["path"] for hit in json.loads(out)] == [
        str(library / "viaje/amarillo.png"),
        str(library / "viaje/playa/naranja.png"),
    ]
    _, out, _ = run("search", library, "--text", "verde", "--image", library / "rojo.png", "-k", "1", "--json")
    assert json.loads(out)[0]["path"] == str(library / "viaje/amarillo.png")
    _, out, _ = run("search", library, "--text", "rojo carpeta:viaje", "-k", "1", "--json")
    assert json.loads(out)[0]["path"] == str(library / "viaje/playa/naranja.png")
    _, out, _ = run("search", library, "--text", "azul + playa", "--names", "-k", "1", "--json")
    assert [(hit["path"], hit["named"]) for hit in json.loads(out)] == [(str(library / "azul.png"), ["azul"])]
    write_texts(home, library, {"rojo.png": ["FARMACIA", "24 horas"], "azul.png": ["Plaza"]})
    _, out, _ = run("search", library, "--text", "texto:farmacia", "--json")
    assert [(hit["path"], hit["text"]) for hit in json.loads(out)] == [(str(library / "rojo.png"), ["FARMACIA"])]
    _, out, _ = run("search", library, "--text", "farmacia 24 horas", "-k", "2")
    first, text, second = out.splitlines()
    assert first.endswith(str(library / "rojo.png"))
    assert text == "      texto: «FARMACIA» «24 horas»"
    assert "text" not in second
    code, _, err = run("search", library, "--text", "sin rojo")
    assert code == 1
    assert err == "semantik: Escriba también qué quiere ver, no solo qué no: por ejemplo «playa sin gente».\n"


def test_search_prints_a_table(run, library):
    code, out, _ = run("search", library, "--text", "rojo", "-k", "2")
    assert code == 0
    assert out.splitlines() == [
        f"   1  1,000  quizá          {library / 'rojo.png'}",
        f"   2  0,894  poco probable  {library / 'viaje/playa/naranja.png'}",
    ]


def test_search_by_image(run, library):
    code, out, _ = run("search", library, "--image", library / "azul.png", "-k", "1", "--json")
    assert code == 0
    assert json.loads(out)[0]["path"] == str(library / "azul.png")


def test_search_indexes_first_only_when_there_is_no_index(run, library, fakes):
    _, _, err = run("search", library, "--text", "rojo", "--json")
    assert "Indexando 6 de 6" in err
    assert fakes[-1].images == 6
    _, out, err = run("search", library, "--text", "rojo", "--json")
    assert fakes[-1].images == 0
    assert err == ""
    assert len(json.loads(out)) == 6  # the default of 20 gives way to a smaller library


def test_search_says_that_another_program_is_still_indexing(run, library, home):
    run("search", library, "--text", "rojo")
    for index in (path.parent for path in home.rglob("image_index.json")):
        with writer_lock(index, library):
            code, out, err = run("search", library, "--text", "rojo", "--json")
    assert (code, len(json.loads(out))) == (0, 6)
    assert err == f"Otro SemantikSearch está indexando «{library}»: se busca en las 6 imágenes que lleva guardadas.\n"


def test_search_writes_and_opens_the_page(run, library, tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(results_page.webbrowser, "open_new_tab", lambda address: opened.append(address) or True)
    page = tmp_path / "página.html"
    code, out, _ = run("search", library, "--text", "rojo", "--html", page, "--open")
    assert code == 0
    assert out == f"{page}\n"
    assert opened == [str(page) if WINDOWS else page.as_uri()]  # there it finds no address with a letter beyond ASCII
    assert page.read_text(encoding="utf-8").index("rojo.png") > 0


@raw_names
def test_names_that_are_not_utf8_reach_a_script(run, library):
    name = os.fsdecode(b"\xff\xfe.png")
    paint(library / "x.png", (255, 0, 0)).rename(library / name)
    (library / "rojo.png").unlink()
    code, out, _ = run("search", library, "--text", "rojo", "-k", "1", "--json")
    assert code == 0
    assert os.fsencode(json.loads(out)[0]["path"]) == os.fsencode(library) + b"/\xff\xfe.png"
    code, out, _ = run("search", library, "--text", "rojo", "-k", "1")
    assert "\ufffd\ufffd.png" in out


def test_models_are_listed(run):
    code, out, _ = run("models")
    lines = out.splitlines()
    assert code == 0
    assert [line.split()[0] for line in lines] == list(registry.encoder_names())
    assert any(line.startswith("clip-vit-b-32 ") and line.endswith("se descargaría (855 MB)") for line in lines)
    (best,) = [line for line in lines if "La mejor en español" in line]
    assert best.startswith("siglip2-b-32-256 ")
    assert best.endswith("se descargaría (1.470 MB)")
    assert any(line.startswith("builtin ") and line.endswith("listo") for line in lines)
    _, out, _ = run("models", "--json")
    assert {entry["name"]: entry["ready"] for entry in json.loads(out)}["builtin"] is True
    assert {entry["name"]: entry["download_bytes"] for entry in json.loads(out)}["clip-vit-b-32"] == 896_458_769


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["search", "{library}", "--text", " "], "Escriba qué quiere buscar"),
        (["search", "{library}", "--text", "rojo", "-k", "0"], "K debe ser un número entero de 1 a 6. «0» no lo es."),
        (["search", "{library}", "--text", "rojo", "-k", "999"], "«999» no lo es."),
        (["search", "{library}", "--text", "rojo", "-k", "many"], "«many» no lo es."),
        (["search", "{library}", "--image", "/nada"], f"No se encuentra la imagen «{NOTHING}»."),
        (["index", "/nada"], f"No se encuentra la carpeta «{NOTHING}»."),
        (["index", "{library}", "--encoder", "gpt"], "No hay ningún modelo llamado «gpt». Modelos: clip-"),
    ],
)
def test_failures_are_one_line_and_exit_1(run, library, arguments, message):
    run("index", library)
    code, out, err = run(*(argument.format(library=library) for argument in arguments))
    assert code == 1
    assert out == ""
    assert message in err
    assert err.startswith("semantik: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [[], ["search", "x"], ["search", "x", "--text"], ["index"], ["index", "x", "--nope"], ["fly"]],
)
def test_usage_errors_exit_2(run, arguments):
    code, out, err = run(*arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("uso: python -m semantik")


def test_a_damaged_index_is_refused_and_rebuilt_only_when_asked(run, library, home):
    run("index", library)
    (vectors,) = (home / "indexes").rglob("*.bin")
    vectors.write_bytes(b"x")
    for command in (["index", library], ["search", library, "--text", "rojo"]):
        code, _, err = run(*command)
        assert code == 1
        assert "sus vectores están dañados" in err
    assert vectors.read_bytes() == b"x"
    code, out, _ = run("index", library, "--rebuild", "--json")
    assert code == 0
    assert json.loads(out)["added"] == 6
    assert [path.read_bytes() for path in (home / "indexes").rglob("damaged-*/*.bin")] == [b"x"]


def test_naming_clip_downloads_it_and_says_so(run, library, monkeypatch):
    def fail(*arguments):
        raise NoNetwork(name="CLIP ViT-B/32", host="example.org")

    monkeypatch.setattr(registry.model_file_set, "download", fail)
    code, _, err = run("index", library, "--encoder", "clip-vit-b-32")
    assert code == 1
    first, second = err.splitlines()
    assert first.startswith("Se va a descargar el modelo CLIP ViT-B/32")
    assert "(855 MB)" in first
    assert "No hay conexión con example.org" in second


def test_clip_is_the_default_once_its_weights_are_on_disk(run, library, monkeypatch):
    monkeypatch.setattr(registry, "default_name", lambda folder: "clip-vit-b-32")
    monkeypatch.setattr(models.Models, "is_ready", lambda self, name: True)
    _, out, _ = run("index", library, "--json")
    assert json.loads(out)["encoder"] == "clip-vit-b-32"


def test_english_when_the_settings_say_so(run, library, home):
    (home / settings.CONFIG_NAME).write_text(json.dumps({"language": "en", "weights_folder": str(home / "w")}))
    _, out, err = run("index", library)
    assert out.startswith("Index finished in ")
    assert "Indexing 6 of 6 (100%)" in err


def test_ctrl_c_keeps_what_was_done(tmp_path, home):
    folder = tmp_path / "fotos"
    for number in range(60):
        paint(folder / f"{number}.png", (number * 4, 100, 0))
    # Without a trial of number formats, which would embed the first pictures for nothing.
    (home / settings.CONFIG_NAME).write_text(json.dumps({"exact_numbers": True}))
    script = (
        f"import signal, sys; sys.path[:0] = [{str(REPO)!r}]\n"
        "from tests.support.fake_encoder import FakeEncoder\n"
        "from semantik.cli import main as cli\n"
        "from semantik.encoders import registry\n"
        "class Slow(FakeEncoder):\n"
        "    name = 'builtin'\n"
        "    def encode_images(self, batch):\n"
        "        if self.images >= 8:\n"
        "            print('eight', flush=True)\n"
        "            if sys.stdin.readline() == 'Ctrl+C\\n': signal.raise_signal(signal.SIGINT)\n"
        "        return super().encode_images(batch)\n"
        "registry.create = lambda name, **options: Slow()\n"
        f"sys.exit(cli.main(['index', {str(folder)!r}]))\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline() == "eight\n"
        if WINDOWS:  # who presses it there presses it for all programs of the console, this one too
            child.stdin.write("Ctrl+C\n")
        else:
            child.send_signal(signal.SIGINT)
        _, err = child.communicate("\n" * 60, timeout=60)
    finally:
        child.kill()  # it would wait for ever
    assert child.returncode == 1
    assert err.splitlines()[-1] == "semantik: Cancelado; lo hecho se ha guardado."
    (manifest,) = (home / "indexes").rglob("image_index.json")
    assert 8 <= json.loads(manifest.read_text())["index"]["count"] < 60


@pytest.mark.parametrize("language", ["", ".es"])
def test_pages_document_every_option_and_setting(language):
    text = (REPO / f"docs/command-line{language}.md").read_text(encoding="utf-8")
    parser = main._parser()
    (commands,) = [action for action in parser._actions if action.choices]
    for name, command in commands.choices.items():
        assert f"python -m semantik {name}" in text
        for action in command._actions:
            for option in action.option_strings:
                if option not in ("-h", "--help"):
                    assert f"`{option}" in text or f" {option} " in text, f"{name} {option}"
    described = (REPO / f"docs/settings{language}.md").read_text(encoding="utf-8")
    for setting in json.loads((REPO / settings.CONFIG_NAME).read_text()):
        assert f"`{setting}`" in described, setting
    for variable in ("SEMANTIK_HOME",):
        assert variable in (REPO / f"docs/privacy{language}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("readme", ["README.md", "README.es.md"])
def test_readme_gives_a_reason_for_every_dependency(readme):
    text = (REPO / readme).read_text(encoding="utf-8")
    table = {
        line.split("|")[1].strip(" `").lower(): line.split("|")[2].strip()
        for line in text.splitlines()
        if line.startswith("|")
    }
    for line in (REPO / "requirements.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            name = line.split("=")[0].split(">")[0].split("<")[0].lower()
            assert any(name in key and reason for key, reason in table.items()), name


def test_index_reads_every_picture_when_asked_to(run, library):
    blue = (library / "azul.png").read_bytes()
    (library / "azul.png").write_bytes(blue.ljust(200, b"\0"))  # as long as any other, however well Pillow packs
    assert run("index", library)[0] == 0
    change_silently(library / "azul.png", (255, 0, 1))
    (library / "viaje").rename(library / "viajes")
    counts = [
        {key: json.loads(out)[key] for key in ("added", "reused", "removed", "count")}
        for _, out, _ in (run("index", library, "--json"), run("index", library, "--json", "--check"))
    ]
    assert counts[0] == {"added": 0, "reused": 6, "removed": 0, "count": 6}
    assert counts[1] == {"added": 1, "reused": 5, "removed": 1, "count": 6}


# -- Texts in pictures -------------------------------------------------------------------------------------


def test_texts_are_read_when_they_are_asked_for(run, tmp_path, monkeypatch):
    read_pictures(monkeypatch, lasting_reading_pool)
    folder = write_sign(tmp_path / "fotos" / "cartel.png", "FARMACIA").parent
    (folder / "rota.jpg").write_bytes(b"not a picture")
    assert "texts_read" not in json.loads(run("index", folder, "--json")[1])
    code, out, _ = run("index", folder, "--texts", "--json")
    assert (code, json.loads(out)["texts_read"]) == (0, 1)
    code, out, _ = run("index", folder, "--texts")
    assert code == 0
    assert out.splitlines()[-1] == "Textos leídos en 0 imágenes."
    paint(folder / "azul.png", (0, 0, 255))
    code, out, err = run("index", folder, "--texts")
    assert out.splitlines()[-1] == "Textos leídos en 1 imagen."
    assert "Leyendo los textos de las fotos: quedan 0" in err


def test_texts_that_cannot_be_read_are_told_after_the_index(run, library, monkeypatch):
    unable = ScriptedPool(lambda path: PictureContent(None, None, "text: ImportError"))
    read_pictures(monkeypatch, lambda: unable)
    code, out, err = run("index", library, "--texts", "--json")
    assert (code, json.loads(out)["count"]) == (1, 6)
    assert err.splitlines()[-1].startswith("semantik: No se pueden leer textos en las imágenes: el paquete «rapidocr»")
    assert unable.closed
