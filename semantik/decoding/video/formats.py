"""The kinds of video files: their extensions, and how each is recognised.

A file is taken for a video when both its name and its beginning say so: then FFmpeg is never given a playlist, a
script of file names, or anything else that its own guessing would open.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VideoFormat:
    """A kind of video file: what users call it, and the extensions it goes by (lower case with dot)."""

    name: str
    extensions: tuple[str, ...]


VIDEO_FORMATS = (
    VideoFormat("MP4", (".mp4", ".m4v")),
    VideoFormat("MOV", (".mov",)),
    VideoFormat("MKV", (".mkv",)),
    VideoFormat("WebM", (".webm",)),
    VideoFormat("AVI", (".avi",)),
    VideoFormat("MPEG", (".mpg", ".mpeg")),
    VideoFormat("3GP", (".3gp", ".3g2")),
    VideoFormat("AVCHD", (".mts", ".m2ts")),
    VideoFormat("WMV", (".wmv",)),
)

VIDEO_EXTENSIONS = frozenset(extension for kind in VIDEO_FORMATS for extension in kind.extensions)
"""Extensions, lower case with dot, of the videos that the scan takes."""

ISO, MATROSKA, AVI, MPEG_PS, MPEG_TS, ASF = "ISO BMFF", "Matroska", "AVI", "MPEG-PS", "MPEG-TS", "ASF"
"""Containers. An extension does not tell which it is: cameras put MPEG in .avi and MP4 in .3gp."""

_STILL_BRANDS = frozenset(
    {b"avif", b"avis", b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"crx "}
)
_SIGNATURES = (
    (b"\x1a\x45\xdf\xa3", MATROSKA),
    (b"\x00\x00\x01\xba", MPEG_PS),
    (b"\x00\x00\x01\xb3", MPEG_PS),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", ASF),
)
# A QuickTime file of before 2001 has no ftyp box and begins with any of these.
_QUICKTIME_BOXES = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})


def recognise_video(head: bytes) -> str | None:
    """The container of a file from its first ``image_formats.SIGNATURE_BYTES``; None when it is no video."""
    if head[4:8] == b"ftyp":
        return None if head[8:12] in _STILL_BRANDS else ISO
    if head[4:8] in _QUICKTIME_BOXES:
        return ISO
    if head[:4] == b"RIFF":
        return AVI if head[8:12] == b"AVI " else None
    signed = next((container for signature, container in _SIGNATURES if head.startswith(signature)), None)
    return signed or (MPEG_TS if _is_transport_stream(head) else None)


def _is_transport_stream(head: bytes) -> bool:
    """Whether packets of 188 bytes follow each other; camcorders put a time code of 4 bytes before each."""
    return any(
        len(head) > first + 4 * packet and all(head[first + i * packet] == 0x47 for i in range(5))
        for first, packet in ((0, 188), (4, 192))
    )
