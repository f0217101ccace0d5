"""The results page in a real Chromium, opened as a file: what loads, what opens, how it looks, what cannot happen."""

from __future__ import annotations

import io
import os
import re
import shutil
import socket
import time
from contextlib import contextmanager
from datetime import datetime

import numpy as np
import pytest
from PIL import Image

from semantik.decoding.decoded import Thumbnail
from semantik.queries import Query
from semantik.records import Details, Hit, TextLine
from semantik.results.cards import is_safe_to_open
from semantik.results.page import PageLink, ResultsPage, render, write_page
from semantik.words.shown_names import visible
from tests.support import hostile
from tests.support.libraries import paint
from tests.support.page_program import CONTRASTS, MEDIA, SHAPES, as_new, heard

WIDTHS = {390: 844, 1280: 860, 3840: 2160}


@pytest.fixture
def visit(chromium, tab):
    """Open a file; on leaving, assert that nothing happened that must not.

    ``options`` as of a context, which is the page's own if any of them is no media's.
    """

    @contextmanager
    def visiting(path, width=1280, complaints=0, refused=(), **options):
        media = {name: options.pop(name) for name in MEDIA if name in options}
        page = chromium.new_context(**options).new_page() if options else tab
        page.set_viewport_size({"width": width, "height": WIDTHS.get(width, 860)})
        seen = {"console": [], "dialogs": [], "requests": []}
        hearing = heard(
            page.context,
            dialog=lambda dialog: (seen["dialogs"].append(dialog.message), dialog.dismiss()),
            console=lambda message: seen["console"].append(message.text),
            weberror=lambda error: seen["console"].append(str(error.error)),
            request=lambda request: seen["requests"].append(request.url),
        )
        with hearing, as_new(page, **media):
            page.goto(path.as_uri())
            yield page
        if options:
            page.context.close()
        assert seen["dialogs"] == []
        assert len(seen["console"]) == complaints, seen["console"]
        assert [url for url in seen["requests"] if not url.startswith(("file:///", "data:"))] == list(refused)

    return visiting


@pytest.fixture
def visit_all(visit, tmp_path):
    """Open many files at once, each in a frame of its own, as ``visit`` does; gives their frames."""

    @contextmanager
    def visiting(paths):
        frames = "".join(f'<iframe src="{path.as_uri()}" width="1280" height="860"></iframe>' for path in paths)
        (tmp_path / "marcos.html").write_text(f"<!doctype html><title>marcos</title>{frames}", encoding="utf-8")
        with visit(tmp_path / "marcos.html") as page:
            by_address = {frame.url: frame for frame in page.frames}
            yield [by_address[path.as_uri()] for path in paths]

    return visiting


def thumbnail_of(path, side=200):
    with Image.open(path) as image:
        image.thumbnail((side, side))
        stream = io.BytesIO()
        image.convert("RGB").save(stream, "JPEG")
        return Thumbnail(stream.getvalue(), *image.size)


def page_of(paths, folder, **values):
    values = {
        "query": Query.of_text("perro en la playa"),
        "hits": [Hit(rank, 0.3 - 0.1 * rank / len(paths), path) for rank, path in enumerate(paths, start=1)],
        "folders": [folder],
        "searched": 12408,
        "seconds": 0.04,
        "model": "Modelo integrado",
    } | values
    if "thumbnails" not in values:
        values["thumbnails"] = {path: thumbnail_of(path) for path in set(paths)}
    return ResultsPage(**values)


@pytest.fixture
def photos(tmp_path):
    """Eight pictures of known, different sizes in two folders."""
    sizes = [(640, 480), (600, 400), (300, 450), (270, 480), (900, 300), (1000, 200), (320, 320), (64, 48)]
    return [
        paint(tmp_path / "fotos" / ("viajes" if place % 2 else "") / f"foto {place}.jpg", (20 * place, 90, 120), size)
        for place, size in enumerate(sizes)
    ]


@pytest.fixture
def written(tmp_path):
    def write(page, name="resultados.html"):
        write_page(render(page), tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture
def results(photos, tmp_path, written):
    return written(page_of(photos, tmp_path / "fotos", notices=["Faltan 3 imágenes nuevas en el índice."]))


LOADED = """async () => {
    const images = [...document.querySelectorAll('main img')];
    for (const image of images) {
        image.scrollIntoView();
        if (!image.complete) await new Promise((done) => { image.onload = image.onerror = done; });
    }
    scrollTo(0, 0);
    return images.map((image) => image.naturalWidth);
}"""


# WCAG 2 contrast of every text that is shown, against the first opaque ground behind it.
def test_thumbnails_load_and_the_page_says_what_it_should(visit, results):
    with visit(results) as page:
        assert page.evaluate(LOADED) == [200, 200, 133, 112, 200, 200, 200, 64]
        assert page.title() == "perro en la playa"
        assert page.inner_text("h1") == "perro en la playa"
        assert page.inner_text(".summary") == "8 resultados entre 12.408 imágenes en 0,04\u00a0s"
        assert page.inner_text(".notices li") == "Faltan 3 imágenes nuevas en el índice."
        assert page.locator(".hit .folder").all_inner_texts() == ["fotos", "viajes"] * 4


def test_a_click_opens_the_viewer_and_one_more_the_full_picture(visit, results):
    with visit(results) as page:
        for place, size in ((0, [640, 480]), (5, [1000, 200])):
            page.locator(".hit img").nth(place).click()
            page.locator(".pixels", has_text=f"{size[0]:,}".replace(",", ".")).wait_for()
            with page.context.expect_page() as opened:
                page.locator(".stage img").click()
            opened.value.wait_for_load_state()
            image = opened.value.evaluate("[document.images[0].naturalWidth, document.images[0].naturalHeight]")
            assert image == size
            assert opened.value.evaluate("window.opener") is None
            opened.value.close()
            page.keyboard.press("Escape")
        with page.context.expect_page() as opened:  # as every link does
            page.locator(".hit img").nth(1).click(modifiers=["ControlOrMeta"])
        opened.value.wait_for_load_state()
        assert opened.value.url.endswith("foto%201.jpg")
        assert not page.locator("#viewer").is_visible()


def test_beside_the_picture_in_the_viewer_nothing_opens(visit, results):
    with visit(results) as page:
        page.locator(".hit img").nth(5).click()
        page.locator(".pixels", has_text="1.000 × 200 px").wait_for()
        picture, stage = (page.locator(each).bounding_box() for each in (".stage img", ".stage"))
        assert picture["width"] == pytest.approx(1280, abs=1)
        assert picture["height"] == pytest.approx(256, abs=1)
        page.mouse.click(640, (stage["y"] + picture["y"]) / 2)
        assert len(page.context.pages) == 1
        assert page.locator("#viewer").is_visible()


TOUCHED = """() => [...document.querySelectorAll('.hit')].map((hit) => {
    hit.scrollIntoView();
    const frame = hit.querySelector('.frame').getBoundingClientRect();
    const inside = (x, y) => document.elementFromPoint(frame.x + frame.width * x, frame.y + frame.height * y);
    const told = [...hit.querySelectorAll('.caption span, .caption bdi')].filter((e) => e.checkVisibility())
        .filter((e) => !e.matches('.unseen'));
    const cut = told.filter((e) => e.scrollWidth > e.clientWidth && getComputedStyle(e).display === 'block');
    return {
        width: frame.width,
        photo: [inside(0.75, 0.4), inside(0.75, 0.7), inside(0.5, 0.7)].map((e) => e.tagName),
        circle: document.elementFromPoint(frame.x + 20, frame.y + 20).className,
        told: told.map((e) => e.className || e.tagName),
        cut: cut.length,
    };
})"""


def test_small_pictures_can_be_touched_and_say_rank_and_relevance(visit, written, photos, tmp_path):
    hits = [Hit(rank, 0.3, path, relevance=0.93) for rank, path in enumerate(photos[:6], start=1)]
    link = PageLink("http://127.0.0.1:1", "/a/pages/b")
    path = written(page_of(photos[:6], tmp_path / "fotos", hits=hits, link=link))
    refused = [f"{link.address}{link.path}/ping"]
    with visit(path, 390, 1, refused, has_touch=True, is_mobile=True) as page:
        # The program does not answer: until the page has heard that, it would take the class away again.
        page.wait_for_function("performance.getEntriesByType('resource').some(one => one.name.endsWith('/ping'))")
        page.evaluate("document.documentElement.classList.add('live')")
        page.get_by_label("Pequeñas").check(force=True)
        cards = page.evaluate(TOUCHED)
        narrow = [card for card in cards if card["width"] < 168]
        assert len(narrow) >= 3
        for card in narrow:
            assert card["photo"] == ["IMG"] * 3
            assert card["circle"] == "pick program"
            assert card["told"] == ["rank", "score"]
            assert card["cut"] == 0
        page.locator(".hit img").nth(2).tap()
        page.locator(".pixels", has_text="300 × 450 px").wait_for()
        assert page.inner_text("#viewer .score") == "Relevancia 93\u00a0%"


def test_text_grows_with_the_screen(visit, results):
    size = "parseFloat(getComputedStyle(document.querySelector('.name')).fontSize)"
    with visit(results) as page:
        sizes = []
        for width in (390, 1280, 1920, 2560):
            page.set_viewport_size({"width": width, "height": 900})
            sizes.append(page.evaluate(size) / 0.86)
        assert sizes == pytest.approx([16, 16.03, 17.6, 20], abs=0.1)


def test_pictures_keep_their_aspect_and_rows_their_height(visit, results):
    with visit(results) as page:
        boxes = page.evaluate("[...document.querySelectorAll('.frame')].map((e) => e.getBoundingClientRect().toJSON())")
        natural = [1.333, 1.5, 0.667, 0.66, 2.2, 2.2, 1, 1.333]  # the fourth to sixth lie whole on a mat
        assert [box["width"] / box["height"] for box in boxes] == pytest.approx(natural, rel=0.012)
        rows = {}
        for box in boxes:
            rows.setdefault(round(box["y"]), []).append(box)
        assert len(rows) > 1
        for row in list(rows.values())[:-1]:
            heights = [box["height"] for box in row]
            assert max(heights) - min(heights) < 3
            assert row[-1]["right"] == pytest.approx(1280 - 41, abs=2)  # rows are justified
        fits = page.evaluate("[...document.querySelectorAll('.hit img')].map((e) => getComputedStyle(e).objectFit)")
        assert fits == ["cover", "cover", "cover", "contain", "contain", "contain", "cover", "cover"]


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(visit, written, photos, tmp_path, width):
    long_name = tmp_path / "fotos" / ("w" * 200 + ".jpg")
    shutil.copy(photos[0], long_name)
    page = page_of([*photos, long_name], tmp_path / "fotos" / ("carpeta" * 30))
    for name, content in {
        "texto": page,
        "largo": page_of(photos, tmp_path, query=Query.of_text("palabra" * 200)),
        "imagen": page_of([*photos, long_name], tmp_path, query=Query.of_image(long_name)),
        "vacía": page_of([], tmp_path, hits=[], thumbnails={}),
    }.items():
        with visit(written(content, f"{name}.html"), width) as shown:
            widths = shown.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth, innerWidth]")
            assert widths == [width] * 3, name
            sizes = shown.evaluate(
                "[...document.querySelectorAll('h1, p, dd')].map((e) => e.getBoundingClientRect().right)"
            )
            assert max(sizes) <= width, name
            font = shown.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
            assert font == pytest.approx({390: 16, 1280: 16.03, 3840: 20.9}[width], abs=0.1)


def test_light_and_dark_differ_and_both_are_legible(visit, results, written, tmp_path):
    grounds = {}
    empty = written(page_of([], tmp_path, hits=[], thumbnails={}), "vacía.html")
    for scheme in ("light", "dark"):
        for path in (results, empty):
            with visit(path, color_scheme=scheme) as page:
                contrasts = page.evaluate(CONTRASTS)
                assert len(contrasts) > 8
                assert {words: ratio for words, ratio in contrasts if ratio < 4.5} == {}
                grounds[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
                if path == results:
                    page.locator(".zoom").first.dispatch_event("click")
                    page.locator(".pixels", has_text="px").wait_for()
                    inside = [found for found in page.evaluate(CONTRASTS) if found not in contrasts]
                    assert {words for words, _ in inside} >= {"1 / 8", "Similitud 0,287", "640 × 480 px", "Copiar ruta"}
                    assert min(ratio for _, ratio in inside) >= 4.5
    light, dark = (sum(map(int, re.findall(r"\d+", grounds[scheme]))) for scheme in ("light", "dark"))
    assert light > 3 * 230
    assert dark < 3 * 30


def test_the_viewer_shows_the_full_picture_and_follows_the_keys(visit, results):
    with visit(results) as page:
        page.locator(".hit").nth(1).hover()
        page.get_by_role("button", name="Ampliar foto 1.jpg").click()
        assert page.get_by_role("dialog", name="Visor de imágenes").is_visible()

        def shows(name, pixels, place):
            page.locator(".pixels", has_text=pixels).wait_for()
            assert page.inner_text("#viewer .title") == name
            assert page.inner_text("#viewer .of") == place
            return page.evaluate("document.querySelector('.stage img').naturalWidth")

        assert shows("foto 1.jpg", "600 × 400 px", "2 / 8") == 600
        assert page.inner_text("#viewer .in") == "viajes"
        page.keyboard.press("ArrowRight")
        assert shows("foto 2.jpg", "300 × 450 px", "3 / 8") == 300
        page.keyboard.press("End")
        assert shows("foto 7.jpg", "64 × 48 px", "8 / 8") == 64
        assert not page.get_by_role("button", name="Siguiente").is_visible()
        page.keyboard.press("ArrowRight")
        page.get_by_role("button", name="Anterior").click()
        assert shows("foto 6.jpg", "320 × 320 px", "7 / 8") == 320
        with page.context.expect_page() as opened:
            page.get_by_role("link", name="Abrir en otra pestaña").click()
        opened.value.wait_for_load_state()
        assert opened.value.evaluate("document.images[0].naturalWidth") == 320
        opened.value.close()
        page.keyboard.press("Escape")
        assert not page.locator("#viewer").is_visible()
        page.wait_for_function("document.activeElement.querySelector('img')")  # the browser gives it back afterwards
        focused = page.evaluate("[document.activeElement.tagName, document.activeElement.querySelector('img').alt]")
        assert focused == ["A", "foto 6.jpg"]


def test_the_viewer_outlines_the_text_that_was_asked_for(visit, written, photos, tmp_path):
    wide, plain = photos[4], photos[0]
    lines = (TextLine("FARMACIA", (10.0, 20.0, 30.0, 40.0), 0.9), TextLine("24 h", (50.0, 50.0, 25.0, 10.0), 0.9))
    hits = [Hit(1, 0.3, wide, texts=lines), Hit(2, 0.2, plain)]
    page = page_of([wide, plain], tmp_path / "fotos", hits=hits)
    with visit(written(page)) as shown:
        assert shown.inner_text(".hit .written") == "texto: «FARMACIA» «24 h»"
        shown.locator(".hit").first.hover()
        shown.get_by_role("button", name="Ampliar foto 4.jpg").click()
        shown.locator(".pixels", has_text="900 × 300 px").wait_for()
        assert shown.inner_text("#viewer .text") == "texto: «FARMACIA» «24 h»"
        picture = shown.locator(".stage img").bounding_box()
        assert picture["width"] / picture["height"] == pytest.approx(3, rel=0.01)
        for place, line in zip(shown.locator(".outlines i").all(), lines, strict=True):
            box, (left, top, width, height) = place.bounding_box(), line.region
            assert [box["x"], box["y"], box["width"], box["height"]] == pytest.approx(
                [
                    picture["x"] + picture["width"] * left / 100,
                    picture["y"] + picture["height"] * top / 100,
                    picture["width"] * width / 100,
                    picture["height"] * height / 100,
                ],
                abs=1.5,
            )
        shown.keyboard.press("ArrowRight")
        shown.locator(".pixels", has_text="640 × 480 px").wait_for()
        assert shown.locator(".outlines").count() == 0
        assert shown.evaluate("document.querySelector('#viewer .text').textContent") == ""


def test_the_viewer_copies_the_path(visit, results, photos):
    with visit(results, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.locator(".zoom").nth(3).dispatch_event("click")
        page.get_by_role("button", name="Copiar ruta").click()
        page.get_by_role("button", name="Ruta copiada").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == str(photos[3])


def test_the_viewer_falls_back_to_the_thumbnail(visit, results, photos):
    photos[0].write_bytes(b"a format that no browser shows")
    with visit(results) as page:
        page.locator(".zoom").first.dispatch_event("click")
        page.get_by_text("El navegador no puede mostrar esta imagen").wait_for()
        assert page.evaluate("document.querySelector('.stage img').naturalWidth") == 200


def test_a_frame_of_a_video_plays_from_its_second(visit, written, tmp_path):
    cv2 = pytest.importorskip("cv2")
    clip = tmp_path / "clip ñ #1.webm"
    film = cv2.VideoWriter(str(clip), cv2.VideoWriter_fourcc(*"VP80"), 10, (160, 90))
    for frame in range(80):  # four seconds of red, four of blue
        film.write(np.full((90, 160, 3), (0, 0, 255) if frame < 40 else (255, 0, 0), np.uint8))
    film.release()
    still = paint(tmp_path / "azul.png", (0, 0, 255), (160, 90))
    hits = [Hit(1, 0.3, clip, moment=5.0), Hit(2, 0.2, still)]
    thumbnails = {hits[0].picture: thumbnail_of(still), still: thumbnail_of(still)}
    with visit(written(page_of([], tmp_path, hits=hits, thumbnails=thumbnails))) as page:
        assert page.locator(".hit .moment").inner_text().strip().endswith("▶ 0:05")
        page.locator(".frame").first.hover()
        page.locator(".zoom").first.click()
        page.wait_for_function("document.querySelector('#viewer video')?.readyState >= 2")
        assert page.evaluate("document.querySelector('#viewer video').currentTime") == pytest.approx(5, abs=0.15)
        colour = page.evaluate(
            """() => {
                const video = document.querySelector("#viewer video");
                const canvas = Object.assign(document.createElement("canvas"), {width: 1, height: 1});
                const pen = canvas.getContext("2d");
                pen.drawImage(video, 0, 0, 1, 1);
                try { return [...pen.getImageData(0, 0, 1, 1).data]; } catch { return null; }
            }"""
        )
        assert colour is None or (colour[2] > 200 and colour[0] < 60)  # a file page may not read it back
        # The arrows belong to the player while it has the focus, else they go on to the next hit.
        page.locator("#viewer video").focus()
        page.keyboard.press("ArrowRight")
        assert page.locator("#viewer .of").inner_text() == "1 / 2"
        page.locator("#viewer .next").click()
        assert page.locator("#viewer video").count() == 0
        page.wait_for_function("document.querySelector('#viewer .stage img')?.naturalWidth === 160")


def test_without_scripts_the_page_is_whole(visit, results):
    with visit(results, java_script_enabled=False) as page:
        assert page.locator(".hit").count() == 8
        assert page.locator(".zoom").first.is_hidden()
        with page.context.expect_page() as opened:
            page.locator(".hit img").nth(1).click()
        opened.value.wait_for_load_state()
        assert opened.value.evaluate("document.images[0].naturalWidth") == 600
        before = page.locator(".frame").nth(2).bounding_box()["height"]
        page.get_by_label("Grandes").check(force=True)
        assert page.locator(".frame").nth(2).bounding_box()["height"] > before * 1.2


def test_the_keyboard_reaches_every_picture_visibly(visit, results):
    with visit(results) as page:
        reached = []
        for _ in range(1 + 2 * 8):  # the size of the pictures, then each picture and its button
            page.keyboard.press("Tab")
            reached.append(
                page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.tagName")
            )
            outline = page.evaluate(
                """(({ outlineStyle, outlineWidth }) => [outlineStyle, parseFloat(outlineWidth)])(
                    getComputedStyle(document.activeElement.closest('label') ?? document.activeElement))"""
            )
            assert outline == ["solid", 3]
        assert reached[0] == "INPUT"
        assert reached[1::2] == ["A"] * 8
        assert reached[2::2] == [f"Ampliar foto {place}.jpg" for place in range(8)]


def test_motion_is_reduced_on_request(visit, results):
    for motion, duration in (("reduce", "0s"), ("no-preference", "0.15s")):
        with visit(results, reduced_motion=motion) as page:
            style = "getComputedStyle(document.querySelector('.zoom')).transitionDuration"
            assert page.evaluate(style) == duration


def test_print_shows_pictures_and_no_controls(visit, results):
    with visit(results, color_scheme="dark") as page:
        page.emulate_media(media="print")
        assert page.locator(".hit").count() == 8
        assert page.locator(".sizes").is_hidden()
        assert page.locator(".zoom").first.is_hidden()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_the_policy_blocks_what_is_not_the_pages_own(visit, results, tmp_path):
    html = results.read_text(encoding="utf-8")
    listener = socket.create_server(("127.0.0.1", 0))
    remote = f"http://127.0.0.1:{listener.getsockname()[1]}/x.png"
    foreign = (
        "<script>window.foreign = 1</script><style>h1 { display: none }</style>"
        f'<img src="{remote}" onerror="window.foreign = 2">'
        '<p id="styled" style="position: fixed">x</p><iframe src="data:text/html,x"></iframe>'
    )
    path = tmp_path / "ajeno.html"
    path.write_text(html.replace("</main>", f"</main>{foreign}"), encoding="utf-8")
    # Each of the six is refused and Chromium says so; it announces the request before it refuses it.
    with visit(path, complaints=6, refused=[remote]) as page:
        assert page.evaluate("window.foreign") is None
        assert page.locator("h1").is_visible()
        assert page.evaluate("getComputedStyle(document.getElementById('styled')).position") == "static"
        assert page.evaluate("document.querySelector('img[onerror]').naturalWidth") == 0
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.accept()  # nobody called
    listener.close()


def test_after_the_first_thousand_the_originals_load_when_they_come_up(visit, written, photos, tmp_path):
    paths = [photos[7]] * 1000 + [photos[1]]
    with visit(written(page_of(paths, tmp_path / "fotos"))) as page:
        last = page.locator(".hit img").last
        assert last.get_attribute("src") == photos[1].as_uri()
        assert last.evaluate("(image) => image.naturalWidth") == 0
        last.scroll_into_view_if_needed()
        assert last.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }") == 600


def test_five_hundred_pictures_open_with_the_first_screen_shown(visit, written, tmp_path):
    for place in range(16):
        noise = Image.frombytes("RGB", (60, 45), os.urandom(60 * 45 * 3)).resize((400, 300), Image.Resampling.BICUBIC)
        noise.save(paint(tmp_path / "fotos" / f"{place}.jpg", (0, 0, 0)), quality=85)
    paths = [tmp_path / "fotos" / f"{place % 16}.jpg" for place in range(500)]
    path = written(page_of(paths, tmp_path, thumbnails={path: thumbnail_of(path, 400) for path in set(paths)}))
    assert path.stat().st_size > 8 << 20
    started = time.monotonic()
    with visit(path) as page:
        seen = page.evaluate(
            """async () => {
                const images = [...document.images].filter((i) => i.getBoundingClientRect().top < innerHeight);
                await Promise.all(images.map((image) => image.decode()));
                return images.map((image) => image.naturalWidth);
            }"""
        )
        print(f"500 pictures, {path.stat().st_size >> 20} MB: open in {time.monotonic() - started:.2f} s")
        assert len(seen) >= 9
        assert set(seen) == {400}
        assert page.locator(".hit").count() == 500


@pytest.fixture
def corpus(tmp_path):
    """A picture for every hostile name, each of another width: 20, 21, 22 …"""

    def write(path, number):
        # The format is given: some of the names have no extension that tells it.
        with path.open("xb") as stream:
            Image.new("RGB", (20 + number, 20), (number, 120, 90)).save(stream, "JPEG")

    return hostile.lay_out(tmp_path / "corpus", write)


def width_of(path, folder):
    return 20 + hostile.NAMES.index(path.relative_to(folder).as_posix())


def test_hostile_names_are_only_text(visit, written, corpus, tmp_path):
    folder = tmp_path / "corpus"
    assert len(corpus) >= 60 or os.name == "nt"
    harmless = [tmp_path / "inocuas" / f"{place}.jpg" for place in range(len(corpus))]
    thumbnails = [thumbnail_of(path) for path in corpus]
    plain = page_of(harmless, tmp_path, thumbnails=dict(zip(harmless, thumbnails, strict=True)))
    with visit(written(plain, "inocua.html")) as page:
        expected = page.evaluate(SHAPES)
    with visit(written(page_of(corpus, folder))) as page:
        assert page.evaluate(SHAPES) == expected
        names = [visible(path.name) for path in corpus]
        assert page.locator(".hit .name").evaluate_all("(all) => all.map((e) => e.textContent)") == names
        assert page.locator(".hit img").evaluate_all("(all) => all.map((e) => e.alt)") == names
        links = page.locator(".frame a")
        assert links.evaluate_all("(all) => all.map((e) => e.title)") == [visible(str(path)) for path in corpus]
        assert page.evaluate(LOADED) == [width_of(path, folder) for path in corpus]
        assert page.locator(".name").first.evaluate("(e) => getComputedStyle(e).whiteSpace") == "pre"
        page.mouse.move(200, 400)
        page.keyboard.press("Tab")


def test_each_hostile_name_opens_its_own_file(visit, written, corpus, tmp_path):
    folder = tmp_path / "corpus"
    natural = """async () => {
        await document.images[0].decode();
        return document.images[0].naturalWidth;
    }"""
    with visit(written(page_of(corpus, folder))) as page:
        links = page.locator(".frame a")
        addresses = links.evaluate_all("(all) => all.map((e) => e.href)")
        own = [path for path in corpus if is_safe_to_open(path)]
        assert [path for path, address in zip(corpus, addresses, strict=True) if "#viewer" not in address] == own
        assert len(own) > len(corpus) / 2
        opened = "(all) => Promise.all(all.map(async (href) => { const image = new Image(); image.src = href; " + (
            "await image.decode(); return image.naturalWidth; }))"
        )
        assert page.evaluate(opened, [addresses[corpus.index(path)] for path in own]) == [
            width_of(path, folder) for path in own
        ]
        tab = page.context.new_page()
        for path in own[::8]:  # as a tab of its own, too
            tab.goto(addresses[corpus.index(path)])
            assert tab.evaluate(natural) == width_of(path, folder), visible(path.name)
        shown = "document.querySelector('#viewer .stage img')?.naturalWidth"
        for path in own[::36]:  # a click goes there by the viewer, too
            links.nth(corpus.index(path)).click()
            page.locator(".pixels", has_text=f"{width_of(path, folder)} × 20 px").wait_for()
            assert page.evaluate(shown) == width_of(path, folder)
            with page.context.expect_page() as arrived:
                page.locator(".stage img").click()
            page.keyboard.press("Escape")
            arrived.value.wait_for_load_state()
            assert arrived.value.url == addresses[corpus.index(path)]
            assert arrived.value.evaluate(natural) == width_of(path, folder)
        for path in [path for path in corpus if path not in own][:6]:  # under an unknown ending: in the viewer
            links.nth(corpus.index(path)).click()
            page.locator(".pixels", has_text=f"{width_of(path, folder)} × 20 px").wait_for()
            assert page.evaluate(shown) == width_of(path, folder)
            page.keyboard.press("Escape")


def test_hostile_names_stay_text_in_the_viewer(visit, written, corpus, tmp_path):
    settled = """async () => {
        const viewer = document.getElementById('viewer');
        const deadline = performance.now() + 240_000;
        while (!viewer.querySelector('.pixels').textContent) {
            if (performance.now() > deadline) throw new Error('the viewer never told the size of its picture');
            await new Promise(requestAnimationFrame);
        }
        const title = viewer.querySelector('.title');
        return [title.textContent, title.querySelectorAll('*').length, viewer.querySelector('.stage img').naturalWidth];
    }"""
    with visit(written(page_of(corpus, tmp_path / "corpus"))) as page:
        page.locator(".zoom").first.dispatch_event("click")
        for path in corpus:
            assert page.evaluate(settled) == [visible(path.name), 1, width_of(path, tmp_path / "corpus")]
            page.keyboard.press("ArrowRight")


TOLD = f"() => [({SHAPES})(), document.querySelector('h1').textContent, document.title]"


def test_hostile_queries_are_only_text(visit_all, written, tmp_path):
    assert len(hostile.QUERIES) >= 60
    harmless = ["x" * 9, "x" * 91]
    pages = [
        written(page_of([], tmp_path, hits=[], thumbnails={}, query=Query.of_text(query)), f"{number}.html")
        for number, query in enumerate([*harmless, *hostile.QUERIES])
    ]
    with visit_all(pages) as frames:
        short, long, *told = [frame.evaluate(TOLD) for frame in frames]
        for query, found in zip(hostile.QUERIES, told, strict=True):
            title = re.sub(" +", " ", visible(query)).strip(" ")
            assert found == [(long if len(query) > 90 else short)[0], visible(query), title]


def test_hostile_example_pictures_are_only_text(visit_all, written, corpus, tmp_path):
    examples = corpus[::6]
    pages = []
    for number, path in enumerate(examples):
        thumbnails = {each: thumbnail_of(each) for each in (corpus[0], path)}
        content = page_of(corpus[:1], tmp_path, query=Query.of_image(path), thumbnails=thumbnails)
        pages.append(written(content, f"{number}.html"))
    with visit_all(pages) as frames:
        shapes = set()
        for path, frame in zip(examples, frames, strict=True):
            found, heading, _ = frame.evaluate(TOLD)
            shapes.add(str(found))
            example = frame.locator(".example").evaluate("(e) => [e.href, e.querySelector('img').alt]")
            assert example == [path.as_uri(), f"Imagen de ejemplo: {visible(path.name)}"]
            assert heading == visible(path.name)
        assert len(shapes) == 1


def test_the_map_shows_the_pictures_of_one_place(visit, photos, written, tmp_path):
    places = [(36.53, -6.30), (36.531, -6.301), (51.5, -0.12), None]
    hits = [
        Hit(rank, 0.3, path, details=Details(40, 30, datetime(2019, 5, rank), place=place))
        for rank, (path, place) in enumerate(zip(photos[:4], places, strict=True), start=1)
    ]
    file = written(page_of(photos[:4], tmp_path / "fotos", hits=hits))
    in_sight = "[...document.querySelectorAll('.hits > li')].filter((hit) => hit.checkVisibility()).length"
    whole = """() => {
        for (const caption of document.querySelectorAll('.caption')) caption.style.contentVisibility = 'visible';
        return [...document.querySelectorAll('.hits :is(.folder, .spot)')].filter((e) => e.checkVisibility())
            .map((e) => [e.textContent, e.scrollWidth > e.clientWidth]);
    }"""
    for width in (1280, 390):
        with visit(file, width) as page:
            dots = page.locator(".map .dot")
            labels = [dot.get_attribute("aria-label") for dot in dots.all()]
            assert labels == ["Cádiz, España: 2 imágenes", "Londres, Reino Unido: 1 imagen"]
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert page.evaluate(in_sight) == 4
            told = page.evaluate(whole)  # neither pushes the other out
            assert {words for words, _ in told} >= {"viajes", "Cádiz, España"}
            assert [words for words, cut in told if cut] == []
            dots.first.focus()
            page.keyboard.press("Enter")
            assert page.evaluate(in_sight) == 2
            assert page.locator(".map [role=status]").text_content() == labels[0]
            page.locator(".hit .frame a").first.click()
            assert page.locator("#viewer .of").text_content() == "1 / 2"
            assert page.locator("#viewer .taken-at").text_content() == "Cádiz, Andalucía, España"
            page.keyboard.press("Escape")
            dots.last.click()
            assert page.evaluate(in_sight) == 1
            dots.last.click()
            assert page.evaluate(in_sight) == 4
    assert 'class="map"' not in render(page_of(photos, tmp_path / "fotos"))
