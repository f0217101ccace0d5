"""What tells when and where a picture was taken: which source counts, in which formats, and that nonsense is none."""

from __future__ import annotations

import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin

from semantik.decoding.decoded import Description
from semantik.decoding.pictures.capture_facts import photo_details
from semantik.decoding.pictures.decode import describe_image, load_image
from semantik.decoding.video.container import taken
from semantik.decoding.video.formats import ISO
from semantik.decoding.xmp import xmp_moments
from semantik.records import DateSource

XMP, IPTC, GPS, TEXT, EXIF = (DateSource[name] for name in ("XMP", "IPTC", "GPS", "TEXT", "EXIF"))
_SPACES = {
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}


def year(number: int) -> datetime:
    return datetime(number, 8, 22, 10, 8, 19)


def local(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)


def xmp(**years: int) -> bytes:
    """A packet with dates by property, such as photoshop_DateCreated."""
    spaces = " ".join(f'xmlns:{prefix}="{space}"' for prefix, space in _SPACES.items())
    dates = " ".join(f'{name.replace("_", ":")}="{number}-08-22T10:08:19+02:00"' for name, number in years.items())
    rdf = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
    packet = f"<rdf:RDF {rdf}><rdf:Description {spaces} {dates}/></rdf:RDF>"
    packet = f'<x:xmpmeta xmlns:x="adobe:ns:meta/">{packet}</x:xmpmeta>'
    return f'<?xpacket begin="\ufeff"?>{packet}   <?xpacket end="w"?>'.encode()


def iptc(day: bytes, time: bytes = b"") -> bytes:
    sets = ((5, b"Playa"), (55, day), (60, time))
    return b"".join(b"\x1c\x02%c%s%s" % (kind, struct.pack(">H", len(data)), data) for kind, data in sets if data)


def exif(original: object = None, gps: bool = False) -> Image.Exif:
    made = Image.Exif()
    if original:
        made.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = original
    if gps:
        made.get_ifd(ExifTags.IFD.GPSInfo).update(
            {1: "N", 2: (40.0, 26.0, 30.0), 3: "W", 4: (3.0, 42.0, 0.0), 7: (10.0, 8.0, 19.0), 29: "2013:08:22"}
        )
    return made


def test_the_order_of_sources() -> None:
    info = {
        "xmp": xmp(photoshop_DateCreated=2011),
        "photoshop": {0x0404: iptc(b"20120822", b"100819+0200")},
        "Creation Time": "Fri, 22 Aug 2014 10:08:19 GMT",
        "date:create": "2020-01-01T00:00:00",
    }
    assert photo_details(exif("2010:08:22 10:08:19", gps=True), info)[::2] == (year(2010), EXIF)
    assert photo_details(exif(gps=True), info)[::2] == (year(2011), XMP)
    del info["xmp"]
    assert photo_details(exif(gps=True), info)[::2] == (year(2012), IPTC)
    del info["photoshop"]
    assert photo_details(exif(gps=True), info)[::2] == (local(year(2013)), GPS)
    assert photo_details(exif(), info)[::2] == (year(2014), TEXT)
    del info["Creation Time"]
    assert photo_details(exif(), info) == (None, "", None, None)


def test_a_clock_that_was_never_set_counts_last() -> None:
    info = {"Creation Time": "2014:08:22 10:08:19"}
    assert photo_details(exif("1980:01:01 00:00:00"), info)[::2] == (year(2014), TEXT)
    assert photo_details(exif("2099:01:01 10:00:00"), info)[::2] == (year(2014), TEXT)
    assert photo_details(exif("1980:01:01 00:00:00"), {})[::2] == (datetime(1980, 1, 1), EXIF)


def test_places() -> None:
    assert photo_details(exif(gps=True), {})[3] == pytest.approx((40.44167, -3.7), abs=1e-5)
    for tag, value in (
        (2, (91.0, 0.0, 0.0)),
        (2, (float("nan"), 0.0, 0.0)),
        (4, (181.0, 0.0, 0.0)),
        (2, "N"),
        (4, None),
    ):
        made = exif(gps=True)
        made.get_ifd(ExifTags.IFD.GPSInfo)[tag] = value
        assert photo_details(made, {})[3] is None, (tag, value)
    made = exif(gps=True)
    made.get_ifd(ExifTags.IFD.GPSInfo).update({2: (0.0, 0.0, 0.0), 4: (0.0, 0.0, 0.0)})
    assert photo_details(made, {})[3] is None


def test_properties_of_xmp() -> None:
    three = {"photoshop_DateCreated": 2011, "exif_DateTimeOriginal": 2012, "xmp_CreateDate": 2013}
    assert list(xmp_moments(xmp(**three))) == [year(2011), year(2012), year(2013)]
    packet = xmp(exif_DateTimeOriginal=2012).decode()
    for data in (
        packet,
        packet.encode("utf-16"),
        packet.encode("utf-32"),
        packet.encode("utf-16-be"),
        b"\0" + packet.encode(),
    ):
        assert list(xmp_moments(data)) == [year(2012)]
    other = packet.replace("exif:", "ns3:").replace("xmlns:exif", "xmlns:ns3")
    assert list(xmp_moments(other)) == [year(2012)]
    element = "<exif:DateTimeOriginal>2012:08:22 10:08:19</exif:DateTimeOriginal>"
    assert list(xmp_moments(f"<a {element} <b>")) == [year(2012)]  # not well-formed
    assert list(xmp_moments(packet.replace("2012-08-22T10:08:19+02:00", "2012"))) == []


def test_entities_are_not_expanded() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 30))
    bomb = f'<!DOCTYPE a [<!ENTITY l0 "x">{levels}]><a xmlns:p="{_SPACES["photoshop"]}" p:DateCreated="&l29;"/>'
    assert list(xmp_moments(f'<?xml version="1.0"?>{bomb}'.encode())) == []
    assert list(xmp_moments("<a>" * 100_000)) == []


def _png(path: Path, *chunks: tuple[bytes, bytes]) -> None:
    """A picture with further chunks behind its pixels."""
    Image.new("RGB", (40, 30)).save(path)
    data = path.read_bytes()
    made = [
        struct.pack(">I", len(text)) + kind + text + struct.pack(">I", zlib.crc32(kind + text)) for kind, text in chunks
    ]
    path.write_bytes(data[:-12] + b"".join(made) + data[-12:])


def _jpeg_with_iptc(path: Path) -> None:
    Image.new("RGB", (40, 30)).save(path)
    data, told = path.read_bytes(), iptc(b"20150822", b"100819")
    block = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(told)) + told + b"\0" * (len(told) % 2)
    path.write_bytes(data[:2] + b"\xff\xed" + struct.pack(">H", len(block) + 2) + block + data[2:])


def _tiff(path: Path, tag: int, kind: int, value: bytes) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags.tagtype[tag] = kind
    tags[tag] = value
    Image.new("RGB", (40, 30)).save(path, tiffinfo=tags)


MAKERS = {
    "xmp.jpg": (lambda path: Image.new("RGB", (40, 30)).save(path, xmp=xmp(photoshop_DateCreated=2015)), XMP),
    "xmp.webp": (lambda path: Image.new("RGB", (40, 30)).save(path, xmp=xmp(xmp_CreateDate=2015)), XMP),
    "xmp.avif": (lambda path: Image.new("RGB", (40, 30)).save(path, xmp=xmp(xmp_CreateDate=2015)), XMP),
    "xmp.tif": (lambda path: _tiff(path, 700, 1, xmp(exif_DateTimeOriginal=2015)), XMP),
    "xmp.png": (
        lambda path: _png(path, (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(exif_DateTimeOriginal=2015))),
        XMP,
    ),
    "iptc.jpg": (_jpeg_with_iptc, IPTC),
    "iptc.tif": (lambda path: _tiff(path, 33723, 7, iptc(b"20150822", b"100819-0500")), IPTC),
    "text.png": (lambda path: _png(path, (b"tEXt", b"Creation Time\x002015:08:22 10:08:19")), TEXT),
    "packed.png": (
        lambda path: _png(path, (b"zTXt", b"creation time\0\0" + zlib.compress(b"Sat, 22 Aug 2015 10:08:19 +0200"))),
        TEXT,
    ),
    "unicode.png": (
        lambda path: _png(
            *(path, (b"iTXt", b"Creation Time\0\1\0es\0Hora\0" + zlib.compress(b"2015-08-22T10:08:19+02:00")))
        ),
        TEXT,
    ),
    "magick.png": (lambda path: _png(path, (b"tEXt", b"exif:DateTimeOriginal\x002015:08:22 10:08:19")), TEXT),
    "exif.png": (lambda path: _png(path, (b"eXIf", exif("2015:08:22 10:08:19").tobytes()[6:])), EXIF),
}


@pytest.mark.parametrize("name", MAKERS)
def test_formats_tell_before_and_after_decoding(tmp_path: Path, name: str) -> None:
    make, source = MAKERS[name]
    make(tmp_path / name)
    told, loaded = describe_image(tmp_path / name), load_image(tmp_path / name, 16)
    assert (told, told.source) == (Description(40, 30, year(2015)), source)
    assert (loaded.taken, loaded.source) == (year(2015), source)


@pytest.mark.parametrize(
    "chunk",
    [
        (b"tEXt", b"date:create\x002015-08-22T10:08:19"),  # when the file was made
        (b"tEXt", b"Creation Time"),
        (b"zTXt", b"Creation Time\0\0no zlib"),
        (b"iTXt", b"Creation Time\0\1"),
        (b"tEXt", b"k" * 100),
    ],
)
def test_texts_that_tell_nothing(tmp_path: Path, chunk: tuple[bytes, bytes]) -> None:
    _png(tmp_path / "a.png", chunk)
    assert describe_image(tmp_path / "a.png").taken is load_image(tmp_path / "a.png", 16).taken is None


def _box(kind: bytes, *content: bytes) -> bytes:
    data = b"".join(content)
    return struct.pack(">I", len(data) + 8) + kind + data


def test_dates_of_videos(tmp_path: Path) -> None:
    def told(*boxes: bytes) -> datetime | None:
        path = tmp_path / "a.mov"
        path.write_bytes(_box(b"ftyp", b"qt  ") + _box(b"moov", *boxes))
        with path.open("rb") as file:
            return taken(file, ISO, path.stat().st_size)

    def mvhd(seconds: int) -> bytes:
        return _box(b"mvhd", b"\0\0\0\0" + struct.pack(">I", seconds) + b"\0" * 92)

    def apple(value: bytes) -> bytes:
        keys = [_box(b"mdta", name) for name in (b"com.apple.quicktime.make", b"com.apple.quicktime.creationdate")]
        data = _box(b"data", b"\0\0\0\1\0\0\0\0", value)
        return _box(
            *(b"meta", _box(b"hdlr", b"\0" * 24), _box(b"keys", b"\0\0\0\0\0\0\0\2", *keys)),
            _box(b"ilst", _box(b"\0\0\0\2", data)),
        )

    since_1904 = int((year(2013) - datetime(1904, 1, 1)).total_seconds())
    assert told(mvhd(since_1904)) == local(year(2013))
    assert told(mvhd(0)) is None
    assert told(mvhd(0), apple(b"2014-08-22T10:08:19+0200")) == year(2014)
    assert told(
        mvhd(since_1904), _box(b"udta", _box(b"\xa9day", b"\0\x18\x15\xc7", b"2015-08-22T10:08:19-0500"))
    ) == year(2015)
    assert told(mvhd(since_1904), apple(b"1904-01-01T00:00:00Z")) == local(year(2013))
    assert told(mvhd(since_1904), _box(b"meta", _box(b"keys", b"\0"), _box(b"ilst", b"\1"))) == local(year(2013))


CELLS = st.one_of(
    *(st.none(), st.integers(), st.floats(), st.text(), st.binary()),
    st.tuples(st.floats(), st.floats(), st.floats()),
    st.lists(st.integers(), max_size=4).map(tuple),
    st.builds(TiffImagePlugin.IFDRational, st.integers(0, 2**32), st.integers(0, 3)),
)


@given(
    st.dictionaries(st.sampled_from([0x9003, 0x9004, 0x132, 0x10F, 0x110, 0x112, 700, 33723, 34377]), CELLS),
    st.dictionaries(st.sampled_from([1, 2, 3, 4, 7, 29]), CELLS),
    st.dictionaries(
        st.sampled_from(["xmp", "photoshop", "Creation Time", 7]), CELLS | st.dictionaries(st.integers(), CELLS)
    ),
)
def test_any_values_of_exif_data(tags: dict[int, object], gps: dict[int, object], info: dict[object, object]) -> None:
    made = Image.Exif()
    for tag, value in tags.items():
        made[tag] = value
    made.get_ifd(ExifTags.IFD.Exif).update(tags)
    made.get_ifd(ExifTags.IFD.GPSInfo).update(gps)
    moment, camera, source, place = photo_details(made, info)
    assert (moment is None) is (source is None)
    assert len(camera) <= 80 and camera.encode("utf-8").count(b"\0") == 0
    assert place is None or (abs(place[0]) <= 90 and abs(place[1]) <= 180)


@pytest.mark.parametrize("value", [0, 9, 99, 65535])
def test_orientations_that_there_are_not(tmp_path: Path, value: object) -> None:
    made = exif("2015:08:22 10:08:19")
    made[ExifTags.Base.Orientation] = value
    Image.new("RGB", (40, 30)).save(tmp_path / "a.jpg", exif=made)
    assert describe_image(tmp_path / "a.jpg") == Description(40, 30, year(2015))


def test_png_texts_of_pillow_and_ours_are_the_same(tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("Creation Time", "2015-08-22 10:08:19", zip=True)
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png", pnginfo=info)
    assert describe_image(tmp_path / "a.png").taken == year(2015)
