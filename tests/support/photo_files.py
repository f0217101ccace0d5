"""Picture files that no library here writes: camera RAW, ICC profiles, and formats of the nineties."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
from PIL import Image

from tests.support.pictures import quarters

Entry = tuple[int, int, object]  # tag, type, value

_TYPES = {1: "B", 2: "s", 3: "H", 4: "I", 5: "I", 7: "B", 10: "i"}


def _directory(entries: list[Entry], at: int) -> bytes:
    """An image file directory of a little-endian TIFF file, with the values it points to behind it."""
    table, values = struct.pack("<H", len(entries)), b""
    room = at + 2 + 12 * len(entries) + 4
    for tag, kind, value in sorted(entries, key=lambda entry: entry[0]):
        items = value.encode() + b"\0" if isinstance(value, str) else value
        numbers = list(items) if isinstance(items, tuple | bytes) else [items]
        data = bytes(numbers) if kind == 2 else struct.pack(f"<{len(numbers)}{_TYPES[kind]}", *numbers)
        count = len(numbers) // 2 if kind in (5, 10) else len(numbers)
        table += struct.pack("<HHI", tag, kind, count)
        if len(data) <= 4:
            table += data.ljust(4, b"\0")
        else:
            table += struct.pack("<I", room + len(values))
            values += data + bytes(len(data) % 2)
    return table + bytes(4) + values


def dng(
    path: Path,
    size: tuple[int, int] = (640, 480),
    orientation: int = 1,
    preview: tuple[bytes, tuple[int, int]] | None = None,
) -> Path:
    """A camera RAW file with an RGGB sensor that saw ``quarters``, dimly; ``preview`` is a JPEG and its size."""
    width, height = size
    light = np.asarray(quarters(size)).astype("<u2") * 140 + 4000
    sensor = light[..., 1].copy()
    sensor[::2, ::2], sensor[1::2, 1::2] = light[::2, ::2, 0], light[1::2, 1::2, 2]
    matrix = (3240454, -1537138, -498531, -969266, 1876011, 41556, 55643, -204026, 1057225)
    camera: list[Entry] = [
        (271, 2, "ACME"),
        (272, 2, "ACME One"),
        (274, 3, orientation),
        (306, 2, "2019:08:03 17:05:09"),
        (50706, 1, bytes([1, 4, 0, 0])),  # DNGVersion
        (50707, 1, bytes([1, 1, 0, 0])),
        (50708, 2, "ACME One"),
        (50721, 10, tuple(n for value in matrix for n in (value, 1000000))),  # ColorMatrix1: that of sRGB
        (50728, 5, (1, 1) * 3),  # AsShotNeutral
        (50778, 3, 21),  # D65
    ]
    mosaic: list[Entry] = [
        (254, 4, 0),
        (256, 4, width),
        (257, 4, height),
        (258, 3, 16),
        (259, 3, 1),
        (262, 3, 32803),  # a colour filter array
        (273, 4, 2048),
        (277, 3, 1),
        (278, 4, height),
        (279, 4, sensor.nbytes),
        (33421, 3, (2, 2)),  # CFARepeatPatternDim
        (33422, 1, bytes([0, 1, 1, 2])),
        (50714, 4, 0),  # BlackLevel
        (50717, 4, 65535),
    ]
    head, tail = b"II*\0\x08\0\0\0", b""
    if preview is None:
        head += _directory(camera + mosaic, 8)
    else:
        tail, shown = preview
        thumbnail: list[Entry] = [
            (254, 4, 1),
            (256, 4, shown[0]),
            (257, 4, shown[1]),
            (258, 3, (8, 8, 8)),
            (259, 3, 7),
            (262, 3, 6),
            (273, 4, 2048 + sensor.nbytes),
            (277, 3, 3),
            (278, 4, shown[1]),
            (279, 4, len(tail)),
            (330, 4, 1024),  # SubIFDs
        ]
        head = (head + _directory(camera + thumbnail, 8)).ljust(1024, b"\0") + _directory(mosaic, 1024)
    assert len(head) <= 2048
    path.write_bytes(head.ljust(2048, b"\0") + sensor.tobytes() + tail)
    return path


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _profile(space: bytes, connection: bytes, kind: bytes, tags: dict[bytes, bytes]) -> bytes:
    body, table = b"", struct.pack(">I", len(tags))
    for name, data in tags.items():
        table += name + struct.pack(">II", 132 + 12 * len(tags) + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = bytes(4) + b"lcms" + b"\x02\x40\0\0" + kind + space + connection + struct.pack(">6H", 2024, 1, 1, 0, 0, 0)
    head += b"acsp" + bytes(24) + bytes(4) + _fixed(0.9642) + _fixed(1.0) + _fixed(0.8249)
    whole = head.ljust(128, b"\0") + table + body
    return struct.pack(">I", len(whole)) + whole[4:]


def _text(words: bytes) -> bytes:
    return b"desc" + bytes(4) + struct.pack(">I", len(words) + 1) + words + b"\0" + bytes(78)


def _curve(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))


def _xyz(*values: float) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(map(_fixed, values))


def rgb_profile(red: tuple[float, ...], green: tuple[float, ...], blue: tuple[float, ...], gamma: float) -> bytes:
    """A matrix profile from its colorants (XYZ adapted to D50)."""
    tags = {b"desc": _text(b"test"), b"wtpt": _xyz(0.9642, 1.0, 0.8249)}
    tags |= {b"rXYZ": _xyz(*red), b"gXYZ": _xyz(*green), b"bXYZ": _xyz(*blue)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(gamma))
    return _profile(b"RGB ", b"XYZ ", b"mntr", tags)


DISPLAY_P3 = rgb_profile((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841), 2.2)
ADOBE_RGB = rgb_profile((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446), 2.2)
PROPHOTO = rgb_profile((0.7977, 0.2880, 0.0), (0.1352, 0.7119, 0.0), (0.0313, 0.0001, 0.8249), 1.8)
LINEAR_GREY = _profile(
    b"GRAY", b"XYZ ", b"mntr", {b"desc": _text(b"test"), b"wtpt": _xyz(0.9642, 1.0, 0.8249), b"kTRC": _curve(1.0)}
)


def cmyk_profile() -> bytes:
    """A press whose cyan ink is green: Lab of the 16 corners of CMYK, one byte each (lut8Type)."""
    lab = []
    for corner in range(16):
        cyan, magenta, yellow, black = (corner >> shift & 1 for shift in (3, 2, 1, 0))
        light = 0 if black else 100 - 40 * cyan - 40 * magenta - 5 * yellow
        a = 0 if black else -70 * cyan + 70 * magenta
        b = 0 if black else 60 * cyan + 80 * yellow - 20 * magenta
        lab += [max(0, light) * 255 // 100, max(0, min(255, a + 128)), max(0, min(255, b + 128))]
    ramp = bytes(range(256))
    identity = b"".join(map(_fixed, (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + identity + ramp * 4 + bytes(lab) + ramp * 3
    return _profile(
        b"CMYK", b"Lab ", b"prtr", {b"desc": _text(b"test"), b"wtpt": _xyz(0.9642, 1, 0.8249), b"A2B0": lut}
    )


def _planes(image: Image.Image) -> bytes:
    return np.asarray(image).tobytes()


def sun(image: Image.Image) -> bytes:
    """Sun raster, 24 bits, BGR."""
    data = np.asarray(image)[..., ::-1].tobytes()
    return struct.pack(">8I", 0x59A66A95, *image.size, 24, len(data), 1, 0, 0) + data


def cursor(image: Image.Image) -> bytes:
    """A Windows cursor: an icon with another type and a hot spot."""
    out = io.BytesIO()
    image.convert("RGBA").save(out, "ICO", sizes=[image.size], bitmap_format="bmp")
    data = bytearray(out.getvalue())
    data[2:4] = b"\x02\0"
    return bytes(data)


def xpm(image: Image.Image) -> bytes:
    """X pixmap."""
    pixels = np.asarray(image)
    colours = sorted({tuple(map(int, pixel)) for pixel in pixels.reshape(-1, 3)})
    signs = {colour: chr(ord("a") + number) for number, colour in enumerate(colours)}
    lines = [f"{image.width} {image.height} {len(colours)} 1"]
    lines += [f"{sign} c #{r:02x}{g:02x}{b:02x}" for (r, g, b), sign in signs.items()]
    lines += ["".join(signs[tuple(map(int, pixel))] for pixel in row) for row in pixels]
    return ("/* XPM */\nstatic char *a[] = {\n" + ",\n".join(f'"{line}"' for line in lines) + "\n};\n").encode()


def dcx(image: Image.Image) -> bytes:
    """A folder of PCX pages."""
    out = io.BytesIO()
    image.save(out, "PCX")
    return struct.pack("<III", 0x3ADE68B1, 12, 0) + out.getvalue()


def pixar(image: Image.Image) -> bytes:
    """Pixar raster: a header of 1024 bytes, then RGB."""
    head = bytearray(b"\x80\xe8\0\0".ljust(1024, b"\0"))
    head[416:420] = struct.pack("<HH", *image.size[::-1])
    head[424:428] = struct.pack("<HH", 14, 2)
    return bytes(head) + _planes(image)


def fits(image: Image.Image) -> bytes:
    """Astronomers' format, greyscale, rows from the bottom."""
    cards = (
        "SIMPLE  = T",
        "BITPIX  = 8",
        "NAXIS   = 2",
        f"NAXIS1  = {image.width}",
        f"NAXIS2  = {image.height}",
        "END",
    )
    head = "".join(card.ljust(80) for card in cards).ljust(2880).encode()
    return head + _planes(image.convert("L").transpose(Image.Transpose.FLIP_TOP_BOTTOM))


def fli(image: Image.Image) -> bytes:
    """Autodesk animation of one frame, uncompressed, with its palette."""
    plain = image.convert("P", palette=Image.Palette.ADAPTIVE, colors=4)
    palette = bytes(plain.getpalette() or []).ljust(768, b"\0")
    colours = struct.pack("<IHH2B", 6 + 4 + 768, 4, 1, 0, 0) + palette
    pixels = struct.pack("<IH", 6 + image.width * image.height, 16) + _planes(plain)
    frame = struct.pack("<IHH8x", 16 + len(colours) + len(pixels), 0xF1FA, 2) + colours + pixels
    return struct.pack("<IHHHHHHI", 128 + len(frame), 0xAF12, 1, *image.size, 8, 3, 50).ljust(128, b"\0") + frame


def photo_cd(image: Image.Image) -> bytes:
    """Kodak Photo CD at its base size, 768 x 512: two rows of luminance, then one each of Cb and Cr."""
    ycc = np.asarray(image.resize((768, 512), Image.Resampling.NEAREST).convert("YCbCr")).astype(float)
    luminance = np.clip(ycc[..., 0] * 182 / 255, 0, 255).astype(np.uint8)
    chroma = np.clip((ycc[::2, ::2, 1:] - 128) / 1.4 + np.array([156, 137]), 0, 255).astype(np.uint8)
    rows = [
        luminance[2 * row : 2 * row + 2].tobytes() + chroma[row, :, 0].tobytes() + chroma[row, :, 1].tobytes()
        for row in range(256)
    ]
    return bytes(2048) + b"PCD_".ljust(96 * 2048 - 2048, b"\0") + b"".join(rows)


def deep_psd(levels: np.ndarray, mode: int, bits: int, *, large: bool = False, packed: bool = False) -> bytes:
    """A Photoshop file of ``levels``, (height, width, channels) in [0, 1]; ``large``: a PSB."""
    height, width, channels = levels.shape
    head = b"8BPS" + struct.pack(">H6xHIIHH", 2 if large else 1, channels, height, width, bits, mode)
    planes = levels.transpose(2, 0, 1)
    samples = planes.astype(">f4") if bits == 32 else np.round(planes * (2**bits - 1)).astype(f">u{bits // 8}")
    rows = samples.reshape(channels * height, width).view(np.uint8).reshape(channels * height, -1)
    if not packed:
        return head + bytes(16 if large else 12) + b"\0\0" + rows.tobytes()
    lines = [b"".join(bytes([len(part) - 1]) + part for part in _parts(row.tobytes())) for row in rows]
    lengths = struct.pack(f">{len(lines)}{'I' if large else 'H'}", *map(len, lines))
    return head + bytes(16 if large else 12) + b"\0\1" + lengths + b"".join(lines)


def _parts(row: bytes) -> list[bytes]:
    return [row[at : at + 128] for at in range(0, len(row), 128)]


def psd(image: Image.Image) -> bytes:
    """A Photoshop file with nothing but its composite picture."""
    mode = {"RGB": 3, "CMYK": 4}[image.mode]
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, len(image.mode), image.height, image.width, 8, mode)
    planes = np.asarray(image).transpose(2, 0, 1)
    return head + bytes(12) + b"\0\0" + (255 - planes if mode == 4 else planes).tobytes()  # inks inverted


def radiance(image: Image.Image) -> bytes:
    """Light in three channels and a common exponent, uncompressed."""
    pixels = np.concatenate([np.asarray(image), np.full((*image.size[::-1], 1), 128, np.uint8)], axis=-1)
    return f"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y {image.height} +X {image.width}\n".encode() + pixels.tobytes()
