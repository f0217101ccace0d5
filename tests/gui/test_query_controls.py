"""The controls of a query in the real window: several terms, filters, pictures from everywhere, history, pages."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from semantik.gui.actions import searching
from semantik.gui.main_window.filter_chips import FilterChip, FilterChips
from semantik.gui.main_window.filter_panel import FilterPanel
from semantik.gui.widgets import file_dialogs
from semantik.queries import Term
from semantik.search.example_pictures import KEPT as PICTURES_KEPT
from semantik.search.example_pictures import host_of, is_address, keep, read_pictures
from semantik.storage.home import example_pictures_folder
from semantik.storage.search_history import KEPT, SearchHistory
from semantik.storage.settings import load_config
from tests.support.libraries import paint, write_texts
from tests.support.page_outline import path_behind
from tests.support.waiting import SOON
from tests.support.window import TIMEOUT


@pytest.fixture
def window(window, library):
    """The window with the six pictures indexed."""
    window.choose_folder(library)
    window.messages.clear()
    return window


def found(page):
    """The names of the hits on a page, in order."""
    html = page.read_text(encoding="utf-8")
    return [Path(link).stem for link in re.findall(r'<li class="hit[^>]*>.*?<a href="([^"]+)"', html, re.DOTALL)]


# -- Terms and filters ---------------------------------------------------------------------------------


def test_the_text_box_takes_the_syntax(window, pages):
    window.search("rojo + verde - azul")
    assert found(pages[-1])[:2] == ["amarillo", "naranja"]
    window.search("azul sin azul")
    assert window.messages[-1].startswith("La búsqueda pide y excluye a la vez «azul».")
    window.search("sin rojo")
    assert window.messages[-1].startswith("Escriba también qué quiere ver, no solo qué no")
    window.search("rojo desde:luego")
    assert window.messages[-1].startswith("No se entiende «desde:luego».")
    assert len(pages) == 1


@pytest.fixture
def rojo_in_august(library):
    for path in library.rglob("*.png"):
        os.utime(path, (0, datetime(2019, 8 if path.stem == "rojo" else 5, 3, 12).timestamp()))


def test_a_click_takes_a_date_in_words_away(rojo_in_august, window, pages):
    window.search("rojo en agosto carpeta:viaje")
    assert window.messages[-1].startswith("Ninguna imagen cumple")
    assert [button.cget("text") for button in window.part(FilterChips).winfo_children()] == [
        "Solo en: viaje  ×",
        "Fecha: en agosto  ×",
    ]
    window.press(window.button("Solo en: viaje  ×"))
    window.wait_idle()
    assert window.entry("Texto a Buscar").get() == 'rojo fecha:"en agosto"'
    assert found(pages[-1]) == ["rojo"]
    window.press(window.button("Fecha: en agosto  ×"))
    window.wait_idle()
    assert found(pages[-1])[0] == "rojo"
    assert len(found(pages[-1])) == 6
    assert window.part(FilterChips).winfo_children() == []
    assert not window.part(FilterChips).winfo_ismapped()


def test_a_click_takes_a_text_away(window, library, home, pages):
    write_texts(home, library, {"rojo.png": ["FARMACIA"]})
    window.search("azul texto:farmacia")
    assert found(pages[-1]) == ["rojo"]
    assert "texto: " in pages[-1].read_text(encoding="utf-8")
    window.press(window.button("Texto: «farmacia»  ×"))
    window.wait_idle()
    assert window.entry("Texto a Buscar").get() == "azul"
    assert found(pages[-1])[0] == "azul"
    assert window.part(FilterChips).winfo_children() == []


def test_many_long_filters_stand_on_several_rows(window):
    chips = window.part(FilterChips)
    long = "Fecha: verano de 2019 (21 jun 2019 – 22 sept 2019)"
    chips.show(
        [FilterChip(told, "rojo") for told in (long, "Solo en: viaje", "Forma: vertical", long, long, "x" * 200)]
    )
    window.root.update()
    placed = [(each.winfo_y(), each.winfo_x(), each.winfo_width()) for each in chips.winfo_children()]
    assert placed == sorted(placed)
    assert len({y for y, _, _ in placed}) >= 3
    assert all(x + width <= chips.winfo_width() for _, x, width in placed)
    following = itertools.pairwise(placed)
    assert all(x + width < other_x for (y, x, width), (other_y, other_x, _) in following if y == other_y)
    tall = chips.winfo_height()
    assert tall >= max(y for y, _, _ in placed) + chips.winfo_children()[0].winfo_height()
    chips.show([FilterChip(long, "rojo")])
    window.root.update()
    assert chips.winfo_height() < tall / 2
    window.press(window.button(f"{long}  ×"))
    window.wait_idle()
    assert window.entry("Texto a Buscar").get() == "rojo"


def test_a_filter_alone_lists_and_what_is_read_otherwise_is_said(window, library, pages):
    window.search("carpeta: viaje")
    assert set(found(pages[-1])) == {"amarillo", "blanco", "naranja"}
    window.search("rojo clima:Madrid")
    told = "«clima:Madrid» se ha buscado como texto: no hay ningún filtro «clima:»."
    assert window.status.endswith(told)
    assert told in pages[-1].read_text(encoding="utf-8")
    window.search("rojo fehca:2019")
    assert window.messages[-1].startswith("No hay ningún filtro «fehca:». ¿Quería decir «fecha:2019»?")
    assert len(pages) == 2


def test_a_text_and_a_picture_together(window, library, pages):
    window.more_options()
    window.radio("Buscar por Texto e Imagen").invoke()
    window.search("verde")
    assert window.messages == ["Elija primero una imagen de ejemplo con «Examinar»."]
    window.leave(window.type_picture(library / "rojo.png"))
    assert window.mode == "Buscar por Texto e Imagen"
    window.key(window.entry("Texto a Buscar"), "<KeyPress-x>")
    assert window.mode == "Buscar por Texto e Imagen"
    window.search("verde")
    assert found(pages[-1])[0] == "amarillo"
    window.search("")
    assert window.messages[-1].startswith("Escriba también un texto en «Texto a Buscar»")


def test_several_example_pictures(window, library, pages, monkeypatch):
    chosen = (str(library / "rojo.png"), str(library / "verde.png"))
    monkeypatch.setattr(file_dialogs.filedialog, "askopenfilenames", lambda **options: chosen)
    window.press(window.button("Examinar", near="Ruta de Imagen"))
    assert window.entry("Ruta de Imagen").get() == f'"{chosen[0]}" + "{chosen[1]}"'
    window.push_search()
    assert found(pages[-1])[0] == "amarillo"
    # A short name is looked for in the library, a weight counts.
    window.type_picture("azul.png + 3:rojo.png - verde.png")
    window.push_search()
    assert found(pages[-1])[0] == "rojo"


def test_filters_by_controls(window, library, pages):
    window.more_options()
    panel, button = window.part(FilterPanel), window.button("Filtros")
    assert not panel.winfo_ismapped()
    window.press(button)
    assert panel.winfo_ismapped()
    folder, order = window.combobox("Carpeta"), window.combobox("Orden")
    side = window.entry("Tamaño mínimo (px)")
    window.key(folder, "<Down>")  # opens the list, which then knows the folders
    folder.tk.call("ttk::combobox::Post", folder)
    assert folder.cget("values") == ("", "viaje", "viaje/playa")
    folder.tk.call("ttk::combobox::Unpost", folder)
    folder.set("viaje")
    window.search("rojo")
    assert found(pages[-1]) == ["naranja", "amarillo", "blanco"]
    # What is typed goes before the controls, which stay for what is not typed.
    order.set("nombre")
    window.search("rojo carpeta:viaje/playa")
    assert found(pages[-1]) == ["naranja"]
    window.search("rojo")
    assert found(pages[-1]) == ["amarillo", "blanco", "naranja"]
    excluded = window.entry("Excluir")
    excluded.insert(0, "carpeta:viaje/playa")
    window.search("rojo")
    assert found(pages[-1]) == ["amarillo", "blanco"]
    excluded.delete(0, "end")
    side.insert(0, "grande")
    window.search("rojo")
    assert window.messages[-1] == "No se entiende «lado:grande». Escriba, por ejemplo, lado:1000."
    button.invoke()
    assert button.cget("text") == "Filtros (3)"
    button.invoke()
    window.button("Quitar filtros").invoke()
    assert [control.get() for control in (folder, side, order)] == ["", "", "relevancia"]
    window.search("rojo")
    assert len(found(pages[-1])) == 6
    button.invoke()
    assert button.cget("text") == "Filtros"


def test_dates_by_controls(window, library, pages):
    os.utime(library / "azul.png", (0, datetime(2011, 5, 3).timestamp()))
    window.press(window.button("Actualizar índice"))
    window.wait_idle()
    window.more_options()
    window.press(window.button("Filtros"))
    window.entry("Desde").insert(0, "2011")
    window.entry("Hasta").insert(0, "5/2011")
    window.search("rojo")
    assert found(pages[-1]) == ["azul"]
    window.combobox("Forma").set("vertical")
    window.search("rojo")
    assert window.messages[-1].startswith(
        "Ninguna imagen cumple los filtros (desde:2011-01-01 hasta:2011-05-31 forma:vertical)."
    )


def test_names_and_folding_are_settings(window, home, library, pages):
    window.search("azul + playa")
    assert found(pages[-1])[1] == "blanco"
    window.more_options()
    window.check("Buscar también en los nombres").invoke()
    window.search("azul + playa")
    assert found(pages[-1])[:2] == ["azul", "naranja"]
    assert load_config(home).names_count is True
    window.check("Agrupar casi iguales").invoke()
    saved = json.loads((home / "image_search_config.json").read_text())
    assert (saved["names_count"], saved["fold_similar"]) == (True, False)


def test_k_is_remembered_as_soon_as_it_is_used(window, home, pages):
    window.entry("Resultados a Mostrar (K)").set("2")
    window.search("rojo")
    assert json.loads((home / "image_search_config.json").read_text())["top_k"] == 2


# -- Earlier searches ----------------------------------------------------------------------------------


def keys(window, *names):
    for name in names:
        window.entry("Texto a Buscar").event_generate(f"<{name}>")
        window.root.update()
    return window.entry("Texto a Buscar").get()


def test_up_and_down_bring_earlier_searches_back(window, home, pages):
    for words in ("rojo", "verde", "rojo  -  azul", "verde"):
        window.search(words)
    window.type_words("a medias")
    assert keys(window, "Up") == "verde"
    assert keys(window, "Up") == "rojo - azul"
    assert keys(window, "Up") == "rojo"
    assert keys(window, "Up", "Up") == "rojo"
    assert keys(window, "Down") == "rojo - azul"
    assert keys(window, "Down", "Down") == "a medias"
    assert keys(window, "Down") == "a medias"
    entry = window.entry("Texto a Buscar")
    window.key(entry, "<Alt-Down>")
    assert entry.cget("values") == ("verde", "rojo - azul", "rojo")
    entry.tk.call("ttk::combobox::Unpost", entry)
    assert SearchHistory(home).entries == ["verde", "rojo - azul", "rojo"]


def test_a_search_that_cannot_be_is_not_remembered(window, home, pages):
    window.search("sin rojo")
    assert SearchHistory(home).entries == []


def test_history_keeps_the_newest_and_survives_damage(home):
    history = SearchHistory(home)
    for number in range(KEPT + 5):
        history.add(f"búsqueda {number}")
    assert SearchHistory(home).entries == [f"búsqueda {number}" for number in range(KEPT + 4, 4, -1)]
    for damage in (b"{", b"\xff", b'{"a": 1}', b'["a", 3, null, "b"]', b"[" * 5000):
        (home / "search_history.json").write_bytes(damage)
        assert SearchHistory(home).entries in ([], ["a", "b"])
    history = SearchHistory(home)
    history.clear()
    assert SearchHistory(home).entries == []


# -- Pictures that are no files yet --------------------------------------------------------------------


@pytest.fixture
def web(library, tmp_path):
    """A web server with a picture, a page that is none, and what goes wrong; and the requests it got."""
    requests: list[tuple[str, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append((self.path, dict(self.headers)))
            body = {"/azul.png": (library / "azul.png").read_bytes(), "/pagina": b"<html>no</html>"}.get(self.path)
            self.send_response(200 if body else 404)
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", requests
    server.shutdown()
    server.server_close()


def test_a_picture_of_the_web_is_fetched_only_when_the_user_says_so(window, home, pages, web):
    address, requests = web
    entry = window.entry("Ruta de Imagen")
    window.type_into(entry, f"{address}/azul.png")
    window.leave(entry)
    assert window.mode == "Buscar por Imagen"
    window.answers = ["no"]
    window.push_search()
    assert window.messages[-1].startswith("¿Descargar la imagen de 127.0.0.1 para buscar con ella?")
    assert requests == []
    window.answers = ["yes"]
    window.press(window.button("Buscar"))
    window.wait(lambda: pages, "a page")
    window.wait_idle()
    assert [path for path, _ in requests] == ["/azul.png"]
    assert set(requests[0][1]) <= {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}
    assert found(pages[-1])[0] == "azul"
    (kept,) = example_pictures_folder(home).iterdir()
    assert entry.get() == str(kept)
    window.press(window.button("Buscar"))  # it is a file now: nothing is asked, nothing fetched
    window.wait_idle()
    assert (len(requests), len(pages)) == (1, 2)


def test_addresses_that_have_no_picture_are_told(window, pages, web):
    address, _ = web
    for path, message in (
        ("/nada.png", "127.0.0.1 no entregó 127.0.0.1 (respuesta 404). Inténtelo más tarde."),
        ("/pagina", "no es una imagen conocida"),
    ):
        window.type_picture(address + path)
        window.answers = ["yes", "ok"]
        before = len(window.messages)
        window.press(window.button("Buscar"))
        window.wait(lambda before=before: len(window.messages) == before + 2, "a message")
        window.wait_idle()
        assert message in window.messages[-1]
    assert pages == []


def test_an_address_in_the_text_is_told_where_it_belongs(window, pages):
    window.search("https://example.org/a.jpg")
    assert window.messages[-1].endswith("péguela en «Ruta de Imagen».")


def test_what_is_an_address():
    assert is_address(" HTTPS://example.org/a%20b.jpg?x=1 ")
    assert not is_address("https://example.org/a b.jpg")
    assert not is_address("/home/http://x")
    assert host_of("https://user@Example.org:8080/x") == "example.org"
    assert host_of("http://[broken") == "http://[broken"


def test_names_with_signs_of_the_syntax_are_still_names(tmp_path):
    name = paint(tmp_path / "a + b - c.png", (1, 2, 3))
    assert read_pictures(str(name), str(name), []) == (Term(image=name),)
    missing = tmp_path / "no + está.png"
    assert read_pictures("0:x.png", str(missing), []) == (Term(image=missing),)


def test_only_the_newest_pictures_are_kept(home):
    for number in range(PICTURES_KEPT + 3):
        path = keep(bytes([number]), ".png", home)
        os.utime(path, (number, number))
    left = sorted(path.read_bytes()[0] for path in example_pictures_folder(home).iterdir())
    assert len(left) == PICTURES_KEPT
    assert left[-1] == PICTURES_KEPT + 2


@pytest.mark.skipif(not shutil.which("xclip"), reason="xclip is not installed")
def test_a_picture_on_the_clipboard_is_pasted(window, home, library, pages):
    window.root.clipboard_clear()
    window.root.clipboard_append("perro")
    window.more_options()
    window.press(window.button("Pegar"))
    window.wait_idle()
    assert window.messages[-1].startswith("El portapapeles no tiene ninguna imagen.")
    with subprocess.Popen(
        ["xclip", "-selection", "clipboard", "-t", "image/png", "-i", library / "verde.png"]
    ) as xclip:
        assert xclip.wait() == 0  # it goes on in the background, until something else is copied
    window.wait(lambda: window.root.selection_own_get(selection="CLIPBOARD") is None, "the clipboard is xclip's")
    window.press(window.button("Pegar"))
    window.wait_idle()
    assert window.mode == "Buscar por Imagen"
    assert Path(window.entry("Ruta de Imagen").get()).parent == example_pictures_folder(home)
    window.push_search()
    assert found(pages[-1])[0] == "verde"
    # The keys paste it too, wherever the focus is.
    window.type_picture("")
    window.button("Buscar").focus_force()
    window.button("Buscar").event_generate("<<Paste>>")
    window.wait_idle()
    assert Path(window.entry("Ruta de Imagen").get()).parent == example_pictures_folder(home)
    # Text on the clipboard goes where text goes.
    window.type_picture("")
    window.root.clipboard_clear()
    window.root.clipboard_append("perro")
    window.entry("Texto a Buscar").focus_force()
    window.entry("Texto a Buscar").delete(0, "end")
    window.entry("Texto a Buscar").event_generate("<<Paste>>")
    assert window.entry("Texto a Buscar").get() == "perro"
    assert window.entry("Ruta de Imagen").get() == ""


SOURCE = """
import sys, tkinter
from tkinterdnd2 import COPY, DND_FILES, TkinterDnD
root = TkinterDnD.Tk()
root.geometry("120x120+0+0")
label = tkinter.Label(root, text="drag", width=20, height=10)
label.pack(fill="both", expand=True)
label.drag_source_register(1, DND_FILES)
label.dnd_bind("<<DragInitCmd>>", lambda event: (COPY, DND_FILES, tuple(sys.argv[1:])))
# As file managers do: addresses with their bytes escaped, a line each. tkdnd as a source would send numbers.
root.tk.eval("proc ::tkdnd::xdnd::getFormatForType {type} {return STRING}")
def send(type, start, *rest):
    return "" if int(start) else "\\r\\n".join(sys.argv[1:])
root.tk.createcommand("::tkdnd::xdnd::_SendData", send)
root.update()
print("ready", flush=True)
root.mainloop()
"""


def xdotool(*arguments):
    subprocess.run(["xdotool", *map(str, arguments)], check=True, timeout=TIMEOUT)


@pytest.mark.skipif(not shutil.which("xdotool"), reason="xdotool is not installed")
@pytest.mark.parametrize("dropped", ["picture", "pictures", "folder"])
def test_files_are_dropped_from_another_program(window, library, tmp_path, pages, dropped):
    other = paint(tmp_path / "otra carpeta" / "con espacios {y llaves}.png", (0, 0, 250)).parent
    names = {
        "picture": [library / "azul.png"],
        "pictures": [library / "rojo.png", other / "con espacios {y llaves}.png"],
        "folder": [other],
    }[dropped]
    image = window.entry("Ruta de Imagen")
    window.root.geometry("+400+150")
    window.wait(lambda: window.root.winfo_rootx() >= 400, "moved")
    command = [sys.executable, "-c", SOURCE, *(name.as_uri() for name in names)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as source:
        try:
            assert source.stdout.readline() == "ready\n"
            text = window.entry("Texto a Buscar")
            x, y = text.winfo_rootx() + 60, text.winfo_rooty() + 10
            with ThreadPoolExecutor(1) as hand:  # the window must answer while the mouse moves
                steps = [("mousemove", 60, 60), ("mousedown", 1)]
                steps += [
                    ("mousemove", 60 + step * (x - 60) // 10, 60 + step * (y - 60) // 10) for step in range(1, 11)
                ]
                steps += [("mousemove", x + 5, y + 2), ("mouseup", 1)]
                for step in steps:
                    moved = hand.submit(xdotool, *step, "sleep", 0.05)
                    window.wait(moved.done, "the mouse")
                    moved.result()
            if dropped == "folder":
                window.wait(lambda: window.entry("Directorio de Imágenes").get() == str(other), "another folder")
            else:
                window.wait(image.get, "a picture")
        finally:
            source.terminate()
    window.wait_idle()
    if dropped == "picture":
        assert (image.get(), window.mode) == (str(names[0]), "Buscar por Imagen")
    elif dropped == "pictures":
        assert image.get() == " + ".join(f'"{name}"' for name in names)
        window.push_search()
        assert set(found(pages[-1])[:3]) >= {"rojo", "azul"}


# -- Pages that talk to the window ---------------------------------------------------------------------


def post(link, action, **body):
    request = Request(
        link.address + link.path + action,
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Origin": "null"},
    )
    with urlopen(request, timeout=TIMEOUT) as answer:
        return json.loads(answer.read() or b"null")


@pytest.fixture
def ask(window):
    """Call the page's server from another thread, as a browser would, while the window lives."""
    with ThreadPoolExecutor(1) as browser:

        def asking(*arguments, **body):
            future = browser.submit(post, *arguments, **body)
            window.wait(future.done, "an answer")
            return future.result()

        yield asking


@pytest.fixture
def link(window, pages, monkeypatch):
    """The link of the page of a first search."""
    from semantik.engine import engine

    links = []
    original = engine.Engine.write_page

    def write_page(self, answer, path=None, link=None, **shown):
        links.append(link)
        return original(self, answer, path, link, **shown)

    monkeypatch.setattr(engine.Engine, "write_page", write_page)
    window.search("rojo")
    return links[-1]


def page_at(answer):
    return path_behind(answer["page"].partition("#")[0])


def test_a_page_refines_and_finds_similar_pictures(window, link, ask, library):
    assert found(page_at(ask(link, "/refine", words="azul carpeta:viaje")))[0] == "blanco"
    assert window.status.startswith("3 resultados")
    names = found(page_at(ask(link, "/similar", hit=1)))
    assert names[:2] == ["amarillo", "rojo"]  # what is most like the second hit for red, which is orange
    assert "naranja" not in names
    from urllib.error import HTTPError

    with pytest.raises(HTTPError) as caught:
        ask(link, "/refine", words="sin rojo")
    assert caught.value.code == 422
    assert json.loads(caught.value.read())["message"].startswith("Escriba también qué quiere ver")


def test_a_page_changes_order_number_and_filters(window, link, ask):
    from urllib.error import HTTPError

    choices = {"folder": "", "order": "nombre", "top_k": "3"}
    page = page_at(ask(link, "/refine", words="azul carpeta:viaje orden:recientes", choices=choices))
    names = found(page)
    assert len(names) == 3
    assert names == sorted(names)
    assert "azul" in names  # which is not in the folder
    assert window.app.view.top_k.get() == "3"  # as if it had been typed there
    html = page.read_text(encoding="utf-8")
    assert 'value="azul orden:nombre"' in html
    assert '<option value="nombre" selected>' in html
    assert '<input name="top_k" value="3"' in html
    assert found(page_at(ask(link, "/refine", words="azul", choices={"folder": "viaje"})))[0] == "blanco"
    other = page_at(ask(link, "/refine", words="azul -tipo:jpg", choices={"excluded": "carpeta:viaje/playa"}))
    assert len(found(other)) == 3
    html = other.read_text(encoding="utf-8")
    assert 'value="azul -carpeta:viaje/playa"' in html
    assert '<input name="excluded" value="carpeta:viaje/playa"' in html
    assert '<span class="what">Excepto</span> <bdi translate="no">carpeta viaje/playa</bdi>' in html
    for wrong, said in (({"top_k": "0"}, "1"), ({"since": "luego"}, "luego")):
        with pytest.raises(HTTPError) as caught:
            ask(link, "/refine", words="azul", choices=wrong)
        assert caught.value.code == 422
        assert said in json.loads(caught.value.read())["message"]
    assert window.app.view.top_k.get() == "3"


def test_a_page_waits_its_turn(window, link, ask):
    from urllib.error import HTTPError

    go_on = threading.Event()
    window.app.services.start(go_on.wait, lambda result: None, lambda error: None)
    with pytest.raises(HTTPError) as caught:
        ask(link, "/refine", words="azul")
    assert caught.value.code == 409
    go_on.set()
    window.wait_idle()
    assert found(page_at(ask(link, "/refine", words="azul")))[0] == "azul"


def test_a_page_copies_into_the_folder_that_the_user_chooses(window, link, ask, tmp_path, monkeypatch):

    target = tmp_path / "copias"
    target.mkdir()
    monkeypatch.setattr(file_dialogs.filedialog, "askdirectory", lambda **options: str(target))
    message = ask(link, "/copy", hits=[0, 2])["message"]
    assert "2" in message
    assert sorted(path.name for path in target.iterdir()) == ["amarillo.png", "rojo.png"]
    assert window.status == message
    monkeypatch.setattr(file_dialogs.filedialog, "askdirectory", lambda **options: "")
    assert ask(link, "/copy", hits=[0])["message"] == ""


def test_the_server_ends_with_the_window(window, link):
    with urlopen(Request(link.address + link.path + "/ping"), timeout=TIMEOUT) as answer:
        assert answer.status == 204
    window.close()
    with pytest.raises(OSError, match=r"refused|reset"):
        urlopen(Request(link.address + link.path + "/ping"), timeout=TIMEOUT)


def test_closing_the_window_lets_go_of_a_page_that_waits(window, link):
    go_on = threading.Event()
    with ThreadPoolExecutor(1) as browser:
        waiting = browser.submit(post, link, "/refine", words="azul")
        window.app.services.start(go_on.wait, lambda result: None, lambda error: None)
        go_on.set()
        started = time.monotonic()
        window.close()
        with pytest.raises(Exception):  # noqa: B017 - a refusal or a hang-up, by who was first
            waiting.result(TIMEOUT)
        assert time.monotonic() - started < SOON


def test_without_a_server_pages_only_show(window, pages, monkeypatch):
    from semantik import page_server

    def start(self):
        raise OSError("no sockets here")

    monkeypatch.setattr(page_server.PageServer, "start", start)
    window.search("rojo")
    assert found(pages[-1])[0] == "rojo"
    assert "127.0.0.1" not in pages[-1].read_text(encoding="utf-8")
    assert searching.log.name == "semantik.gui.actions.searching"
