"""Which tower reads a query, and what the user is asked when the one that should is not on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from semantik.cli import main
from semantik.downloads.model_file import WeightsFile
from semantik.downloads.model_file_set import ModelFiles
from semantik.encoders import registry
from semantik.encoders.base import unit_rows
from semantik.encoders.clip import multilingual
from semantik.encoders.clip.encoder import ClipEncoder
from semantik.encoders.clip.models import MODELS
from semantik.encoders.clip.text_tower_choice import QueryReader
from semantik.errors import NoNetwork
from semantik.storage.settings import CONFIG_NAME
from tests.support.clip_checkpoint import write_checkpoint
from tests.support.fake_encoder import FakeEncoder, replace_encoders
from tests.support.published import clip_model
from tests.support.window import Window

FILES = ModelFiles("texto", (WeightsFile("texto", "http://127.0.0.1:9/", "0" * 64, 542 * 2**20, "texto/model"),))


class Tower:
    """Embeds a text as its length; counts what it read."""

    def __init__(self, ready: bool = True) -> None:
        self.files = FILES
        self.ready = ready
        self.read: list[str] = []
        self.loads = 0

    def load(self) -> None:
        self.loads += 1

    def encode_texts(self, texts: list[str]) -> np.ndarray:
        self.read += texts
        rows = np.ones((len(texts), 32), dtype=np.float32)
        rows[:, 0] = [len(text) for text in texts]
        return unit_rows(rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reader")
    write_checkpoint(path / "tiny.pt", full_size=False)
    return path


def encoder(folder: Path, monkeypatch: pytest.MonkeyPatch, reader: QueryReader | None) -> ClipEncoder:
    monkeypatch.setitem(MODELS, "clip-tiny", clip_model(folder / "tiny.pt"))
    return ClipEncoder("clip-tiny", weights_folder=folder, reader=reader)


TEXTS = ["un perro en la playa", "a dog on the beach", "gato", "two cats on a sofa", "plage au coucher du soleil"]


def test_each_text_goes_to_the_tower_that_knows_its_language(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tower = Tower()
    mixed = encoder(folder, monkeypatch, QueryReader(tower)).encode_texts(TEXTS)
    plain = encoder(folder, monkeypatch, None).encode_texts(TEXTS)
    assert tower.read == [TEXTS[0], TEXTS[2], TEXTS[4]]
    assert np.allclose(mixed[[1, 3]], plain[[1, 3]], atol=1e-6)
    assert np.array_equal(mixed[[0, 2, 4]], Tower().encode_texts([TEXTS[0], TEXTS[2], TEXTS[4]]))


@pytest.mark.parametrize(("choice", "read"), [("multilingual", TEXTS), ("english", [])])
def test_a_choice_forces_one_tower(folder: Path, monkeypatch: pytest.MonkeyPatch, choice, read) -> None:
    tower = Tower()
    encoder(folder, monkeypatch, QueryReader(tower, choice)).encode_texts(TEXTS)
    assert tower.read == read


def test_without_its_files_everything_goes_to_the_english_tower(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tower = Tower(ready=False)
    clip = encoder(folder, monkeypatch, QueryReader(tower))
    rows = clip.encode_texts(TEXTS)
    assert np.allclose(rows, encoder(folder, monkeypatch, None).encode_texts(TEXTS), atol=1e-6)
    assert tower.read == []
    assert clip.missing_for("un perro en la playa") is FILES
    assert clip.missing_for("a dog on the beach") is None
    tower.ready = True  # downloaded meanwhile: used at once
    assert clip.missing_for("un perro en la playa") is None
    clip.encode_texts(["un perro en la playa"])
    assert tower.read == ["un perro en la playa"]


def test_the_users_language_decides_what_is_loaded_ahead(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for users, choice, loads in (("es", "auto", 1), ("en", "auto", 0), ("en", "multilingual", 1), ("es", "english", 0)):
        tower = Tower()
        clip = encoder(folder, monkeypatch, QueryReader(tower, choice, users))
        clip.load(images=False)
        assert (tower.loads, "text" in clip._sides) == (loads, not loads), (users, choice)


def test_only_the_published_vit_b_32_has_a_reader(tmp_path: Path) -> None:
    def reader(name: str, **options: object) -> QueryReader | None:
        made = registry.create(name, weights_folder=tmp_path, query_language="auto", **options)  # type: ignore[arg-type]
        return getattr(made, "_reader", None)

    found = reader("clip-vit-b-32", users_language="en")
    assert isinstance(found, QueryReader)
    assert (found.choice, found.users, found.tower.files) == ("auto", "en", multilingual.FILES)
    assert reader("clip-vit-b-16") is None
    assert reader("clip-vit-b-32", checkpoint=tmp_path / "own.pt") is None
    assert registry.create("clip-vit-b-32", query_language="english")._reader is None  # type: ignore[attr-defined]


# -- The window and the command line -----------------------------------------------------------------------


class Foreigner(FakeEncoder):
    """Lacks a file for "rojo" until it is there."""

    has_it = False

    def missing_for(self, text):
        return FILES if text == "rojo" and not Foreigner.has_it else None


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch, home: Path, library: Path):
    """The window on an indexed library whose model lacks a file for "rojo"."""
    from semantik.encoders import registry
    from semantik.engine import models

    replace_encoders(monkeypatch)
    monkeypatch.setattr(Foreigner, "has_it", False)
    create = registry.create

    def foreigner(name, **options):
        made = create(name, **options)
        made.__class__ = Foreigner
        return made

    monkeypatch.setattr(registry, "create", foreigner)
    monkeypatch.setattr(models.Models, "is_ready", lambda self, name: True)
    monkeypatch.setattr("semantik.results.page.webbrowser.open", lambda *_, **__: True)
    return home, library


def open_window(home: Path, library: Path) -> Window:
    (home / CONFIG_NAME).write_text('{"guide": false}')
    window = Window(home)
    window.wait_idle()
    window.choose_folder(library)
    window.wait(lambda: not window.app.tasks.busy and window.messages, "indexed")
    window.messages.clear()
    return window


def ask(window: Window, words: str) -> str:
    window.type_words(words)
    window.app.search()
    window.wait(lambda: "resultado" in window.status and not window.app.tasks.busy, "an answer")
    return window.status


def test_declined_once_it_is_not_asked_again_and_the_status_says_so(foreign) -> None:
    window = open_window(*foreign)
    try:
        window.answers = ["no"]
        assert "se leyó como inglés" in ask(window, "rojo")
        assert len(window.messages) == 1
        assert "542 MB" in window.messages[0]
        window.type_words("")
        assert "se leyó como inglés" not in ask(window, "verde")
        assert "se leyó como inglés" in ask(window, "rojo")
        assert len(window.messages) == 1
        assert window.app.config.ask_multilingual is False
    finally:
        window.close()


def test_accepted_it_is_downloaded_and_the_query_goes_on(foreign, monkeypatch: pytest.MonkeyPatch) -> None:
    from semantik.encoders import registry

    fetched: list[ModelFiles] = []

    def download(files, folder, control):
        fetched.append(files)
        Foreigner.has_it = True

    monkeypatch.setattr(registry.model_file_set, "download", download)
    window = open_window(*foreign)
    try:
        window.answers = ["yes"]
        assert "se leyó como inglés" not in ask(window, "rojo")
        assert fetched == [FILES]
        assert len(window.messages) == 1
    finally:
        window.close()


def test_a_failed_download_is_told_and_the_query_still_answered(foreign, monkeypatch: pytest.MonkeyPatch) -> None:
    from semantik.encoders import registry

    def download(*_):
        raise NoNetwork(name="texto", host="huggingface.co", detail="no route")

    monkeypatch.setattr(registry.model_file_set, "download", download)
    window = open_window(*foreign)
    try:
        window.answers = ["yes", "ok"]
        assert "se leyó como inglés" in ask(window, "rojo")
        assert len(window.messages) == 2
        assert window.app.config.ask_multilingual is True  # it was not declined
    finally:
        window.close()


def test_the_command_line_says_so_on_stderr(foreign, capsys: pytest.CaptureFixture[str]) -> None:
    _, library = foreign
    assert main.main(["search", str(library), "--text", "rojo", "--encoder", "builtin", "-k", "1"]) == 0
    shown = capsys.readouterr()
    assert "La búsqueda se leyó como inglés" in shown.err
    assert "rojo.png" in shown.out
