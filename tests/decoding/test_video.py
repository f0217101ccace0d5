"""Videos: which of their frames are kept, that they are found again, and what hostile files cost."""

from __future__ import annotations

import io
import os
import random
import struct
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from semantik.decoding.decoded import Decoded, DecodedVideo
from semantik.decoding.fitting import InputSpec
from semantik.decoding.pictures.formats import IMAGE_EXTENSIONS
from semantik.decoding.pipe_messages import _MAX_PAYLOAD
from semantik.decoding.pool import DecodePool
from semantik.decoding.refusals import Refused
from semantik.decoding.video import sampling
from semantik.decoding.video.capture import Capture, OutOfTime, open_capture
from semantik.decoding.video.distinct_frames import MAX_FRAMES, DistinctFrames
from semantik.decoding.video.formats import VIDEO_EXTENSIONS, recognise_video
from semantik.decoding.video.frames import describe_video, first_frame, frame_at, is_video, sample_frames
from semantik.errors import DecodeFailed
from semantik.records import Reason, frame_key
from semantik.results import thumbnails
from tests.support.films import (
    BLACK,
    BLUE,
    CODECS,
    GREEN,
    RED,
    WHITE,
    close,
    colour_of,
    find,
    moving,
    patch,
    record_at,
    refer_to,
    scenes,
    turn_clockwise,
    widen_pixels,
    write_film,
)
from tests.support.places import REPO
from tests.support.systems import WINDOWS

SPEC = InputSpec(32, 32, "crop", "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
SECONDS = 12.0


@pytest.fixture
def film(tmp_path):
    """An MP4 of three colours, three seconds each."""
    return write_film(tmp_path / "clip.mp4", scenes((RED, 3), (GREEN, 3), (BLUE, 3)))


def reason_of(work, *arguments) -> Reason:
    with pytest.raises(DecodeFailed) as caught:
        work(*arguments)
    return caught.value.params["reason"]


def colours(frames) -> list[tuple[int, ...]]:
    return [colour_of(np.asarray(frame)) for frame in frames]


def nearest(colour) -> tuple[int, int, int]:
    return min((RED, GREEN, BLUE), key=lambda one: sum(abs(a - b) for a, b in zip(one, colour, strict=True)))


def noise(seed: int, size=(96, 64)) -> np.ndarray:
    """Six large blocks of colours by chance: as unlike each other as photographs."""
    blocks = np.random.default_rng(seed).integers(0, 256, (2, 3, 3)).astype(np.uint8)
    return blocks.repeat(size[1] // 2, axis=0).repeat(size[0] // 3, axis=1)


# ---- what is kept


@pytest.mark.parametrize("name", CODECS)
def test_each_scene_is_kept_once_and_found_again_to_the_frame(tmp_path, name):
    path = write_film(tmp_path / name, moving([RED, GREEN, BLUE, RED], 3.0), CODECS[name], 10.0)
    with path.open("rb") as file:
        assert recognise_video(file.read(1024)) is not None
    found = sample_frames(path, 24, SECONDS)
    assert (found.width, found.height, found.truncated) == (64, 48, False)
    assert found.duration == pytest.approx(12.0, abs=1.3)
    assert [nearest(colour) for colour in colours(found.frames)] == [RED, GREEN, BLUE]
    for moment, cut in zip(found.moments, (0.0, 3.0, 6.0), strict=True):
        assert cut - 0.11 <= moment < cut + 2.3
    for moment, frame in zip(found.moments, found.frames, strict=True):
        again = frame_at(path, moment, 48, SECONDS)
        assert np.array_equal(again, frame), f"another frame at {moment}"
    assert np.array_equal(first_frame(path, 48, SECONDS), found.frames[0])


def test_a_still_video_gives_one_frame(tmp_path):
    found = sample_frames(write_film(tmp_path / "still.mp4", scenes((GREEN, 8))), 32, SECONDS)
    assert found.moments == (0.0,)
    assert close(colour_of(found.frames[0]), GREEN)


def test_blank_frames_are_left_out_unless_there_is_nothing_else(tmp_path):
    leader = write_film(tmp_path / "leader.mp4", scenes((BLACK, 3), (RED, 3), (WHITE, 2)))
    found = sample_frames(leader, 32, SECONDS)
    assert len(found.moments) == 1
    assert 3.0 <= found.moments[0] < 4.5
    assert close(colour_of(found.frames[0]), RED)
    assert close(colour_of(first_frame(leader, 32, SECONDS)), RED)
    night = sample_frames(write_film(tmp_path / "night.mp4", scenes((BLACK, 4))), 32, SECONDS)
    assert (night.moments, colour_of(night.frames[0])) == ((0.0,), (0, 0, 0))


def test_a_fade_makes_no_further_pictures(tmp_path):
    def fading():
        for photo, up in ((noise(1), False), (noise(2), True)):
            yield from [photo] * 30 if not up else []
            for step in range(20):
                share = step / 19 if up else 1 - step / 19
                yield (photo * share).astype(np.uint8)
            yield from [photo] * 30 if up else []

    found = sample_frames(write_film(tmp_path / "fade.mp4", fading()), 32, SECONDS)
    assert len(found.moments) == 2
    assert found.moments[0] == 0.0
    assert 5.0 <= found.moments[1] <= 7.5


def test_noise_and_exposure_are_no_new_picture_but_another_scene_is():
    choice = DistinctFrames()

    def offer(moment, shown):
        choice.offer(moment, shown, lambda: shown)

    steps = np.random.default_rng(3)
    photo = noise(11).astype(float)
    for number in range(20):
        shown = photo * (0.8 + 0.01 * number) + steps.normal(0, 6, photo.shape)
        offer(float(number), np.clip(shown, 0, 255).astype(np.uint8))
    assert [moment for moment, _ in choice.frames()] == [0.0]
    offer(20.0, noise(12))
    offer(21.0, noise(11))
    assert [moment for moment, _ in choice.frames()] == [0.0, 20.0]


def test_many_scenes_are_thinned_evenly(tmp_path):
    path = write_film(tmp_path / "many.mp4", (noise(n) for n in range(90) for _ in range(5)), rate=5.0)
    found = sample_frames(path, 32, SECONDS)
    assert len(found.moments) == MAX_FRAMES == 40
    assert list(found.moments) == sorted(found.moments)
    assert found.moments[0] == 0.0
    assert found.moments[-1] > 85
    assert max(np.diff(found.moments)) <= 6.0


def test_frames_may_come_in_any_order():
    forwards, backwards = DistinctFrames(), DistinctFrames()
    for number in range(30):
        for choice, place in ((forwards, number), (backwards, 29 - number)):
            choice.offer(float(place), noise(place), lambda place=place: noise(place))
    assert [moment for moment, _ in backwards.frames()] == sorted(moment for moment, _ in backwards.frames())
    assert len(backwards.frames()) == len(forwards.frames())


def test_one_key_frame_only_is_no_reason_to_see_one_scene(tmp_path, monkeypatch):
    path = write_film(tmp_path / "sparse.mp4", scenes((RED, 3), (GREEN, 3)))
    passes = []

    class Sparse(Capture):
        """Has its first key frame only."""

        def advance(self):
            return (passes[-1] == "all" or self._index < 0) and super().advance()

    @contextmanager
    def opening(file, deadline, *, only_key_frames=False):
        passes.append("keys" if only_key_frames else "all")
        with open_capture(file, deadline, only_key_frames=only_key_frames) as video:
            video.__class__ = Sparse
            yield video

    monkeypatch.setattr(sampling, "open_capture", opening)
    found = sample_frames(path, 32, SECONDS)
    assert passes == ["keys", "all"]
    assert found.moments == (0.0, 3.0)
    assert found.duration == pytest.approx(5.9)


def test_what_takes_too_long_is_looked_at_all_over(tmp_path):
    frames = (noise(n // 25, (480, 320)) for n in range(1000))
    path = write_film(tmp_path / "long.avi", frames, "MJPG", 25.0)
    started = time.monotonic()
    found = sample_frames(path, 32, 0.6)
    assert time.monotonic() - started < 2.5
    assert found.moments[0] == 0.0
    assert found.moments[-1] >= 20.0
    assert not found.truncated
    for moment, frame in zip(found.moments, found.frames, strict=True):
        assert np.array_equal(frame_at(path, moment, 64, SECONDS), frame)


# ---- upright, square, dated


def test_a_phones_video_stands_upright(tmp_path, pool):
    half = np.zeros((48, 64, 3), np.uint8)
    half[:, :32], half[:, 32:] = RED, BLUE
    path = turn_clockwise(write_film(tmp_path / "phone.mp4", [half] * 20), 48)
    found = sample_frames(path, 32, SECONDS)
    assert (found.width, found.height, found.frames[0].shape) == (48, 64, (64, 48, 3))
    assert close(colour_of(found.frames[0][:28]), RED)
    assert close(colour_of(found.frames[0][36:]), BLUE)
    assert (describe_video(path, SECONDS).width, describe_video(path, SECONDS).height) == (48, 64)
    small = pool.thumbnail(path, 32)
    assert (small.width, small.height) == (24, 32)


def test_oblong_pixels_are_shown_square(tmp_path):
    path = widen_pixels(write_film(tmp_path / "wide.mp4", scenes((RED, 2))))
    found = sample_frames(path, 32, SECONDS)
    assert (found.width, found.height, found.frames[0].shape) == (93, 48, (48, 93, 3))
    turn_clockwise(path, 48)
    found = sample_frames(path, 32, SECONDS)
    assert (found.width, found.height, found.frames[0].shape) == (48, 93, (93, 48, 3))


def test_the_time_of_recording_is_told_by_the_local_clock(tmp_path, film, pool):
    moment = datetime(2021, 7, 3, 18, 30, 5, tzinfo=UTC)
    local = moment.astimezone().replace(tzinfo=None)
    record_at(film, int(moment.timestamp()) + 2_082_844_800)
    assert describe_video(film, SECONDS).taken == local
    told = pool.fit(film, SPEC)
    assert isinstance(told, DecodedVideo)
    assert (told.taken, told.camera, told.width, told.height, told.warning) == (local, "", 64, 48, None)
    record_at(film, int(moment.timestamp()))  # counted from 1970 by mistake
    assert describe_video(film, SECONDS).taken == local
    for nonsense in (0, 1, 0xFFFFFFFF):
        record_at(film, nonsense)
        assert describe_video(film, SECONDS).taken is None


# ---- through the pool


def test_a_video_is_several_pictures(film, pool):
    found = pool.fit(film, SPEC)
    assert isinstance(found, DecodedVideo)
    assert (found.pixels.shape, found.pixels.dtype) == ((3, 32, 32, 3), np.uint8)
    sampled = sample_frames(film, 32, SECONDS)
    assert found.moments == sampled.moments
    assert all(close(a, b) for a, b in zip(colours(found.pixels), (RED, GREEN, BLUE), strict=True))
    picture = film.with_name("foto.png")
    Image.new("RGB", (40, 30), GREEN).save(picture)
    kinds = [type(one) for one in pool.fit_all([picture, film, film.with_name("no.mp4"), picture], SPEC)]
    assert kinds == [Decoded, DecodedVideo, DecodeFailed, Decoded]
    (told,) = pool.describe([film])
    assert (told.width, told.height, told.camera) == (64, 48, "")


def test_one_moment_is_a_picture(film, pool):
    found = pool.fit(film, SPEC)
    for moment, pixels in zip(found.moments, found.pixels, strict=True):
        one = pool.fit(Path(frame_key(str(film), moment)), SPEC)
        assert isinstance(one, Decoded)
        assert (one.width, one.height) == (64, 48)
        assert np.array_equal(one.pixels, pixels)
    late = pool.fit(Path(frame_key(str(film), 5000.0)), SPEC)  # the video was longer once
    assert close(colour_of(late.pixels), RED)


def test_thumbnails_of_moments(film, pool, tmp_path):
    sampled = sample_frames(film, 32, SECONDS)
    for moment, wanted in zip(sampled.moments, (RED, GREEN, BLUE), strict=True):
        made = pool.thumbnail(Path(frame_key(str(film), moment)), 32)
        image = Image.open(io.BytesIO(made.jpeg))
        assert (image.format, image.size, made.width, made.height) == ("JPEG", (32, 24), 32, 24)
        assert close(colour_of(np.asarray(image.convert("RGB"))), wanted)
    cache = thumbnails.ThumbnailCache(tmp_path / "cache")
    keys = [Path(frame_key(str(film), moment)) for moment in sampled.moments]
    first = cache.get_many(keys, pool, 32)
    assert list(first) == keys
    assert len({thumbnail.jpeg for thumbnail in first.values()}) == 3

    class Idle:
        def thumbnails(self, paths, side):
            raise AssertionError("all is cached")

    assert cache.get_many(keys, Idle(), 32) == first
    os.utime(film, (1, 1))  # a changed video has other thumbnails
    with pytest.raises(AssertionError, match="all is cached"):
        cache.get_many(keys, Idle(), 32)


def test_the_most_frames_fit_into_a_message():
    assert MAX_FRAMES * 1024 * 1024 * 3 < _MAX_PAYLOAD


# ---- what is no good video


@pytest.mark.parametrize("page", ["docs/formats.md", "docs/formats.es.md"])
def test_the_pages_name_every_extension_of_videos(page):
    (row,) = [line for line in (REPO / page).read_text(encoding="utf-8").splitlines() if " mp4 " in line]
    assert sorted(f".{extension}" for extension in row.split("|")[2].split()) == sorted(VIDEO_EXTENSIONS)


def test_extension_and_signature_must_agree(tmp_path, film):
    assert not VIDEO_EXTENSIONS & IMAGE_EXTENSIONS
    assert is_video(film)
    renamed = film.rename(tmp_path / "clip.jpg")
    assert not is_video(renamed)
    other = renamed.rename(tmp_path / "clip.AVI")  # cameras do that
    assert is_video(other)
    assert len(sample_frames(other, 32, SECONDS).moments) == 3
    photo = tmp_path / "foto.mp4"
    Image.new("RGB", (40, 30)).save(photo, "JPEG")
    assert not is_video(photo)
    for brand in (b"heic", b"avif", b"mif1", b"crx "):
        assert recognise_video(b"\0\0\0\x18ftyp" + brand) is None
    assert recognise_video(b"RIFF\0\0\0\0WEBPVP8 ") is None
    assert recognise_video(b"") is None


def test_a_picture_under_a_videos_name_is_a_picture(tmp_path, pool):
    photo = tmp_path / "foto.mp4"
    Image.new("RGB", (40, 30), RED).save(photo, "PNG")
    found = pool.fit(photo, SPEC)
    assert isinstance(found, Decoded)
    assert colour_of(found.pixels) == RED


def test_broken_files_tell_why(tmp_path, film, pool):
    whole = film.read_bytes()
    cases = {
        "empty.mp4": (b"", Reason.EMPTY),
        "text.mp4": (b"no video at all" * 99, Reason.NOT_AN_IMAGE),
        "cut.mp4": (whole[: len(whole) // 2], Reason.DAMAGED),  # its index is at its end
        "head.mp4": (whole[:40], Reason.DAMAGED),
        "garbage.mp4": (whole[:32] + random.Random(1).randbytes(50_000), Reason.DAMAGED),
        "garbage.mkv": (b"\x1a\x45\xdf\xa3" + random.Random(2).randbytes(50_000), Reason.DAMAGED),
        "garbage.avi": (b"RIFF\xff\xff\0\0AVI " + random.Random(3).randbytes(50_000), Reason.DAMAGED),
        "garbage.mpg": (b"\0\0\1\xba" + random.Random(4).randbytes(50_000), Reason.DAMAGED),
        "sound.mp4": (whole.replace(b"vide", b"soun"), Reason.NOT_AN_IMAGE),
    }
    for name, (content, reason) in cases.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert reason_of(pool.fit, path, SPEC) is reason, name
        assert reason_of(pool.thumbnail, path, 32) is reason, name
    assert reason_of(pool.fit, tmp_path / "gone.mp4", SPEC) is Reason.VANISHED
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.mp4")
        assert reason_of(pool.fit, tmp_path / "pipe.mp4", SPEC) is Reason.NOT_AN_IMAGE


@pytest.mark.parametrize(("name", "codec"), [("cut.avi", "MJPG"), ("cut.mkv", "MJPG"), ("cut.avi", "XVID")])
def test_of_a_cut_file_the_beginning_is_shown_with_a_warning(tmp_path, pool, name, codec):
    path = write_film(tmp_path / name, moving([RED, GREEN, BLUE], 3.0), codec)
    content = path.read_bytes()
    assert pool.fit(path, SPEC).warning is None
    path.write_bytes(content[: len(content) // 2])
    found = pool.fit(path, SPEC)
    assert found.warning is Reason.TRUNCATED
    assert 1 <= len(found.moments) <= 2
    assert found.moments[0] == 0.0


def test_lengths_that_headers_lie_about(tmp_path, pool):
    hours = write_film(tmp_path / "hours.mkv", scenes((RED, 4), (GREEN, 4)), "VP80")
    patch(hours, find(hours, b"\x44\x89\x88") + 3, struct.pack(">d", 7_200_000.0))
    frames = write_film(tmp_path / "frames.avi", scenes((RED, 4), (GREEN, 4)), "XVID")
    patch(frames, find(frames, b"avih") + 8 + 16, struct.pack("<I", 10**9))
    patch(frames, find(frames, b"strh") + 8 + 32, struct.pack("<I", 10**9))
    for path in (hours, frames):
        started = time.monotonic()
        found = pool.fit(path, SPEC)
        assert time.monotonic() - started < 5
        assert len(found.moments) == 2, path
        assert found.moments[0] == 0.0
        assert 3.9 <= found.moments[1] <= 5.5


def test_no_time_to_look_is_no_proof_that_a_length_lies(tmp_path, monkeypatch):
    def too_late(self, moment):
        raise OutOfTime

    path = write_film(tmp_path / "cut.mp4", moving([RED, GREEN], 3.0))
    monkeypatch.setattr(sampling.Sampling, "_is_too_slow", lambda *_: True)
    monkeypatch.setattr(Capture, "seek", too_late)
    found = sample_frames(path, 32, SECONDS)
    assert found.moments == (0.0,)
    assert found.duration == pytest.approx(6.0, abs=0.2)


def test_a_length_that_lies_is_found_out_by_a_slow_machine_too(tmp_path, monkeypatch):
    """It looks at places far behind the end before it has read to it, and finds nothing there."""
    path = write_film(tmp_path / "hours.mkv", scenes((RED, 4), (GREEN, 4)), "VP80")
    patch(path, find(path, b"\x44\x89\x88") + 3, struct.pack(">d", 7_200_000.0))
    monkeypatch.setattr(sampling, "_WARM_UP", -1.0)  # the first frame foretells that all would take too long
    found = sample_frames(path, 32, SECONDS)
    assert found.moments[0] == 0.0
    assert [3.9 <= moment <= 5.5 for moment in found.moments[1:]] == [True]


def test_sizes_that_no_memory_holds(tmp_path, pool):
    path = write_film(tmp_path / "huge.avi", scenes((RED, 2)), "FFV1")
    huge = struct.pack("<II", 100_000, 100_000)
    patch(path, find(path, b"avih") + 8 + 32, huge)
    patch(path, find(path, b"strf") + 8 + 4, huge)
    wide = write_film(tmp_path / "wide.avi", scenes((RED, 2)), "FFV1")
    patch(wide, find(wide, b"strf") + 8 + 4, struct.pack("<II", 12_000, 12_000))
    for bad in (path, wide):
        started = time.monotonic()
        assert reason_of(pool.fit, bad, SPEC) in (Reason.TOO_LARGE, Reason.DAMAGED)
        assert time.monotonic() - started < 5


def test_a_4k_video_costs_seconds_and_little_memory(tmp_path):
    path = write_film(tmp_path / "4k.mp4", (noise(n // 10, (3840, 2160)) for n in range(20)))
    with DecodePool(1) as own:
        pool_start = own.fit(write_film(tmp_path / "small.mp4", scenes((RED, 1))), SPEC)
        assert len(pool_start.moments) == 1
        process = psutil.Process(own.pids()[0])
        before, started = process.memory_info().rss, time.monotonic()
        found = own.fit(path, SPEC)
        assert time.monotonic() - started < 10
        assert (found.width, found.height, len(found.moments)) == (3840, 2160, 2)
        assert process.memory_info().rss - before < 300 * 2**20


# ---- hostile references


@pytest.fixture
def server():
    """(address, requests): a web server that notes what it is asked for."""
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_):
            pass

    listening = HTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}", asked
    listening.shutdown()
    thread.join()
    listening.server_close()


def scripts(address: str, other: Path) -> list[bytes]:
    return [
        f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{address}/a.ts\n#EXT-X-ENDLIST\n".encode(),
        f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:{other}\n#EXT-X-ENDLIST\n".encode(),
        f"ffconcat version 1.0\nfile '{other}'\n".encode(),
        f"ffconcat version 1.0\nfile '{address}/b.mp4'\n".encode(),
        f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet '
        f'mimeType="video/mp4"><Representation id="1"><BaseURL>{address}/c.mp4</BaseURL></Representation>'
        f"</AdaptationSet></Period></MPD>".encode(),
        f"[playlist]\nFile1={address}/d.mp4\n".encode(),
        f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nt=0 0\na=control:{address}\nm=video 9 RTP/AVP 26\n".encode(),
    ]


def test_playlists_and_scripts_open_nothing(tmp_path, film, pool, server):
    address, asked = server
    for number, script in enumerate(scripts(address, film)):
        for extension in (".mp4", ".mkv", ".avi", ".mts"):
            path = tmp_path / f"script{number}{extension}"
            path.write_bytes(script)
            assert reason_of(pool.fit, path, SPEC) is Reason.NOT_AN_IMAGE
            # The second bolt: even without a look at the signature FFmpeg has no reader for it.
            with path.open("rb") as file, pytest.raises(Refused), open_capture(file, time.monotonic() + 5):
                pass
    assert asked == []


def test_a_reference_movie_opens_no_other_file(tmp_path, film, pool, monkeypatch):
    import cv2

    target = write_film(tmp_path / "target.mov", scenes((GREEN, 9)))
    reference = refer_to(write_film(tmp_path / "reference.mov", scenes((RED, 9))), target)
    # The reference is good: FFmpeg follows it where it may, and where ":" parts no drive from its folders.
    monkeypatch.setenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", "use_absolute_path;1|enable_drefs;1")
    if not WINDOWS:
        lured = cv2.VideoCapture(str(reference), cv2.CAP_FFMPEG)
        assert close(colour_of(lured.read()[1][..., ::-1]), GREEN)
        lured.release()
    assert reason_of(pool.fit, reference, SPEC) is Reason.DAMAGED
    if hasattr(os, "mkfifo"):
        target.unlink()
        os.mkfifo(target)  # would block whoever opens it
        assert reason_of(pool.fit, reference, SPEC) is Reason.DAMAGED


NAMES = ["img%03d.mp4", "-i.mp4", "ñandú 日本 💃.mp4", "a#t=3.mp4", "a&b=c.mp4", "100%.mp4", "[0-9].mp4"]
if not WINDOWS:
    NAMES += ["a?b&c.mp4", "[0-9]*.mp4"]
    NAMES += ["concat:a.mp4|b.mp4", "file:a.mp4", "http:||127.0.0.1:9.mp4", "pipe:0.mp4", "a\nb.mp4", "data:,x.mp4"]


def test_names_are_never_addresses(tmp_path, film, pool):
    white = film.with_name("white.mp4")
    write_film(white, scenes(((250, 250, 0), 1)))
    for decoy in ("img000.mp4", "img001.mp4", "a.mp4", "b.mp4", "0.mp4"):
        (tmp_path / decoy).write_bytes(white.read_bytes())
    for name in NAMES:
        path = tmp_path / name
        path.write_bytes(film.read_bytes())
        found = pool.fit(path, SPEC)
        assert len(found.moments) == 3, name
        assert close(colour_of(found.pixels[0]), RED), name
        thumbnail = pool.thumbnail(Path(frame_key(str(path), found.moments[2])), 32)
        assert close(colour_of(np.asarray(Image.open(io.BytesIO(thumbnail.jpeg)))), BLUE), name


def test_a_hundred_damaged_files_harm_nothing(tmp_path):
    chance = random.Random(7)
    paths = []
    for name in ("mp4v.mp4", "mjpg.mov", "xvid.avi", "vp8.webm", "mpeg2.mpg", "mpeg2.mts", "wmv2.wmv", "ffv1.mkv"):
        whole = write_film(tmp_path / name, moving([RED, GREEN], 1.5), CODECS[name]).read_bytes()
        for number in range(13):
            content = bytearray(whole)
            for _ in range(chance.choice((1, 5, 40))):
                at = chance.randrange(min(len(content), chance.choice((300, 3000, 10**9))))
                content[at] = chance.choice((0, 255, chance.randrange(256)))
            if number % 4 == 0:
                del content[chance.randrange(len(content)) :]
            paths.append(tmp_path / f"{number}{name}")
            paths[-1].write_bytes(content)
    good = write_film(tmp_path / "good.mp4", scenes((BLUE, 1)))
    reasons: dict[Reason, int] = {}
    with DecodePool(2, time_limit=8) as own:
        for one in own.fit_all(paths, SPEC):
            if isinstance(one, DecodeFailed):
                reasons[one.params["reason"]] = reasons.get(one.params["reason"], 0) + 1
            else:
                assert isinstance(one, DecodedVideo)
                assert one.pixels.shape == (len(one.moments), 32, 32, 3)
                assert 1 <= len(one.moments) <= MAX_FRAMES
        assert close(colour_of(own.fit(good, SPEC).pixels), BLUE)
    assert sum(reasons.values()) < len(paths) * 3 / 4
    assert reasons.get(Reason.TIMEOUT, 0) == 0
    allowed = {Reason.DAMAGED, Reason.NOT_AN_IMAGE, Reason.EMPTY, Reason.TOO_LARGE, Reason.OUT_OF_MEMORY}
    assert set(reasons) <= allowed | {Reason.DECODER_CRASHED}
