"""The query syntax: what words become, what they become again, and the messages for what cannot be read."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from semantik.decoding.pictures.formats import JPEG, PNG, RAW, TIFF
from semantik.decoding.video.formats import VIDEO_EXTENSIONS
from semantik.errors import AddressInQuery, BadFilter, BadWeight
from semantik.queries import Filters, Order, Query, Shape, Term
from semantik.search import filter_syntax
from semantik.search.query_syntax import format_query, parse
from semantik.words import text
from semantik.words.catalogue import LANGUAGES
from semantik.words.text import explain
from tests.support.systems import WINDOWS


def terms(words):
    return [(term.weight, term.text) for term in parse(words).terms]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("perro en la playa", [(1, "perro en la playa")]),
        ("  perro \n en\tla playa ", [(1, "perro en la playa")]),
        ("perro + playa - gente", [(1, "perro"), (1, "playa"), (-1, "gente")]),
        ("perro – gente", [(1, "perro"), (-1, "gente")]),
        ("2:atardecer + 0,5:mar en calma", [(2, "atardecer"), (0.5, "mar en calma")]),
        ("2: atardecer - 3:gente", [(2, "atardecer"), (-3, "gente")]),
        ("perro -correa corriendo", [(1, "perro corriendo"), (-1, "correa")]),
        ('perro -"dos gatos" -2:coche', [(1, "perro"), (-1, "dos gatos"), (-2, "coche")]),
        ("playa sin gente", [(1, "playa"), (-1, "gente")]),
        ("playa sin gente ni coches", [(1, "playa"), (-1, "gente"), (-1, "coches")]),
        ("beach without people or cars", [(1, "beach"), (-1, "people"), (-1, "cars")]),
        ("calle sin coches en invierno", [(1, "calle en invierno"), (-1, "coches")]),
        ("mesa sin mantel y flores", [(1, "mesa"), (-1, "mantel"), (-1, "flores")]),
        ("mesa sin mantel y con flores", [(1, "mesa con flores"), (-1, "mantel")]),
        ("mesa SIN mantel, flores", [(1, "mesa flores"), (-1, "mantel")]),
        ("sin gente", [(-1, "gente")]),
        ("sin", []),
        # Looks like syntax, but is not.
        ('"playa sin gente"', [(1, "playa sin gente")]),
        ("“a + b” - «c - d»", [(1, "a + b"), (-1, "c - d")]),
        ("C++ y e-mail a las 12:30", [(1, "C++ y e-mail a las 12:30")]),
        ("reloj: las 3:", [(1, "reloj: las 3:")]),
        ("http: nada", [(1, "http: nada")]),
        ('una "cita', [(1, 'una "cita')]),
        ("+gato", [(1, "gato")]),
        ("+ - +", []),
        ("", []),
    ],
)
def test_words_become_terms(words, expected):
    assert terms(words) == expected


def test_names_of_pictures_become_pictures(tmp_path):
    album = tmp_path / "álbum de fotos"
    album.mkdir()
    for name in ("playa.jpg", "mi foto - 1.PNG"):
        (album / name).touch()
    query = parse('atardecer + playa.jpg - 2:"mi foto - 1.PNG"', [tmp_path, album])
    assert query.terms == (
        Term(text="atardecer"),
        Term(image=album / "playa.jpg"),
        Term(image=album / "mi foto - 1.PNG", weight=-2),
    )
    assert query.texts == ("atardecer",)
    assert query.images == (album / "playa.jpg", album / "mi foto - 1.PNG")
    # A name that is not there is still a name, so that the user is told; words that end like one are words.
    assert parse("nada.jpg", [album]).terms == (Term(image=album / "nada.jpg"),)
    assert parse("qué es nada.jpg", [album]).terms == (Term(text="qué es nada.jpg"),)
    assert parse(str(album / "playa.jpg")).terms == (Term(image=album / "playa.jpg"),)


def test_filters_in_spanish_and_english():
    spanish = parse('gato carpeta:"mis viajes/2019/" desde:2019-05 hasta:3/2020 lado:1.000 forma:vertical tipo:png,tif')
    assert spanish.terms == (Term(text="gato"),)
    assert spanish.filters == Filters(
        folder="mis viajes/2019",
        since=date(2019, 5, 1),
        until=date(2020, 3, 31),
        min_side=1000,
        shape=Shape.PORTRAIT,
        extensions=frozenset({*PNG.extensions, *TIFF.extensions}),
    )
    english = parse('cat Folder:"mis viajes/2019" from:2019-05 to:2020-03 SIDE:1000px shape:portrait type:png,tiff')
    assert english.filters == spanish.filters
    assert parse("gato orden:fecha").order is Order.NEWEST
    assert parse("gato orden:antiguas").order is Order.OLDEST
    assert parse("cat sort:name").order is Order.NAME
    assert parse("cat").order is Order.RELEVANCE
    assert parse("gato fecha:2020-02").filters == Filters(since=date(2020, 2, 1), until=date(2020, 2, 29))
    assert parse("gato año:2020 Cuadrada").filters == Filters(since=date(2020, 1, 1), until=date(2020, 12, 31))
    assert parse("gato tipo:jpeg").filters.extensions >= {".jpg", ".jpeg"}
    assert parse("gato - perro forma:cuadrada").terms == (Term(text="gato"), Term(text="perro", weight=-1))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("gato desde:luego", "No se entiende «desde:luego». Escriba, por ejemplo, desde:2019, desde:2019-05 o desde:"),
        ("gato hasta:2019-13", "No se entiende «hasta:2019-13»."),
        ("gato fecha:2019-02-30", "No se entiende «fecha:2019-02-30»."),
        ("gato lado:0", "No se entiende «lado:0». Escriba, por ejemplo, lado:1000."),
        ("gato forma:redonda", "No se entiende «forma:redonda». Escriba, por ejemplo, forma:horizontal,"),
        ("gato tipo:exe", "No se entiende «tipo:exe». Escriba, por ejemplo, tipo:jpg"),
        ("gato carpeta:../otra", "No se entiende «carpeta:../otra». Escriba, por ejemplo, carpeta:viajes/2019."),
        ("gato orden:azar", "No se entiende «orden:azar»."),
        ("gato desde:", "No se entiende «desde:»."),
    ],
)  # fmt: skip
def test_what_a_filter_cannot_mean_is_told(words, message):
    with pytest.raises(BadFilter) as caught:
        parse(words)
    assert explain(caught.value).startswith(message)


def test_bad_weights_and_addresses_are_told():
    for words in ("0:gato", "1001:gato", "gato -0:perro"):
        with pytest.raises(BadWeight) as caught:
            parse(words)
    assert explain(caught.value) == (
        "«0» no sirve de peso: use un número mayor que 0 y hasta 1000, por ejemplo «2:atardecer»."
    )
    with pytest.raises(AddressInQuery) as caught:
        parse("HTTPS://example.org/a.jpg")
    assert "péguela en «Ruta de Imagen»" in explain(caught.value)


PHOTOS = Path("/fotos").absolute()  # on Windows with a drive

QUERIES = [
    Query(),
    Query.of_text("perro en la playa"),
    Query.of_text("playa sin gente"),
    Query.of_text("a + b - c"),
    Query.of_text('una "cita" - «otra»'),
    Query.of_text("desde:luego"),
    Query.of_text("0:cero"),
    Query.of_text("-gente"),
    Query((Term("perro"), Term("playa", weight=2.5), Term("gente sin gafas", weight=-1), Term("3:x", weight=-0.25))),
    Query((Term(image=PHOTOS / "mi viaje" / "a - b.jpg"), Term(image=Path("/otra/c.jpg").absolute(), weight=-2))),
    Query(
        (Term("gato"),),
        Filters("mis viajes/2019", date(2019, 5, 1), date(2019, 12, 31), 800, Shape.SQUARE),
        Order.OLDEST,
    ),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_a_written_query_is_read_as_itself(query, language):
    text.set_language(language)
    words = format_query(query, [PHOTOS])
    assert parse(words, [PHOTOS]) == query


def test_a_query_is_written_in_the_users_language_and_without_needless_marks():
    query = parse("perro + 2:playa -gente desde:2019 tipo:jpeg orden:name")
    assert format_query(query) == ("perro + 2:playa - gente desde:2019-01-01 tipo:jpg orden:nombre")
    text.set_language("en")
    assert format_query(query) == "perro + 2:playa - gente since:2019-01-01 type:jpg order:name"
    text.set_language("pt")
    assert format_query(query) == "perro + 2:playa - gente desde:2019-01-01 tipo:jpg ordem:nome"
    image = Query.of_image(PHOTOS / "viaje" / "a.jpg")
    assert format_query(image, [PHOTOS]) == str(Path("viaje/a.jpg"))
    whole = str(PHOTOS / "viaje" / "a.jpg")
    marked = f'"{whole}"' if WINDOWS else whole  # a drive reads like the name of a filter
    assert format_query(image, [Path("/otras")]) == marked


def test_portuguese_is_read_whatever_the_language_of_the_window():
    asked = "praia sem gente nem carros com barcos pasta:viagens data:2019 lado:800 forma:quadrada ordem:antigas"
    assert parse(asked) == Query(
        (Term("praia com barcos"), Term("gente", weight=-1), Term("carros", weight=-1)),
        Filters("viagens", date(2019, 1, 1), date(2019, 12, 31), 800, Shape.SQUARE),
        Order.OLDEST,
    )
    assert (
        parse("gato até:2019 ordenar:data").filters.until == parse("gato ano:2019").filters.until == date(2019, 12, 31)
    )
    assert parse("gato ate:2019 ordem:data").order is parse("gato orden:fecha").order is Order.NEWEST


def test_types_name_videos_and_the_formats_of_cameras():
    assert parse("gato tipo:mp4").filters.extensions == {".mp4", ".m4v"}
    assert parse("gato tipo:m2ts,mpeg").filters.extensions == {".mts", ".m2ts", ".mpg", ".mpeg"}
    for word in ("tipo:video", "tipo:vídeo", "TYPE:Videos"):
        assert parse(f"gato {word}").filters.extensions == VIDEO_EXTENSIONS
    assert parse("gato tipo:raw").filters.extensions == {*RAW.extensions} == parse("gato tipo:nef").filters.extensions
    assert parse("gato tipo:raw,jpg").filters.extensions == {*RAW.extensions, *JPEG.extensions}


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("mov,mp4", "mp4,mov"),
        ("webm,vídeo", "video"),
        ("jpg,videos,png,dng", "jpg,png,video,raw"),
        ("raw", "raw"),
    ],
)
def test_types_are_written_in_as_few_words_as_they_are_read_from(asked, written):
    query = parse(f"gato tipo:{asked}")
    assert format_query(query) == f"gato tipo:{written}"
    assert parse(format_query(query)) == query


def test_endless_words_are_cut_and_read_in_no_time():
    assert sum(len(text) for _, text in terms("x" * 100_000)) == 10_000
    for hostile in ("-" * 50_000, "+ " * 50_000, '"' * 50_000, "1:" * 50_000, "sin " * 50_000, "a:" * 50_000):
        parse(hostile)


@pytest.mark.parametrize("words", ["boda verano 2019", "boda sin verano 2019", "boda del 3/5/2019", "en agosto"])
def test_a_date_that_was_recognised_is_not_read_again(words, monkeypatch):
    """What the phrase means is handed over: read alone, without the words around it, it might mean something else."""
    read = parse(words)
    monkeypatch.setattr(filter_syntax, "read_period", lambda *arguments: pytest.fail("read a second time"))
    assert parse(words) == read
    assert read.filters != Filters()
