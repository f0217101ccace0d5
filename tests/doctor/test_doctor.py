"""The doctor: what it finds in a healthy and in a broken installation, and that it tells no private names."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from collections import namedtuple
from datetime import datetime
from importlib import metadata
from itertools import pairwise
from pathlib import Path, PurePosixPath, PureWindowsPath
from types import SimpleNamespace

import psutil
import pytest
from packaging.markers import Marker

from semantik import doctor
from semantik.cli import main
from semantik.decoding.pictures import formats
from semantik.decoding.pictures.formats import FORMATS
from semantik.doctor import (
    Grade,
    Private,
    Window,
    as_fields,
    as_text,
    decoder_health,
    diagnose,
    diagnosis,
    index_health,
    log_health,
    machine_health,
    model_health,
    package_health,
    reading_health,
    storage_health,
)
from semantik.doctor.findings import Finding, harmless
from semantik.doctor.report import size
from semantik.downloads import model_file
from semantik.downloads.model_file import WeightsFile
from semantik.downloads.model_file_set import ModelFiles
from semantik.encoders import registry
from semantik.encoders.builtin import sentences
from semantik.encoders.format_records import FormatRecords, Outcome, Record
from semantik.encoders.open_clip import models
from semantik.errors import Cancelled
from semantik.folders.face_store import FaceStore
from semantik.folders.indexed_folder import IndexedFolder
from semantik.records import ImageFile
from semantik.storage import settings as config
from semantik.storage.home import index_folder, log_file, log_files
from semantik.storage.settings import Config
from semantik.words import catalogue
from semantik.words.text import say, set_language
from tests.support.face_models import face_models
from tests.support.faces import face_of
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import paint
from tests.support.places import REPO
from tests.support.systems import WINDOWS
from tests.support.task_controls import CancelledWhen

SECRET = "Álbum de Zoraida"


@pytest.fixture
def weights_folder(home) -> Path:
    folder = home / "pesos de Zoraida"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(weights_folder) -> Config:
    return Config(weights_folder=str(weights_folder))


@pytest.fixture
def indexed(home, tmp_path, pool) -> Path:
    """A folder with a telling name, with three pictures, one bad file and two indexes."""
    folder = tmp_path / SECRET
    for number in range(3):
        paint(folder / f"foto de Zoraida {number}.png", (number, 9, 9))
    (folder / "mala.jpg").write_bytes(b"no picture")
    for name in ("builtin", "fake"):
        encoder = FakeEncoder()
        encoder.name = name
        IndexedFolder(home, folder, encoder, pool).update()
    return folder


def store(home, folder, model="builtin") -> Path:
    return index_folder(home, folder, model)


def keys(findings) -> list[str]:
    return [finding.key.removeprefix("doctor.") for finding in findings]


def told(check) -> list[tuple[str, Grade, dict[str, object]]]:
    return [(finding.key.removeprefix("doctor."), finding.grade, finding.facts) for finding in check]


# -- The whole -----------------------------------------------------------------------------------------


def test_a_healthy_installation(home, settings, indexed):
    diagnosis = diagnose(home, settings, window=Window("8.6.13", True))
    assert keys(diagnosis.problems) == []
    text = as_text(diagnosis)
    head, blank, verdict, *rest = text.splitlines()
    assert head.startswith("SemantikSearch 1.0.0: diagnóstico (")
    assert (blank, verdict) == ("", "Todo está bien.")
    titles = [after for before, after in pairwise(rest) if not before]
    assert titles == [
        *("Programa y equipo", "Ventana", "Paquetes", "Formatos de imagen"),
        *("Modelos", "Índices", "Almacenamiento", "Registro"),
    ]
    assert f"  numpy {metadata.version('numpy')}" in rest
    assert "  Tk 8.6.13" in rest
    assert "  Se pueden soltar imágenes en la ventana" in rest
    assert any(line.startswith("  builtin: correcto (51,7") for line in rest)
    assert any(
        line.startswith("  «carpeta 1», builtin: correcto; imágenes: 3, con avisos u omitidas: 1, dimensiones: 3, ")
        for line in rest
    )


def test_no_private_name_is_told_unless_asked(home, tmp_path, settings, indexed, monkeypatch):
    (store(home, indexed, "fake") / "image_index.json").write_text("{")
    (log_file(home)).write_text("2099-01-01 10:00:00,000 ERROR worker semantik.folders.scan: Zoraida\n")
    broken = Config(weights_folder=settings.weights_folder, clip_checkpoint=str(tmp_path / "Zoraida.pt"))
    diagnosis = diagnose(home, broken)
    text, fields = as_text(diagnosis), json.dumps(as_fields(diagnosis), ensure_ascii=False)
    for shown in (text, fields):
        for private in ("Zoraida", "Album", str(tmp_path), home.name + "/", Path.home().name + "/"):
            assert private not in shown, private
    assert "✗ «carpeta 1», fake: su lista de imágenes está dañada (image_index.json)" in text
    assert "✗ No se encuentra el archivo CLIP propio: (no se muestra)" in text
    assert "«carpeta del programa»: se puede escribir" in text
    assert "«carpeta de los modelos»: se puede escribir" in text
    text = as_text(diagnosis, paths=True)
    assert f"{indexed}, builtin: correcto" in text
    assert str(tmp_path / "Zoraida.pt") in text
    assert f"{home}: se puede escribir" in text


def test_problems_come_first_and_each_says_what_to_do(home, settings, indexed):
    (store(home, indexed) / "image_index.1.bin").write_bytes(b"x")
    diagnosis = diagnose(home, settings)
    assert len(diagnosis.problems) == 1
    assert as_text(diagnosis).splitlines()[2:4] == [
        "Hay 1 problema:",
        "✗ «carpeta 1», builtin: sus vectores están dañados (image_index.1.bin) → abra esa carpeta en el programa y "
        "acepte crear el índice de nuevo; el dañado se guarda aparte.",
    ]
    fields = as_fields(diagnosis)
    assert fields["ok"] is False
    (found,) = [finding for finding in fields["findings"] if finding["grade"] == "wrong"]
    assert (found["topic"], found["check"]) == ("indexes", "index_damaged")
    assert found["facts"]["folder"] == "«carpeta 1»"
    with pytest.raises(ValueError, match="nothing is to be done"):
        Finding("log", "doctor.log", Grade.WRONG, {})


def test_it_changes_nothing(home, settings, indexed):
    def state():
        return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in home.rglob("*") if path.is_file()}

    before = state()
    diagnose(home, settings, deep=True)
    assert state() == before


def test_it_can_be_cancelled(home, settings):
    asked = []
    with pytest.raises(Cancelled):
        diagnose(home, settings, control=CancelledWhen(lambda: asked.append(1) or len(asked) == 3))
    assert len(asked) == 3


def test_in_english(home, settings, indexed):
    from semantik.words import text

    text.set_language("en")
    report = as_text(diagnose(home, settings))
    assert "All is well." in report
    assert "“folder 1”, fake: right; pictures: 3" in report


# -- Its rooms -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "bounds", "fits"),
    [
        ("2.14.1+cpu", ">=2.9.1,<2.15", True),
        ("2.15.0", ">=2.9.1,<2.15", False),
        ("2.15.0rc1", ">=2.9.1,<2.15", False),
        ("2.9", ">=2.9.1,<2.15", False),
        ("2.9.1", ">=2.9.1,<2.15", True),
        ("2.10.0", ">=2.9.1,<2.15", True),
        ("0.1.0", "==0.1.0", True),
        ("0.1", "==0.1.0", True),
        ("0.1.1", "==0.1.0", False),
        ("3", "", True),
        ("made by hand", ">=1", False),
    ],
)
def test_versions_and_bounds(version, bounds, fits):
    assert package_health.within(version, bounds) is fits


def test_every_line_of_the_requirements_files_is_understood():
    for name in (package_health.REQUIRED, *package_health.OPTIONAL):
        content = (REPO / name).read_text(encoding="utf-8")
        lines = [line for line in content.splitlines() if line and not line.startswith("#")]
        marked = [line.partition(";") for line in lines]  # what is for other systems is left out here
        here = [line for line, _, mark in marked if not mark or Marker(mark).evaluate()]
        assert [name + bounds for name, bounds in package_health.read_requirements(content)] == here


def test_lines_that_name_no_package_are_left_out():
    content = """# of all systems
-r requirements.txt
numpy >= 2.1, < 3  # vectors
tkinterdnd2>=0.6; sys_platform != "amiga"
pywin32>=300; sys_platform == "amiga"
requests[socks]==2.32.2
"""
    wanted = [("numpy", ">=2.1,<3"), ("tkinterdnd2", ">=0.6"), ("requests", "==2.32.2")]
    assert package_health.read_requirements(content) == wanted


def test_missing_and_untested_packages(tmp_path):
    (tmp_path / "requirements.txt").write_text("numpy>=99,<100  # far away\nno-such-package==1\nPillow>=1\n")
    (tmp_path / "requirements-formats.txt").write_text("# Optional\nno-such-runtime>=1\n")
    findings = list(package_health.check(tmp_path))
    assert [(finding.key, finding.grade.value) for finding in findings] == [
        ("doctor.package_untested", "wrong"),
        ("doctor.package_missing", "wrong"),
        ("doctor.package", "ok"),
        ("doctor.package_optional", "note"),
    ]
    assert findings[0].facts["bounds"] == ">=99,<100"
    assert [finding.advice for finding in findings[:4]] == [
        "doctor.advice_packages",
        "doctor.advice_packages",
        "",
        "doctor.advice_optional",
    ]
    advice = [say(each.advice, **each.facts) for each in package_health.check(tmp_path, installed=True) if each.advice]
    assert advice == [
        'con el Python del programa: python -m pip install "numpy>=99,<100"',
        'con el Python del programa: python -m pip install "no-such-package==1"',
        'si lo quiere, con el Python del programa: python -m pip install "no-such-runtime>=1"',
    ]


def test_a_standalone_program_advises_nobody_to_use_pip(home, monkeypatch):
    texts = catalogue.read("es").texts
    asks_for_pip = {key for key, forms in texts.items() if "doctor." in key and "pip install" in forms[0]}
    elsewhere = {"doctor.advice_packages", "doctor.advice_installed", "doctor.advice_installed_optional"}
    assert asks_for_pip - elsewhere == set(diagnosis.IN_STANDALONE)
    monkeypatch.setattr(diagnosis, "STANDALONE", True)
    monkeypatch.setattr(decoder_health, "_works", lambda module: False)
    found = diagnosis.diagnose(home, Config(index_server="nada")).findings
    assert [each.grade for each in found if each.topic == "server"] == [Grade.WRONG]
    advised = {each.advice for each in found if each.topic in ("packages", "decoders") and each.advice}
    assert advised == {"doctor.advice_standalone", "doctor.advice_standalone_optional"}


def test_missing_decoders_name_their_package(monkeypatch):
    gone = {"cv2", "pillow_jxl", "pi_heif", "pillow_heif"}
    real = decoder_health._works
    monkeypatch.setattr(decoder_health, "_works", lambda module: module not in gone and real(module))
    found = told(decoder_health.check())
    assert [(key, grade.value, facts.get("package")) for key, grade, facts in found] == [
        ("formats", "ok", None),
        ("format_missing", "wrong", "pi-heif"),
        ("format_optional", "note", "pillow-jxl-plugin"),
        ("format_unreadable", "note", ""),
        ("format_missing", "wrong", "opencv-python-headless"),
    ]
    assert found[0][2]["count"] == len(FORMATS) - 4
    gone.discard("pillow_heif")
    monkeypatch.setattr(decoder_health, "_works", lambda module: module == "pillow_heif")
    assert decoder_health.missing_decoder(formats.HEIF) == ""  # either of the twins will do


def test_a_pillow_built_without_a_library(monkeypatch):
    from PIL import features

    monkeypatch.setattr(features, "check", lambda feature: feature != "avif")
    assert decoder_health.missing_decoder(formats.AVIF) == "Pillow"
    assert decoder_health.missing_decoder(formats.WEBP) == ""


def test_a_package_whose_libraries_are_missing_does_not_work(tmp_path, monkeypatch):
    (tmp_path / "brokenlib.py").write_text("raise OSError('libGL.so.1: cannot open shared object file')")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert decoder_health._works("brokenlib") is False
    assert decoder_health._works("json") is True


@pytest.fixture
def model(monkeypatch):
    """SigLIP 2 as two small files."""
    import dataclasses
    import hashlib

    monkeypatch.setattr(model_health, "SMALL", 10)
    model_file._verified.clear()
    files = tuple(
        WeightsFile("S", "", hashlib.sha256(content).hexdigest(), len(content), f"s/{name}")
        for name, content in (("net", b"n" * 1000), ("tokens", b"t" * 8))
    )
    name = "siglip2-b-32-256"
    changed = dataclasses.replace(models.MODELS[name], files=ModelFiles("S", files))
    monkeypatch.setitem(models.MODELS, name, changed)

    def state(folder, *, deep=False):
        (found,) = [f for f in model_health.check(folder, "", deep=deep) if f.facts["name"] == name]
        return found.key.removeprefix("doctor."), found.grade.value

    return state


def test_model_files(tmp_path, model):
    assert model(tmp_path) == ("model_absent", "note")
    (tmp_path / "s").mkdir()
    net, tokens = tmp_path / "s" / "net", tmp_path / "s" / "tokens"
    (tmp_path / "s" / "net.part").write_bytes(b"n" * 500)
    assert model(tmp_path) == ("model_partial", "note")
    (tmp_path / "s" / "net.part").unlink()
    net.write_bytes(b"n" * 1000)
    assert model(tmp_path) == ("model_partial", "note")
    tokens.write_bytes(b"t" * 8)
    assert model(tmp_path) == ("model_unchecked", "ok")
    assert model(tmp_path, deep=True) == ("model_checked", "ok")
    tokens.write_bytes(b"x" * 8)  # small: looked at in any case
    assert model(tmp_path) == ("model_wrong", "wrong")
    tokens.write_bytes(b"t" * 8)
    net.write_bytes(b"x" * 1000)
    assert model(tmp_path) == ("model_unchecked", "ok")
    assert model(tmp_path, deep=True) == ("model_wrong", "wrong")
    net.write_bytes(b"n" * 999)
    assert model(tmp_path) == ("model_other_size", "wrong")


def test_a_model_that_was_noted_as_right_is_not_hashed_again(tmp_path, model, monkeypatch):
    from semantik.downloads import model_file_set

    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "net").write_bytes(b"n" * 1000)
    (tmp_path / "s" / "tokens").write_bytes(b"t" * 8)
    model_file_set.checked_paths(models.MODELS["siglip2-b-32-256"].files, tmp_path)
    monkeypatch.setattr(model_file, "verify", None)
    assert model(tmp_path) == ("model_checked", "ok")


def test_a_spoiled_embedded_model(monkeypatch):
    import dataclasses

    other = dataclasses.replace(sentences.VOCABULARY, sha256="0" * 64)
    monkeypatch.setattr(sentences, "VOCABULARY", other)
    first = next(model_health.check(None, "", deep=False))
    assert (first.key, first.grade, first.facts["what"]) == ("doctor.builtin_damaged", Grade.WRONG, "error.wrong_hash")


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("es", "clip-vit-b-32: 8 bits: 1,9 veces más rápido, mismo resultado en 99 de 100"),
        ("en", "clip-vit-b-32: 8-bit: 1.9 times as fast, the same result in 99 of 100"),
        ("pt", "clip-vit-b-32: 8 bits: 1,9 vezes mais rápido, mesmo resultado em 99 de 100"),
    ],
)
def test_in_which_numbers_models_work(home, monkeypatch, language, told):
    set_language(language)
    FormatRecords(home).keep("clip-vit-b-32", Record("x", 64, {"int8": Outcome(1.9, 0.9997, 0.991)}))
    here = [registry.ModelOnDisk(registry.card(name), 1, True) for name in ("builtin", "clip-vit-b-32")]
    monkeypatch.setattr(registry, "listed", lambda folder: [*here, registry.ModelOnDisk(here[1].card, 0, False)])
    embedded, found = model_health.check_numbers(home, None, exact=False)
    assert found.grade is Grade.OK
    assert say(found.key, **found.facts) == told
    assert say(embedded.key, **embedded.facts) == f"builtin: {say('format.untried', format=say('format.fp32'))}"


def test_index_health(home, indexed):
    label = store(home, indexed).parent.name
    (healthy, fake, details, texts) = told(index_health.check(home))
    assert healthy[2] | {"size": 0} == {
        **{"model": "builtin", "folder": str(indexed), "count": 3, "skipped": 1, "dim": 3, "size": 0}
    }
    assert healthy[2]["folder"].group == label
    assert (fake[0], details[0], details[2]["count"], details[2]["placed"]) == ("index", "details", 3, 0)
    assert (texts[0], texts[1], texts[2]["count"]) == ("texts_read", Grade.OK, 0)
    kept = FaceStore(store(home, indexed).parent / "faces.sqlite")
    kept.add(ImageFile("a.png", 1, 1), [face_of("Ana", "a")])
    kept.flush()
    (*_, faces) = told(index_health.check(home))
    assert (faces[0], faces[1], faces[2]["count"]) == ("faces_read", Grade.OK, 1)
    # one damaged, something kept aside, details and texts that are no database
    (store(home, indexed) / "image_index.1.bin").unlink()
    aside = store(home, indexed, "fake") / "damaged-20260101-000000"
    aside.mkdir()
    (aside / "image_index.1.bin").write_bytes(b"x" * 2500)
    (store(home, indexed).parent / "details.sqlite").write_bytes(b"no database" * 100)
    (store(home, indexed).parent / "texts.sqlite").write_bytes(b"no database" * 100)
    (store(home, indexed).parent / "faces.sqlite").write_bytes(b"no database" * 100)
    found = told(index_health.check(home))
    assert [(key, grade.value) for key, grade, _ in found] == [
        ("index_damaged", "wrong"),
        ("index", "ok"),
        ("aside", "note"),
        ("details_damaged", "wrong"),
        ("texts_damaged", "wrong"),
        ("faces_damaged", "wrong"),
    ]
    assert (found[0][2]["why"], found[0][2]["detail"]) == ("damage.missing", "image_index.1.bin")
    assert (found[2][2]["count"], found[2][2]["size"]) == (1, 2500)
    assert found[0][2]["folder"].group == found[1][2]["folder"].group


def test_an_index_of_a_newer_program(home, indexed):
    manifest = store(home, indexed) / "image_index.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'{"format":3,', b'{"format":4,'))
    first = next(index_health.check(home))
    assert (first.key, first.facts["version"]) == ("doctor.index_too_new", 4)


def test_a_folder_that_is_gone_is_a_problem_only_when_the_window_opens_it(home, indexed, tmp_path):
    indexed.rename(tmp_path / "fuera")
    for opened, grade in (((), Grade.NOTE), (("/otra", str(indexed)), Grade.WRONG)):
        found = [f for f in index_health.check(home, opened) if f.key == "doctor.index_unreachable"]
        assert [f.grade for f in found] == [grade, grade]


def test_folders_on_drives_that_tell_nothing(home, indexed, monkeypatch):
    share = r"\\nas\fotos" if WINDOWS else "/red/fotos"
    places = (("/dev/sda1", "/", "ext4"), ("nas:/fotos", "/red", "nfs4"))
    table = [SimpleNamespace(device=device, mountpoint=place, fstype=kind) for device, place, kind in places]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: table)
    found = list(storage_health.check_watching(home, [str(indexed), share]))
    assert [(f.key, f.grade, str(f.facts["folder"])) for f in found] == [
        ("doctor.folder_told", Grade.OK, str(indexed)),
        ("doctor.folder_polled", Grade.NOTE, share),
    ]
    diagnosis = diagnose(home, Config(image_folder=str(indexed), folders=(str(indexed), share)))
    lines = as_text(diagnosis).splitlines()
    assert "  «carpeta 1»: el sistema avisa de los cambios" in lines  # numbered as its index is
    assert any(
        line.startswith("· «carpeta 2»: está en una unidad que no avisa") and line.endswith("«Actualizar índice».")
        for line in map(str.strip, lines)
    )


def test_a_database_with_a_broken_page(home, indexed):
    path = store(home, indexed).parent / "details.sqlite"
    with sqlite3.connect(path) as base:
        base.executemany("INSERT INTO pictures (path) VALUES (?)", [(f"{n}" * 50,) for n in range(2000)])
    base.close()
    data = bytearray(path.read_bytes())
    data[8192:12288] = b"\xff" * 4096
    path.write_bytes(data)
    assert [f.key for f in index_health.check(home) if f.grade is Grade.WRONG] == ["doctor.details_damaged"]


def test_storage(home, weights_folder, monkeypatch):
    (home / "thumbnails" / "a").mkdir(parents=True)
    (home / "thumbnails" / "a" / "b.jpg").write_bytes(b"x" * 1234)
    found = told(storage_health.check(home, weights_folder))
    assert [key for key, *_ in found] == ["home", "kept", "kept", "kept", "kept", "weights"]
    assert {facts["name"]: facts["size"] for key, _, facts in found if key == "kept"} == {
        **{"indexes": 0, "thumbnails": 1234, "results": 0, "queries": 0}
    }
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(storage_health.shutil, "disk_usage", lambda folder: usage(10**12, 10**12 - 10**8, 10**8))
    monkeypatch.setattr(storage_health, "is_writable", lambda folder: folder != home)
    assert [
        (key, grade.value) for key, grade, _ in told(storage_health.check(home, weights_folder)) if key != "kept"
    ] == [
        ("home_not_writable", "wrong"),
        ("weights_full", "wrong"),
    ]
    (home / "file").write_text("")
    assert told(storage_health.check(home, home / "none"))[-1][0] == "weights_absent"
    assert told(storage_health.check(home, home / "file"))[-1][0] == "weights_no_folder"


def test_the_log_is_counted_and_not_quoted(home):
    now = datetime(2026, 3, 20, 12, 0)
    (log_file(home)).write_text(
        "2026-01-01 10:00:00,000 ERROR worker semantik.folders.scan: too long ago\n"
        "2026-03-01 10:00:00,000 ERROR worker semantik.folders.indexer: /fotos/Zoraida\n"
        "Traceback (most recent call last):\n"
        "2026-03-02 10:00:00,000 INFO MainThread semantik.folders.scan: fine\n"
        "2026-03-03 10:00:00,000 WARNING Thread-1 (run) semantik.storage.log_file: hm\n"
        "2026-03-05 10:00:00,000 CRITICAL MainThread semantik.gui.widgets.background_tasks: x\n",
        encoding="utf-8",
    )
    (log_files(home)[2]).write_text("2026-03-04 10:00:00,000 ERROR worker semantik.folders.indexer: y\n")
    ((key, grade, facts),) = told(log_health.check(home, now))
    assert (key, grade) == ("log_errors", Grade.NOTE)
    assert facts == {
        **{"days": 30, "warnings": 1, "errors": 3, "last": "2026-03-05 10:00:00"},
        "rooms": ("semantik.folders.indexer 2", "semantik.gui.widgets.background_tasks 1"),
    }
    for path in home.glob(f"{log_file(home).name}*"):
        path.unlink()
    assert told(log_health.check(home, now)) == [("log", Grade.OK, {"days": 30, "warnings": 0, "errors": 0})]


def test_the_computer(monkeypatch):
    assert machine_health.loopback_failure() == ""
    assert machine_health.memory_bytes() > 2**28
    with monkeypatch.context() as dumb:
        dumb.setattr(machine_health.psutil, "virtual_memory", lambda: (_ for _ in ()).throw(OSError("no /proc")))
        assert machine_health.memory_bytes() == 0
    assert machine_health.tk_version() == "8.6"
    monkeypatch.setattr(machine_health, "memory_bytes", lambda: 2**30)

    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(machine_health.socket, "create_server", refuse)
    found = {finding.key: finding for finding in machine_health.check()}
    assert found["doctor.memory"].grade is Grade.WRONG
    assert found["doctor.no_loopback"].facts["detail"] == "[Errno 13] Permission denied"
    monkeypatch.setattr(machine_health, "tk_version", lambda: "")
    assert keys(doctor.diagnosis._window(None)) == ["no_tk"]
    assert keys(doctor.diagnosis._window(Window("8.6.1", False))) == ["tk", "no_drops"]


@pytest.mark.parametrize(
    ("path", "address"),
    [
        (PurePosixPath("/home/ana/año #1?/details.sqlite"), "file:///home/ana/a%C3%B1o%20%231%3F/details.sqlite"),
        (PureWindowsPath("C:\\Año 1\\details.sqlite"), "file:///C:/A%C3%B1o%201/details.sqlite"),
        (PureWindowsPath("\\\\nas\\casa\\details.sqlite"), "file:////nas/casa/details.sqlite"),
    ],
)
def test_sqlite_is_told_of_a_file_wherever_it_is(path, address):
    """It refuses ``file://nas/…``, as it knows no computer but this one."""
    assert index_health._address(path) == f"{address}?mode=ro"


def test_details_pass_only_when_they_are_file_names():
    assert not isinstance(harmless("image_index.3.bin"), Private)
    for detail in ("/fotos/x", "image_index.3.bin: C:\\Zoraida", "[Errno 2] x", "Zoraida"):
        assert isinstance(harmless(detail), Private)


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0\u00a0kB"), (1234, "1\u00a0kB"), (1_500_000, "1,5\u00a0MB"), (33 * 10**8, "3,3\u00a0GB")]
)
def test_sizes(value, words):
    assert size(value) == words


# -- The command ---------------------------------------------------------------------------------------


def test_the_command_prints_and_tells_by_its_code(home, settings, indexed, capsys):
    config.save_config(settings, home)
    assert main.main(["doctor"]) == 0
    assert capsys.readouterr().out.splitlines()[2] == "Todo está bien."
    assert main.main(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True
    (store(home, indexed) / "image_index.json").write_text("x")
    assert main.main(["doctor", "--paths", "--deep"]) == 1
    out = capsys.readouterr().out
    assert f"{store(home, indexed).parent.name}, builtin: su lista de imágenes está dañada" in out
    assert main.main(["doctor", "--json", "--paths"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False
    assert str(indexed) in {finding["facts"].get("folder") for finding in report["findings"]}


def test_what_finds_faces_is_told_once_the_user_wants_people(tmp_path):
    assert list(reading_health.check_faces(Config(weights_folder=str(tmp_path)))) == []
    wanted = Config(weights_folder=str(tmp_path), find_people=True)
    (found,) = reading_health.check_faces(wanted)
    assert (found.key, found.grade) == ("doctor.no_faces", Grade.WRONG)
    (tmp_path / "faces").mkdir()
    for model in face_models():
        shutil.copy(model, tmp_path / "faces")
    (found,) = reading_health.check_faces(wanted)
    assert (found.key, found.grade) == ("doctor.faces", Grade.OK)


def test_what_reads_texts_is_really_tried(tmp_path, monkeypatch):
    (found,) = reading_health.check()
    assert (found.key, found.grade, found.facts["version"]) == ("doctor.texts", Grade.OK, metadata.version("rapidocr"))
    broken = tmp_path / "rapidocr.py"
    broken.write_text("raise ImportError('libquenohay.so.7')")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "rapidocr", raising=False)
    (found,) = reading_health.check()
    assert (found.key, found.grade, found.facts["package"]) == ("doctor.no_texts", Grade.WRONG, "rapidocr")
    assert "libquenohay" in found.facts["detail"]
