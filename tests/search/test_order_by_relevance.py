"""What is shown never rises with the rank: for every caption of real photos, and however a search is made."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from semantik.encoders.builtin.encoder import BuiltinEncoder
from semantik.folders.indexed_folder import IndexedFolder
from semantik.index import ImageIndex
from semantik.queries import Query, Term
from semantik.records import Hit
from semantik.search.ranking import search
from semantik.search.relevance import Relevance
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import paint, strip, together
from tests.support.places import REPO

SHADES = [(230, 20 + 9 * step, 10 + 4 * step) for step in range(24)]


def shown(hits: list[Hit]) -> list[float]:
    """The relevances from the first hit to the last, each with those of its copies behind it."""
    told = [each.relevance for hit in hits for each in (hit, *hit.copies)]
    assert None not in told
    return told


def never_rises(values: list[float]) -> bool:
    return all(one >= other for one, other in pairwise(values))


# -- Colours: the ways to search -----------------------------------------------------------------------


@pytest.fixture
def shades(home, tmp_path, fake, pool):
    """24 reds of which half are called so, in two folders, with wide pictures among them."""
    folders = []
    for number in range(2):
        folder = tmp_path / f"fotos{number}"
        for step, shade in enumerate(SHADES[number::2]):
            paint(folder / f"{'rojo' if step % 3 else 'foto'} {step:02}.png", shade, (40, 30 + step))
        strip(folder / "ancha.png", (230, 30, 20))
        made = IndexedFolder(home, folder, fake, pool)
        made.update()
        folders.append(made)
    return folders


@pytest.mark.parametrize("by_name", [False, True])
@pytest.mark.parametrize("folded", [False, True])
@pytest.mark.parametrize("words", ["rojo", "rojo + verde", "rojo - azul", "2:amarillo + rojo - verde", "blanco"])
def test_it_holds_with_names_folding_views_and_several_folders(shades, words, by_name, folded):
    library = together(*shades)
    query = library.read(words)
    hits = library.search(query, 15, by_name=by_name, folded=folded)
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    values = [hit.relevance for hit in hits]
    assert never_rises(values)
    assert all(copy.relevance <= hit.relevance for hit in hits for copy in hit.copies)
    files = [each.path for hit in hits for each in (hit, *hit.copies)]
    assert len(files) == len(set(files))  # a picture with views is one hit


def test_a_name_that_was_asked_for_is_as_relevant_as_it_ranks(shades):
    library = together(*shades)
    hits = library.search(library.read("rojo 01"), 5, by_name=True)
    assert {hit.path.name for hit in hits[:2]} == {"rojo 01.png"}
    assert [hit.relevance for hit in hits[:2]] == [1.0, 1.0]
    assert never_rises(shown(hits))


def test_equal_relevances_stay_by_score_and_then_by_row(tmp_path, fake, pool):
    for name in ("c", "a", "b"):
        paint(tmp_path / "fotos" / f"{name}.png", (0, 0, 255))
    made = IndexedFolder(tmp_path / "home", tmp_path / "fotos", fake, pool)
    made.update()
    index = made.index
    hits = search(Query.of_text("azul"), fake, index, 3, pool, judge=Relevance(tmp_path / "background"))
    rows = [index.rows()[hit.path.name] for hit in hits]
    assert rows == sorted(rows)


# -- Real photos ---------------------------------------------------------------------------------------


class Remembering(FakeEncoder):
    """The embedded model with its texts embedded beforehand, all in one batch."""

    def __init__(self, model: BuiltinEncoder, texts: list[str]) -> None:
        super().__init__()
        self.space, self.dim = model.space, model.dim
        self._known = dict(zip(texts, model.encode_texts(texts), strict=True))
        self._model = model

    def encode_texts(self, texts):
        if all(text in self._known for text in texts):
            return np.stack([self._known[text] for text in texts])
        return self._model.encode_texts(texts)


def captions_of(path: Path) -> list[str]:
    entries = json.loads(path.read_text(encoding="utf-8"))
    return [" ".join(caption.split()) for entry in entries for caption in entry["captions"]]


@pytest.fixture
def one_thread():
    """Thousands of small products are quicker on one thread than on as many as the machine has cores."""
    with threadpool_limits(1):
        yield


@pytest.mark.usefixtures("one_thread")
def test_it_holds_for_all_captions_of_the_sample_photos(shared, tmp_path, pool, embedded):
    photos = tmp_path / "photos"
    photos.mkdir()
    for photo in sorted((shared / "photos").glob("*.jpg"))[::4]:
        shutil.copy(photo, photos)
    made = IndexedFolder(tmp_path / "home", photos, embedded, pool)
    made.update()
    index: ImageIndex = made.index
    captions = captions_of(shared / "photos" / "captions.json") + captions_of(REPO / "benchmarks" / "captions_es.json")
    encoder, judge = Remembering(embedded, captions), Relevance(tmp_path / "background")
    rising = [
        words
        for words in captions
        if not never_rises(shown(search(Query.of_text(words), encoder, index, 40, pool, judge=judge)))
    ]
    assert rising == []
    pairs = [
        Query((Term(one), Term(other), Term(third, weight=-1.0)))
        for one, other, third in zip(captions[::50], captions[7::50], captions[13::50], strict=False)
    ]
    assert all(never_rises(shown(search(query, encoder, index, 40, pool, judge=judge))) for query in pairs)
