"""A decoder process: reads requests for pictures on stdin, answers with pixels on stdout.

Run by ``process_lending`` as ``python -m semantik.decoding.worker MEMORY SECONDS``: how many bytes of
memory it may take beyond what it has when idle, and how long a request may last before it ends itself.
Hostile pictures are opened here and nowhere else. It ends when its stdin closes, so that it never outlives
the program.
"""

from __future__ import annotations

import faulthandler
import io
import logging
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from semantik.decoding.decoded import Description
from semantik.decoding.fingerprint import Fingerprint, fingerprint, fingerprint_and_content
from semantik.decoding.fitting import InputSpec, fit_pixels, fit_views, view_regions
from semantik.decoding.memory_shares import Allowance, NeedsMore
from semantik.decoding.pictures.decode import StoredImage, describe_image, load_image, load_stored
from semantik.decoding.pictures.to_rgb import OVERSAMPLING
from semantik.decoding.pipe_messages import BadFrame, Header, Message, read_frame, write_frame
from semantik.decoding.process_limits import limit_memory, lower_priority
from semantik.decoding.shot_reading import read_shot
from semantik.decoding.sidecar_files import SIDECAR_EXTENSIONS, describe_sidecar
from semantik.decoding.video import frames
from semantik.errors import DecodeFailed
from semantik.records import DateSource, Reason, split_path
from semantik.storage.regular_files import changed_ns, long_path, reason_of

THUMBNAIL_QUALITY = 80

_SHORT_OF_MEMORY = ("bad_alloc", "Failed to allocate memory", "Insufficient memory")  # ONNX Runtime, and OpenCV


def main(arguments: list[str]) -> None:
    """Serve requests until stdin closes."""
    memory, seconds = int(arguments[0]), float(arguments[1])
    stdin, stdout = _take_channel()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the program, which then closes stdin
    logging.disable()  # nobody reads it: what matters travels in the answers
    lower_priority()
    inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
    threading.Thread(target=_read_requests, args=(stdin, inbox), daemon=True).start()
    limit = limit_memory(memory)
    with Path(os.devnull).open("w", encoding="ascii") as nowhere:
        write_frame(stdout, {"ready": True, "limited": limit is not None})
        while True:
            header, payload = inbox.get()
            # The program kills a process that is late. Should the program itself be gone while native
            # code spins and holds the interpreter's lock, this C-level timer still ends the process.
            faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
            answer, data = _answer(header, payload)
            faulthandler.cancel_dump_traceback_later()
            try:
                write_frame(stdout, answer, data)
            except OSError:
                os._exit(0)


def _take_channel() -> tuple[BinaryIO, BinaryIO]:
    """The pipes to the program. Stray prints of native libraries go to stderr from here on."""
    stdin = os.fdopen(os.dup(0), "rb")
    stdout = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return stdin, stdout


def _read_requests(stdin: BinaryIO, inbox: queue.SimpleQueue[Message]) -> None:
    # In a thread of its own, so that the end of the program is noticed in the middle of a long decoding.
    with suppress(OSError, BadFrame):
        while (message := read_frame(stdin)) is not None:
            inbox.put(message)
    os._exit(0)


def _answer(header: Header, payload: bytes) -> Message:
    if header["op"] == "read":
        return _answered(lambda: _read(Path(os.fsdecode(payload)), header))
    return _answered(lambda: _work(header, payload) if header["op"] != "fingerprints" else _fingerprints(payload))


def _answered(work: Callable[[], Message]) -> Message:
    """What ``work`` answers, or why it could not."""
    try:
        return work()
    except NeedsMore as error:
        return {"needs": error.memory, "pixels": error.pixels}, b""
    except DecodeFailed as error:
        trace = "".join(traceback.format_exception(error.__cause__)) if error.__cause__ else ""
        return _failure(error.params["reason"], str(error.params["detail"]), trace)
    except MemoryError as error:
        return _failure(Reason.OUT_OF_MEMORY, repr(error), "")
    except Exception as error:  # noqa: BLE001 - the traceback travels in the answer, for the program's log
        short = any(words in str(error) for words in _SHORT_OF_MEMORY)
        return _failure(Reason.OUT_OF_MEMORY if short else Reason.DAMAGED, repr(error), traceback.format_exc())


def _work(header: Header, payload: bytes) -> Message:
    path, moment = _file_and_moment(Path(os.fsdecode(payload)))
    seconds = header["seconds"]  # for a video; a picture cannot be left half done
    allowance = Allowance(header["memory"], header["patient"])
    if header["op"] == "thumbnail":
        return _thumbnail(path, moment, header["side"], seconds, allowance)
    if header["op"] == "describe" and path.suffix.lower() in SIDECAR_EXTENSIONS:
        return _told(describe_sidecar(path)), b""
    if header["op"] == "shot":
        return read_shot(path, look=header["look"], seconds=seconds)
    is_video = frames.is_video(path)
    if header["op"] == "describe":
        return _told(frames.describe_video(path, seconds) if is_video else describe_image(path, allowance)), b""
    spec = InputSpec(**header["spec"])
    if moment is not None:
        return _fit_frame(path, moment, spec, seconds)
    # First, so that the decoder finds the file in memory, or in the system's cache.
    before, content = _read_whole(path, is_video)
    told, pixels = _answered(
        lambda: _fit_video(path, spec, seconds) if is_video else _fit(path, spec, allowance, content)
    )
    if told.get("reason") == Reason.DAMAGED.value and not isinstance(before, Fingerprint):
        # Some decoders call damaged what a disk did not give.
        told = _failure(reason_of(before), str(before), told["trace"])[0]
    # Of what cannot be decoded, too: under another name it need not be tried again.
    return {**told, "fingerprint": _unchanged(path, before)}, pixels


def _file_and_moment(path: Path) -> tuple[Path, float | None]:
    file, moment = split_path(path)
    # What is no moment of a video is a file that is called so.
    return (file, moment) if moment is not None and frames.is_video(file) else (path, None)


def _failure(reason: object, detail: str, trace: str) -> Message:
    assert isinstance(reason, Reason)
    return {"reason": reason.value, "detail": detail[:1000], "trace": trace[-8000:]}, b""


def _fingerprints(names: bytes) -> Message:
    return {"found": [_fingerprint(Path(os.fsdecode(name))) for name in names.split(b"\0")]}, b""


def _fingerprint(path: Path) -> Header:
    try:
        found = fingerprint(path, is_video=frames.is_video(path))
    except DecodeFailed as error:
        return _failure(error.params["reason"], str(error.params["detail"]), "")[0]
    except (OSError, ValueError) as error:
        return _failure(reason_of(error), str(error), "")[0]
    return {"fingerprint": found.digest, "size": found.size, "mtime_ns": found.mtime_ns}


def _read(path: Path, header: Header) -> Message:
    from semantik.decoding.recognition import content  # late: few processes read, and it brings large packages

    unable = {}
    for kind in header["kinds"]:
        failure, _ = _answered(partial(content.prepare, kind, header["faces_by"]))
        if failure.get("reason") == Reason.OUT_OF_MEMORY.value:
            return failure, b""
        if failure:
            unable[kind] = f"{failure['detail']}\n{failure['trace']}"
    image = load_image(path, content.MIN_SIDE, Allowance(header["memory"], header["patient"])).image
    able = [kind for kind in header["kinds"] if kind not in unable]
    return {"unable": unable}, content.read(image, able, header["faces_by"])


def _read_whole(path: Path, is_video: bool) -> tuple[Fingerprint | OSError | ValueError, bytes | None]:
    # What is wrong with the file is for its decoder to say, if it can.
    try:
        return (fingerprint(path, is_video=True), None) if is_video else fingerprint_and_content(path)
    except (OSError, ValueError) as error:
        return error, None


def _unchanged(path: Path, before: Fingerprint | OSError | ValueError) -> str:
    """The digest, unless the file was written to since: the pixels may be of other content then."""
    try:
        now = long_path(path).stat()
    except OSError:
        return ""
    if not isinstance(before, Fingerprint) or (before.size, before.mtime_ns) != (now.st_size, changed_ns(now)):
        return ""
    return before.digest


def _fit(path: Path, spec: InputSpec, allowance: Allowance, content: bytes | None) -> Message:
    stored = load_stored(path, max(spec.width, spec.height), allowance, content)
    pixels = stored.fitted(spec).tobytes()
    warning = stored.warning.value if stored.warning else None
    regions = view_regions(stored.width, stored.height, spec)
    if regions:
        whole = stored.upright()
        pixels += fit_views(whole.image, whole.box, regions, spec).tobytes()
    return {**_told(stored), "warning": warning, "regions": regions}, pixels


def _fit_video(path: Path, spec: InputSpec, seconds: float) -> Message:
    found = frames.sample_frames(path, max(spec.width, spec.height), seconds)
    pixels = b"".join(fit_pixels(Image.fromarray(frame), spec).tobytes() for frame in found.frames)
    source = DateSource.VIDEO if found.taken else None
    told = _told(Description(found.width, found.height, found.taken, source=source, place=found.place))
    warning = Reason.TRUNCATED.value if found.truncated else None
    return {**told, "warning": warning, "moments": found.moments}, pixels


def _fit_frame(path: Path, moment: float, spec: InputSpec, seconds: float) -> Message:
    told = _told(frames.describe_video(path, seconds))
    frame = frames.frame_at(path, moment, OVERSAMPLING * max(spec.width, spec.height), seconds)
    return {**told, "warning": None}, fit_pixels(Image.fromarray(frame), spec).tobytes()


def _told(picture: StoredImage | Description) -> Header:
    return {
        "width": picture.width,
        "height": picture.height,
        "taken": picture.taken.isoformat() if picture.taken else None,
        "camera": picture.camera,
        "source": picture.source.value if picture.source else None,
        "place": picture.place,
    }


def _thumbnail(path: Path, moment: float | None, side: int, seconds: float, allowance: Allowance) -> Message:
    stored = None
    if not frames.is_video(path):
        stored = load_stored(path, max(1, side // 2), allowance)
        image = stored.image
    elif moment is None:
        image = Image.fromarray(frames.first_frame(path, side, seconds))
    else:
        image = Image.fromarray(frames.frame_at(path, moment, side, seconds))
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    if stored is not None:
        image = stored.finished(image)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=THUMBNAIL_QUALITY, optimize=True)
    return {"width": image.width, "height": image.height}, out.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
