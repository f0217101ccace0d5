"""Where something from outside comes in, or something of ours goes out: what must not pass, and what must."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semantik.decoding import process_lending
from semantik.decoding.memory_shares import LEAST_MEMORY, MEMORY_LIMIT, SHARE, share_memory
from semantik.decoding.pool import DecodePool
from semantik.downloads import http_get
from semantik.errors import IndexDamaged, PlaceAmongPictures, PlaceTaken
from semantik.index.image_index import ImageIndex
from semantik.index.manifest import Manifest, decode, encode
from semantik.index.opened_file import HELD_BYTES
from semantik.index.store import HEADER_BYTES
from semantik.index.vector_files import live_chunks
from semantik.records import ImageFile
from semantik.results.cards import is_safe_to_open
from semantik.results.page import check_place, write_page
from semantik.storage.atomic_files import replace_file
from semantik.storage.home import PROGRAM_FOLDER
from semantik.storage.mounts import Mounts, is_removable
from tests.support.fake_encoder import FakeEncoder
from tests.support.libraries import paint

posix = pytest.mark.skipif(os.name == "nt", reason="as POSIX has it")
OURS = (
    '<!DOCTYPE html>\n<html lang="es">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="generator" content="SemantikSearch">\n'
)


# -- The page that a user names


def test_a_page_takes_the_place_of_an_earlier_one_only(tmp_path):
    check_place(tmp_path / "new.html", [])
    (tmp_path / "ours.html").write_text(OURS)
    check_place(tmp_path / "ours.html", [])
    for name, content in (("photo.jpg", b"\xff\xd8"), ("other.html", b"<html>" + OURS.encode()), ("empty", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(PlaceTaken):
            check_place(tmp_path / name, [])
    (tmp_path / "folder").mkdir()
    with pytest.raises(PlaceTaken):
        check_place(tmp_path / "folder", [])


@posix
def test_a_page_goes_through_no_link_and_no_pipe(tmp_path):
    (tmp_path / "ours.html").write_text(OURS)
    (tmp_path / "link").symlink_to("ours.html")
    (tmp_path / "dangling").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "dangling", "pipe"):
        with pytest.raises(PlaceTaken):
            check_place(tmp_path / name, [])


@posix
def test_a_page_is_never_among_the_pictures(tmp_path):
    (tmp_path / "photos" / "2019").mkdir(parents=True)
    (tmp_path / "way").symlink_to("photos")
    for place in ("photos/p.html", "photos/2019/p.html", "way/p.html", "photos/2019/../p.html"):
        with pytest.raises(PlaceAmongPictures):
            check_place(tmp_path / place, [tmp_path / "photos"])
    check_place(tmp_path / "photos.html", [tmp_path / "photos"])


def test_leftovers_are_removed_where_they_are_ours_for_sure(tmp_path):
    names = ("page.html.123.tmp", f"page.html.{os.getpid()}.tmp", "page.html.part", "page.html.semantik-xyz.tmp")
    for name in (*names, "page.html.semantik-0123456789abcdef.tmp"):
        (tmp_path / name).write_text("mine")
        os.utime(tmp_path / name, (1, 1))
    write_page(OURS, tmp_path / "page.html", ours=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*names, "page.html"])


@posix
def test_what_is_written_in_the_home_is_its_owners(tmp_path):
    replace_file(tmp_path / "a", b"a")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


# -- Links and redirects


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.png", "a.webp", "a.mp4", "a.mov"])
def test_a_link_may_open_what_only_shows(name):
    assert is_safe_to_open(Path(name))


@pytest.mark.parametrize(
    "name",
    [
        "a.svg",
        "a.SVGZ",
        "a.html",
        "a.htm",
        "a.xhtml",
        "a.xml",
        "a.xsl",
        "a.mht",
        "a.pdf",
        "a.js",
        "a",
        "a.jpg_large",
        "a.jpg.",
        "a.jpg ",
        "a.jpg.svg",
        "a.svg.",
        ".jpg",
        "jpg",
        "a.jpg~",
        "a.jpg\0.svg",
        "a.jpg#t=3.00",
    ],
)
def test_no_link_opens_what_may_run(name):
    assert not is_safe_to_open(Path(name))


@pytest.mark.parametrize(
    ("begun", "target", "followed"),
    [
        ("https://93.184.216.34/a", "https://93.184.216.35/b", True),
        ("https://93.184.216.34/a", "http://93.184.216.34/b", False),
        ("http://93.184.216.34/a", "https://93.184.216.34/b", True),
        *(
            ("http://93.184.216.34/a", f"http://{host}/b", False)
            for host in (
                "127.0.0.1", "localhost", "10.0.0.1", "192.168.1.1", "172.16.0.9", "169.254.169.254", "0.0.0.0",
                "100.64.0.1", "[::1]", "[::ffff:127.0.0.1]", "[fe80::1]", "[fd00::1]", "[64:ff9b::7f00:1]",
                "2130706433",
            )
        ),
        ("http://127.0.0.1:8000/a", "http://127.0.0.1:8001/b", True),
        ("http://192.168.1.2/a", "http://192.168.1.3/b", True),
        ("https://192.168.1.2/a", "http://192.168.1.2/b", False),
    ],
)  # fmt: skip
def test_redirects(begun, target, followed):
    scheme, host = http_get.urlsplit(begun).scheme, http_get.urlsplit(begun).hostname
    try:
        http_get._check_redirect(scheme, host, target)
    except ValueError:
        assert not followed
    else:
        assert followed


# -- Indexes


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "..", "../a.jpg", "a/../../b.jpg", "a/..", "C:\\a.jpg", "c:/a.jpg", "a\0b.jpg", "", "..\\a.jpg"],
)
@pytest.mark.parametrize("place", ["paths", "skipped"])
def test_a_manifest_that_leads_out_of_its_folder_is_refused(path, place):
    manifest = Manifest("s", 1, "/x")
    if place == "skipped":
        manifest.skipped = [[path, 1, 1, "damaged"]]
    else:
        from semantik.index.manifest import Segment

        manifest.segments = [Segment("image_index.1.bin", 1, "0" * 64)]
        manifest.paths, manifest.sizes, manifest.mtimes_ns = [path], [1], [1]
    with pytest.raises(IndexDamaged):
        decode(b"".join(encode(manifest)))


@pytest.mark.parametrize("path", ["a.jpg", "a/b.jpg", "..a.jpg", "a../b..jpg", "a...jpg", ".a/b.jpg", "viajes/…/x.jpg"])
def test_a_manifest_keeps_ordinary_names(path):
    manifest = Manifest("s", 1, "/x", skipped=[[path, 1, 1, "damaged"]])
    assert decode(b"".join(encode(manifest))).skipped == manifest.skipped


@posix
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("held", [True, False])
def test_a_vector_file_that_shrinks_is_told(tmp_path, monkeypatch, share, held):
    monkeypatch.setattr("semantik.index.opened_file.HELD_BYTES", 1 << 30 if held else 0)
    made = ImageIndex(tmp_path, Path("/x"), "s", 64)
    rows = np.random.default_rng(0).standard_normal((3000, 64)).astype(np.float32)
    made.add([ImageFile(f"{number}.jpg", 1, 1) for number in range(3000)], rows)
    with made.locked():
        made.save()
    index = ImageIndex.load(tmp_path, Path("/x"))
    assert index.search(rows[7], 1)[1].tolist() != []
    (file,) = tmp_path.glob("*.bin")
    os.truncate(file, int(file.stat().st_size * share))
    for read in (lambda: index.search(rows[7], 1), lambda: index.vectors([1]), lambda: index.sample(5)):
        with pytest.raises(IndexDamaged):
            read()


@posix
@pytest.mark.parametrize("kind", ["nfs4", "ext4"])
def test_a_large_vector_file_on_a_drive_that_may_go_is_read_and_its_cut_in_the_middle_is_told(
    tmp_path, monkeypatch, kind
):
    """With the hits and scores of a mapped one; the small sizes are injected, the drive and the cut are real."""
    mounted = [SimpleNamespace(mountpoint=str(tmp_path), fstype=kind, device="/dev/sdz1")]
    monkeypatch.setattr("psutil.disk_partitions", lambda all: mounted)
    monkeypatch.setattr("semantik.storage.mounts.is_removable", lambda device: device == "/dev/sdz1")
    monkeypatch.setattr("semantik.index.opened_file.HELD_BYTES", 0)
    monkeypatch.setattr("semantik.index.vector_files.BLOCK_BYTES", 70 * 256)
    made = ImageIndex(tmp_path, Path("/x"), "s", 64)
    random = np.random.default_rng(0)
    rows = random.standard_normal((1000, 64)).astype(np.float32)
    made.add([ImageFile(f"{number}.jpg", 1, 1) for number in range(1000)], rows)
    with made.locked():
        made.save()
    read = ImageIndex.load(tmp_path, Path("/x"), quantized_from=1)
    mounted.clear()
    mapped = ImageIndex.load(tmp_path, Path("/x"))
    read.quantize()
    (saved,), (other,) = read.runs(), mapped.runs()
    assert (saved.data, saved.index, saved.quantized) == (None, None, None)
    assert other.data is not None
    for among in (None, random.random(1000) < 0.5, np.arange(1000) // 70 == 3, np.zeros(1000, np.bool_)):
        for most in (1, 10, 2000):
            for one, same in zip(read.search(rows[7], most, among), mapped.search(rows[7], most, among), strict=True):
                assert one.tolist() == same.tolist()
    assert np.array_equal(read.vectors([999, 0, 70]), rows[[999, 0, 70]])
    assert np.array_equal(np.vstack([np.frombuffer(b, np.float32) for b in live_chunks([saved], read.live())]),
                          rows.reshape(1, -1))  # fmt: skip

    (file,) = tmp_path.glob("*.bin")
    plainly = saved.file.read

    def cut_on_the_way(into, offset):
        if offset > HEADER_BYTES + 400 * 256:
            os.truncate(file, HEADER_BYTES + 450 * 256)
        plainly(into, offset)

    monkeypatch.setattr(saved.file, "read", cut_on_the_way)
    with pytest.raises(IndexDamaged):
        read.search(rows[7], 1)
    with pytest.raises(IndexDamaged):  # and before the next one
        read.vectors([1])


def test_drives_that_may_go():
    mounts = Mounts(
        {"": "ext4", "/mnt/nas": "nfs4", "/run/media/stick": "vfat", "/Volumes/CARD": "exfat", "/data": "xfs"},
        {"": "/dev/mmcblk0p2", "/run/media/stick": "/dev/sdz1", "/data": "/dev/nvme0n1p1"},
    )
    if os.name != "nt":
        places = ("/home/ana", "/mnt/nas/x", "/Volumes/CARD/x", "/data/x", "/run/media/stick/x")
        assert [mounts.may_go(Path(place)) for place in places] == [False, True, True, False, False]


@posix
@pytest.mark.parametrize(
    ("below", "marked", "goes"),
    [
        ("pci0/usb2/2-1/host6/block/sdz/sdz1", None, True),
        ("pci0/ata1/host0/block/sdz/sdz1", "0", False),
        ("pci0/ata1/host0/block/sdz/sdz1", "1", True),
        ("platform/mmc_host/mmc0/mmc0:1/block/sdz/sdz1", "0", True),
        ("pci0/nvme/nvme0/sdz1", None, False),
    ],
)
def test_which_devices_of_linux_can_be_pulled_out(tmp_path, below, marked, goes):
    device = tmp_path / "devices" / below
    device.mkdir(parents=True)
    if marked:
        (device.parent / "removable").write_text(f"{marked}\n")
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "sdz1").symlink_to(device)
    assert is_removable("/dev/sdz1", tmp_path / "class") is goes
    assert not is_removable("/dev/none", tmp_path / "class")
    assert not is_removable("", tmp_path / "class")


@posix
def test_a_mapped_vector_file_that_is_cut_between_two_searches_is_told(tmp_path):
    """As large as those that are mapped, with nothing patched."""
    made = ImageIndex(tmp_path, Path("/x"), "s", 1 << 14)
    rows = np.zeros((HELD_BYTES // (4 << 14) + 16, 1 << 14), np.float32)
    rows[:, 0], rows[7, :2] = 1, (0, 1)
    made.add([ImageFile(f"{number}.jpg", 1, 1) for number in range(len(rows))], rows)
    with made.locked():
        made.save()
    index = ImageIndex.load(tmp_path, Path("/x"))
    assert index.search(rows[7], 1)[1].tolist() == [7]
    (file,) = tmp_path.glob("*.bin")
    assert file.stat().st_size > HELD_BYTES
    os.truncate(file, file.stat().st_size // 3)
    with pytest.raises(IndexDamaged):
        index.search(rows[7], 1)


# -- Memory


@given(free=st.integers(0, 1 << 38), workers=st.integers(1, 8))
def test_all_decoders_together_keep_to_their_share(free, workers):
    count, each = share_memory(free, workers, MEMORY_LIMIT)
    assert 1 <= count <= workers
    assert LEAST_MEMORY <= each <= MEMORY_LIMIT
    if count > 1:
        beside = 0 if each == MEMORY_LIMIT else MEMORY_LIMIT
        assert count * each + beside <= free * SHARE


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells the limits")
@pytest.mark.parametrize("free", [600 << 20, 3000 << 20])
def test_real_decoders_together_may_not_take_more_than_the_share(tmp_path, monkeypatch, free):
    """Each one's limit is what it has when idle and what it may take beyond: these are summed."""
    monkeypatch.setattr(process_lending, "free_memory", lambda: free)
    picture = paint(tmp_path / "a.png", (1, 2, 3))

    def beyond_idle(pid: int) -> int:
        limits = Path(f"/proc/{pid}/limits").read_text("ascii").splitlines()
        (soft,) = (line.split()[3] for line in limits if line.startswith("Max address space"))
        idle = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[0]) * os.sysconf("SC_PAGESIZE")
        return int(soft) - idle

    with DecodePool(4) as pool:
        list(pool.fit_all([picture] * 8, FakeEncoder.input_spec))
        pids = pool.pids()
        assert 1 <= len(pids) <= pool.workers
        most = sum(map(beyond_idle, pids))
    count, each = share_memory(free, 4, MEMORY_LIMIT)
    assert len(pids) <= count
    assert most <= len(pids) * each
    assert most <= free * SHARE or count == 1


# -- The edges of a process


@posix
@pytest.mark.parametrize("ends", ["> /dev/full", "> /dev/full 2>&1", ">&- 2>&-", "<&- >&-", "2> /dev/full"])
def test_streams_that_are_closed_or_full(tmp_path, ends):
    if "full" in ends and not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    done = subprocess.run(
        f'"{sys.executable}" -m semantik models {ends}', shell=True, cwd=PROGRAM_FOLDER, capture_output=True, text=True,
        env=os.environ | {"SEMANTIK_HOME": str(tmp_path)}, check=False,
    )  # fmt: skip
    assert len(done.stderr.splitlines()) <= 1
    assert "Traceback" not in done.stderr
    assert done.returncode == (1 if ends.startswith("> /dev/full") else 0)


@posix
def test_a_home_that_cannot_be_used_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    for command in (["-m", "semantik", "models"], ["SemantikSearch.py"]):
        done = subprocess.run(
            [sys.executable, *command], cwd=PROGRAM_FOLDER, capture_output=True, text=True, check=False,
            env=os.environ | {"SEMANTIK_HOME": str(tmp_path / "file"), "DISPLAY": ""},
        )  # fmt: skip
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


# -- The page server


def test_half_open_connections_do_not_keep_a_page_waiting():
    from semantik.page_server.limits import Limits
    from semantik.page_server.loopback import LoopbackServer

    def application(environ, start_response):
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    server = LoopbackServer(application, Limits())
    server.start()
    host, port = server.host.split(":")
    over = threading.Event()
    held: list[socket.socket] = []

    def crowd():
        while not over.is_set() and len(held) < 600:
            one = socket.create_connection((host, int(port)))
            one.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n")
            held.append(one)

    thread = threading.Thread(target=crowd)
    thread.start()
    try:
        for _ in range(10):
            began = time.monotonic()
            with socket.create_connection((host, int(port)), timeout=2) as page:
                page.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                assert page.recv(100).startswith(b"HTTP/1.1 200")
            assert time.monotonic() - began < 2
    finally:
        over.set()
        thread.join()
        for one in held:
            one.close()
        server.stop()
