"""The real window with libraries on a real server: opened by address, indexed, only searched, and with it away."""

from __future__ import annotations

import json
from threading import Event

import pytest

from semantik import long_tasks
from semantik.cli import main
from semantik.downloads.face_models import FaceModels
from semantik.encoders import registry
from semantik.engine import models
from semantik.gui.actions import folder_commands, server_libraries
from semantik.postgres import library_store
from semantik.postgres import server as server_module
from semantik.postgres.schema import role_statements
from semantik.storage.settings import CONFIG_NAME
from semantik.words.phrases import model_title
from semantik.words.text import say
from tests.support.faces import face_of
from tests.support.fake_encoder import replace_encoders
from tests.support.libraries import paint
from tests.support.waiting import PATIENCE
from tests.support.window import windows

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

PASSWORD = "m0y-secr3to"


@pytest.fixture
def start(home, pages, monkeypatch):
    monkeypatch.setattr(server_module, "PATIENCE", 0.0)
    monkeypatch.delenv("PGPASSWORD", raising=False)
    replace_encoders(monkeypatch)
    with windows(home) as begin:
        yield begin


class Searches:
    """What a window's searches come to, as its page shows it."""

    def __init__(self, window):
        self._window = window
        self._answers = []
        window.app.services.happened.answer_shown.connect(lambda answer, page: self._answers.append((answer, page)))

    def __call__(self, words):
        """The names of the pictures that are found, best first."""
        before = len(self._answers)
        self._window.search(words)
        self._window.wait(lambda: len(self._answers) > before, "an answer")
        answer, page = self._answers[-1]
        names = [hit.path.name for hit in answer.hits]
        assert all(name in page.read_text() for name in names)
        return names


def field(window):
    return window.entry(say("window.folder_group")).get()


def test_a_library_is_made_and_opened_by_its_address(start, library, home, monkeypatch, address, caplog):  # noqa: PLR0917 - fixtures
    monkeypatch.setattr(server_libraries, "choose_folder", lambda root, title, initial=None: str(library))
    window = start(encoder="builtin", next_encoder="")
    window.choose_folder(address.replace("owner@", f"owner:{PASSWORD}@"))
    # The server had nothing: the folder that was asked for is indexed there, and nowhere else.
    found = Searches(window)
    assert "6 imágenes nuevas" in window.messages[0]
    assert window.app.actions.opened.library.count == 6
    assert not list(home.rglob("image_index.*"))
    assert field(window) == address
    assert window.status == f"Listo: 6 imágenes. Modelo: {window.app.actions.models.title}. Índice en {address}."
    assert found("rojo")[0] == "rojo.png"
    settings = json.loads((home / CONFIG_NAME).read_text())
    assert (settings["index_server"], settings["image_folder"]) == (address, str(library))
    # What is new is indexed there, too, once the user says so.
    paint(library / "nuevo.png", (250, 5, 5))
    window.press(window.button(say("window.update")))
    window.wait_idle()
    assert found("rojo")[:2] == ["rojo.png", "nuevo.png"]
    with psycopg.connect(address) as base:
        assert base.execute("SELECT count(*) FROM semantik.vectors_1").fetchone() == (7,)
    # A folder is this computer's own again.
    window.choose_folder(library)
    assert window.app.actions.opened.library.count == 7
    assert list(home.rglob("image_index.json"))
    assert json.loads((home / CONFIG_NAME).read_text())["index_server"] == ""
    assert PASSWORD not in caplog.text
    for path in home.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes(), path


def test_pictures_that_are_elsewhere_here_and_folders_that_come_beside_are_asked_about(  # noqa: PLR0917 - fixtures
    start, library, home, monkeypatch, address, tmp_path
):
    assert main.main(["index", str(library), "--store", address, "--encoder", "builtin"]) == 0
    here, more = tmp_path / "montada" / "otro nombre", tmp_path / "más"
    here.parent.mkdir()
    library.rename(here)
    paint(more / "lila.png", (250, 10, 250))
    monkeypatch.setattr(server_libraries, "choose_folder", lambda root, title, initial=None: str(here))
    monkeypatch.setattr(folder_commands, "choose_folder", lambda root, title, initial=None: str(more))
    window = start(encoder="builtin")
    found = Searches(window)
    window.answers = ["yes"]
    window.choose_folder(address)
    assert [message.split("\n")[0] for message in window.messages] == [f"Este ordenador no ve la carpeta «{library}»."]
    assert found("rojo")[0] == "rojo.png"
    assert window.app.actions.opened.named == (str(here),)
    # Nobody's pictures go where others see them by accident.
    window.messages.clear()
    window.more_options()
    window.answers = ["no"]
    window.press(window.button(say("window.add_folder")))
    window.wait_idle()
    assert window.app.actions.opened.named == (str(here),)
    window.answers = ["yes"]
    window.press(window.button(say("window.add_folder")))
    window.wait_idle()
    assert window.messages[0] == window.messages[1] == say("server.share", folder=f"«{more}»", address=address)
    assert window.app.actions.opened.library.count == 7
    # The next start knows both, by their contents and by their names.
    window.close()
    again = start()
    assert (again.messages, again.app.actions.opened.named) == ([], (str(here), str(more)))
    assert again.app.actions.opened.library.count == 7
    with psycopg.connect(address) as base:
        assert base.execute("SELECT count(*) FROM semantik.libraries").fetchone() == (2,)


def test_who_may_only_search_opens_it_with_a_password_and_is_told_of_a_server_that_is_away(  # noqa: PLR0917 - fixtures
    start, library, home, monkeypatch, postgres, address, caplog
):
    assert main.main(["index", str(library), "--store", address, "--encoder", "builtin"]) == 0
    name = postgres.base_of(address)
    statements = role_statements(name).replace(" LOGIN", f" LOGIN PASSWORD '{PASSWORD}'", 1)
    reader = postgres.new_role(address, statements, name)
    postgres.ask_password_of(name, reader)
    paint(library / "nuevo.png", (250, 5, 5))
    window = start(ready=False, encoder="builtin", given=[reader])
    found = Searches(window)
    # Asked once, and once more for a wrong one.
    for given in ("no es esta", PASSWORD):
        dialog = window.dialog(say("server.password_title"))
        window.type_into(window.entry(say("server.password_label"), within=dialog), given)
        window.press(window.button(say("server.connect"), within=dialog))
        window.wait(lambda dialog=dialog: not dialog.winfo_exists(), "connected")
    window.wait_idle()
    assert (window.messages, field(window)) == ([], reader)
    assert window.status == "Hay 1 imagen nueva en la carpeta, que incluirán quienes indexan en el servidor."
    assert found("rojo")[0] == "rojo.png"
    # Others index; "Actualizar índice" takes what they did from there.
    assert main.main(["index", str(library), "--store", address, "--encoder", "builtin"]) == 0
    window.press(window.button(say("window.update")))
    window.wait_idle()
    assert window.status.endswith(f"Índice en {reader}, solo para buscar.")
    assert found("rojo")[:2] == ["rojo.png", "nuevo.png"]
    # It goes away during a search: told, with what to do, and the next search goes on where it can.
    postgres.crash()
    window.search("azul")
    assert window.messages.pop().startswith(f"El servidor {reader} no responde: ")
    postgres.start()
    assert found("azul")[0] == "azul.png"
    # It is away at the start: told, and tried again by either button.
    window.close()
    postgres.crash()
    second = start(ready=True)
    found = Searches(second)
    assert second.messages.pop().startswith(f"El servidor {reader} no responde: ")
    assert second.status == f"Sin conexión con {reader}. «Actualizar índice» vuelve a intentarlo."
    assert (field(second), second.app.actions.opened.library) == (reader, None)
    postgres.start()
    second.press(second.button(say("window.update")))
    dialog = second.dialog(say("server.password_title"))
    second.key(dialog, "<Escape>")
    second.wait_idle()
    second.push_search()
    dialog = second.dialog(say("server.password_title"))
    second.type_into(second.entry(say("server.password_label"), within=dialog), PASSWORD)
    second.key(dialog.entry, "<Return>")
    second.wait(lambda: second.app.actions.opened.library, "open")
    second.wait_idle()
    assert found("verde")[0] == "verde.png"
    assert PASSWORD not in caplog.text
    for path in home.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes(), path


def test_a_library_of_another_model_is_opened_by_whoever_agrees_to_use_that(start, library, address, monkeypatch):
    assert main.main(["index", str(library), "--store", address, "--encoder", "builtin"]) == 0
    monkeypatch.setattr(models.Models, "is_ready", lambda self, name: True)
    window = start(encoder=registry.DEFAULT_CLIP)
    found = Searches(window)
    asked = say("server.other_model", address=address, model=model_title("builtin"))
    window.answers = ["no"]
    window.choose_folder(address)
    assert window.messages == [asked]
    assert window.status == say("server.declined", address=address)
    assert (window.app.engine.models.encoder.name, window.app.actions.opened.library) == (registry.DEFAULT_CLIP, None)
    # It says how far it is with a large one, and can be cancelled.
    monkeypatch.setattr(library_store, "_AT_ONCE", 2)
    monkeypatch.setattr(long_tasks, "FEW_ROWS", 2)
    held, did = Event(), long_tasks.RowsTold.did
    monkeypatch.setattr(
        long_tasks.RowsTold,
        "did",
        lambda told, count: did(told, count) or (held.wait(PATIENCE) and told.control.cancelled),
    )
    window.answers = ["yes"]
    window.press(window.button(say("window.update")))
    window.wait(lambda: window.status.startswith("Poniéndose al día con el servidor: 2 de 6 (33 %)"), "how far it is")
    assert window.progress == pytest.approx(1 / 3)
    window.press(window.button(say("window.cancel")))
    held.set()
    window.wait_idle()
    assert (window.status, window.app.actions.opened.library) == (say("server.open_cancelled"), None)
    window.press(window.button(say("window.update")))
    window.wait(lambda: window.app.actions.opened.library, "open")
    window.wait_idle()
    assert window.messages == [asked, asked]
    assert window.status == f"Listo: 6 imágenes. Modelo: {model_title('builtin')}. Índice en {address}."
    assert window.app.engine.models.encoder.name == "builtin"
    assert found("rojo")[0] == "rojo.png"
    # Who a person is, said in the window, is there for all.
    monkeypatch.setattr(FaceModels, "are_ready", True)
    window.app.services.save(find_people=True)
    window.app.engine.people.wanted = True
    folder = window.app.actions.opened.library.indexed_folders[0]
    for file in folder.index.files():
        folder.faces.add(file, [face_of("ana", file.path)])
    window.app.view.commands.show_people()
    dialog = window.dialog(say("persons.title"))
    assert say("persons.names_shared") in window.texts(dialog)
    window.wait(lambda: [*dialog.grid_of_people.people()], "the groups")
    (tile,) = dialog.grid_of_people.people()
    window.type_into(tile.entry, "Ana")
    window.key(tile.entry, "<Return>")
    with psycopg.connect(address, autocommit=True) as base:
        names = "SELECT cells FROM semantik.known_1 WHERE kind = 'people'"
        window.wait(lambda: base.execute(names).fetchall() == [('["Ana",""]',)], "the name on the server")
