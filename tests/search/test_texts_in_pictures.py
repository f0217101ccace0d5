"""Words that stand in pictures: which they raise and which not, as a filter among all others, and what hits show."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from semantik.errors import BadFilter, NoneMatchesFilters, NoneMatchesYet, SemantikError, UnknownFilter
from semantik.folders.indexed_folder import IndexedFolder
from semantik.folders.text_words import asked_words
from semantik.queries import Filters, Order, Query, Term
from semantik.records import TextLine
from semantik.search.filter_syntax import filter_words, read_text, without_each
from semantik.search.query_syntax import format_query, parse
from semantik.search.ranking import is_absent, relevant
from semantik.search.text_matches import looked_for
from semantik.words.text import set_language
from tests.support.libraries import paint, together

TEXTS = {
    "rojo.png": ["FARMACIA", "24 horas"],
    "verde.png": ["DAKLEY"],
    "azul.png": ["Calle Mayor, 5"],
    "viaje/amarillo.png": ["1234 BCD"],
    "viaje/blanco.png": ["Plaza Mayor", "Prohibido el paso"],
}


def line(text: str) -> TextLine:
    return TextLine(text, (10.0, 20.0, 30.0, 8.0), 0.95)


def note(opened: IndexedFolder, texts: dict[str, list[str]]) -> None:
    for file in opened.index.files():
        opened.texts.add(file, [line(text) for text in texts.get(file.path, [])])


@pytest.fixture
def opened(home, library, fake, pool):
    """Six pictures of one colour each, five of which have texts."""
    made = IndexedFolder(home, library, fake, pool)
    made.update()
    note(made, TEXTS)
    return made


def told(hits):
    return [(hit.path.stem, [text.text for text in hit.texts]) for hit in hits]


def found(opened, words, top_k=6):
    return told(together(opened).search(parse(words), top_k))


def test_what_is_not_read_yet_is_told(home, library, fake, pool):
    made = IndexedFolder(home, library, fake, pool)
    made.update()
    searched = together(made)
    with pytest.raises(NoneMatchesYet) as caught:
        searched.ask(parse("texto:farmacia"), 6)
    assert caught.value.params == {"filters": "texto:farmacia", "count": 6}
    by_path = {file.path: file for file in made.photos()}
    made.texts.add(by_path["rojo.png"], [line("FARMACIA")])
    answer = searched.ask(parse("texto:farmacia"), 6)
    assert ([hit.path.name for hit in answer.hits], answer.not_looked_at) == (["rojo.png"], 5)
    assert answer.remarks("modelo") == ["Puede haber más: todavía quedan imágenes por mirar (5)."]
    assert searched.ask(parse("rojo"), 6).not_looked_at == 0  # nothing else is asked for
    note(made, TEXTS)
    assert searched.ask(parse("texto:farmacia"), 6).remarks("modelo") == []
    with pytest.raises(NoneMatchesFilters) as caught:
        searched.ask(parse("texto:panadero"), 6)
    assert type(caught.value) is NoneMatchesFilters


# -- Raised --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "first", "lines"),
    [
        ("farmacia", "rojo", ["FARMACIA"]),
        ("Farmácia", "rojo", ["FARMACIA"]),
        ("1234-bcd", "amarillo", ["1234 BCD"]),
        ("1234bcd", "amarillo", ["1234 BCD"]),
        ("oakley", "verde", ["DAKLEY"]),
        ("la calle mayor", "azul", ["Calle Mayor, 5"]),
        ("foto de prohibido el paso", "blanco", ["Prohibido el paso"]),
        ("farmacia - azul", "rojo", ["FARMACIA"]),
    ],
)
def test_what_stands_in_a_picture_comes_first(opened, words, first, lines):
    hits = found(opened, words)
    assert hits[0] == (first, lines)
    assert len(hits) == 6


def test_a_plate_is_surely_meant_and_never_trimmed(opened):
    hits = together(opened).search(parse("1234 bcd"), 6)
    assert hits[0].relevance == 1.0
    assert not is_absent(hits)
    assert next(hit.path.stem for hit in relevant(hits)) == "amarillo"


@pytest.mark.parametrize("words", ["6120345", "Oakley Pérez12"])
def test_a_number_comes_before_longer_ones_of_which_it_is_a_part(opened, words):
    longer = f"{words}6"
    note(opened, {})
    nearest, farther = (name for name, _ in found(opened, words) if name in ("azul", "verde"))
    note(opened, {f"{nearest}.png": [longer], f"{farther}.png": [words]})
    assert found(opened, words)[0] == (farther, [words])
    note(opened, {f"{farther}.png": [longer]})
    assert found(opened, words)[0] == (farther, [longer])  # there is no other


def test_the_order_without_texts_is_kept_behind_what_is_raised(opened):
    before = [name for name, _ in found(opened, "rojo")]
    note(opened, TEXTS | {"azul.png": ["rojo"]})
    assert [name for name, _ in found(opened, "rojo")] == ["azul", *(name for name in before if name != "azul")]


@pytest.mark.parametrize(
    "words",
    [
        "azul",
        "mayor que todas las demás cosas",  # one word of four
        "perro en la playa",  # one letter from "plaza", and the other half is missing
        "horas de un perro azul",
        "un hombre pasea y da un paso prohibido",  # two words of four
        "el de la en",
        "go may hor",  # neither short ones nor beginnings of three letters
        "azul - farmacia",
        '"farmacia"',
        '"1234 bcd"',
        "azul sin farmacia",
    ],
)
def test_an_ordinary_query_is_not_swamped(opened, words):
    with_texts = found(opened, words)
    opened.texts.keep(set())
    assert with_texts == found(opened, words)
    assert all(not lines for _, lines in with_texts)


def test_a_sentence_is_found_on_a_sign_of_which_it_tells_and_on_no_other(opened):
    note(opened, {})
    words = "a man skateboards on a skateboard in a concrete area"
    before = found(opened, words)
    note(opened, {"verde.png": ["NO BICYCLES,", "SKATES OR", "SKATEBOARDS", "ON SIDEWALKS IN THIS AREA"]})
    assert found(opened, words) == before
    told_of = "a no bicycles, skates or skateboards sign on a pole"
    assert found(opened, told_of)[0] == ("verde", ["NO BICYCLES,", "SKATES OR", "SKATEBOARDS"])


def test_a_word_in_many_pictures_is_no_name(home, tmp_path, fake, pool):
    folder = tmp_path / "menús"
    for number in range(12):
        paint(folder / f"{number:02}.png", (250, 20 * number, 0))
    made = IndexedFolder(home, folder, fake, pool)
    made.update()
    note(made, {f"{number:02}.png": ["MENÚ"] for number in range(11)})
    hits = together(made).search(parse("menú"), 12)
    assert all(hit.relevance is None or hit.relevance < 1 for hit in hits)
    assert hits[-1].texts == ()


def test_words_that_the_model_cannot_read_are_found_all_the_same(opened, monkeypatch):
    monkeypatch.setattr(type(opened.encoder), "unread", lambda encoder, text: tuple(text.split()))
    hits = together(opened).search(parse("farmacia"), 6)
    assert told(hits) == [("rojo", ["FARMACIA"])]
    assert hits[0].score is None


def test_with_a_picture_in_the_query_texts_raise_and_do_not_decide(opened, library):
    query = Query((Term("farmacia"), Term(image=library / "azul.png")))
    hits = together(opened).search(query, 6)
    assert {hit.path.stem: bool(hit.texts) for hit in hits}["rojo"]
    assert all(hit.relevance != 1.0 for hit in hits)


def test_what_is_looked_for():
    assert [asked.word for asked in looked_for(parse("foto de la calle mayor 5 con un 12 y M-1234-AB"))] == [
        *("calle", "mayor", "12", "m1234ab")
    ]
    assert looked_for(parse('"farmacia" - perro')) == ()
    assert parse('"farmacia"').terms[0].quoted
    assert format_query(parse('"farmacia"')) == '"farmacia"'


def test_while_texts_are_read_and_files_change_only_what_is_known_counts(opened, library):
    paint(library / "rojo.png", (255, 10, 10), (44, 33))
    opened.update()
    assert found(opened, "farmacia")[0][1] == []
    assert [file.path for file in opened.texts.missing(opened.index.files())] == ["rojo.png"]
    (library / "verde.png").rename(library / "viaje" / "hoja.png")
    opened.update()
    assert opened.encoder.images == 7
    assert found(opened, "texto:oakley") == [("hoja", ["DAKLEY"])]


# -- As a filter ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("texto:farmacia", {"rojo"}),
        ("text:MACIA", {"rojo"}),
        ('texto:"calle mayor"', {"azul"}),
        ("texto:mayor", {"azul", "blanco"}),
        ("texto:mayor texto:paso", {"blanco"}),
        ("texto:mayor -texto:paso", {"azul"}),
        ("texto:mayor sin texto:calle", {"blanco"}),
        ("texto:mayor carpeta:viaje", {"blanco"}),
        ("texto:mayor -carpeta:viaje", {"azul"}),
        ("texto:mayor tipo:jpg", set()),
        ("texto:mayor tipo:png lado:40 forma:horizontal desde:1990", {"azul", "blanco"}),
        ("texto:mayor hasta:1990", set()),
        ("texto:mayor forma:vertical", set()),
        ("texto:1234BCD", {"amarillo"}),
        ("texto:oakley", {"verde"}),
        ("texto:nada", set()),
    ],
)
def test_texts_filter_with_every_other_filter(opened, words, expected):
    library = together(opened)
    for query in (parse(words), parse(f"blanco {words}")):
        if not expected:
            with pytest.raises(NoneMatchesFilters):
                library.search(query, 6)
            continue
        hits = library.search(query, 6)
        assert {hit.path.stem for hit in hits} == expected
        assert all(hit.texts for hit in hits)
        assert library.searched(query) == len(expected)


def test_as_many_hits_as_were_asked_for_whenever_so_many_pass(home, tmp_path, fake, pool):
    folders = []
    for place in range(2):
        folder = tmp_path / f"fotos {place}"
        for number in range(12):
            paint(folder / f"{number:02}.png", (20 * number, 255, 10 * place))
        made = IndexedFolder(home, folder, fake, pool)
        made.update()
        note(made, {f"{number:02}.png": ["Salida"] for number in range(0, 12, 3)})
        folders.append(made)
    library = together(*folders)
    for top_k in (1, 3, 7, 8):
        hits = library.search(parse("rojo texto:salida"), top_k)
        assert len(hits) == top_k
        assert {int(hit.path.stem) % 3 for hit in hits} == {0}
    assert len(library.search(parse("texto:salida"), 24)) == 8
    assert len(library.search(parse("texto:salida carpeta:'fotos 1' orden:nombre"), 24)) == 4
    assert len(library.search(parse("rojo -texto:salida"), 24)) == 16


def test_what_is_read_meanwhile_is_found_by_the_next_search(opened):
    library = together(opened)
    assert len(library.search(parse("texto:mayor"), 6)) == 2
    opened.texts.add(next(file for file in opened.index.files() if file.path == "rojo.png"), [line("Mayor")])
    assert len(library.search(parse("texto:mayor"), 6)) == 3
    assert len(library.search(parse("azul texto:mayor"), 6)) == 3


# -- As it is typed ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("gato texto:farmacia", Query((Term("gato"),), Filters(texts=("farmacia",)))),
        ("gato Text:Farmacia", Query((Term("gato"),), Filters(texts=("Farmacia",)))),
        ('gato text:"calle mayor"', Query((Term("gato"),), Filters(texts=("calle mayor",)))),
        ("gato texto:'calle mayor'", Query((Term("gato"),), Filters(texts=("calle mayor",)))),
        ("texto:uno texto:dos texto:uno", Query((), Filters(texts=("uno", "dos")))),
        ("gato sin texto:farmacia", Query((Term("gato"),), Filters(excluded=(Filters(texts=("farmacia",)),)))),
        ("gato -texto:farmacia", Query((Term("gato"),), Filters(excluded=(Filters(texts=("farmacia",)),)))),
        ('"texto:farmacia"', Query.of_text("texto:farmacia")),
        ("texto", Query.of_text("texto")),
    ],
)
def test_text_filters_are_read_and_written(words, expected):
    assert parse(words) == expected
    for language in ("es", "en", "pt"):
        set_language(language)
        assert parse(format_query(expected)) == expected


def test_what_is_no_text_or_misspelt_is_told():
    for words in ("gato texto:!!", 'gato texto:""', "gato texto:"):
        with pytest.raises(BadFilter):
            parse(words)
    with pytest.raises(UnknownFilter):
        parse("gato textto:farmacia")
    assert parse("next: calle").texts == ("next: calle",)


def test_one_click_takes_one_text_away():
    filters = Filters(texts=("uno", "dos"), excluded=(Filters(texts=("tres",)),))
    assert filter_words(filters) == [("texto", "uno"), ("texto", "dos"), ("-texto", "tres")]
    assert [fewer for fewer, _ in without_each(filters, Order.RELEVANCE)] == [
        Filters(texts=("dos",), excluded=filters.excluded),
        Filters(texts=("uno",), excluded=filters.excluded),
        Filters(texts=("uno", "dos")),
    ]


@given(st.text(max_size=30) | st.text("1ab ,-.'\"", max_size=24), st.booleans())
@example("1-1-1-1-1-1-1-1, 9", False)
@example("a, 12", True)
@settings(max_examples=40)
def test_whatever_text_is_asked_for_is_read_again(value: str, refused: bool) -> None:
    try:
        text = read_text(value)
    except ValueError:
        assert not asked_words(value)
        return
    filters = Filters(texts=(text,))
    query = Query((Term("perro"),), Filters(excluded=(filters,)) if refused else filters)
    assert parse(format_query(query)) == query
    try:
        typed = parse(f'perro texto:"{value.replace(chr(34), "")}"')
    except SemantikError:
        return
    assert typed.filters.texts or value != text


def test_texts_of_moved_folders_are_not_read_again(opened, home, library, tmp_path):
    opened.texts.flush()
    moved = library.rename(tmp_path / "disco nuevo")
    again = IndexedFolder(home, moved, opened.encoder, opened.pool)
    again.open()
    assert again.texts.missing(again.index.files()) == []
    assert found(again, "texto:farmacia") == [("rojo", ["FARMACIA"])]
    (Path(moved) / "rojo.png").unlink()
    again.update()
    with pytest.raises(NoneMatchesFilters):
        found(again, "texto:farmacia")
