"""The results page as text: what it says, where it links, how it is written and kept."""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import os
import re
import webbrowser
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import unquote_to_bytes

import hostile
import pytest
from PIL import Image

from semantik import durable, results_page, text
from semantik.display_names import folder_within, split_name, visible
from semantik.errors import PageNotSaved
from semantik.records import Hit, Query, Thumbnail
from semantik.results_page import ResultsPage, open_page, render, results_path, thumbnail_side, write_page

LIBRARY = Path("/fotos").absolute()


def thumbnail(width=40, height=30):
    stream = io.BytesIO()
    Image.new("RGB", (width, height), (90, 120, 150)).save(stream, "JPEG")
    return Thumbnail(stream.getvalue(), width, height)


def page_of(*names, query=None, scores=None, **values):
    paths = [LIBRARY / name for name in names]
    scores = scores or [0.3 - 0.01 * place for place in range(len(paths))]
    hits = [Hit(rank, score, path) for rank, (score, path) in enumerate(zip(scores, paths, strict=True), start=1)]
    thumbnails = values.pop("thumbnails", {path: thumbnail() for path in paths})
    page = ResultsPage(query or Query(text="perro"), hits, thumbnails, LIBRARY, 12408, 0.0416, "Modelo integrado")
    return replace(page, **values)


class Outline(HTMLParser):
    """The page as a browser's parser sees it: (tag, attributes, own text) of every element, in order."""

    VOID = frozenset({"meta", "link", "img", "input"})

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements = []
        self._open = []
        self.feed(html)
        self.close()
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag, attrs):
        self.elements.append([tag, dict(attrs), ""])
        if tag not in self.VOID:
            self._open.append(self.elements[-1])

    def handle_startendtag(self, tag, attrs):
        self.elements.append([tag, dict(attrs), ""])

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag

    def handle_data(self, data):
        for element in self._open:
            element[2] += data

    def all(self, tag, css=None):
        return [
            (attrs, " ".join(own.split()))
            for name, attrs, own in self.elements
            if name == tag and (css is None or css in (attrs.get("class") or "").split())
        ]

    def texts(self, tag, css=None):
        return [own for _, own in self.all(tag, css)]

    def links(self):
        return [attrs["href"] for attrs, _ in self.all("a") if "aria-describedby" in attrs]


def outline(page):
    return Outline(render(page))


def path_behind(href):
    assert href.startswith("file:///")
    return Path(os.fsdecode(unquote_to_bytes(href.removeprefix("file://"))))


def test_the_header_tells_query_counts_time_model_and_folder():
    seen = outline(page_of("a.jpg", "b.jpg", query=Query(text="perro en la playa")))
    assert seen.texts("h1") == ["perro en la playa"]
    assert seen.texts("title") == ["perro en la playa"]
    assert seen.texts("p", "kind") == ["Búsqueda por texto"]
    assert seen.texts("p", "summary") == ["2 resultados entre 12.408 imágenes en 0,04 s"]
    assert seen.texts("dl") == [f"Carpeta {LIBRARY} Modelo Modelo integrado"]
    assert seen.all("html")[0][0] == {"lang": "es"}


def test_english():
    text.set_language("en")
    seen = outline(page_of("a.jpg", "b.jpg", scores=[0.2834, -0.5]))
    assert seen.all("html")[0][0] == {"lang": "en"}
    assert seen.texts("p", "kind") == ["Search by text"]
    assert seen.texts("p", "summary") == ["2 results among 12,408 pictures in 0.04 s"]
    assert seen.texts("span", "score")[:2] == ["Similarity 0.283", "Similarity -0.500"]
    assert seen.texts("footer") == ["This page is a file on your computer. Your photos never leave it."]


def test_one_hit_in_one_picture():
    seen = outline(page_of("a.jpg", searched=1, seconds=12.3456))
    assert seen.texts("p", "summary") == ["1 resultado entre 1 imagen en 12,35 s"]


def test_cards_tell_rank_name_folder_and_score_in_order():
    seen = outline(page_of("z.jpg", "viajes/Roma/IMG_2019.jpg", "a.jpg", scores=[0.3166, 0.2, -0.01]))
    assert seen.texts("span", "rank") == ["Puesto 1", "Puesto 2", "Puesto 3"]
    assert seen.texts("span", "name") == ["z.jpg", "IMG_2019.jpg", "a.jpg"]
    assert seen.texts("bdi", "folder") == ["fotos", str(Path("viajes/Roma")), "fotos"]
    assert seen.texts("span", "score")[:3] == ["Similitud 0,317", "Similitud 0,200", "Similitud -0,010"]
    assert [attrs["alt"] for attrs, _ in seen.all("img")] == ["z.jpg", "IMG_2019.jpg", "a.jpg"]
    bars = [attrs["width"] for attrs, _ in seen.all("rect") if "height" in attrs and attrs["height"] == "100%"]
    assert bars == ["100.0%", "63.2%", "0.0%"]


def test_bars_are_empty_when_no_score_is_above_zero():
    html = render(page_of("a.jpg", "b.jpg", scores=[0.0, -0.2]))
    assert re.findall(r'<rect width="([^"]*)" height="100%"', html) == ["0.0%", "0.0%"]


def test_ranks_in_the_thousands_read_as_numbers_do():
    page = page_of("a.jpg")
    page = replace(page, hits=[replace(page.hits[0], rank=1234)])
    assert outline(page).texts("span", "rank") == ["Puesto 1.234"]


def test_thumbnails_are_part_of_the_page():
    picture = thumbnail(64, 48)
    seen = outline(page_of("a.jpg", thumbnails={LIBRARY / "a.jpg": picture}))
    ((image, _),) = seen.all("img")
    kind, data = image["src"].split(",")
    assert kind == "data:image/jpeg;base64"
    assert base64.b64decode(data) == picture.jpeg
    assert (image["width"], image["height"], image["loading"], image["decoding"]) == ("64", "48", "lazy", "async")


@pytest.mark.parametrize(
    ("size", "ratio", "on_mat"),
    [
        ((40, 30), 133, False),
        ((300, 200), 150, False),
        ((30, 45), 67, False),
        ((10, 100), 66, True),
        ((90, 9), 220, True),
    ],
)
def test_frames_follow_the_aspect_and_extremes_lie_on_a_mat(size, ratio, on_mat):
    html = render(page_of("a.jpg", thumbnails={LIBRARY / "a.jpg": thumbnail(*size)}))
    ((attrs, _),) = Outline(html).all("li", "hit")
    assert attrs["class"].split()[1:] == ([f"r{ratio}", "mat"] if on_mat else [f"r{ratio}"])
    assert f".r{ratio} {{ --r: {ratio / 100}; }}" in html


def test_a_missing_thumbnail_is_a_blank_card_that_still_links():
    seen = outline(page_of("a.jpg", "b.jpg", thumbnails={LIBRARY / "b.jpg": thumbnail()}))
    assert len(seen.all("img")) == 1
    assert seen.texts("span", "blank") == ["a.jpg Sin vista previa"]
    assert [path_behind(href) for href in seen.links()] == [LIBRARY / "a.jpg", LIBRARY / "b.jpg"]


def test_after_the_first_thousand_the_browser_reads_the_originals():
    names = [f"{place}.jpg" for place in range(1002)]
    small = thumbnail(4, 3)
    seen = outline(page_of(*names, thumbnails={LIBRARY / name: small for name in names}))
    sources = [attrs["src"] for attrs, _ in seen.all("img")]
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources[:1000])
    assert sources[1000:] == [(LIBRARY / name).as_uri() for name in names[1000:]]
    assert {attrs["loading"] for attrs, _ in seen.all("img")[1000:]} == {"lazy"}
    assert seen.texts("p", "summary") == ["1.002 resultados entre 12.408 imágenes en 0,04 s"]


def test_links_open_the_picture_in_another_tab():
    seen = outline(page_of("a b#1?.jpg"))
    (link,) = (attrs for attrs, _ in seen.all("a") if "aria-describedby" in attrs)
    assert link["href"] == LIBRARY.as_uri() + "/a%20b%231%3F.jpg"
    assert (link["target"], link["rel"]) == ("_blank", "noopener")
    assert ({"id": "new-tab", "hidden": None}, "Abre la imagen completa en otra pestaña") in seen.all("span")


def test_an_example_picture_is_shown_with_its_name_and_link():
    example = LIBRARY.parent / "ejemplo" / "mi perro.jpg"
    page = page_of("a.jpg", query=Query(image=example), query_thumbnail=thumbnail(80, 60))
    seen = outline(page)
    assert seen.texts("p", "kind") == ["Imágenes parecidas a"]
    assert seen.texts("h1") == ["mi perro.jpg"]
    assert seen.texts("title") == ["Imágenes parecidas a mi perro.jpg"]
    assert seen.all("a", "example")[0][0]["href"] == example.as_uri()
    assert seen.all("img")[0][0]["alt"] == "Imagen de ejemplo: mi perro.jpg"
    assert outline(replace(page, query_thumbnail=None)).all("a", "example") == []


def test_a_relative_example_picture_has_no_link():
    seen = outline(page_of("a.jpg", query=Query(image=Path("perro.jpg")), query_thumbnail=thumbnail()))
    assert seen.all("a", "example")[0][0].get("href") is None
    assert seen.texts("h1") == ["perro.jpg"]


def test_no_hits_is_explained():
    seen = outline(page_of())
    assert seen.texts("p", "summary") == ["0 resultados entre 12.408 imágenes en 0,04 s"]
    assert seen.texts("h2") == ["Ninguna imagen responde a esta búsqueda"]
    assert len(seen.all("li")) == 3
    assert "otras palabras" in seen.texts("li")[0]
    assert seen.all("ol") == seen.all("dialog") == seen.all("fieldset") == []
    by_image = outline(page_of(query=Query(image=LIBRARY / "x.jpg")))
    assert by_image.texts("li")[0] == "Pruebe con otra imagen de ejemplo."


def test_notices_are_shown_as_text():
    seen = outline(page_of("a.jpg", notices=["12 imágenes <nuevas> no se han buscado.", "Otra."]))
    assert seen.texts("ul", "notices") == ["12 imágenes <nuevas> no se han buscado. Otra."]
    assert outline(page_of("a.jpg")).all("ul", "notices") == []


def test_the_policy_admits_the_pages_own_style_and_script_only():
    html = render(page_of("a.jpg", "panorama.jpg"))
    policy = dict(
        directive.strip().split(" ", 1)
        for directive in re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1].split(";")
    )
    assert policy.pop("default-src") == "'none'"
    assert policy.pop("img-src") == "data: file:"
    assert policy.pop("base-uri") == policy.pop("form-action") == "'none'"
    for directive, tag in (("style-src", "style"), ("script-src", "script")):
        (source,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert policy.pop(directive) == f"'sha256-{digest}'"
    assert policy == {}
    seen = Outline(html)
    assert len(seen.all("style")) == len(seen.all("script")) == 1
    assert not any(name.startswith("on") or name == "style" for _, attrs, _ in seen.elements for name in attrs)
    assert "\r" not in html


def test_render_is_pure():
    page = page_of("a.jpg", "b.jpg")
    assert render(page) == render(page)
    assert not LIBRARY.exists()  # it never needed the files


@pytest.mark.parametrize("kind", ["names", "queries"])
def test_the_worst_corpus_stays_text(kind):
    if kind == "names":
        seen = outline(page_of(*hostile.NAMES))
        plain = outline(page_of(*(f"{place}.jpg" for place in range(len(hostile.NAMES)))))
        names = [own for tag, attrs, own in seen.elements if tag == "span" and attrs.get("class") == "name"]
        assert names == [visible(PurePosixPath(name).name) for name in hostile.NAMES]
        assert [path_behind(href) for href in seen.links()] == [LIBRARY / name for name in hostile.NAMES]
        assert [(tag, list(attrs)) for tag, attrs, _ in seen.elements] == [
            (tag, list(attrs)) for tag, attrs, _ in plain.elements
        ]
    else:
        for query in hostile.QUERIES:
            seen = outline(page_of("a.jpg", query=Query(text=query)))
            plain = outline(page_of("a.jpg", query=Query(text="x" * len(query))))
            assert [own for tag, _, own in seen.elements if tag == "h1"] == [visible(query)]
            assert [(tag, list(attrs)) for tag, attrs, _ in seen.elements] == [
                (tag, list(attrs)) for tag, attrs, _ in plain.elements
            ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("foto\u202egpj.exe", "foto\ufffdgpj.exe"),
        ("a\nb\r\tc", "a↵b↵⇥c"),
        ("\x00\x1b[31m\x7f\x9b", "\ufffd\ufffd[31m\ufffd\ufffd"),
        ("\u2066x\u2069\u200f\u061c", "\ufffdx\ufffd\ufffd\ufffd"),
        ("l\u2028p\u2029", "l↵p↵"),
        ("\ufeffa\u200bb\u2060", "\ufffda\ufffdb\ufffd"),
        (os.fsdecode(b"\xe9.jpg"), "\ufffd.jpg"),
        ("👨‍👩‍👧 café cafe\u0301 שלום  «»", "👨‍👩‍👧 café cafe\u0301 שלום  «»"),
    ],
)
def test_characters_that_steer_are_made_visible(name, shown):
    assert visible(name) == shown


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("IMG_20190805_183012.jpg", ("IMG_20190805_18", "3012.jpg")),
        ("corto.jpg", ("corto", ".jpg")),
        ("sin_extension", ("sin_exten", "sion")),
        ("cumpleaños de Lucía.jpeg", ("cumpleaños de Lucía", ".jpeg")),
        (".oculta", (".oc", "ulta")),
        ("fin.jpg.", ("fin.", "jpg.")),
    ],
)
def test_names_are_cut_before_their_telling_end(name, parts):
    assert split_name(name) == parts


def test_folders_are_told_from_the_library():
    assert folder_within(PurePosixPath("/f/v/Roma"), PurePosixPath("/f")) == "v/Roma"
    assert folder_within(PurePosixPath("/f"), PurePosixPath("/f")) == "f"
    assert folder_within(PurePosixPath("/"), PurePosixPath("/")) == "/"
    assert folder_within(PurePosixPath("/otra"), PurePosixPath("/f")) == "/otra"
    assert folder_within(PureWindowsPath("D:/"), PureWindowsPath("D:/")) == "D:\\"


def test_few_hits_get_sharp_thumbnails():
    assert (thumbnail_side(1), thumbnail_side(100), thumbnail_side(101), thumbnail_side(5000)) == (640, 640, 400, 400)


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("es", ["0", "999", "1.234", "1.000.000", "0,283", "-0,5"]),
        ("en", ["0", "999", "1,234", "1,000,000", "0.283", "-0.5"]),
    ],
)
def test_numbers_follow_the_language(language, texts):
    text.set_language(language)
    numbers = [(0, 0), (999, 0), (1234, 0), (1_000_000, 0), (0.28349, 3), (-0.5, 1)]
    assert [text.number(value, decimals) for value, decimals in numbers] == texts


def test_a_page_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "página.html"
    write_page("<p>ñandú 🐕\n</p>", path)
    assert path.read_bytes() == "<p>ñandú 🐕\n</p>".encode()

    def refuse(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(durable.os, "replace", refuse)
    with pytest.raises(PageNotSaved) as caught:
        write_page("otra", path)
    assert path.read_text(encoding="utf-8").startswith("<p>ñandú")
    assert list(tmp_path.iterdir()) == [path]
    assert text.explain(caught.value) == (
        f"No se pudo guardar la página de resultados en «{tmp_path}»: no queda espacio en el disco"
    )


def test_pages_get_fresh_names_and_the_last_fifty_stay(tmp_path):
    written = []
    for count in range(60):
        path = results_path(tmp_path)
        assert path.parent == tmp_path / "results"
        assert not path.exists()
        path = path.with_name(f"20240101-0000{count:02d}-{count:08x}.html")  # as if one a second
        write_page(str(count), path)
        written.append(path)
    assert sorted(path.read_text() for path in (tmp_path / "results").iterdir()) == sorted(map(str, range(10, 60)))


def test_heavy_pages_go_sooner_but_never_the_latest(tmp_path, monkeypatch):
    monkeypatch.setattr(results_page, "PAGES_BYTES", 250)
    folder = results_path(tmp_path).parent
    for count in range(4):
        (folder / f"2024010{count + 1}-000000-00000000.html").write_text("x" * 100)
    results_path(tmp_path)
    assert sorted(path.name[:8] for path in folder.iterdir()) == ["20240103", "20240104"]
    (folder / "20240105-000000-00000000.html").write_text("x" * 1000)
    results_path(tmp_path)
    assert sorted(path.name[:8] for path in folder.iterdir()) == ["20240105"]


def test_pruning_leaves_what_the_user_put_there(tmp_path, monkeypatch):
    monkeypatch.setattr(results_page, "PAGES_KEPT", 1)
    folder = results_path(tmp_path).parent
    for name in ("guardada.html", "20240101-000000-0000000g.html", "notas.txt"):
        (folder / name).write_text("mío")
    for day in (1, 2):
        (folder / f"2024010{day}-000000-00000000.html").write_text("x")
    results_path(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == [
        "20240101-000000-0000000g.html",
        "20240102-000000-00000000.html",
        "guardada.html",
        "notas.txt",
    ]


def test_a_home_that_takes_no_pages_is_told(tmp_path):
    (tmp_path / "results").write_text("un archivo")
    with pytest.raises(PageNotSaved) as caught:
        results_path(tmp_path)
    assert caught.value.params["folder"] == str(tmp_path / "results")


def test_pages_open_in_a_new_tab_of_the_browser(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open_new_tab", lambda address: opened.append(address) or True)
    page = tmp_path / "mis #1 páginas.html"
    assert open_page(page) is True
    assert opened == [page.as_uri()]

    def fail(address):
        raise webbrowser.Error("no browser")

    monkeypatch.setattr(webbrowser, "open_new_tab", fail)
    assert open_page(page) is False


def test_the_icon_is_drawn_for_every_size():
    icon = Image.open(Path(results_page.__file__).parent.parent / "SS.png")
    assert (icon.format, icon.mode, icon.size) == ("PNG", "RGBA", (256, 256))
    assert [icon.getpixel(corner)[3] for corner in ((0, 0), (255, 0), (0, 255), (255, 255))] == [0, 0, 0, 0]
    tiny = icon.resize((16, 16), Image.Resampling.LANCZOS)
    sun, lens, tile = tiny.getpixel((8, 5)), tiny.getpixel((11, 11)), tiny.getpixel((3, 13))
    assert sun[0] > 220 > sun[2] + 60  # the orange sun
    assert min(lens[:3]) > 150 > max(tile[:3])  # the white handle on the dark ground
