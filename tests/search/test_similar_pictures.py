"""Pictures like one of the library: never itself nor its equals, asked for in words that can be typed again."""

from __future__ import annotations

import shutil

import pytest

from semantik.folders.indexed_folder import IndexedFolder
from semantik.queries import Query, Term
from semantik.search.query_syntax import format_query
from semantik.words.text import set_language
from tests.support.libraries import paint, strip, together
from tests.support.systems import WINDOWS


@pytest.fixture
def album(home, tmp_path, fake, pool):
    """Reds of which one is there twice, a wide one, and two of one name."""
    folder = tmp_path / "fotos"
    for number in range(12):
        paint(folder / f"IMG_{number}.png", (230, 10 * number, 20), (40, 30 + number))
    shutil.copy(folder / "IMG_1.png", folder / "copia de IMG_1.png")
    strip(folder / "ancha.png", (230, 30, 20))
    paint(folder / "viaje" / "IMG_2.png", (230, 0, 90))
    made = IndexedFolder(home, folder, fake, pool)
    made.update()
    return together(made)


@pytest.mark.parametrize("name", ["IMG_1.png", "copia de IMG_1.png", "ancha.png"])
@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("folded", [False, True])
def test_neither_itself_nor_its_equals_are_found(album, name, by_name, folded):
    (folder,) = album.folders
    hits = album.ask(Query.like(folder / name), 15, by_name=by_name, folded=folded).hits
    found = {each.path.name for hit in hits for each in (hit, *hit.copies)}
    itself = {name} if name == "ancha.png" else {"IMG_1.png", "copia de IMG_1.png"}
    everything = {path.name for path in folder.rglob("*.png")}
    assert found == everything - itself


def test_an_example_is_still_found_where_it_is_not_its_like_that_is_asked_for(album):
    (folder,) = album.folders
    hits = album.ask(Query.of_image(folder / "IMG_1.png"), 2, folded=False).hits
    assert {hit.path.name for hit in hits} == {"IMG_1.png", "copia de IMG_1.png"}


@pytest.mark.parametrize(
    ("name", "language", "words"),
    [
        ("IMG_1.png", "es", "parecidas a IMG_1.png"),
        ("IMG_1.png", "en", "similar to IMG_1.png"),
        ("IMG_1.png", "pt", "parecidas com IMG_1.png"),
        ("copia de IMG_1.png", "es", 'parecidas a "copia de IMG_1.png"'),
    ],
)
def test_the_words_are_read_again(album, name, language, words):
    (folder,) = album.folders
    set_language(language)
    query = Query.like(folder / name)
    assert album.ask(query, 3).words == words
    assert album.read(words) == query


def test_of_two_with_one_name_the_folder_tells_which(album):
    (folder,) = album.folders
    for path in (folder / "IMG_2.png", folder / "viaje" / "IMG_2.png"):
        words = format_query(Query.like(path), album.folders, album.find)
        assert album.read(words) == Query.like(path)


def test_a_name_that_several_have_is_told(album):
    (folder,) = album.folders
    query = album.read("parecidas a img_2.png")
    assert query == Query.like(folder / "IMG_2.png")
    # Where case does not matter it is the path of one of them.
    assert [remark.key for remark in query.remarks] == ([] if WINDOWS else ["several_named"])


@pytest.mark.parametrize("absolute", [False, True])
def test_where_case_does_not_matter_a_picture_is_found_as_the_index_spells_it(album, absolute, request):
    (folder,) = album.folders
    other = folder / "img_3.PNG"
    if not other.exists():
        other.hardlink_to(folder / "IMG_3.png")  # what a file system that ignores case shows of it
        request.addfinalizer(other.unlink)
    query = album.read(f'parecidas a "{other}"' if absolute else "parecidas a img_3.PNG")
    assert str(query.terms[0].image) == str(folder / "IMG_3.png")
    assert "IMG_3.png" not in {hit.path.name for hit in album.ask(query, 15, folded=False).hits}


def test_the_words_can_be_edited_and_what_names_no_picture_is_text(album):
    (folder,) = album.folders
    edited = album.read("Parecidas a IMG_3.png + verde - azul")
    assert edited.terms == (
        Term(image=folder / "IMG_3.png", alike=True),
        Term("verde"),
        Term("azul", weight=-1.0),
    )
    assert album.read("similares a un gato") == Query.of_text("similares a un gato")
    assert album.read("parecidas a") == Query.of_text("parecidas a")
