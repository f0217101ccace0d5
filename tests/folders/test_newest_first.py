"""New files are looked at from the newest day on; what is found is in the order that it always was in."""

from __future__ import annotations

import os
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from semantik.folders.indexed_folder import IndexedFolder
from semantik.folders.newest_first import day_of, newest_first
from semantik.queries import Query
from semantik.records import ImageFile
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import paint, together

DAY = 24 * 3600 * 10**9

names = st.sampled_from(
    ["a.jpg", "viaje/IMG_20190704_1234.jpg", "IMG-20150822-WA0007.jpg", "z/2019-07-04.png", "b.mp4"]
)
files = st.lists(
    st.builds(ImageFile, names, st.integers(0, 9), st.integers(-DAY, 30_000 * DAY)), unique=True, max_size=12
)


@given(files)
def test_the_newest_day_comes_first_and_the_files_of_a_day_stay_in_their_order(found):
    ordered = newest_first(found)
    assert sorted(map(found.index, ordered)) == list(range(len(found)))
    for one, next_one in pairwise(ordered):
        assert day_of(one) >= day_of(next_one)
        assert day_of(one) > day_of(next_one) or found.index(one) < found.index(next_one)


def test_a_day_is_that_of_the_name_or_else_of_the_last_change():
    assert day_of(ImageFile("x.jpg", 1, 18_000 * DAY + 5)) == 18_000
    assert day_of(ImageFile("x.jpg", 1, -1)) == -1
    assert day_of(ImageFile("viaje/IMG_20190704_123456.jpg", 1, 20_000 * DAY)) == 18_081  # copied later
    assert day_of(ImageFile("2019-07-04/x.jpg", 1, 20_000 * DAY)) == 20_000  # the folder's name tells nothing


class Seeing(FakeEncoder):
    """Notes the reds of what it sees, in its order."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def encode_images(self, batch):
        self.seen += [round(float(red) * 255) for red in batch.mean(axis=(2, 3))[:, 0]]
        return super().encode_images(batch)


def test_an_update_embeds_the_newest_first_and_what_is_equally_good_comes_by_name(tmp_path, pool):
    folder = tmp_path / "fotos"
    for number in range(9):  # all pure red for the encoder, and no two the same
        path = paint(folder / f"{'abc'[number % 3]}" / f"{number}.png", (200 + number, 0, 0))
        os.utime(path, ns=(0, (15_000 + number) * DAY))
    encoder = Seeing()
    opened = IndexedFolder(tmp_path / "home", folder, encoder, pool)
    assert opened.update().added == 9
    assert encoder.seen == [208, 207, 206, 205, 204, 203, 202, 201, 200]
    assert [file.path for file in opened.index.files()] == [f"{'abc'[n % 3]}/{n}.png" for n in range(8, -1, -1)]
    hits = together(opened).search(Query.of_text("rojo"), 9)
    assert len({hit.score for hit in hits}) == 1
    in_order = [f"{part}/{number}.png" for part in "abc" for number in range(9) if "abc"[number % 3] == part]
    assert [hit.path.relative_to(folder).as_posix() for hit in hits] == in_order
    few = together(opened).search(Query.of_text("rojo"), 4)
    assert [hit.path.relative_to(folder).as_posix() for hit in few] == in_order[:4]
