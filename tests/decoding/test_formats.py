"""Every kind of picture file of docs/formats.md, row by row: made by its own encoder, read, its colours looked at."""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from semantik.decoding.decoded import Decoded, Description
from semantik.decoding.fitting import InputSpec
from semantik.decoding.pictures.decode import describe_image, load_image
from semantik.decoding.pictures.formats import EXR, FORMATS, HEIF, IMAGE_EXTENSIONS, JXL, RAW, SVG, TGA, recognise
from semantik.decoding.pool import DecodePool
from semantik.records import Reason
from tests.support import photo_files
from tests.support.pictures import BLUE, GREEN, RED, WHITE, corners, encoded, failure, near, quarters
from tests.support.places import REPO

pytest.importorskip("pillow_heif").register_heif_opener()
for _package in ("pillow_jxl", "rawpy", "resvg_py"):
    pytest.importorskip(_package)


SPEC = InputSpec(8, 8, "squash", "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
COLOURS = [RED, GREEN, BLUE, WHITE]
GREYS = [(76,) * 3, (150,) * 3, (29,) * 3, WHITE]
SVG_QUARTERS = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 48"><path fill="#f00" d="M0 0h32v24H0z"/>'
    '<path fill="#0f0" d="M32 0h32v24H32z"/><path fill="#00f" d="M0 24h32v24H0z"/>'
    '<path fill="#fff" d="M32 24h32v24H32z"/></svg>'
)


def pillow(kind: str, **options: object) -> Callable[[], bytes]:
    return lambda: encoded(quarters(), kind, **options)


def grey(kind: str) -> Callable[[], bytes]:
    return lambda: encoded(quarters().convert("1", dither=Image.Dither.NONE), kind)


def raw() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return photo_files.dng(Path(folder) / "a.dng").read_bytes()


Row = tuple[Callable[[], bytes], list[tuple[int, ...]], int]
BLACK_WHITE = [(0,) * 3, WHITE, (0,) * 3, WHITE]
DEVELOPED: list[tuple[int, ...]] = [(255, 85, 85), (85, 255, 85), (85, 85, 255), WHITE]

ROWS: dict[str, Row] = {
    ".jpg .jpeg .jpe .jfif .mpo": (pillow("JPEG", quality=95), COLOURS, 6),
    ".png .apng": (pillow("PNG"), COLOURS, 0),
    ".gif": (pillow("GIF"), COLOURS, 0),
    ".webp": (pillow("WEBP", lossless=True), COLOURS, 0),
    ".bmp": (pillow("BMP"), COLOURS, 0),
    ".dib": (pillow("DIB"), COLOURS, 0),
    ".tif .tiff": (pillow("TIFF"), COLOURS, 0),
    ".avif .avifs": (pillow("AVIF", quality=100), COLOURS, 6),
    ".jp2 .jpf .jpx": (pillow("JPEG2000"), COLOURS, 0),
    ".j2k .j2c .jpc": (pillow("JPEG2000", no_jp2=True), COLOURS, 0),
    ".tga .icb .vda .vst": (pillow("TGA"), COLOURS, 0),
    ".ico": (pillow("ICO", sizes=[(64, 48)]), COLOURS, 0),
    ".ppm .pgm .pbm .pnm .pfm": (pillow("PPM"), COLOURS, 0),
    ".qoi": (pillow("QOI"), COLOURS, 0),
    ".dds": (pillow("DDS"), COLOURS, 0),
    ".pcx": (pillow("PCX"), COLOURS, 0),
    ".psd .psb": (lambda: photo_files.psd(quarters()), COLOURS, 0),
    ".heic .heif .hif .heics .heifs": (pillow("HEIF", quality=95), COLOURS, 4),
    ".jxl": (pillow("JXL", lossless=True), COLOURS, 0),
    ".svg": (SVG_QUARTERS.encode, COLOURS, 0),
    ".svgz": (lambda: gzip.compress(SVG_QUARTERS.encode()), COLOURS, 0),
    " ".join(sorted(RAW.extensions)): (raw, DEVELOPED, 8),
    ".sgi .rgb .rgba .bw": (pillow("SGI"), COLOURS, 0),
    ".ras": (lambda: photo_files.sun(quarters()), COLOURS, 0),
    ".icns": (lambda: encoded(quarters((64, 64), "RGBA"), "ICNS"), COLOURS, 0),
    ".cur": (lambda: photo_files.cursor(quarters()), COLOURS, 0),
    ".xbm": (grey("XBM"), BLACK_WHITE, 0),
    ".xpm": (lambda: photo_files.xpm(quarters()), COLOURS, 0),
    ".fli .flc": (lambda: photo_files.fli(quarters()), COLOURS, 0),
    ".msp": (grey("MSP"), BLACK_WHITE, 0),
    ".dcx": (lambda: photo_files.dcx(quarters()), COLOURS, 0),
    ".pcd": (lambda: photo_files.photo_cd(quarters()), COLOURS, 40),
    ".blp": (lambda: encoded(quarters().quantize(4), "BLP", blp_version="BLP2"), COLOURS, 0),
    ".pxr": (lambda: photo_files.pixar(quarters()), COLOURS, 0),
    ".fits .fit": (lambda: photo_files.fits(quarters()), GREYS, 0),
    ".hdr": (lambda: photo_files.radiance(quarters()), [], 0),  # its exposure is chosen anew: see test_radiance.py
}


@pytest.mark.parametrize("extensions", ROWS)
def test_every_row_of_the_table(tmp_path: Path, extensions: str) -> None:
    make, colours, tolerance = ROWS[extensions]
    data = make()
    for extension in extensions.split():
        path = tmp_path / f"a{extension}"
        path.write_bytes(data)
        loaded, told = load_image(path, 16), describe_image(path)
        assert (loaded.width, loaded.height) == (told.width, told.height), extension
        assert loaded.image.mode == "RGB" and loaded.warning is None
        if colours:
            near(corners(loaded), colours, tolerance)


def test_the_table_has_every_extension() -> None:
    assert {extension for row in ROWS for extension in row.split()} == IMAGE_EXTENSIONS - {*EXR.extensions}
    names = [extension for kind in FORMATS for extension in kind.extensions]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("page", ["docs/formats.md", "docs/formats.es.md"])
def test_the_pages_name_every_extension_once(page: str) -> None:
    lines = (REPO / page).read_text(encoding="utf-8").splitlines()
    rows = [line.split("|")[2].split() for line in lines if line.startswith("|") and line.count("|") == 5]
    pictures = [f".{extension}" for row in rows[2:] if "mp4" not in row for extension in row]  # after head and rule
    assert sorted(pictures) == sorted(IMAGE_EXTENSIONS)


def test_all_kinds_come_through_the_pool(tmp_path: Path) -> None:
    paths = []
    for extensions, (make, _, _) in ROWS.items():
        paths.append(tmp_path / f"a{extensions.split()[0]}")
        paths[-1].write_bytes(make())
    with DecodePool(1) as pool:
        assert [
            path.name
            for path, one in zip(paths, pool.fit_all(paths, SPEC), strict=True)
            if not isinstance(one, Decoded)
        ] == []
        assert [
            path.name for path, one in zip(paths, pool.describe(paths), strict=True) if not isinstance(one, Description)
        ] == []
        assert len(pool.pids()) == 1


# -- Recognition ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "extension", "kind"),
    [
        (b"II*\0\x10\0\0\0CR\x02\0", ".tif", RAW),
        (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", ".cr3", RAW),
        (b"FUJIFILMCCD-RAW 0201", "", RAW),
        (b"IIRO\x08\0\0\0", ".orf", RAW),
        (b"MMOR\0\0\0\x08", ".orf", RAW),
        (b"IIU\0\x18\0\0\0", ".rw2", RAW),
        (b"MM\0*\0\0\0\x08", ".nef", RAW),
        (b"II*\0\x08\0\0\0", ".arw", RAW),
        (b"FOVb\0\0\x02\0", ".x3f", RAW),
        (b"\0MRM\0\0", ".mrw", RAW),
        (b"II\x1a\0\0\0HEAPCCDR", ".crw", RAW),
        (b"\xff\xd8\xff\xe0", ".nef", "JPEG"),
        (b"II*\0\x08\0\0\0", ".tif", "TIFF"),
        (b"\0\0\x02\0" + bytes(30), ".tga", TGA),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "", HEIF),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", ".heic", None),
        (b"<!-- a long comment --> " + bytes(900), ".svg", SVG),
        (b"<?xml version='1.0'?><html>", ".html", None),
        (b"\x1f\x8b\x08", ".gz", None),
        (b"\xff\x0a", "", JXL),
    ],
)
def test_recognition(head: bytes, extension: str, kind: object) -> None:
    found = recognise(head, extension)
    assert (found.name if isinstance(kind, str) and found else found) == kind


@pytest.mark.parametrize(
    ("name", "packages"),
    [("a.heic", ["pillow_heif", "pi_heif"]), ("a.jxl", ["pillow_jxl"]), ("a.dng", ["rawpy"]), ("a.svg", ["resvg_py"])],
)
def test_a_missing_reader_is_not_a_broken_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, packages: list[str]
) -> None:
    make = next(row[0] for extensions, row in ROWS.items() if name[1:] in extensions.split())
    (tmp_path / name).write_bytes(make())
    monkeypatch.delitem(Image.OPEN, "HEIF")
    for package in packages:
        monkeypatch.setitem(sys.modules, package, None)
    assert failure(tmp_path / name)[0] is Reason.NO_DECODER


def test_the_optional_readers_are_loaded_only_when_a_picture_wants_them() -> None:
    code = (
        "import sys, semantik.decoding.pictures.decode, semantik.folders.scan;"
        "print({'pillow_heif', 'pi_heif', 'pillow_jxl', 'rawpy', 'resvg_py', 'cv2'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"
