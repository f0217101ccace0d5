"""What the results page does with the running program, in a real Chromium and as a person would do it."""

from __future__ import annotations

import io
import json
import re
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from semantik.errors import OnlyUnwanted
from semantik.page_server import PageServer
from semantik.queries import Filters, Order, Query, Term
from semantik.results.page import PageLink, render
from semantik.words import text
from semantik.words.shown_names import visible
from tests.support.page_program import NAMES, SHAPES, Program, album, as_new, browser, heard, jpeg, lasting_page, write
from tests.support.waiting import PATIENCE

WINDOW = {"width": 1280, "height": 860}


@pytest.fixture(scope="module")
def chromium():
    with browser() as launched:
        yield launched


@pytest.fixture(scope="module")
def tab(chromium):
    """A page that serves all tests that want nothing of a context that only a new one has."""
    with lasting_page(chromium) as page:
        yield page


@pytest.fixture
def program():
    program = Program()
    yield program
    program.close()


@pytest.fixture
def visit(chromium, tab):
    """Open a file. ``complaints``: what the console may say, as regular expressions.

    ``options`` as of a context, which is the page's own if there are any but the window's size.
    """

    @contextmanager
    def visiting(path, complaints=(), viewport=WINDOW, **options):
        page = chromium.new_context(**options).new_page() if options else tab
        page.context.set_default_timeout(1000 * PATIENCE)
        page.set_viewport_size(viewport)
        console, dialogs = [], []
        hearing = heard(
            page.context,
            dialog=lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()),
            console=lambda message: console.append(message.text),
            weberror=lambda error: console.append(str(error.error)),
        )
        with hearing, as_new(page):
            page.goto(path.as_uri())
            yield page
        if options:
            page.context.close()
        assert dialogs == []
        assert len(console) == len(complaints), console
        assert all(map(re.search, complaints, console)), console

    return visiting


@pytest.fixture
def results(tmp_path, program):
    return write(tmp_path, link=program.link)


@pytest.fixture
def live(visit, results):
    """The album's page, once the program has answered it."""

    @contextmanager
    def visiting(complaints=(), **options):
        with visit(results, complaints, **options) as page:
            page.locator("html.live").wait_for()
            yield page

    return visiting


REFUSED = "ERR_CONNECTION_REFUSED"
PROGRAM_PARTS = ".refine, .choices, .tools [data-choose], .pick, .menu, #chosen, #viewer .program"


def visible_parts(page):
    return page.locator(PROGRAM_PARTS).evaluate_all("(all) => all.filter((e) => e.checkVisibility()).length")


def pick(page, name):
    return page.get_by_role("checkbox", name=f"Elegir {name}", exact=True)


def open_menu(page, name):
    page.get_by_role("button", name=f"Acciones para {name}", exact=True).dispatch_event("click")
    page.locator("#menu:popover-open").wait_for()


def until(page, condition):
    """Wait for a condition; the page's own policy forbids what Playwright would do for it."""
    page.evaluate(
        f"""async () => {{
            const end = performance.now() + 120_000;
            while (!({condition})) {{
                if (performance.now() > end) throw new Error('never happened within two minutes');
                await new Promise(requestAnimationFrame);
            }}
        }}"""
    )


def said(page, text):
    page.locator("#told", has_text=text).wait_for()


def names_in_sight(page):
    return page.evaluate(
        "[...document.querySelectorAll('.hit')].filter((e) => e.checkVisibility()).map((e) => "
        "e.querySelector('.name').textContent)"
    )


# -- Whether the program is there --------------------------------------------------------------------------


def test_with_the_program_the_actions_are_there(live, program):
    with live() as page:
        assert page.locator(".refine input").input_value() == "playa"
        assert page.get_by_role("searchbox", name="Afinar la búsqueda").is_visible()
        assert page.get_by_role("button", name="Elegir todas").is_visible()
        assert page.locator(".pick").count() == page.locator(".menu").count() == len(NAMES)
        assert not page.locator("#chosen").is_visible()
        assert page.evaluate("scrollX + document.documentElement.scrollWidth") == 1280
        assert program.asked == []
        assert program.refused == []


def test_the_star_turns_when_the_program_has_kept_the_search(visit, program, tmp_path):
    path = write(tmp_path, link=program.link, new={tmp_path / "fotos" / "dos.jpg", tmp_path / "fotos" / "dos b.jpg"})
    with visit(path, ["409"]) as page:
        page.locator("html.live").wait_for()
        star = page.get_by_role("button", name="Guardar esta búsqueda", pressed=False)
        assert page.locator(".new-hits").inner_text() == "2 nuevas desde la última vez."
        assert page.locator(".new").evaluate_all(
            "(all) => all.map((e) => e.closest('.hit').querySelector('.name').textContent)"
        ) == ["dos.jpg", "dos b.jpg"]
        program.answers["star"] = (200, {"message": "Búsqueda guardada"})
        star.press("Enter")
        page.get_by_role("button", name="Guardar esta búsqueda", pressed=True).wait_for()
        said(page, "Búsqueda guardada")
        program.answers["star"] = (409, {"message": "El programa está ocupado."})
        page.locator(".star").click()
        page.locator("#refine-told", has_text="El programa está ocupado.").wait_for()
        assert page.locator(".star").get_attribute("aria-pressed") == "true"
    assert program.asked == [("star", {"words": "playa", "saved": saved}) for saved in (True, False)]


def test_with_the_program_closed_the_page_is_as_ever(visit, results, program):
    program.close()
    with visit(results, [REFUSED]) as page:
        page.locator(".frame a").first.click()
        until(page, "document.querySelector('.stage img')?.naturalWidth === 600")
        with page.context.expect_page() as opened:
            page.locator(".stage img").click()
        page.keyboard.press("Escape")
        opened.value.wait_for_load_state()
        assert opened.value.evaluate("document.images[0].naturalWidth") == 600
        assert visible_parts(page) == 0
        assert page.locator("#told").text_content() == ""
        page.locator(".zoom").first.dispatch_event("click")
        page.locator("#viewer[open]").wait_for()
        assert page.locator("#viewer .acts > *").evaluate_all(
            "(all) => all.filter((e) => e.checkVisibility()).map((e) => e.textContent)"
        ) == ["Copiar ruta", "Abrir en otra pestaña"]


def test_a_program_that_does_not_know_the_page_offers_nothing(visit, results, program):
    program.answers["ping"] = (404, {"message": "no"})
    with visit(results, ["404"]) as page:
        until(page, "performance.getEntriesByType('resource').length === 1")
        assert visible_parts(page) == 0


def test_without_scripts_no_control_is_dead(visit, results, program):
    with visit(results, java_script_enabled=False) as page:
        assert page.locator(".hit:not(.twin)").count() == 5
        assert page.locator(PROGRAM_PARTS).all() != []
        assert not any(part.is_visible() for part in page.locator(PROGRAM_PARTS).all())
        assert not any(part.is_visible() for part in page.locator("#menu, #told, .zoom").all())
        assert [copy.is_visible() for copy in page.locator(".twin").all()] == [False] * 3
        page.get_by_role("checkbox", name="+2 parecidas: dos.jpg").click()
        assert [copy.is_visible() for copy in page.locator(".twin").all()] == [True, True, False]
        page.get_by_role("checkbox", name="+2 parecidas: dos.jpg").click()
        page.get_by_label("Mostrar todas las parecidas").check()
        assert [copy.is_visible() for copy in page.locator(".twin").all()] == [True] * 3
    assert program.pings == 0


def test_the_program_going_away_is_said_once(live, program):
    with live([REFUSED]) as page:
        pick(page, "uno.jpg").check(force=True)
        program.close()
        open_menu(page, "tres.jpg")
        page.get_by_role("menuitem", name="Buscar similares").click()
        said(page, "SemantikSearch se ha cerrado. La página sigue mostrando sus imágenes;")
        assert visible_parts(page) == 0
        assert not page.locator("#menu").is_visible()
        page.locator(".zoom").first.dispatch_event("click")
        page.keyboard.press("ArrowRight")
        assert page.inner_text("#viewer .title") == "dos.jpg"


def test_saving_after_the_program_has_gone_leaves_the_page(live, program, results):
    with live([REFUSED]) as page:
        pick(page, "uno.jpg").check(force=True)
        program.close()
        page.get_by_role("button", name="Guardar como ZIP").click()
        said(page, "SemantikSearch se ha cerrado.")
        assert page.url == results.as_uri()
        assert len(page.context.pages) == 1


# -- Searching on --------------------------------------------------------------------------------------------


def test_refining_asks_the_program_and_goes_to_its_page(live, program, tmp_path):
    other = write(tmp_path, "otra.html", query=Query.of_text("playa de noche"), link=program.link)
    program.answers["refine"] = (200, {"page": other.as_uri()})
    with live() as page:
        field = page.get_by_role("searchbox", name="Afinar la búsqueda")
        field.fill("playa de noche")
        field.press("Enter")
        page.wait_for_url(other.as_uri())
        assert page.inner_text("h1") == "playa de noche"
        assert program.asked == [("refine", {"words": "playa de noche"})]
        page.locator("html.live").wait_for()
        with page.expect_navigation():
            page.get_by_role("button", name="Buscar", exact=True).click()
    assert program.asked[1] == ("refine", {"words": "playa"})
    assert program.refused == []


def test_order_number_and_filters_are_changed_on_the_page(visit, program, tmp_path):
    limits = {"orden": "recientes", "desde": "2019-05-01"}
    path = write(tmp_path, link=program.link, limits=limits, top_k=20, words="playa orden:recientes desde:2019-05-01")
    message = "«desde:ayer» no vale."
    program.answers["refine"] = (422, {"message": message})
    with visit(path, ["422"]) as page:
        page.locator("html.live").wait_for()
        page.get_by_text("Orden, cantidad y filtros").click()
        values = page.locator(".choices [name]").evaluate_all("(all) => all.map((e) => [e.name, e.value])")
        assert values == [
            *(["order", "recientes"], ["top_k", "20"], ["folder", ""], ["since", "2019-05-01"], ["until", ""]),
            *(["shape", ""], ["side", ""], ["type", ""], ["excluded", ""]),
        ]
        page.get_by_role("combobox", name="Orden", exact=True).select_option("nombre")
        page.get_by_role("textbox", name="Como máximo").fill("50")
        page.get_by_role("textbox", name="Desde", exact=True).fill("ayer ")
        page.get_by_role("textbox", name="Desde", exact=True).press("Enter")
        alert = page.get_by_role("alert").filter(has_text=message)
        alert.wait_for()
        page.get_by_role("textbox", name="Desde", exact=True).fill("")
        assert not alert.is_visible()
        other = write(tmp_path, "otra.html", link=program.link)
        program.answers["refine"] = (200, {"page": other.as_uri()})
        page.get_by_role("button", name="Aplicar").click()
        page.wait_for_url(other.as_uri())
    words = "playa orden:recientes desde:2019-05-01"
    assert program.asked == [
        ("refine", {"words": words, "choices": {"order": "nombre", "top_k": "50", "since": "ayer"}}),
        ("refine", {"words": words, "choices": {"order": "nombre", "top_k": "50", "since": ""}}),
    ]


def test_what_cannot_be_answered_is_told_beside_the_field(live, program, results):
    message = "Escriba también qué quiere ver, no solo qué no: por ejemplo «playa sin gente»."
    program.answers["refine"] = (422, {"message": message})
    with live(["422"]) as page:
        field = page.get_by_role("searchbox", name="Afinar la búsqueda")
        field.fill("- gente")
        field.press("Enter")
        alert = page.get_by_role("alert")
        alert.filter(has_text=message).wait_for()
        assert field.get_attribute("aria-invalid") is not None
        assert field.get_attribute("aria-describedby") == alert.get_attribute("id")
        assert page.evaluate("document.activeElement.name") == "words"
        assert page.url == results.as_uri()
        field.press("End")
        field.type(" playa")
        assert alert.text_content() == ""
        assert field.get_attribute("aria-invalid") is None
        field.fill("   ")
        field.press("Enter")
    assert len(program.asked) == 1


def test_similar_by_keyboard_and_back_again(live, program, tmp_path, results):
    other = write(tmp_path, "similares.html", link=program.link)
    program.answers["similar"] = (200, {"page": other.as_uri()})
    with live() as page:
        button = page.get_by_role("button", name="Acciones para tres.jpg")
        button.focus()
        page.keyboard.press("Enter")
        page.locator("#menu:popover-open").wait_for()
        focused = "document.activeElement.textContent"
        until(page, "document.querySelector('.menu[aria-expanded=true]')")
        assert page.evaluate(focused) == "Buscar similares"
        page.keyboard.press("ArrowUp")
        assert page.evaluate(focused) == "Copiar ruta"
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Escape")
        until(page, "document.activeElement.classList.contains('menu')")
        until(page, "document.activeElement.ariaExpanded === 'false'")
        page.keyboard.press("Enter")
        page.keyboard.press("Enter")
        page.wait_for_url(other.as_uri())
        page.go_back()
        page.wait_for_url(results.as_uri())
        page.locator("html.live").wait_for()
        pick(page, "tres.jpg").check(force=True)
        assert page.inner_text(".count") == "1 elegida"
        open_menu(page, "cinco.jpg")
        page.get_by_role("menuitem", name="Buscar similares").click()
        page.wait_for_url(other.as_uri())
    assert program.asked == [("similar", {"hit": 4}), ("similar", {"hit": 7})]
    assert program.pings >= 3


def test_a_busy_program_says_so(live, program, results):
    program.answers["similar"] = (409, {"message": "El programa está ocupado."})
    with live(["409"]) as page:
        page.locator(".zoom").first.dispatch_event("click")
        page.get_by_role("button", name="Buscar similares").click()
        said(page, "El programa está ocupado.")
        assert page.locator("#viewer #told").is_visible()  # outside the dialog nobody would hear it
        assert page.url == results.as_uri()


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/x", "javascript:document.title='x'", "data:text/html,x"])
def test_an_answer_leads_to_files_only(live, program, results, address):
    program.answers["refine"] = (200, {"page": address})
    with live() as page:
        page.get_by_role("searchbox").press("Enter")
        until(page, "!document.documentElement.classList.contains('asking')")
        assert page.url == results.as_uri()
        assert page.title() == "playa"
    assert program.asked == [("refine", {"words": "playa"})]


def test_a_page_of_an_indexing_offers_what_is_new_and_asks_again(visit, program, tmp_path):
    program.answers["newer"] = (200, {"count": 0})
    program.answers["refine"] = (200, {"page": (tmp_path / "resultados.html").as_uri()})
    page_of_some = write(tmp_path, link=program.link, known=12408, awaited=300, top_k=20)
    with visit(page_of_some) as page:
        page.locator("html.live").wait_for()
        newer = page.locator("#newer")
        until(page, "document.getElementById('newer').textContent !== ''")
        assert not newer.is_visible()
        for count, label in ((1, "Ver también la nueva (1 más)"), (1120, "Ver también las nuevas (1.120 más)")):
            program.answers["newer"] = (200, {"count": count})
            page.get_by_role("link", name=label).wait_for()
        with page.expect_navigation():
            newer.click()
    asked = [(what, body) for what, body in program.asked if what != "newer"]
    assert asked == [("refine", {"words": "playa", "choices": {"top_k": "20"}})]


# -- One picture ---------------------------------------------------------------------------------------------


def test_reveal_names_the_picture_by_its_place(live, program):
    with live() as page:
        open_menu(page, "tres.jpg")
        with page.expect_response("**/reveal"):
            page.get_by_role("menuitem", name="Mostrar en la carpeta").click()
        page.get_by_role("checkbox", name="+2 parecidas: dos.jpg").click()
        page.get_by_role("button", name="Ampliar dos c.jpg").dispatch_event("click")
        with page.expect_response("**/reveal"):
            page.locator("#viewer").get_by_role("button", name="Mostrar en la carpeta").click()
    assert program.asked == [("reveal", {"hit": 4}), ("reveal", {"hit": 3})]


def test_the_menu_copies_the_path(live, tmp_path, program):
    with live(permissions=["clipboard-read", "clipboard-write"]) as page:
        open_menu(page, "cinco.jpg")
        page.get_by_role("menuitem", name="Copiar ruta").click()
        said(page, "Ruta copiada")
        assert page.evaluate("navigator.clipboard.readText()") == str(tmp_path / "fotos" / "cinco.jpg")
    assert program.asked == []


def test_the_menu_stays_in_the_window_and_goes_when_scrolled(live):
    with live(viewport={"width": 390, "height": 300}) as page:
        for name in ("uno.jpg", "cinco.jpg"):
            page.get_by_role("button", name=f"Acciones para {name}").scroll_into_view_if_needed()
            page.evaluate("new Promise(requestAnimationFrame)")
            open_menu(page, name)
            box = page.locator("#menu").bounding_box()
            assert box["x"] >= 8
            assert box["x"] + box["width"] <= 382
            assert box["y"] >= 8
            assert box["y"] + box["height"] <= 300
            page.mouse.wheel(0, -60)
            until(page, "!document.querySelector('#menu:popover-open')")


def test_the_viewer_tells_what_the_file_tells(live):
    def facts(page):
        return page.locator("#viewer .facts > *").evaluate_all(
            "(all) => all.filter((e) => e.checkVisibility()).map((e) => e.textContent)"
        )

    with live() as page:
        page.locator(".zoom").first.dispatch_event("click")
        assert facts(page) == [
            *("1 / 5", "Relevancia 90\u00a0%", "fotos"),
            *("3 de mayo de 2019, 14:05", "4.000 × 3.000 px", "Canon EOS 5D"),
        ]
        page.keyboard.press("End")
        page.locator(".pixels", has_text="460 × 400 px").wait_for()  # what the file did not tell, the picture does
        assert facts(page)[3:] == ["9 de enero de 2020, 9:05 (fecha del archivo)", "460 × 400 px"]
        page.keyboard.press("Home")
        assert page.inner_text("#viewer .title") == "uno.jpg"
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.querySelector('img').alt") == "uno.jpg"


def test_what_the_browser_cannot_show_comes_from_the_program(live, program, tmp_path):
    program.answers["hits/4/picture"] = (200, jpeg(size=(1234, 800)))
    program.answers["hits/7/picture"] = (404, {"message": "no"})
    with live() as page:
        for name in ("tres.jpg", "cinco.jpg"):
            (tmp_path / "fotos" / name).write_bytes(b"a format that no browser shows")
        page.get_by_role("button", name="Ampliar tres.jpg").dispatch_event("click")
        until(page, "document.querySelector('.stage img')?.naturalWidth === 1234")
        assert not page.locator(".reduced").is_visible()
        assert page.inner_text(".pixels") == "4.000 × 3.000 px"  # of the file, not of what came
        page.keyboard.press("End")
        page.get_by_text("El navegador no puede mostrar esta imagen").wait_for()
        assert page.evaluate("document.querySelector('.stage img').naturalWidth") == 300
    assert [what for what, _ in program.asked] == ["hits/4/picture", "hits/7/picture"]


# -- Several pictures ------------------------------------------------------------------------------------------


def test_three_are_chosen_and_copied(live, program):
    program.answers["copy"] = (200, {"message": "3 imágenes copiadas a «Escritorio»."})
    with live() as page:
        first = pick(page, "uno.jpg")
        first.focus()
        page.keyboard.press("Space")
        assert page.inner_text(".count") == "1 elegida"
        pick(page, "cuatro.jpg").check(force=True)
        page.get_by_role("checkbox", name="+2 parecidas: dos.jpg").click()
        last = pick(page, "dos c.jpg")
        last.focus()
        page.keyboard.press("Space")
        assert page.inner_text(".count") == "3 elegidas"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.textContent") == "Copiar a una carpeta…"
        page.keyboard.press("Enter")
        said(page, "3 imágenes copiadas a «Escritorio».")
    assert program.asked == [("copy", {"hits": [0, 3, 5]})]


def test_a_copy_that_was_called_off_says_nothing(live, program):
    program.answers["copy"] = (200, {"message": ""})
    with live() as page:
        pick(page, "uno.jpg").check(force=True)
        with page.expect_response("**/copy"):
            page.get_by_role("button", name="Copiar a una carpeta…").click()
        until(page, "document.getElementById('told').textContent === ''")
        assert page.inner_text(".count") == "1 elegida"


@pytest.mark.parametrize("kind", ["zip", "csv", "json"])
def test_three_are_saved(live, program, kind, results):
    program.answers["export"] = (200, f"contents of a {kind}".encode())
    with live() as page:
        for name in ("uno.jpg", "tres.jpg", "cinco.jpg"):
            pick(page, name).check(force=True)
        with page.expect_download() as saved:
            page.get_by_role("button", name=f"Guardar como {kind.upper()}").click()
        assert saved.value.suggested_filename == f"elegidas.{kind}"
        assert saved.value.path().read_bytes() == f"contents of a {kind}".encode()
        assert page.url == results.as_uri()
        assert page.inner_text(".count") == "3 elegidas"
    assert program.asked == [("export", {"kind": kind, "hits": "0,4,7"})]
    assert program.refused == []


def test_all_none_and_ranges(live):
    with live() as page:
        page.locator(".tools").get_by_role("button", name="Elegir todas").click()
        assert page.inner_text(".count") == "5 elegidas"  # what is folded away is not chosen
        page.get_by_label("Mostrar todas las parecidas").check()
        page.locator("#chosen").get_by_role("button", name="Elegir todas").click()
        assert page.inner_text(".count") == "8 elegidas"
        page.get_by_role("button", name="Ninguna").click()
        assert not page.locator("#chosen").is_visible()
        assert page.evaluate("document.activeElement.textContent") == "Elegir todas"
        pick(page, "dos.jpg").click()
        pick(page, "cuatro.jpg").click(modifiers=["Shift"])
        checked = page.locator(".pick:checked").evaluate_all("(all) => all.map((e) => e.value)")
        assert checked == ["1", "2", "3", "4", "5"]
        page.get_by_role("button", name="Ampliar uno.jpg").dispatch_event("click")
        choose = page.locator("#viewer").get_by_role("button", name="Elegir")
        assert choose.get_attribute("aria-pressed") == "false"
        choose.click()
        assert choose.get_attribute("aria-pressed") == "true"
        page.keyboard.press("ArrowRight")
        assert choose.get_attribute("aria-pressed") == "true"  # the second was chosen already
        page.keyboard.press("Escape")
        assert page.inner_text(".count") == "6 elegidas"


# -- Near-duplicates ---------------------------------------------------------------------------------------------


def test_groups_unfold_in_place_and_join_the_viewer(live):
    plain = ["uno.jpg", "dos.jpg", "tres.jpg", "cuatro.jpg", "cinco.jpg"]
    with live() as page:
        assert names_in_sight(page) == plain
        assert page.locator(".more").evaluate_all("(all) => all.map((e) => e.textContent)") == [
            "+2 parecidas",
            "+1 parecida",
        ]
        badge = page.get_by_role("checkbox", name="+2 parecidas: dos.jpg")
        badge.focus()
        page.keyboard.press("Space")
        assert names_in_sight(page) == ["uno.jpg", "dos.jpg", "dos b.jpg", "dos c.jpg", *plain[2:]]
        assert page.get_by_role("list", name="Parecidas a dos.jpg").get_by_role("listitem").count() == 2
        ranks = page.locator(".rank").evaluate_all("(all) => all.map((e) => e.textContent)")
        assert ranks[:4] == ["Puesto 1", "Puesto 2", "Parecida a la ≈ 2", "Parecida a la ≈ 2"]
        page.get_by_role("button", name="Ampliar dos.jpg").dispatch_event("click")
        page.keyboard.press("ArrowRight")
        assert page.inner_text("#viewer .title") == "dos b.jpg"
        assert page.inner_text("#viewer .of") == "3 / 7"
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.querySelector('img').alt") == "dos b.jpg"
        badge.focus()
        page.keyboard.press("Space")
        assert names_in_sight(page) == plain
        page.get_by_label("Mostrar todas las parecidas").check()
        assert names_in_sight(page) == NAMES
        assert not page.locator(".more").first.is_visible()
        page.get_by_label("Mostrar todas las parecidas").uncheck()
        assert names_in_sight(page) == plain


# -- With the server itself ----------------------------------------------------------------------------------------


class Actions:
    """What the window does for a page, noted down."""

    def __init__(self, page):
        self.page = page
        self.done = []

    def similar(self, path):
        self.done.append(("similar", path.name))
        return self.page

    def refine(self, words, choices):
        self.done.append(("refine", words))
        raise OnlyUnwanted

    def reveal(self, path):
        self.done.append(("reveal", path.name))

    def copy(self, paths):
        self.done.append(("copy", [path.name for path in paths]))
        return "2 imágenes copiadas"

    def picture(self, path):
        self.done.append(("picture", path.name))
        return jpeg(size=(1234, 800))


def test_the_page_and_the_server_understand_each_other(visit, tmp_path):
    other = write(tmp_path, "similares.html")
    actions = Actions(other.as_uri())
    server = PageServer(actions)
    server.start()
    try:
        path = write(tmp_path, link=server.register(album(tmp_path).hits))
        with visit(path, ["422", REFUSED]) as page:
            page.locator("html.live").wait_for()
            page.get_by_role("searchbox").press("Enter")
            page.get_by_role("alert").filter(has_text="Escriba también qué quiere ver").wait_for()
            page.get_by_label("Mostrar todas las parecidas").check()
            open_menu(page, "dos c.jpg")
            with page.expect_response("**/reveal") as answer:
                page.get_by_role("menuitem", name="Mostrar en la carpeta").click()
            assert answer.value.status == 204
            for name in ("uno.jpg", "cuatro b.jpg"):
                pick(page, name).check(force=True)
            page.get_by_role("button", name="Copiar a una carpeta…").click()
            said(page, "2 imágenes copiadas")
            saved = {}
            for kind in ("ZIP", "CSV", "JSON"):
                with page.expect_download() as download:
                    page.get_by_role("button", name=f"Guardar como {kind}").click()
                saved[kind] = download.value.path().read_bytes()
            with zipfile.ZipFile(io.BytesIO(saved["ZIP"])) as archive:
                assert [Path(name).name for name in archive.namelist()] == ["uno.jpg", "cuatro b.jpg"]
                assert archive.read(archive.namelist()[0]) == (tmp_path / "fotos" / "uno.jpg").read_bytes()
            assert [Path(row["path"]).name for row in json.loads(saved["JSON"])] == ["uno.jpg", "cuatro b.jpg"]
            assert saved["CSV"].decode("utf-8-sig").count("\n") == 3
            (tmp_path / "fotos" / "tres.jpg").write_bytes(b"a format that no browser shows")
            page.get_by_role("button", name="Ampliar tres.jpg").dispatch_event("click")
            until(page, "document.querySelector('.stage img')?.naturalWidth === 1234")
            page.keyboard.press("Escape")
            open_menu(page, "cinco.jpg")
            page.get_by_role("menuitem", name="Buscar similares").click()
            page.wait_for_url(other.as_uri())
            page.go_back()
            page.locator("html.live").wait_for()
            server.close()
            page.get_by_role("searchbox").press("Enter")
            said(page, "SemantikSearch se ha cerrado.")
            assert visible_parts(page) == 0
    finally:
        server.close()
    assert actions.done == [
        ("refine", "playa"),
        ("reveal", "dos c.jpg"),
        ("copy", ["uno.jpg", "cuatro b.jpg"]),
        ("picture", "tres.jpg"),
        ("similar", "cinco.jpg"),
    ]


# -- What must not happen ----------------------------------------------------------------------------------------


def test_the_page_reaches_its_program_and_nothing_else(live, program):
    stranger = Program()
    with live(["Content Security Policy|violates"] * 6) as page:
        page.evaluate(
            """async (address) => {
                await fetch(address + '/ping').catch(() => {});
                await new Promise((done) => {
                    const image = new Image();
                    image.onerror = done;
                    image.src = address + '/hits/0/picture';
                });
                const form = document.createElement('form');
                form.action = address + '/export';
                form.method = 'post';
                document.body.append(form);
                form.submit();
            }""",
            stranger.link.address + stranger.link.path,
        )
        page.evaluate("fetch('http://localhost:' + new URL(document.body.dataset.link).port).catch(() => {})")
        assert page.evaluate("document.documentElement.className").split() == ["js", "live"]
    assert (stranger.pings, stranger.asked, stranger.refused) == (0, [], [])
    stranger.close()


@pytest.mark.parametrize(
    "link",
    [
        PageLink("http://example.org:80", "/token/pages/id"),
        PageLink("http://127.0.0.1:80; script-src *", "/token/pages/id"),
        PageLink("http://127.0.0.1:80", '/token/pages/id" onload="x'),
        PageLink("http://127.0.0.1:80\n", "/token"),
    ],
)
def test_links_to_anything_else_are_refused(tmp_path, link):
    with pytest.raises(ValueError, match="PageLink"):
        render(album(tmp_path, link=link))


HOSTILE = [
    '"><img src=x onerror=alert(1)>',
    "</script><script>alert(1)</script>",
    "</style><style>*{display:none}</style>",
    "' onmouseover=alert(1) x='",
    "&quot; onfocus=alert(1) autofocus x=&quot;",
    "{{ 7 * 7 }}{% raw %}",
    "a\u202egpj.exe\u2066",
    "javascript:alert(1)",
    "x\ny\u2028z\x00",
]


def test_hostile_words_are_only_text_in_every_field(visit, tmp_path, program):
    plain = album(tmp_path)

    def page_with(words):
        hits = [replace(hit, details=replace(hit.details, camera=words), named=(words,)) for hit in plain.hits]
        filters = Filters(folder=words, extensions=frozenset({"." + words}))
        picture = tmp_path / (re.sub(r"[/\x00]", "_", words) + ".jpg")
        terms = (Term(words), Term(words, weight=-2.0), Term(image=picture, weight=0.5))
        query = Query(terms, filters, Order.NAME)
        return write(tmp_path, hits=hits, query=query, words=words, notices=[words], link=program.link)

    with visit(page_with("harmless")) as page:
        page.locator("html.live").wait_for()
        expected = page.evaluate(SHAPES)
        for words in HOSTILE:
            page.goto(page_with(words).as_uri())
            page.locator("html.live").wait_for()
            assert page.evaluate(SHAPES) == expected
            content = "(all) => all.map((e) => e.textContent)"
            shown = visible(words)
            assert page.locator(".term bdi").evaluate_all(content)[:2] == [shown, shown]
            assert page.locator(".named bdi").evaluate_all(content) == [shown] * 5
            assert page.locator(".filters bdi").evaluate_all(content)[0] == shown
            assert page.locator(".frame a").first.evaluate("(e) => e.dataset.camera") == shown
            assert page.locator(".refine input").evaluate("(e) => e.getAttribute('value')") == shown
            page.locator(".zoom").first.dispatch_event("click")
            assert page.locator("#viewer .camera").evaluate("(e) => [e.textContent, e.children.length]") == [shown, 0]
    assert program.asked == []


def test_what_the_program_says_is_only_text(live, program):
    program.answers["refine"] = (422, {"message": HOSTILE[0]})
    program.answers["copy"] = (200, {"message": HOSTILE[0]})
    with live(["422"]) as page:
        page.get_by_role("searchbox").press("Enter")
        page.get_by_role("alert").filter(has_text=HOSTILE[0]).wait_for()
        pick(page, "uno.jpg").check(force=True)
        page.get_by_role("button", name="Copiar a una carpeta…").click()
        said(page, HOSTILE[0])
        assert page.locator("#told > *, #refine-told > *").count() == 0


def test_print_leaves_the_actions_out(live):
    with live() as page:
        pick(page, "uno.jpg").check(force=True)
        page.emulate_media(media="print")
        assert visible_parts(page) == 0
        assert not any(part.is_visible() for part in page.locator(".switch, .more, #told, #menu").all())
        assert page.locator(".hit:not(.twin) img").first.is_visible()


def test_english_words(visit, tmp_path, program):
    text.set_language("en")
    with visit(write(tmp_path, link=program.link)) as page:
        page.locator("html.live").wait_for()
        page.get_by_role("button", name="Choose all").click()
        assert page.inner_text(".count") == "5 chosen"
        assert page.locator(".more").first.text_content() == "+2 similar"
        page.get_by_role("button", name="Enlarge uno.jpg").dispatch_event("click")
        assert page.inner_text("#viewer .date") == "3 May 2019, 14:05"
    assert program.asked == []
