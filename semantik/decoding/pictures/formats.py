"""The kinds of picture files: how each is recognised, which decoder may open it, how large it may be.

Only the decoder that a file's signature names is ever tried. Pillow's own guessing would offer every file
to all its plugins, among them some that start other programs (EPS runs Ghostscript).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

OPENCV, LIBJXL, LIBRAW, RESVG, LIBHEIF = "cv2", "pillow_jxl", "rawpy", "resvg_py", "pillow_heif"
"""Stand for a Pillow module where another package decodes; all but the first are optional."""


@dataclass(frozen=True, slots=True)
class ImageFormat:
    """A kind of picture file.

    ``name`` and ``plugin`` are Pillow's names for the format and its module, ``feature`` the library that
    a Pillow may have been built without; ``plugin`` may also be one of the packages above. ``cost`` is the
    most memory that decoding takes, in bytes per pixel (measured; see benchmarks/decode_cost.md). ``scales``
    says that the decoder can deliver a smaller picture directly. ``swells`` is how many bytes of pixels a byte of
    the file can hold at most, or does in any picture that shows something.
    """

    name: str
    plugin: str = ""
    extensions: tuple[str, ...] = ()
    feature: str = ""
    cost: int = 4
    scales: bool = False
    swells: int = 10_000

    @property
    def readable(self) -> bool:
        """Whether there is any decoder for it in this version of the program."""
        return bool(self.plugin)


JPEG = ImageFormat("JPEG", "JpegImagePlugin", (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"), scales=True, swells=700)
PNG = ImageFormat("PNG", "PngImagePlugin", (".png", ".apng"), swells=1100)  # deflate: 1032
GIF = ImageFormat("GIF", "GifImagePlugin", (".gif",), cost=8)
WEBP = ImageFormat("WEBP", "WebPImagePlugin", (".webp",), feature="webp", cost=17)
BMP = ImageFormat("BMP", "BmpImagePlugin", (".bmp",), swells=200)
DIB = ImageFormat("DIB", "BmpImagePlugin", (".dib",), swells=200)
TIFF = ImageFormat("TIFF", "TiffImagePlugin", (".tif", ".tiff"), cost=8)
AVIF = ImageFormat("AVIF", "AvifImagePlugin", (".avif", ".avifs"), feature="avif", cost=14)
JPEG2000 = ImageFormat(
    "JPEG2000",
    "Jpeg2KImagePlugin",
    (".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc"),
    feature="jpg_2000",
    cost=20,
    scales=True,
)
TGA = ImageFormat("TGA", "TgaImagePlugin", (".tga", ".icb", ".vda", ".vst"), swells=200)
ICO = ImageFormat("ICO", "IcoImagePlugin", (".ico",), cost=8)
PPM = ImageFormat("PPM", "PpmImagePlugin", (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"), cost=8, swells=200)
QOI = ImageFormat("QOI", "QoiImagePlugin", (".qoi",), cost=9, swells=200)
DDS = ImageFormat("DDS", "DdsImagePlugin", (".dds",), cost=9, swells=200)
PCX = ImageFormat("PCX", "PcxImagePlugin", (".pcx",), swells=200)
PSD = ImageFormat("PSD", "PsdImagePlugin", (".psd", ".psb"), swells=200)
HDR = ImageFormat("HDR", OPENCV, (".hdr",), cost=14, swells=200)

HEIF = ImageFormat("HEIF", LIBHEIF, (".heic", ".heif", ".hif", ".heics", ".heifs"), cost=12)
JXL = ImageFormat("JXL", LIBJXL, (".jxl",), cost=17)
SVG = ImageFormat("SVG", RESVG, (".svg", ".svgz"), cost=16)
RAW = ImageFormat(
    "RAW",
    LIBRAW,
    (
        ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw", ".nrw", ".sr2", ".srf", ".crw",
        ".rwl", ".3fr", ".fff", ".iiq", ".mos", ".mef", ".mrw", ".erf", ".kdc", ".dcr", ".gpr", ".x3f",
    ),
    cost=8,
    scales=True,
)  # fmt: skip

# Rare ones that Pillow reads as well.
SGI = ImageFormat("SGI", "SgiImagePlugin", (".sgi", ".rgb", ".rgba", ".bw"), cost=8, swells=200)
SUN = ImageFormat("SUN", "SunImagePlugin", (".ras",))
ICNS = ImageFormat("ICNS", "IcnsImagePlugin", (".icns",), cost=20)
CUR = ImageFormat("CUR", "CurImagePlugin", (".cur",), cost=8)
XBM = ImageFormat("XBM", "XbmImagePlugin", (".xbm",))
XPM = ImageFormat("XPM", "XpmImagePlugin", (".xpm",), cost=8)
FLI = ImageFormat("FLI", "FliImagePlugin", (".fli", ".flc"))
MSP = ImageFormat("MSP", "MspImagePlugin", (".msp",))
DCX = ImageFormat("DCX", "DcxImagePlugin", (".dcx",))
PCD = ImageFormat("PCD", "PcdImagePlugin", (".pcd",), cost=8)
BLP = ImageFormat("BLP", "BlpImagePlugin", (".blp",), cost=12)
PIXAR = ImageFormat("PIXAR", "PixarImagePlugin", (".pxr",))
FITS = ImageFormat("FITS", "FitsImagePlugin", (".fits", ".fit"), cost=12)

# Pictures that the program knows but cannot read: the scan takes them, so that the user is told.
EXR = ImageFormat("EXR", extensions=(".exr",))

FORMATS = (
    JPEG, PNG, GIF, WEBP, BMP, DIB, TIFF, AVIF, JPEG2000, TGA, ICO, PPM, QOI, DDS, PCX, PSD, HEIF, JXL, SVG, EXR, HDR,
    RAW, SGI, SUN, ICNS, CUR, XBM, XPM, FLI, MSP, DCX, PCD, BLP, PIXAR, FITS,
)  # fmt: skip

IMAGE_EXTENSIONS = frozenset(extension for kind in FORMATS for extension in kind.extensions)
"""Extensions, lower case with dot, of the files that the scan takes."""

SIGNATURE_BYTES = 1024
"""How much of a file's beginning ``recognise`` wants to see."""

_SIGNATURES = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"BM", BMP),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"II+\x00", TIFF),
    (b"MM\x00+", TIFF),
    (b"\xff\x4f\xff\x51", JPEG2000),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", JPEG2000),
    (b"\x00\x00\x01\x00", ICO),
    (b"qoif", QOI),
    (b"DDS ", DDS),
    (b"8BPS", PSD),
    (b"\xff\x0a", JXL),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", JXL),
    (b"\x76\x2f\x31\x01", EXR),
    (b"#?RADIANCE", HDR),
    (b"#?RGBE", HDR),
    (b"FUJIFILMCCD-RAW", RAW),
    (b"IIRO", RAW),
    (b"IIRS", RAW),
    (b"MMOR", RAW),
    (b"IIU\x00", RAW),
    (b"II\x1a\x00\x00\x00HEAPCCDR", RAW),
    (b"\x00MRM", RAW),
    (b"FOVb", RAW),
    (b"\x01\xda", SGI),
    (b"\x59\xa6\x6a\x95", SUN),
    (b"icns", ICNS),
    (b"\x00\x00\x02\x00", CUR),
    (b"/* XPM */", XPM),
    (b"DanM", MSP),
    (b"LinS", MSP),
    (b"\xb1\x68\xde\x3a", DCX),
    (b"BLP1", BLP),
    (b"BLP2", BLP),
    (b"\x80\xe8\x00\x00", PIXAR),
    (b"SIMPLE  =", FITS),
)
# Too short a signature, or none at all: believed only when the file's name agrees.
_BY_EXTENSION = {extension: kind for kind in (TGA, DIB, PCX, XBM, FLI, PCD) for extension in kind.extensions}
TELLING_EXTENSIONS = frozenset({*_BY_EXTENSION, *RAW.extensions, *SVG.extensions})
"""Those that bear on which reader a file gets; under any other, its content alone does."""

_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})


def recognise(head: bytes, extension: str) -> ImageFormat | None:
    """The format of a file from its first ``SIGNATURE_BYTES``, or None when it is no picture we know.

    ``extension`` (lower case with dot) only decides for formats without a signature of their own.
    """
    signed = next((kind for signature, kind in _SIGNATURES if head.startswith(signature)), None)
    if signed is TIFF and (extension in RAW.extensions or head[8:11] == b"CR\x02"):
        return RAW  # nearly all cameras' own formats are TIFF files at first sight
    if signed and not (signed is CUR and extension in TGA.extensions):  # a truecolour TGA may look like a cursor
        return signed
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    if head[4:8] == b"ftyp":
        return _recognise_isobmff(head)
    if head[:1] == b"P" and head[1:2] in b"123456fFy" and head[2:3].isspace():
        return PPM
    return SVG if _looks_like_svg(head, extension) else _BY_EXTENSION.get(extension)


def _looks_like_svg(head: bytes, extension: str) -> bool:
    if head.startswith(b"\x1f\x8b"):  # gzip
        return extension == ".svgz"
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):  # UTF-16
        return extension == ".svg"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return start.startswith((b"<svg", b"<?xml", b"<!--", b"<!DOCTYPE")) and (b"<svg" in head or extension == ".svg")


def _recognise_isobmff(head: bytes) -> ImageFormat | None:
    """AVIF, HEIF or Canon's CR3 from the brands in an ISO base media file's first box (ISO/IEC 14496-12, 4.3)."""
    size = int.from_bytes(head[:4], "big")
    brands = {head[8:12]} | {head[at : at + 4] for at in range(16, min(size, len(head)), 4)}
    if head[8:12] == b"crx ":
        return RAW
    if brands & _AVIF_BRANDS:
        return AVIF
    return HEIF if brands & _HEIF_BRANDS else None


_GIF_SAMPLE = 2**18


def estimate_gif_frames(file: BinaryIO, size: int) -> int:
    """About how many frames a GIF of ``size`` bytes has, from the blocks in its first 256 KiB.

    Counting them all would mean reading the whole file. See the GIF89a specification, section 12 ff.
    """
    file.seek(0)
    data = file.read(_GIF_SAMPLE)
    if len(data) < 13:
        return 0
    at = 13 + _gif_palette_bytes(data[10])
    frames = 0
    while at + 10 < len(data):
        if data[at] == 0x2C:
            frames += 1
            at += 10 + _gif_palette_bytes(data[at + 9]) + 1
        elif data[at] == 0x21:
            at += 2
        else:
            break
        while at < len(data) and data[at]:
            at += 1 + data[at]
        at += 1
    return frames if size <= len(data) else frames * size // min(at, len(data))


def _gif_palette_bytes(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0
