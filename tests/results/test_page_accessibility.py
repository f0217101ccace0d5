"""The results page judged by axe-core, and by what it cannot see: focus, motion, and colours that the user forces."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from datetime import date

import pytest

from semantik.queries import Filters, Order, Query, Shape, Term
from tests.support.page_program import CONTRASTS, Program, album, as_new, write

axe_playwright = pytest.importorskip("axe_playwright_python.sync_playwright")

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
# target-size is the only rule of WCAG 2.2 in axe-core, and off by default.
OPTIONS["rules"] = {"target-size": {"enabled": True}}

FILTERS = Filters("viajes/2019", date(2019, 5, 1), date(2019, 8, 31), 1000, Shape.LANDSCAPE, frozenset({".png"}))


@pytest.fixture(scope="module")
def program():
    program = Program()
    program.answers["refine"] = (422, {"message": "Escriba también qué quiere ver, no solo qué no."})
    program.answers["reveal"] = (409, {"message": "El programa está ocupado."})
    yield program
    program.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory, program):
    """Files by kind: alone, with the program, and without hits."""
    folder = tmp_path_factory.mktemp("pages")
    picture = folder / "fotos" / "uno.jpg"
    terms = (Term("perro"), Term(image=picture, weight=2.0), Term("gente", weight=-1.0))
    query = Query(terms, FILTERS, Order.NEWEST)
    return {
        "alone": write(folder, "alone.html", notices=["Faltan 3 imágenes nuevas."]),
        "program": write(
            folder,
            "program.html",
            query=query,
            link=program.link,
            away={folder / "fotos" / "tres.jpg"},
            saved=True,
            new={folder / "fotos" / "uno.jpg", folder / "fotos" / "tres.jpg"},
        ),
        "empty": write(folder, "empty.html", query=query, hits=[], link=program.link),
        "nearest": write(
            folder, "nearest.html", query=Query.of_image(picture), hits=[], nearest=album(folder).hits[:3]
        ),
    }


@pytest.fixture
def shown(tab, pages):
    @contextmanager
    def showing(kind, **media):
        # So high that nothing lies below the bar, which would hide it only until one scrolls.
        tab.set_viewport_size({"width": 1280, "height": 1600})
        with as_new(tab, **media) as page:
            page.goto(pages[kind].as_uri())
            if kind in {"program", "empty"}:
                page.locator("html.live").wait_for()
            yield page

    return showing


def violations(page):
    found = axe_playwright.Axe().run(page, options=OPTIONS).response["violations"]
    return [(rule["id"], node["html"][:160], node["failureSummary"]) for rule in found for node in rule["nodes"]]


def open_everything(page):
    """The menu last: it closes by itself when the page scrolls."""
    page.get_by_role("checkbox", name="+2 parecidas: dos.jpg").check(force=True)
    for place in range(3):
        page.locator(".pick").nth(place).check(force=True)
    page.get_by_role("searchbox").press("Enter")
    page.get_by_role("alert").filter(has_text="Escriba").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["alone", "program", "empty", "nearest"])
def test_axe_finds_nothing(shown, kind, scheme):
    with shown(kind, color_scheme=scheme, reduced_motion="reduce") as page:
        assert violations(page) == []
        if kind == "program":
            open_everything(page)
            assert violations(page) == []
            page.locator(".menu").nth(5).dispatch_event("click")
            page.locator("#menu:popover-open").wait_for()
            assert violations(page) == []
            page.get_by_role("menuitem", name="Mostrar en la carpeta").click()
            page.locator("#told", has_text="ocupado").wait_for()
            assert violations(page) == []
        if kind in {"alone", "program"}:
            page.locator(".zoom").first.dispatch_event("click")
            page.locator("#viewer .stage img").wait_for()
            assert violations(page) == []


def test_axe_finds_nothing_in_a_narrow_window(shown):
    with shown("program", reduced_motion="reduce") as page:
        page.set_viewport_size({"width": 390, "height": 2400})
        open_everything(page)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_is_legible(shown, scheme):
    with shown("program", color_scheme=scheme, reduced_motion="reduce") as page:
        open_everything(page)
        contrasts = page.evaluate(CONTRASTS)
        words = {text.strip() for text, _ in contrasts}
        assert words >= {"sin", "gente", "×2", "3 elegidas", "Copiar a una carpeta…", "en el nombre:", "viajes/2019"}
        assert "No disponible" in words
        # What lies on a photograph brings its own dark ground, which axe-core cannot tell from the photograph.
        assert {text: ratio for text, ratio in contrasts if ratio < 4.5 and "parecida" not in text} == {}


FOCUSED = """() => {
    const element = document.activeElement;
    const seen = element.closest('label') ?? element;
    const { outlineStyle, outlineWidth } = getComputedStyle(element.matches('.unfold') ? element.nextSibling
        : element.matches('[name=size]') ? seen : element);
    const box = element.getBoundingClientRect();
    return {
        name: element.getAttribute('aria-label') ?? element.textContent.trim(),
        what: element.tagName + '.' + element.className,
        outline: outlineStyle + ' ' + outlineWidth,
        size: Math.min(box.width, box.height),
        drawn: element.matches('.zoom, .menu') ? getComputedStyle(element).backgroundImage.startsWith('url')
            : element.matches('.pick') ? getComputedStyle(element).borderTopColor : true,
    };
}"""


def test_the_focus_goes_through_in_reading_order_and_is_seen(shown):
    with shown("program", reduced_motion="reduce") as page:
        page.locator(".pick").first.dispatch_event("click")  # the focus stays where it was
        reached = []
        for _ in range(45):
            page.keyboard.press("Tab")
            reached.append(page.evaluate(FOCUSED))
            if reached[-1]["name"] == "Guardar como JSON":
                break
        names = [each["name"] for each in reached]
        assert names[:4] == ["Afinar la búsqueda", "Buscar", "", "uno.jpg"]
        assert names.pop(4) == "Guardar esta búsqueda"
        assert names.pop(4) == "Orden, cantidad y filtros"
        assert names[4] == ""
        acts = ("Elegir", "Ampliar", "Acciones para")
        assert names[5:11] == ["Elegir todas", "", *(f"{act} uno.jpg" for act in acts), ""]
        assert names[11:15] == [*(f"{act} dos.jpg" for act in acts), "+2 parecidas: dos.jpg"]
        assert names[-6:] == [
            *("Elegir todas", "Ninguna", "Copiar a una carpeta…"),
            *("Guardar como ZIP", "Guardar como CSV", "Guardar como JSON"),
        ]
        assert {each["outline"] for each in reached} == {"solid 3px"}
        assert {each["drawn"] for each in reached} == {True, "rgb(255, 255, 255)"}
        assert min(each["size"] for each in reached) >= 22


def test_motion_is_reduced_on_request(shown):
    parts = ".zoom, .menu, .pick, .switch input"
    durations = f"[...document.querySelectorAll('{parts}')].map((e) => getComputedStyle(e).transitionDuration)"
    with shown("program", reduced_motion="reduce") as page:
        assert set(page.evaluate(durations)) == {"0s"}
        page.locator(".zoom").first.dispatch_event("click")
        page.locator("#viewer .stage img").wait_for()
        assert page.evaluate("document.getAnimations().length") == 0
    with shown("program", reduced_motion="no-preference") as page:
        assert all("0.15s" in duration for duration in page.evaluate(durations))


def test_forced_colours_keep_states_apart(shown):
    with shown("program", forced_colors="active", reduced_motion="reduce") as page:
        open_everything(page)
        frame = "getComputedStyle(document.querySelectorAll('.frame')[{}], '::before')"
        assert page.evaluate(f"{frame.format(0)}.borderTopStyle") == "solid"
        assert page.evaluate(f"{frame.format(4)}.borderTopStyle") == "none"
        assert page.evaluate("getComputedStyle(document.querySelector('.pick')).appearance") == "auto"
        assert page.evaluate("getComputedStyle(document.querySelector('.term')).borderTopStyle") == "solid"
        assert violations(page) == []


# What stands out too little in the controls of the page as they are shown now: [name, what, ratio]. Words need 4.5 to
# 1; signs, frames and rings 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11). A photograph may be white or black.
WEAK = """(state) => {
    const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const known = new Map();
    const rgba = (colour) => {
        if (!known.has(colour)) {
            pen.clearRect(0, 0, 1, 1);
            pen.fillStyle = colour;
            pen.fillRect(0, 0, 1, 1);
            const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
            known.set(colour, [r, g, b, a / 255]);
        }
        return known.get(colour);
    };
    const over = (colour, ground) => {
        const [r, g, b, a] = rgba(colour);
        return [r, g, b].map((value, at) => value * a + ground[at] * (1 - a));
    };
    const light = (colour) => {
        const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        const [r, g, b] = colour.map((value) => linear(value / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratio = (one, two) => {
        const [high, low] = [light(one), light(two)].sort((a, b) => b - a);
        return (high + 0.05) / (low + 0.05);
    };
    const ground = (element, photo) => {
        if (!element) return [255, 255, 255];
        if (element.matches('.frame')) return photo;
        const colour = getComputedStyle(element).backgroundColor;
        return rgba(colour)[3] === 1 ? over(colour, [0, 0, 0]) : over(colour, ground(element.parentElement, photo));
    };
    const shadow = (style) => style.boxShadow.match(/^[^)]+\\)/)[0];
    const weak = [];
    let judged = 0;
    const judge = (element, what, found, least) => {
        judged += 1;
        const name = element.getAttribute('aria-label') ?? element.name ?? '';
        if (found < least) weak.push([name || element.textContent.trim() || element.className, what, found]);
    };
    const modal = document.querySelector('dialog[open]') ?? document.body;
    const controls = [...modal.querySelectorAll('button, a[href], input, select, summary, .more, .sizes label')];
    const shown = (each) => each.checkVisibility() && !each.matches('[type=hidden], .frame a');
    for (const element of controls.filter(shown)) {
        const style = getComputedStyle(element);
        const framed = element.closest('.frame') !== null;
        judge(element, 'filter', style.filter === 'none' ? 21 : 1, 3);
        for (const photo of framed ? [[255, 255, 255], [0, 0, 0]] : [[255, 255, 255]]) {
            const own = ground(element, photo);
            const around = ground(element.parentElement, photo);
            const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
            while (walker.nextNode()) {
                const [words, holder] = [walker.currentNode.data.trim(), walker.currentNode.parentElement];
                if (!words || holder.closest('.unseen, option')) continue;
                const behind = ground(holder, photo);
                judge(element, 'words', ratio(over(getComputedStyle(holder).color, behind), behind), 4.5);
            }
            for (const drawn of element.querySelectorAll('svg')) {
                const { fill, stroke } = getComputedStyle(drawn);
                const colour = stroke === 'none' ? fill : stroke;
                judge(element, 'sign', ratio(over(colour, own), own), 3);
            }
            if (element.matches('.zoom, .menu')) judge(element, 'sign', ratio([255, 255, 255], own), 3);
            if (element.matches('.pick')) {
                const edges = [style.borderTopColor, shadow(style)].map((each) => over(each, photo));
                judge(element, 'ring', Math.max(...edges.map((edge) => ratio(edge, photo))), 3);
                judge(element, 'ring inside', ratio(edges[0], own), 3);
            }
            if (element.matches('select, input:not([type=checkbox], [type=radio])')) {
                judge(element, 'value', ratio(over(style.color, own), own), 4.5);
                judge(element, 'frame', ratio(over(style.borderTopColor, around), around), 3);
            }
            if (element.matches('.switch input')) judge(element, 'frame', ratio(own, around), 3);
            if (state !== 'focus') continue;
            const outlined = element.matches('.unfold') ? element.nextElementSibling
                : element.matches('[name=size]') ? element.parentElement : element;
            const seen = getComputedStyle(outlined);
            if (seen.outlineStyle === 'none' || element.matches('.more, .sizes label')) continue;
            const halo = framed ? over(shadow(seen), photo)
                : parseFloat(seen.outlineOffset) < 0 ? own : ground(outlined.parentElement, photo);
            judge(element, 'focus', ratio(over(seen.outlineColor, halo), halo), 3);
        }
    }
    return { weak, judged };
}"""
STATES = {"hover": ["hover"], "focus": ["focus", "focus-visible"], "active": ["hover", "active"]}


@contextmanager
def forced(page, states, within=""):
    """All controls in a state at the same time, as the developer tools force it."""
    tools = page.context.new_cdp_session(page)
    tools.send("DOM.enable")
    tools.send("CSS.enable")
    root = tools.send("DOM.getDocument", {"depth": 1})["root"]["nodeId"]
    asked = []

    def force(selector, classes):
        for node in tools.send("DOM.querySelectorAll", {"nodeId": root, "selector": selector})["nodeIds"]:
            asked.append({"nodeId": node, "forcedPseudoClasses": classes})

    async def send_all():  # at once: between one by one, the browser would draw the whole page each time
        await asyncio.gather(*(tools._impl_obj.send("CSS.forcePseudoState", each, None) for each in asked))

    force(".frame", ["hover"])  # what lies on a photograph is there under the mouse only
    controls = ("button", "a[href]", "input:not([type=hidden])", "select", "summary", ".more", ".sizes label")
    force(", ".join(f"{within} {each}" for each in controls), states)
    tools._sync(send_all())
    yield
    tools.detach()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_controls_stand_out_in_every_state(shown, scheme):
    with shown("program", color_scheme=scheme, reduced_motion="reduce") as page:
        open_everything(page)
        page.locator(".choices summary").click()
        found = {}
        for part in ("page", "menu", "viewer"):
            if part == "menu":
                page.locator(".menu").nth(5).dispatch_event("click")
                page.locator("#menu:popover-open").wait_for()
            elif part == "viewer":
                page.locator(".zoom").first.dispatch_event("click")
                page.locator("#viewer .stage img").wait_for()
            for state, classes in STATES.items():
                # Of the page behind the viewer nothing is judged.
                with forced(page, classes, "dialog[open]" if part == "viewer" else ""):
                    found[part, state] = page.evaluate(WEAK, state)
        assert {place: each["weak"] for place, each in found.items() if each["weak"]} == {}
        least = {"page": 90, "menu": 90, "viewer": 12}
        assert all(each["judged"] >= least[part] for (part, _), each in found.items()), found
