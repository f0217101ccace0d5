"""Reading what stands in pictures, in a real decoder process: texts, odd files, and answers nobody can trust."""

from __future__ import annotations

import json
import math
import os
import threading

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from semantik.decoding.answers import LONGEST_LINE, MOST_LINES, as_content
from semantik.decoding.pool import DecodePool, reading_pool
from semantik.decoding.recognition.text_lines import searched_size
from semantik.errors import Cancelled, DecodeFailed
from semantik.records import Reason
from tests.support.libraries import paint
from tests.support.reading import lasting_reading_pool, texts_of
from tests.support.signs import sign, write_sign
from tests.support.waiting import PATIENCE, SOON, wait_until

TEXT = frozenset({"text"})


@pytest.fixture(scope="module")
def reader() -> DecodePool:
    return lasting_reading_pool()


def turned(region, quarter):
    """Where a part lies once the picture is turned by quarters against the clock."""
    left, top, width, height = region
    for _ in range(quarter):
        left, top, width, height = top, 100 - left - width, height, width
    return left, top, width, height


# -- What is read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("quarter", range(4))
def test_a_sign_is_read_whichever_way_it_is_turned(reader, tmp_path, quarter):
    image, regions = sign("FARMACIA LÓPEZ", "Bar de Pepe")
    image.rotate(90 * quarter, expand=True).save(tmp_path / "cartel.png")
    content = reader.read(tmp_path / "cartel.png", TEXT)
    assert content.faces is None
    lines = {line.text: line for line in content.texts}
    assert set(lines) == {"FARMACIA LÓPEZ", "Bar de Pepe"}
    for line, region in zip(("FARMACIA LÓPEZ", "Bar de Pepe"), regions, strict=True):
        expected = turned(region, quarter)
        found = lines[line].region
        for at in (0, 1):  # from the edge to the other
            assert found[at] == pytest.approx(expected[at], abs=7)
            assert found[at] + found[at + 2] == pytest.approx(expected[at] + expected[at + 2], abs=7)
        assert 0.8 <= lines[line].confidence <= 1


def test_a_camera_s_note_of_how_it_was_held_counts(reader, tmp_path):
    image, _ = sign("ESTACIÓN DE CÁDIZ", size=(700, 400))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    image.rotate(90, expand=True).save(tmp_path / "foto.jpg", exif=exif, quality=95)
    (line,) = reader.read(tmp_path / "foto.jpg", TEXT).texts
    assert line.text == "ESTACIÓN DE CÁDIZ"
    assert line.region[2] > line.region[3]  # it lies, in the upright picture


@pytest.mark.parametrize("size", [(40, 30), (1, 1), (3000, 3), (3, 3000)])
def test_nothing_is_read_where_nothing_stands(reader, tmp_path, size):
    assert reader.read(paint(tmp_path / "azul.png", (20, 40, 200), size), TEXT).texts == ()


def test_what_is_no_picture_is_told_as_always(reader, tmp_path):
    for name, data, reason in [
        ("vacia.jpg", b"", Reason.EMPTY),
        ("texto.jpg", b"FARMACIA " * 100, Reason.NOT_AN_IMAGE),
        ("rota.png", b"\x89PNG\r\n\x1a\n" + bytes(80), Reason.DAMAGED),
    ]:
        (tmp_path / name).write_bytes(data)
        with pytest.raises(DecodeFailed) as failed:
            reader.read(tmp_path / name, TEXT)
        assert failed.value.params["reason"] is reason, name
    with pytest.raises(DecodeFailed) as failed:
        reader.read(tmp_path / "ninguna.png", TEXT)
    assert failed.value.params["reason"] is Reason.VANISHED


@settings(max_examples=50)
@given(st.integers(1, 60_000), st.integers(1, 60_000))
def test_lines_are_looked_for_in_pictures_of_a_bounded_size(width, height):
    wide, high = searched_size(width, height)
    assert wide >= 32 <= high
    assert wide * high <= 1280 * 960 * 1.05
    if 640 <= max(width, height) <= 960 and min(width, height) >= 32:
        assert (wide, high) == (width, height)
    if max(width, height) < 20 * min(width, height) and min(width, height) > 40:
        assert wide / high == pytest.approx(width / height, rel=0.05)


# -- Its process ------------------------------------------------------------------------------------------


def test_the_process_gives_way_and_holds_no_network(reader, tmp_path):
    reader.read(paint(tmp_path / "azul.png", (20, 40, 200)), TEXT)
    (process,) = map(psutil.Process, reader.pids())
    assert process.net_connections() == []
    if hasattr(os, "nice"):
        assert process.nice() > psutil.Process().nice()
        assert not [part.path for part in process.memory_maps() if "_ssl" in part.path]  # of any who could ask for more


def test_a_process_that_is_killed_costs_no_picture(reader, tmp_path):
    picture = write_sign(tmp_path / "cartel.png", "FARMACIA")
    assert texts_of(reader.read(picture, TEXT)) == ["FARMACIA"]
    (pid,) = reader.pids()
    psutil.Process(pid).kill()
    assert texts_of(reader.read(picture, TEXT)) == ["FARMACIA"]
    assert reader.pids() != [pid]


def test_reading_ends_at_once_when_its_pool_is_closed(tmp_path):
    pool = reading_pool(PATIENCE, fetch_cloud=False)
    ended = threading.Event()

    def read() -> None:
        with pytest.raises(Cancelled):
            while True:
                pool.read(picture, TEXT)
        ended.set()

    picture = write_sign(tmp_path / "cartel.png", "FARMACIA")
    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    wait_until(pool.pids)
    pool.close()
    assert ended.wait(SOON)
    thread.join()
    assert pool.pids() == []


def test_without_what_reads_texts_pictures_are_opened_and_nothing_is_known(tmp_path, monkeypatch):
    broken = tmp_path / "paquetes" / "rapidocr" / "__init__.py"
    broken.parent.mkdir(parents=True)
    broken.write_text("raise ImportError('libquenohay.so.7: cannot open shared object file')")
    monkeypatch.setenv("PYTHONPATH", str(broken.parents[1]))
    with reading_pool(PATIENCE, fetch_cloud=False) as pool:
        content = pool.read(paint(tmp_path / "azul.png", (20, 40, 200)), TEXT)
        assert (content.texts, content.faces) == (None, None)
        assert "libquenohay.so.7" in content.unable
        assert pool.read(tmp_path / "azul.png", frozenset({"faces"})).faces is None  # nobody said by which models


def test_a_picture_is_decoded_once_for_all_that_is_to_be_known(monkeypatch, tmp_path):
    from semantik.decoding import worker
    from semantik.decoding.recognition import content

    decoded, told = [], []
    load = worker.load_image
    monkeypatch.setattr(worker, "load_image", lambda *given: decoded.append(1) or load(*given))

    class Module:
        prepare = staticmethod(lambda: None)
        read_text = staticmethod(lambda image: told.append(image) or [])
        find_faces = staticmethod(lambda image, *models: told.append(image) or [])

    monkeypatch.setattr(content.importlib, "import_module", lambda name: Module)
    picture = paint(tmp_path / "azul.png", (20, 40, 200))
    request = {"op": "read", "kinds": ["faces", "text"], "faces_by": ["a", "b"], "memory": 2**30, "patient": True}
    header, payload = worker._answer(request, os.fsencode(picture))
    assert (header, json.loads(payload)) == ({"unable": {}}, {"text": [], "faces": []})
    assert len(decoded) == 1
    assert [image.size for image in told] == [(64, 64), (40, 30), (40, 30)]  # the first is to see that they are there


# -- Answers that nobody can trust -----------------------------------------------------------------------------

FACE = [0.0] * 127 + [1.0]
REGION = [10, 20, 30, 40]


def content(text=None, faces=None, unable=None):
    told = json.dumps({"text": text or [], "faces": faces or []}).encode()
    return as_content({"unable": unable or {}}, told, frozenset({"text", "faces"}))


def test_honest_answers_become_records():
    known = content([["¡Hola!", REGION, 0.9]], [[REGION, 1, FACE]])
    assert [(line.text, line.region, line.confidence) for line in known.texts] == [("¡Hola!", (10, 20, 30, 40), 0.9)]
    assert [(face.region, face.confidence, len(face.embedding)) for face in known.faces] == [((10, 20, 30, 40), 1, 128)]
    assert content(unable={"faces": "cv2"}).faces is None


@pytest.mark.parametrize(
    "line",
    [
        ["", REGION, 0.9],
        ["x" * (LONGEST_LINE + 1), REGION, 0.9],
        ["a\nb", REGION, 0.9],
        ["\ud800", REGION, 0.9],  # no database takes it
        [7, REGION, 0.9],
        ["hola", REGION, 1.1],
        ["hola", REGION, math.nan],
        ["hola", [math.inf, 0, 1, 1], 0.9],
        ["hola", [-1, 0, 1, 1], 0.9],
        ["hola", [0, 0, 1], 0.9],
        ["hola", REGION],
        "hola",
        None,
    ],
)
def test_a_line_that_is_none_is_refused(line):
    with pytest.raises((KeyError, TypeError, ValueError)):
        content([line])


def test_too_much_is_refused():
    line = ["hola", REGION, 0.9]
    assert len(content([line] * MOST_LINES).texts) == MOST_LINES
    for wrong in ([line] * (MOST_LINES + 1), {"0": line}, "hola"):
        with pytest.raises((KeyError, TypeError, ValueError)):
            content(wrong)
    for faces in ([[REGION, 1, FACE[1:]]], [[REGION, 1, [0.0] * 128]], [[REGION, 1, [math.nan] * 128]]):
        with pytest.raises(ValueError):
            content(None, faces)
    for data in (b"[" * 100_000, b" " * (5 * 2**20), b"{}", b"7", b"\xff"):
        with pytest.raises((KeyError, TypeError, ValueError)):
            as_content({"unable": {}}, data, TEXT)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["text", "faces", "x"]), inner),
    max_leaves=12,
)


@settings(max_examples=40)
@given(JSON, JSON)
def test_whatever_is_answered_is_a_record_or_an_error_that_is_expected(unable, told):
    try:
        known = as_content({"unable": unable}, json.dumps(told).encode(), TEXT)
    except (KeyError, TypeError, ValueError):
        return
    assert all(0 < len(line.text) <= LONGEST_LINE for line in known.texts or ())
