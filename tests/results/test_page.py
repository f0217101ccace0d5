"""The results page as text: what it says, where it links, how it is written and kept."""

from __future__ import annotations

import base64
import errno
import hashlib
import re
import webbrowser
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import pytest
from PIL import Image

from semantik.errors import PageNotSaved
from semantik.queries import Filters, Order, Query, Shape, Term
from semantik.records import DateSource, Details, Hit, TextLine
from semantik.results import page as results_page
from semantik.results.page import PageLink, open_page, render, results_path, thumbnail_side, write_page
from semantik.search.filter_syntax import read_extensions
from semantik.storage import atomic_files
from semantik.words import text
from semantik.words.shown_names import folder_within, split_name, visible
from tests.support import hostile
from tests.support.page_outline import LIBRARY, Outline, outline, page_of, path_behind, thumbnail
from tests.support.places import REPO
from tests.support.systems import WINDOWS, raw_name


def test_the_page_says_among_how_many_it_was_searched_while_the_rest_is_indexed():
    seen = outline(page_of("a.jpg", searched=12300, known=12300, awaited=37700))
    assert seen.texts("p", "summary") == ["1 resultado entre 12.300 de 50.000 fotos en 0,04 s"]
    assert seen.texts("p", "so-far") == ["Por ahora hay 12.300 de 50.000 fotos indexadas."]
    # Where filters leave but some, what is not indexed yet cannot be counted among them.
    filtered = outline(page_of("a.jpg", searched=30, known=12300, awaited=37700))
    assert filtered.texts("p", "summary") == ["1 resultado entre 30 imágenes en 0,04 s"]
    assert filtered.texts("p", "so-far") == ["Por ahora hay 12.300 de 50.000 fotos indexadas."]
    nothing = replace(page_of("a.jpg"), hits=[], nearest=page_of("b.jpg").hits, known=1, awaited=9)
    assert outline(nothing).texts("h2")[0] == "Ninguna de las fotos indexadas hasta ahora parece mostrar lo que busca"
    whole = outline(page_of("a.jpg", searched=12408, known=12408))
    assert whole.texts("p", "summary") == ["1 resultado entre 12.408 imágenes en 0,04 s"]
    assert whole.texts("p", "so-far") == []


def test_the_header_tells_query_counts_time_model_and_folder():
    seen = outline(page_of("a.jpg", "b.jpg", query=Query.of_text("perro en la playa")))
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
    page = page_of("a.jpg", query=Query.of_image(example), thumbnails={example: thumbnail(80, 60)})
    seen = outline(page)
    assert seen.texts("p", "kind") == ["Imágenes parecidas a"]
    assert seen.texts("h1") == ["mi perro.jpg"]
    assert seen.texts("title") == ["Imágenes parecidas a mi perro.jpg"]
    assert seen.all("a", "example")[0][0]["href"] == example.as_uri()
    assert seen.all("img")[0][0]["alt"] == "Imagen de ejemplo: mi perro.jpg"
    assert outline(replace(page, thumbnails={})).all("a", "example") == []


def test_a_relative_example_picture_has_no_link():
    perro = Path("perro.jpg")
    seen = outline(page_of("a.jpg", query=Query.of_image(perro), thumbnails={perro: thumbnail()}))
    assert seen.all("a", "example")[0][0].get("href") is None
    assert seen.texts("h1") == ["perro.jpg"]


def test_a_query_of_several_terms_shows_each_of_them():
    picture = LIBRARY / "mi perro.jpg"
    terms = (
        Term("perro en la playa"),
        Term(image=picture, weight=2.0),
        Term("gente", weight=-1.0),
        Term("noche", weight=-0.25),
        Term("mar", weight=1000.0),
    )
    words = "perro en la playa + 2:foto.jpg - gente"
    page = page_of("a.jpg", query=Query(terms), words=words, thumbnails={picture: thumbnail(80, 60)})
    seen = outline(page)
    assert seen.texts("p", "kind") == ["Búsqueda combinada"]
    assert seen.texts("title") == [words]
    assert seen.texts("h1") == [
        "perro en la playa + imagen mi perro.jpg ×2 sin gente sin noche ×0,25 + mar ×1.000",
    ]
    assert [attrs["class"] for attrs, _ in seen.all("span") if attrs.get("class", "").startswith("term")] == [
        *("term", "term", "term unwanted", "term unwanted", "term"),
    ]
    link = next(attrs for attrs, own in seen.all("a") if own == "mi perro.jpg")
    assert (link["href"], link["target"], link["rel"]) == (picture.as_uri(), "_blank", "noopener")
    image = seen.all("img")[0][0]
    assert (image["alt"], image["width"], image["height"]) == ("", "80", "60")
    assert base64.b64decode(image["src"].split(",")[1]) == page.thumbnails[picture].jpeg
    assert len(outline(replace(page, thumbnails={})).all("img")) == 0


def test_one_unweighted_term_is_no_combination():
    for query in (Query.of_text("perro"), Query((Term("perro"),), Filters(min_side=10))):
        assert outline(page_of("a.jpg", query=query)).texts("p", "kind") == ["Búsqueda por texto"]
    weighed = outline(page_of("a.jpg", query=Query((Term("perro", weight=2.0),)), words="2:perro"))
    assert weighed.texts("h1") == ["perro ×2"]


@pytest.mark.parametrize(
    ("filters", "order", "chips"),
    [
        (Filters(), Order.RELEVANCE, []),
        (
            Filters("viajes/2019", date(2019, 5, 3), date(2019, 6, 5), 1000, Shape.PORTRAIT),
            Order.NEWEST,
            [
                "Solo en viajes/2019",
                "Fecha 3 de mayo de 2019 – 5 de junio de 2019",
                "Lado mayor al menos 1.000 px",
                "Forma vertical",
                "Orden las más recientes primero",
            ],
        ),
        (Filters(since=date(2019, 1, 1), until=date(2019, 12, 31)), Order.NAME, ["Fecha 2019", "Orden por nombre"]),
        (Filters(since=date(2019, 1, 1), until=date(2021, 12, 31)), Order.RELEVANCE, ["Fecha 2019 – 2021"]),
        (
            Filters(since=date(2019, 1, 1), until=date(2019, 2, 28)),
            Order.OLDEST,
            ["Fecha enero de 2019 – febrero de 2019", "Orden las más antiguas primero"],
        ),
        (Filters(since=date(2020, 2, 1), until=date(2020, 2, 29)), Order.RELEVANCE, ["Fecha febrero de 2020"]),
        (Filters(since=date(2020, 2, 9), until=date(2020, 2, 9)), Order.RELEVANCE, ["Fecha 9 de febrero de 2020"]),
        (Filters(since=date(2020, 1, 1)), Order.RELEVANCE, ["Fecha desde 2020"]),
        (
            Filters(texts=("calle mayor", "12"), excluded=(Filters(texts=("farmacia",)),)),
            Order.RELEVANCE,
            ["Texto «calle mayor»", "Texto «12»", "Excepto texto «farmacia»"],
        ),
        (Filters(since=date(2020, 3, 1)), Order.RELEVANCE, ["Fecha desde marzo de 2020"]),
        (Filters(since=date(2020, 3, 2)), Order.RELEVANCE, ["Fecha desde el 2 de marzo de 2020"]),
        (Filters(until=date(2020, 12, 31)), Order.RELEVANCE, ["Fecha hasta 2020"]),
        (Filters(until=date(2020, 11, 30)), Order.RELEVANCE, ["Fecha hasta noviembre de 2020"]),
        (Filters(until=date(2020, 11, 29)), Order.RELEVANCE, ["Fecha hasta el 29 de noviembre de 2020"]),
        (
            Filters(
                excluded=(
                    Filters("viajes/2019"),
                    Filters(since=date(2019, 5, 1), until=date(2019, 5, 31)),
                    Filters(since=date(2021, 1, 1)),
                    Filters(min_side=1000),
                    Filters(shape=Shape.PORTRAIT),
                    Filters(extensions=read_extensions("video,jpg")),
                )
            ),
            Order.NAME,
            [
                "Excepto carpeta viajes/2019",
                "Excepto fecha mayo de 2019",
                "Excepto fecha desde 2021",
                "Excepto lado mayor al menos 1.000 px",
                "Excepto forma vertical",
                "Excepto tipo JPG, vídeo",
                "Orden por nombre",
            ],
        ),
    ],
)
def test_filters_and_the_order_are_told(filters, order, chips):
    seen = outline(page_of("a.jpg", query=Query((Term("perro"),), filters, order)))
    assert seen.texts("h1") == ["perro"]
    assert seen.texts("ul", "filters") == ([" ".join(chips)] if chips else [])


def test_types_are_told_by_format():
    kinds = read_extensions("jpg,png")
    assert outline(page_of("a.jpg", query=Query((Term("x"),), Filters(extensions=kinds)))).texts("ul", "filters") == [
        "Tipo JPG, PNG"
    ]


def test_filters_in_english():
    text.set_language("en")
    filters = Filters("trips", date(2019, 5, 3), None, 1000, Shape.SQUARE)
    seen = outline(page_of("a.jpg", query=Query((Term("dog"), Term("people", weight=-1.0)), filters, Order.OLDEST)))
    assert seen.texts("h1") == ["dog without people"]
    assert seen.texts("ul", "filters") == [
        "Only in trips Date since 3 May 2019 Longer side at least 1,000 px Shape square Order oldest first"
    ]


def test_no_hits_under_filters_asks_for_fewer():
    seen = outline(page_of(query=Query((Term("perro"),), Filters(min_side=5000))))
    assert "Quite o cambie algún filtro." in seen.texts("li")


def family(**values):
    """A page of three hits, of which the second has two copies."""
    page = page_of("a.jpg", "b.jpg", "c.jpg", "b2.jpg", "b3.jpg", **values)
    first, second, third, *copies = page.hits
    copies = tuple(replace(copy, rank=2) for copy in copies)
    return replace(page, hits=[first, replace(second, copies=copies), third])


def test_copies_follow_their_hit_and_count_apart():
    seen = outline(family())
    assert seen.texts("p", "summary") == ["3 resultados entre 12.408 imágenes en 0,04 s"]
    assert seen.texts("span", "name") == ["a.jpg", "b.jpg", "b2.jpg", "b3.jpg", "c.jpg"]
    assert seen.texts("span", "rank") == ["Puesto 1", "Puesto 2", *["Parecida a la ≈ 2"] * 2, "Puesto 3"]
    assert seen.texts("label", "more") == ["+2 parecidas"]
    assert [attrs["aria-label"] for attrs, _ in seen.all("ul", "copies")] == ["Parecidas a b.jpg"]
    assert seen.texts("label", "switch") == ["Mostrar todas las parecidas"]
    assert [attrs["alt"] for attrs, _ in seen.all("img")] == ["a.jpg", "b.jpg", "b2.jpg", "b3.jpg", "c.jpg"]
    assert outline(page_of("a.jpg")).texts("label", "switch") == []
    one = family()
    one = replace(one, hits=[replace(one.hits[1], copies=one.hits[1].copies[:1])])
    assert outline(one).texts("label", "more") == ["+1 parecida"]


def test_copies_without_a_thumbnail_are_blank():
    thumbnails = {LIBRARY / name: thumbnail() for name in ("a.jpg", "b.jpg", "b2.jpg")}
    assert outline(family(thumbnails=thumbnails)).texts("span", "blank") == [
        "b3.jpg Sin vista previa",
        "c.jpg Sin vista previa",
    ]


def test_cards_know_their_place_for_the_program():
    seen = outline(family(link=LINK))
    picks = [(attrs["value"], attrs["aria-label"]) for attrs, _ in seen.all("input", "pick")]
    names = ["a.jpg", "b.jpg", "b2.jpg", "b3.jpg", "c.jpg"]
    assert picks == [(str(place), f"Elegir {name}") for place, name in enumerate(names)]


def test_words_of_the_path_are_marked():
    page = page_of("playa.jpg", "b.jpg")
    page = replace(page, hits=[replace(page.hits[0], named=("playa", "mar")), page.hits[1]])
    assert outline(page).texts("p", "named") == ["en el nombre: playa, mar"]


def test_the_text_that_was_asked_for_is_told_and_its_place_kept():
    lines = [TextLine(words, (10.0, 20.5, 30.25, 4.0), 0.9) for words in ("FARMACIA", "24 h", "uno", "dos")]
    page = page_of("a.jpg", "b.jpg")
    for told, expected in ((lines[:2], "texto: «FARMACIA» «24 h»"), (lines, "texto: «FARMACIA» «24 h» «uno» …")):
        page = replace(page, hits=[replace(page.hits[0], texts=tuple(told)), page.hits[1]])
        seen = outline(page)
        assert seen.texts("p", "named") == [expected]
        regions = [attrs.get("data-regions") for attrs, _ in seen.all("a") if attrs.get("title")]
        assert regions == [" ".join(["10,20.5,30.25,4"] * len(told)), None]


@pytest.mark.parametrize(
    ("details", "data"),
    [
        (None, {}),
        (
            Details(4000, 3000, datetime(2019, 5, 3, 14, 5, 59), True, "Canon EOS 5D"),
            {"date": "3 de mayo de 2019, 14:05", "pixels": "4.000 × 3.000 px", "camera": "Canon EOS 5D"},
        ),
        (Details(0, 0, datetime(2020, 12, 31, 0, 7)), {"date": "31 de diciembre de 2020, 0:07 (fecha del archivo)"}),
        (
            Details(0, 0, datetime(2015, 8, 22), source=DateSource.NAME),
            {"date": "22 de agosto de 2015 (según el nombre)"},
        ),
        (Details(0, 0, datetime(1980, 1, 1), source=DateSource.EXIF), {"date": "1 de enero de 1980 (fecha dudosa)"}),
        (Details(0, 0, datetime(2015, 8, 22), True, source=DateSource.SIDECAR), {"date": "22 de agosto de 2015"}),
    ],
)
def test_cards_carry_what_the_file_tells(details, data):
    page = page_of("a.jpg")
    seen = outline(replace(page, hits=[replace(page.hits[0], details=details)]))
    (link,) = (attrs for attrs, _ in seen.all("a") if "aria-describedby" in attrs)
    assert {name.removeprefix("data-"): value for name, value in link.items() if name.startswith("data-")} == data


@pytest.mark.parametrize(
    ("details", "told"),
    [
        (Details(0, 0, datetime(2019, 5, 3, 14, 5), True, source=DateSource.EXIF), ["3 may 2019"]),
        (Details(0, 0, datetime(2015, 8, 22), source=DateSource.NAME), ["hacia el 22 ago 2015"]),
        (None, []),
    ],
)
def test_cards_tell_the_day(details, told):
    page = page_of("a.jpg")
    assert outline(replace(page, hits=[replace(page.hits[0], details=details)])).texts("span", "day") == told


def test_the_page_has_the_theme_that_was_chosen():
    dark, light = "--ground: #0f1215", "--ground: #f6f7f8"
    for theme, schemes in (("system", "light dark"), ("light", "light"), ("dark", "dark")):
        html = render(page_of("a.jpg", theme=theme))
        assert f'<meta name="color-scheme" content="{schemes}">' in html
        assert f"color-scheme: {schemes};" in html
        assert light in html
        assert (dark in html, "prefers-color-scheme" in html) == (theme != "light", theme == "system")
    assert html.index(light) < html.index(dark) < html.index("@media print")


LINK = PageLink("http://127.0.0.1:40123", "/a_token-1/pages/id")


def test_a_link_opens_the_policy_for_its_address_only():
    html = render(page_of("a.jpg", link=LINK, words="perro"))
    policy = dict(
        directive.strip().split(" ", 1)
        for directive in re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1].split(";")
    )
    assert policy.pop("img-src") == f"data: file: {LINK.address}"
    assert policy.pop("connect-src") == policy.pop("form-action") == LINK.address
    assert policy.pop("default-src") == policy.pop("base-uri") == "'none'"
    assert policy.pop("media-src") == "file:"
    assert set(policy) == {"style-src", "script-src"}
    seen = Outline(html)
    assert seen.all("body")[0][0]["data-link"] == LINK.address + LINK.path
    (chosen,) = (attrs for attrs, _ in seen.all("form") if attrs.get("id") == "chosen")
    assert (chosen["action"], chosen["method"]) == (LINK.address + LINK.path + "/export", "post")
    assert "127.0.0.1" not in render(page_of("a.jpg")).split("<body")[1].split("<script>")[0]
    assert outline(page_of("a.jpg")).all("form") == []


def test_a_frame_of_a_video_opens_at_its_second():
    clip = LIBRARY / "viaje" / "clip #1.mp4"
    hits = [Hit(1, 0.3, clip, moment=754.5), Hit(2, 0.2, clip, moment=7.0), Hit(3, 0.1, LIBRARY / "a.jpg")]
    thumbnails = {hits[0].picture: thumbnail(), hits[2].path: thumbnail()}
    seen = outline(replace(page_of("a.jpg"), hits=hits, thumbnails=thumbnails))
    links = [attrs for attrs, _ in seen.all("a") if attrs.get("aria-describedby") == "new-tab"]
    assert [attrs["href"] for attrs in links] == [
        clip.as_uri() + "#t=754.5",
        clip.as_uri() + "#t=7",
        (LIBRARY / "a.jpg").as_uri(),
    ]
    assert [attrs.get("data-moment") for attrs in links] == ["12:34", "0:07", None]
    assert seen.texts("span", "moment") == ["Vídeo, en 12:34▶ 12:34", "Vídeo, en 0:07▶ 0:07"]
    assert seen.texts("span", "blank") == ["clip #1.mp4 Sin vista previa"]
    query = Query.of_image(hits[0].picture)
    assert outline(page_of("a.jpg", query=query)).texts("h1") == ["clip #1.mp4 (12:34)"]
    assert text.clock(3723.9) == "1:02:03"


def test_no_hits_is_explained():
    seen = outline(page_of())
    assert seen.texts("p", "summary") == ["0 resultados entre 12.408 imágenes en 0,04 s"]
    assert seen.texts("h2") == ["Ninguna imagen responde a esta búsqueda"]
    assert len(seen.all("li")) == 3
    assert "otras palabras" in seen.texts("li")[0]
    assert seen.all("ol") == seen.all("dialog") == seen.all("fieldset") == []
    by_image = outline(page_of(query=Query.of_image(LIBRARY / "x.jpg")))
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
    assert policy.pop("media-src") == "file:"
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
        assert names == [visible(PurePath(name).name) for name in hostile.NAMES]
        assert [path_behind(href) for href in seen.links()] == [LIBRARY / name for name in hostile.NAMES]
        assert [(tag, list(attrs)) for tag, attrs, _ in seen.elements] == [
            (tag, list(attrs)) for tag, attrs, _ in plain.elements
        ]
    else:
        for query in hostile.QUERIES:
            seen = outline(page_of("a.jpg", query=Query.of_text(query)))
            plain = outline(page_of("a.jpg", query=Query.of_text("x" * len(query))))
            assert [own for tag, _, own in seen.elements if tag == "h1"] == [visible(query)]
            assert [(tag, list(attrs)) for tag, attrs, _ in seen.elements] == [
                (tag, list(attrs)) for tag, attrs, _ in plain.elements
            ]


def test_the_worst_words_stay_text_in_every_field():
    """Terms, weights, filters, words, marks, cameras, and the names of copies and of pictures in the query."""

    def shape_of(words, name):
        path = LIBRARY / name
        details = Details(4, 3, datetime(2019, 5, 3), True, words)
        lines = (TextLine(words, (1.0, 2.0, 3.0, 4.0), 0.9),)
        copy = Hit(1, 0.4, path, 0.4, details, (words,), texts=lines)
        hit = Hit(1, 0.5, path, 0.5, details, (words,), (copy,), texts=lines)
        terms = (Term(words), Term(words, weight=-3.0), Term(image=path, weight=2.0))
        query = Query(terms, Filters(words, texts=(words,), extensions=frozenset({words})), Order.NEWEST)
        seen = outline(page_of(query=query, hits=[hit], words=words, thumbnails={path: thumbnail()}, link=LINK))
        assert [own for tag, attrs, own in seen.elements if attrs.get("class") == "named"] == [
            f"en el nombre: {visible(words)}"
        ] * 2
        assert [own for tag, attrs, own in seen.elements if attrs.get("class") == "named written"] == [
            f"texto: «{visible(words)}»"
        ] * 2
        assert seen.all("a", None)[1][0]["data-camera"] == visible(words)
        assert [attrs["value"] for attrs, _ in seen.all("input") if attrs.get("name") == "words"] == [visible(words)]
        assert [path_behind(href) for href in seen.links()] == [path] * 3
        return [(tag, list(attrs)) for tag, attrs, _ in seen.elements]

    expected = shape_of("inocuo", "inocuo.jpg")
    for words in hostile.QUERIES:
        assert shape_of(words, "inocuo.jpg") == expected
    for name in hostile.NAMES:
        assert shape_of(PurePosixPath(name).name, name) == expected


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("foto\u202egpj.exe", "foto\ufffdgpj.exe"),
        ("a\nb\r\tc", "a↵b↵⇥c"),
        ("\x00\x1b[31m\x7f\x9b", "\ufffd\ufffd[31m\ufffd\ufffd"),
        ("\u2066x\u2069\u200f\u061c", "\ufffdx\ufffd\ufffd\ufffd"),
        ("l\u2028p\u2029", "l↵p↵"),
        ("\ufeffa\u200bb\u2060", "\ufffda\ufffdb\ufffd"),
        (raw_name(b"\xe9.jpg"), "\ufffd.jpg"),
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
    assert folder_within(PurePosixPath("/f/v/Roma"), [PurePosixPath("/f")]) == "v/Roma"
    assert folder_within(PurePosixPath("/f"), [PurePosixPath("/f")]) == "f"
    assert folder_within(PurePosixPath("/"), [PurePosixPath("/")]) == "/"
    assert folder_within(PurePosixPath("/otra"), [PurePosixPath("/f")]) == "/otra"
    assert folder_within(PureWindowsPath("D:/"), [PureWindowsPath("D:/")]) == "D:\\"


def test_few_hits_get_sharp_thumbnails():
    assert (thumbnail_side(1), thumbnail_side(100), thumbnail_side(101), thumbnail_side(5000)) == (640, 640, 400, 400)


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("es", ["0", "999", "1.234", "1.000.000", "0,283", "-0,5"]),
        ("en", ["0", "999", "1,234", "1,000,000", "0.283", "-0.5"]),
        ("pt", ["0", "999", "1.234", "1.000.000", "0,283", "-0,5"]),
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

    monkeypatch.setattr(atomic_files.os, "replace", refuse)
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
    assert opened == [str(page) if WINDOWS else page.as_uri()]

    def fail(address):
        raise webbrowser.Error("no browser")

    monkeypatch.setattr(webbrowser, "open_new_tab", fail)
    assert open_page(page) is False


def test_windows_is_given_the_name_of_the_page(tmp_path, monkeypatch):
    """Its shell finds no file by an address with a letter beyond ASCII in it, however that is written."""
    opened = []
    monkeypatch.setattr(webbrowser, "open_new_tab", lambda address: opened.append(address) or True)
    monkeypatch.setattr(results_page.sys, "platform", "win32")
    page = tmp_path / "José Ñandú" / "página #1 50%.html"
    assert open_page(page) is True
    assert opened == [str(page)]


def test_the_icon_is_drawn_for_every_size():
    icon = Image.open(REPO / "SS.png")
    assert (icon.format, icon.mode, icon.size) == ("PNG", "RGBA", (256, 256))
    assert [icon.getpixel(corner)[3] for corner in ((0, 0), (255, 0), (0, 255), (255, 255))] == [0, 0, 0, 0]
    tiny = icon.resize((16, 16), Image.Resampling.LANCZOS)
    sun, lens, tile = tiny.getpixel((8, 5)), tiny.getpixel((11, 11)), tiny.getpixel((3, 13))
    assert sun[0] > 220 > sun[2] + 60  # the orange sun
    assert min(lens[:3]) > 150 > max(tile[:3])  # the white handle on the dark ground
