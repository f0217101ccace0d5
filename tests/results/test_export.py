"""Copies, archives and tables of hits: what arrives, under which names, and that nothing is overwritten or misread."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import shutil
import subprocess
import time
import zipfile
from datetime import datetime
from pathlib import Path, PurePosixPath

import pytest

from semantik.errors import Cancelled, CopiesNotMade
from semantik.records import Details, Hit, Problem, Reason
from semantik.results import copying, portable_names
from semantik.results.copying import CopyReport, copy_files
from semantik.results.export import copied_message, iter_zip, to_csv, to_json
from semantik.results.portable_names import kept, numbered, portable, with_number
from semantik.storage.regular_files import long_path
from semantik.words import text
from semantik.words.shown_names import visible
from tests.support import hostile
from tests.support.faulty_disk import refuse_at_first
from tests.support.systems import WINDOWS, raw_name
from tests.support.task_controls import CancelledWhen

MTIME = 1_500_000_000  # 2017-07-14


def write(path, content, mtime=MTIME):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (mtime, mtime))
    return path


posix = pytest.mark.skipif(os.name == "nt", reason="pipes and links as Unix has them")


@pytest.fixture
def sources(tmp_path):
    return [
        write(tmp_path / "a" / "foto.jpg", b"uno"),
        write(tmp_path / "b" / "foto.jpg", b"dos"),
        write(tmp_path / "c" / "niño ñandú.jpg", b"tres" * 500_000),
    ]


@pytest.fixture
def target(tmp_path):
    folder = tmp_path / "copias"
    folder.mkdir()
    return folder


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# -- Copies --------------------------------------------------------------------------------------------


def test_copies_are_whole_and_keep_their_time(sources, target):
    report = copy_files(sources, target)
    assert report == CopyReport((target / "foto.jpg", target / "foto (2).jpg", target / "niño ñandú.jpg"))
    assert contents(target) == {"foto.jpg": b"uno", "foto (2).jpg": b"dos", "niño ñandú.jpg": b"tres" * 500_000}
    assert {path.stat().st_mtime for path in target.iterdir()} == {MTIME}
    assert copied_message(report, target) == f"3 imágenes copiadas a «{target}»."


@posix
@pytest.mark.parametrize("links", [True, False])
def test_nothing_is_overwritten(sources, target, monkeypatch, links):
    def refuse(*arguments):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    if not links:  # as on FAT
        monkeypatch.setattr(os, "link", refuse)
    write(target / "foto.jpg", b"del usuario")
    (target / "foto (2).jpg").mkdir()
    (target / "niño ñandú.jpg").symlink_to(target / "no hay nada")
    report = copy_files(sources, target)
    assert [path.name for path in report.copied] == ["foto (3).jpg", "foto (4).jpg", "niño ñandú (2).jpg"]
    assert (target / "foto.jpg").read_bytes() == b"del usuario"
    assert list((target / "foto (2).jpg").iterdir()) == []
    assert not (target / "no hay nada").exists()
    assert (target / "foto (3).jpg").read_bytes() == b"uno"
    assert sorted(path.name for path in target.iterdir() if path.name.startswith(".")) == []


@posix
def test_a_file_that_appears_meanwhile_is_not_overwritten(sources, target, monkeypatch):
    link = os.link

    def late(old, new):
        if new.name == "foto.jpg":
            new.write_bytes(b"de otro programa")
        link(old, new)

    monkeypatch.setattr(os, "link", late)
    assert [path.name for path in copy_files(sources[:1], target).copied] == ["foto (2).jpg"]
    assert contents(target) == {"foto.jpg": b"de otro programa", "foto (2).jpg": b"uno"}


@posix
def test_what_lies_in_the_folder_is_not_copied_into_itself(sources, tmp_path):
    (tmp_path / "enlace").symlink_to(tmp_path / "a")
    report = copy_files([*sources[:2], tmp_path / "enlace" / "foto.jpg"], tmp_path / "a")
    assert report.already_there == (sources[0], tmp_path / "enlace" / "foto.jpg")
    assert contents(tmp_path / "a") == {"foto.jpg": b"uno", "foto (2).jpg": b"dos"}
    message = copied_message(report, tmp_path / "a")
    assert message == f"1 imagen copiada a «{tmp_path / 'a'}»; 2 ya estaban allí."


@posix
def test_files_that_cannot_be_read_are_told_and_the_rest_goes_on(sources, target, tmp_path):
    gone, folder, pipe = tmp_path / "nada.jpg", tmp_path / "carpeta.jpg", tmp_path / "tubo.jpg"
    folder.mkdir()
    os.mkfifo(pipe)
    report = copy_files([gone, folder, pipe, Path("a\0b.jpg"), sources[0]], target)
    assert contents(target) == {"foto.jpg": b"uno"}
    assert [(problem.path, problem.reason) for problem in report.failed] == [
        (str(gone), Reason.VANISHED),
        (str(folder), Reason.NOT_AN_IMAGE),
        (str(pipe), Reason.NOT_AN_IMAGE),
        ("a\0b.jpg", Reason.UNREADABLE),
    ]
    text.set_language("en")
    assert copied_message(report, target) == f"1 picture copied to “{target}”; 4 could not be read."


def test_a_disk_that_fails_in_the_middle_leaves_no_half_copy(sources, target, monkeypatch):
    class Broken(io.BytesIO):
        def __init__(self, path):
            super().__init__(path.read_bytes())

        def read(self, size=-1):
            if self.tell():
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return super().read(size)

    opened = copying.open_regular
    monkeypatch.setattr(copying, "open_regular", lambda path: (Broken if path is sources[2] else opened)(path))
    report = copy_files([sources[2], sources[0]], target)
    assert contents(target) == {"foto.jpg": b"uno"}
    assert [(problem.path, problem.reason) for problem in report.failed] == [(str(sources[2]), Reason.UNREADABLE)]


def test_a_full_disk_ends_it_and_tells_what_was_copied(sources, target, monkeypatch):
    fdopen = os.fdopen

    def full(descriptor, mode):
        stream = fdopen(descriptor, mode)
        if len(list(target.iterdir())) < 3:  # two copies, the second one is being made
            return stream
        stream.close()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(CopiesNotMade) as raised:
        copy_files(sources, target)
    assert contents(target) == {"foto.jpg": b"uno", "foto (2).jpg": b"dos"}
    full_disk = text.system(os.strerror(errno.ENOSPC))
    assert text.explain(raised.value) == (
        f"No se pudo escribir en la carpeta «{target}»: {full_disk}. Copiadas: 2 de 3."
    )


def test_a_folder_that_is_not_there_is_told(sources, tmp_path):
    with pytest.raises(CopiesNotMade) as raised:
        copy_files(sources, tmp_path / "no está")
    assert raised.value.params["copied"] == 0
    assert not (tmp_path / "no está").exists()


def test_cancelling_leaves_whole_copies_only(sources, target):
    looks = iter([False, False, False, False, False, True])  # at each file and each megabyte
    report = copy_files(sources, target, CancelledWhen(lambda: next(looks)))
    assert report == CopyReport((target / "foto.jpg", target / "foto (2).jpg"), cancelled=True)
    assert contents(target) == {"foto.jpg": b"uno", "foto (2).jpg": b"dos"}
    assert copied_message(report, target) == f"2 imágenes copiadas a «{target}»; cancelado."


@posix
def test_names_that_the_file_system_refuses_are_made_portable(tmp_path, target, monkeypatch):
    source = write(tmp_path / "a" / 'foto: "1"?.jpg', b"uno")
    link = os.link

    def fat(old, new):
        if set(new.name) & set(':"?'):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        link(old, new)

    opened = os.open

    def fat_open(path, *arguments):
        if set(Path(path).name) & set(':"?'):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        return opened(path, *arguments)

    monkeypatch.setattr(os, "link", fat)
    monkeypatch.setattr(
        os, "open", lambda path, *rest: (fat_open if target in Path(path).parents else opened)(path, *rest)
    )
    report = copy_files([source, source], target)
    assert [path.name for path in report.copied] == ["foto_ _1__.jpg", "foto_ _1__ (2).jpg"]


def test_hostile_names_are_copied_as_they_are(tmp_path, target):
    paths = hostile.lay_out(tmp_path / "corpus", lambda path, number: path.write_bytes(str(number).encode()))
    report = copy_files(paths, target)
    assert report.failed == ()
    assert len(report.copied) == len(paths) == len(list(target.iterdir()))
    for source, copy in zip(paths, report.copied, strict=True):
        assert copy.parent == target
        assert copy.read_bytes() == source.read_bytes()
        assert copy.name == source.name or copy.stem.endswith(")")


@pytest.mark.parametrize(("name", "copy"), [("fin.jpg.", "fin.jpg"), ("fin.jpg ", "fin.jpg"), ("CON.jpg", "_CON.jpg")])
def test_a_name_that_windows_would_change_is_made_portable_there(tmp_path, target, name, copy):
    write(tmp_path / "fin.jpg", b"otra")
    write(long_path(tmp_path, below=True) / name, b"uno")  # the only way that Windows makes such a file
    report = copy_files([tmp_path / name], target)
    assert report.failed == ()
    assert contents(target) == {copy if WINDOWS else name: b"uno"}


@pytest.mark.parametrize(
    ("name", "copy"),
    [
        ("fin.jpg.", "fin.jpg"),
        ("fin.jpg. ", "fin.jpg"),
        ("com1", "_com1"),
        ("foto\u202egpj.exe", "foto\u202egpj.exe"),
        ("año.2024.jpg", "año.2024.jpg"),
    ],
)
def test_a_copy_keeps_any_other_name(monkeypatch, name, copy):
    monkeypatch.setattr(portable_names.os, "name", "nt")
    assert kept(name) == copy


# -- Names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("foto.jpg", "foto.jpg"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("..", "_"),
        ("C:\\x.jpg", "C__x.jpg"),
        ("/etc/passwd", "_etc_passwd"),
        ("CON.jpg", "_CON.jpg"),
        ("com1", "_com1"),
        ("consejo.jpg", "consejo.jpg"),
        ("fin.jpg. .", "fin.jpg"),
        ("a\nb\x00\x1b[31m.jpg", "a↵b\ufffd\ufffd[31m.jpg"),
        ("foto\u202egpj.exe", "foto\ufffdgpj.exe"),
        (raw_name(b"latin1-\xe9.jpg"), "latin1-\ufffd.jpg"),
        ("ñ" * 200 + ".jpg", "ñ" * 125 + ".jpg"),
        ("", "_"),
    ],
)
def test_portable_names(name, expected):
    assert portable(name) == expected
    assert len(portable(name).encode()) <= 255


def test_numbers_make_names_differ_whatever_their_case():
    taken = {}
    names = [numbered(name, taken) for name in ("a.jpg", "A.JPG", "a (2).jpg", "a.jpg", "b", "B", "b (2)")]
    assert names == ["a.jpg", "A (2).JPG", "a (2) (2).jpg", "a (3).jpg", "b", "B (2)", "b (2) (2)"]
    assert len({name.casefold() for name in names}) == 7
    assert with_number("x" * 251 + ".jpg", 12) == "x" * 246 + " (12).jpg"


# -- Archives ------------------------------------------------------------------------------------------


def opened(chunks):
    return zipfile.ZipFile(io.BytesIO(b"".join(chunks)))


def test_the_archive_has_every_picture_as_it_is(sources):
    with opened(iter_zip(sources)) as archive:
        assert archive.testzip() is None
        infos = archive.infolist()
        assert [info.filename for info in infos] == ["foto.jpg", "foto (2).jpg", "niño ñandú.jpg"]
        assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}
        assert [archive.read(info) for info in infos] == [b"uno", b"dos", b"tres" * 500_000]
        when = time.localtime(MTIME)[:6]
        assert {info.date_time for info in infos} == {(*when[:5], when[5] // 2 * 2)}
        assert {info.external_attr >> 16 for info in infos} == {0o100644}


def test_other_programs_read_the_archive(sources, tmp_path):
    unzip = shutil.which("unzip") or pytest.skip("unzip is not installed")
    (tmp_path / "x.zip").write_bytes(b"".join(iter_zip(sources)))
    subprocess.run([unzip, "-q", "x.zip", "-d", "fuera"], cwd=tmp_path, check=True)
    assert sorted(len(path.read_bytes()) for path in (tmp_path / "fuera").iterdir()) == [3, 3, 2_000_000]


def test_names_in_the_archive_stay_in_their_folder(tmp_path):
    paths = hostile.lay_out(tmp_path / "corpus", lambda path, number: path.write_bytes(str(number).encode()))
    with opened(iter_zip(paths)) as archive:
        names = archive.namelist()
        assert [archive.read(name) for name in names] == [path.read_bytes() for path in paths]
    assert len({name.casefold() for name in names}) == len(paths)
    for name in names:
        assert not set(name) & set('<>:"/\\|?*')
        assert visible(name) == name
        assert name.strip(" .") and not name.endswith((" ", "."))


def test_what_is_missing_is_told_in_the_archive(sources, tmp_path):
    gone = tmp_path / "no\u2028está.jpg"
    with opened(iter_zip([gone, sources[0], tmp_path])) as archive:
        assert archive.namelist() == ["foto.jpg", "Imágenes que faltan.txt"]
        told = archive.read("Imágenes que faltan.txt").decode("utf-8-sig")
    assert told.splitlines() == [
        f"{visible(str(gone))}: {text.reason(Reason.VANISHED)}",
        f"{tmp_path}: {text.reason(Reason.NOT_AN_IMAGE)}",
    ]


def test_the_archive_is_made_as_it_is_read(tmp_path):
    path = tmp_path / "grande.tif"
    with path.open("wb") as stream:
        stream.truncate(5 << 30)  # takes no room on the disk
    chunks = iter_zip([path])
    sizes = [len(next(chunks)) for _ in range(20)]
    assert max(sizes) < (1 << 20) + 1000
    chunks.close()
    cancelled = iter_zip([path], CancelledWhen(lambda: True))
    with pytest.raises(Cancelled):
        next(cancelled)


def test_sizes_beyond_four_gigabytes_are_told(tmp_path, monkeypatch):
    """ZIP64, with the bound lowered so that no gigabytes are read."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
    path = write(tmp_path / "a.tif", b"x" * 3000)
    data = b"".join(iter_zip([path, path]))
    monkeypatch.undo()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert [info.extract_version for info in archive.infolist()] == [45, 45]
        assert archive.read("a (2).tif") == b"x" * 3000


def test_times_that_the_format_cannot_tell(tmp_path):
    paths = [write(tmp_path / "viejo.jpg", b"x", -(10**9)), write(tmp_path / "futuro.jpg", b"x", 5_000_000_000)]
    with opened(iter_zip(paths)) as archive:
        assert [info.date_time for info in archive.infolist()] == [(1980, 1, 1, 0, 0, 0)] * 2


def test_a_file_that_changes_meanwhile_does_not_break_the_archive(sources, tmp_path):
    growing, shrinking = (
        write(tmp_path / "crece.jpg", b"x" * (3 << 20)),
        write(tmp_path / "mengua.jpg", b"y" * (3 << 20)),
    )
    chunks = iter_zip([growing, shrinking, sources[0]])
    data = [next(chunks)]
    with growing.open("ab") as stream:
        stream.write(b"z" * (1 << 20))
    data += [next(chunks) for _ in range(3)]
    os.truncate(shrinking, 1 << 20)
    with opened([*data, *chunks]) as archive:
        assert archive.testzip() is None
        assert archive.read("crece.jpg") == b"x" * (3 << 20)
        assert archive.read("foto.jpg") == b"uno"
        told = archive.read("Imágenes que faltan.txt").decode("utf-8-sig")
    assert told == f"{shrinking}: {text.reason(Reason.CHANGED)}\r\n"


# -- Tables --------------------------------------------------------------------------------------------

DETAILS = Details(4000, 3000, datetime(2024, 5, 1, 12, 30, 5, 999), dated=True, camera="Nikon D90")
HITS = [
    Hit(1, 0.28346, PurePosixPath("/fotos/perro; «playa».jpg"), 0.97, DETAILS),
    Hit(2, -0.01, PurePosixPath(raw_name(b"/fotos/mal\xff\n.jpg")), None, Details(0, 0, datetime(1999, 12, 31))),
    Hit(3, 0.2, PurePosixPath("/fotos/x.jpg")),
]


def test_the_table_as_a_spanish_spreadsheet_reads_it():
    data = to_csv(HITS)
    assert data.startswith(b"\xef\xbb\xbfpuesto;ruta;similitud;relevancia;fecha;ancho;alto;c\xc3\xa1mara\r\n")
    assert list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";"))[1:] == [
        ["1", "/fotos/perro; «playa».jpg", "0,2835", "0,9700", "2024-05-01T12:30:05", "4000", "3000", "Nikon D90"],
        ["2", "/fotos/mal\ufffd↵.jpg", "-0,0100", "", "1999-12-31T00:00:00", "", "", ""],
        ["3", "/fotos/x.jpg", "0,2000", "", "", "", "", ""],
    ]


def test_the_table_as_an_english_spreadsheet_reads_it():
    text.set_language("en")
    rows = list(csv.reader(io.StringIO(to_csv(HITS).decode("utf-8-sig"), newline="")))
    assert rows[0] == ["rank", "path", "similarity", "relevance", "date", "width", "height", "camera"]
    assert rows[1][2:4] == ["0.2835", "0.9700"]


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("quotes", [csv.QUOTE_MINIMAL, csv.QUOTE_NONE])
def test_no_cell_becomes_a_formula(separator, quotes):
    """Whatever separator the spreadsheet takes, and whether it minds quotes."""
    starts = ["=", "+", "-", "@", "\t=", "\r=", "＝", "＋"]
    hits = [
        Hit(
            1,
            0.5,
            PurePosixPath(f"/f{gap}{start}cmd|' /C calc'!A0"),
            None,
            Details(1, 1, DETAILS.date, camera=f"{start}1+1"),
        )
        for start in starts
        for gap in ("/", "/a,", "/a;", '/a,"', '/a;"', "/a\t", "")
    ]
    rows = csv.reader(io.StringIO(to_csv(hits).decode("utf-8-sig"), newline=""), delimiter=separator, quoting=quotes)
    cells = [cell.lstrip('"') for row in rows for cell in row]
    assert len(cells) > 100 or separator == "\t"
    assert [cell for cell in cells if cell[:1] in set("=+-@＝＋－＠\t\r")] == []


def test_the_json_has_the_exact_paths():
    data = to_json(HITS)
    rows = json.loads(data)
    assert [list(row) for row in rows] == [
        ["rank", "path", "score", "relevance", "date", "width", "height", "camera"]
    ] * 3
    assert rows[0] == {
        "rank": 1,
        "path": "/fotos/perro; «playa».jpg",
        "score": 0.28346,
        "relevance": 0.97,
        "date": "2024-05-01T12:30:05",
        "width": 4000,
        "height": 3000,
        "camera": "Nikon D90",
    }
    assert rows[1]["path"].encode("utf-8", "surrogateescape") == b"/fotos/mal\xff\n.jpg"
    assert (rows[1]["width"], rows[2]["date"], rows[2]["relevance"]) == (None, None, None)
    assert "«playa»".encode() in data
    assert json.loads(to_json([])) == []


def test_a_problem_of_a_source_names_it(sources, target):
    sources[0].unlink()
    (problem,) = copy_files(sources[:1], target).failed
    assert isinstance(problem, Problem)
    assert problem.path == str(sources[0])


def test_windows_waits_for_a_virus_scanner_that_reads_the_new_copy(tmp_path, monkeypatch):
    partial, copy = write(tmp_path / ".x.part", b"a picture"), tmp_path / "foto.jpg"
    refusals = refuse_at_first(monkeypatch, "rename", 5)
    with monkeypatch.context() as windows:
        windows.setattr(copying.os, "name", "nt")
        copying._rename_without_replacing(partial, copy)
    assert not refusals
    assert copy.read_bytes() == b"a picture"
