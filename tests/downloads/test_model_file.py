"""The verified download against a real server on 127.0.0.1 that fails in every way a network fails."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import multiprocessing
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from semantik import __version__
from semantik.downloads import model_file
from semantik.downloads.model_file import WeightsFile, download, is_ready, verify, weights_path
from semantik.downloads.resumable_transfer import DownloadLimits, Transfer
from semantik.errors import (
    Cancelled,
    DiskFull,
    DownloadFailed,
    DownloadInterrupted,
    NoNetwork,
    ServerRefused,
    UntrustedServer,
    WeightsFolderUnwritable,
    WeightsMissing,
    WrongHash,
)
from semantik.long_tasks import UNATTENDED, Progress, TaskControl
from tests.support.task_controls import CancelledWhen
from tests.support.waiting import PATIENCE, SOON, wait_until
from tests.support.weights_server import PATIENT, QUICK, Server, serving

CONTENT = hashlib.shake_256(b"weights").digest(900_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(CONTENT, f"/models/{SHA256}/net.pt") as state:
        yield state


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    model_file._verified.clear()


def file_at(url: str, **changes: object) -> WeightsFile:
    values: dict[str, object] = {
        "name": "CLIP Test",
        "url": url,
        "sha256": SHA256,
        "size": len(CONTENT),
        "filename": "net.pt",
    }
    return WeightsFile(**(values | changes))  # type: ignore[arg-type]


def part_of(folder: Path) -> Path:
    return folder / "net.pt.part"


def leave_part(folder: Path, content: bytes, etag: str = '"one"') -> None:
    part_of(folder).write_bytes(content)
    (folder / "net.pt.part.etag").write_text(etag)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


# -- Where files are, and whether they are the right ones ---------------------------------------------


def test_default_folder_is_where_clip_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    file = file_at("http://x/")
    assert weights_path(file) == tmp_path / ".cache" / "clip" / "net.pt"
    assert weights_path(file, tmp_path / "other") == tmp_path / "other" / "net.pt"


def test_ready_goes_by_size(tmp_path: Path) -> None:
    file = file_at("http://x/")
    assert not is_ready(file, tmp_path)
    (tmp_path / "net.pt").write_bytes(b"x" * (len(CONTENT) - 1))
    assert not is_ready(file, tmp_path)
    assert is_ready(file_at("http://x/", exact=False), tmp_path)
    assert not is_ready(file_at("http://x/", exact=False, size=len(CONTENT) * 2), tmp_path)
    (tmp_path / "net.pt").write_bytes(b"x" * len(CONTENT))
    assert is_ready(file, tmp_path)


def test_verify(tmp_path: Path) -> None:
    file = file_at("http://x/")
    with pytest.raises(WeightsMissing) as missing:
        verify(file, tmp_path)
    assert missing.value.params == {"name": "CLIP Test", "megabytes": 1}
    target = tmp_path / "net.pt"
    target.write_bytes(CONTENT)
    assert verify(file, tmp_path) == target
    target.write_bytes(b"x" + CONTENT[1:])
    with pytest.raises(WrongHash):
        verify(file, tmp_path)


def test_unchanged_file_is_hashed_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hashed: list[Path] = []
    original = model_file.file_sha256
    monkeypatch.setattr(model_file, "file_sha256", lambda path: hashed.append(path) or original(path))
    target = tmp_path / "net.pt"
    target.write_bytes(CONTENT)
    file = file_at("http://x/")
    verify(file, tmp_path)
    verify(file, tmp_path)
    assert hashed == [target]
    state = target.stat()
    target.write_bytes(b"x" + CONTENT[1:])  # the same size
    os.utime(target, ns=(state.st_atime_ns, state.st_mtime_ns + 1_000_000_000))
    with pytest.raises(WrongHash):
        verify(file, tmp_path)
    assert hashed == [target, target]


# -- The good way --------------------------------------------------------------------------------------


def test_full_download(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[float, Progress]] = []
    folder = tmp_path / "new" / "folder"
    path = download(
        file_at(server.url),
        folder,
        TaskControl(lambda progress: seen.append((time.monotonic(), progress))),
        limits=QUICK,
    )
    assert path.read_bytes() == CONTENT
    assert names(folder) == ["net.pt"]
    assert server.sent == [len(CONTENT)]
    records = [progress for _, progress in seen]
    assert records[-1].done == records[-1].total == len(CONTENT)
    assert records[-1].eta == 0
    assert [p.done for p in records] == sorted(p.done for p in records)
    assert all(later - earlier >= 0.099 for (earlier, _), (later, _) in itertools.pairwise(seen[:-1]))


def test_nothing_but_the_request_is_sent(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.redirect = server.url + "?elsewhere"
    download(file_at(server.url), tmp_path, limits=QUICK)
    expected = {
        "Host": server.url.split("/")[2],
        "User-Agent": f"SemantikSearch/{__version__}",
        "Accept-Encoding": "identity",
    }
    for request in server.requests:
        assert {name: value for name, value in request.items() if name != "Connection"} == expected
    assert len(server.requests) == 2


def test_present_file_is_not_downloaded(server: Server, tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(CONTENT)
    seen: list[Progress] = []
    assert download(file_at(server.url), tmp_path, TaskControl(seen.append)) == tmp_path / "net.pt"
    assert server.requests == []
    assert seen == [Progress(len(CONTENT), len(CONTENT), 0.0, 0.0)]


def test_damaged_file_in_place_is_replaced(server: Server, tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(b"x" + CONTENT[1:])
    assert download(file_at(server.url), tmp_path, limits=QUICK).read_bytes() == CONTENT


def test_unknown_length(server: Server, tmp_path: Path) -> None:
    server.announce = False
    file = file_at(server.url, exact=False, size=len(CONTENT) + 1000)
    seen: list[Progress] = []
    assert download(file, tmp_path, TaskControl(seen.append), limits=QUICK).read_bytes() == CONTENT
    assert (seen[-1].done, seen[-1].total) == (len(CONTENT), len(CONTENT))


def test_proxy_of_the_environment_is_used(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("http_proxy", "/".join(server.url.split("/")[:3]))
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    download(file_at("http://models.invalid/net.pt"), tmp_path, limits=QUICK)
    assert server.requests[0]["Host"] == "models.invalid"


# -- Resuming ------------------------------------------------------------------------------------------


def test_cut_connection_is_resumed(server: Server, tmp_path: Path) -> None:
    server.cuts = [300_000]
    assert download(file_at(server.url), tmp_path, limits=QUICK).read_bytes() == CONTENT
    assert [request.get("Range") for request in server.requests] == [None, "bytes=300000-"]
    assert server.requests[1]["If-Range"] == '"one"'
    assert server.sent == [300_000, 600_000]
    assert names(tmp_path) == ["net.pt"]


def test_part_of_an_earlier_run_is_resumed(server: Server, tmp_path: Path) -> None:
    leave_part(tmp_path, CONTENT[:400_000])
    seen: list[Progress] = []
    assert download(file_at(server.url), tmp_path, TaskControl(seen.append), limits=QUICK).read_bytes() == CONTENT
    assert [request.get("Range") for request in server.requests] == ["bytes=400000-"]
    assert server.sent == [500_000]
    assert seen[0].done > 400_000


def test_finished_part_needs_no_request(server: Server, tmp_path: Path) -> None:
    leave_part(tmp_path, CONTENT)
    assert download(file_at(server.url), tmp_path, limits=QUICK).read_bytes() == CONTENT
    assert server.requests == []


def test_server_without_ranges_starts_over(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    leave_part(tmp_path, CONTENT[:400_000])
    assert download(file_at(server.url), tmp_path, limits=QUICK).read_bytes() == CONTENT
    assert server.sent == [900_000]


@pytest.mark.parametrize("honour_if_range", [True, False])
def test_changed_etag_starts_over(server: Server, tmp_path: Path, honour_if_range: bool) -> None:
    server.etag, server.honour_if_range = '"two"', honour_if_range
    leave_part(tmp_path, b"x" * 400_000, etag='"one"')
    assert download(file_at(server.url), tmp_path, limits=QUICK).read_bytes() == CONTENT
    assert server.requests[0]["If-Range"] == '"one"'
    assert server.requests[-1].get("Range") == ("bytes=400000-" if honour_if_range else None)
    assert server.sent[-1] == 900_000


def test_weak_etag_is_no_condition(server: Server, tmp_path: Path) -> None:
    server.etag = 'W/"one"'
    leave_part(tmp_path, CONTENT[:400_000], etag='W/"one"')
    download(file_at(server.url), tmp_path, limits=QUICK)
    assert "If-Range" not in server.requests[0]
    assert server.sent == [500_000]


def test_unsatisfiable_range_starts_over(server: Server, tmp_path: Path) -> None:
    file = file_at(server.url, exact=False, size=len(CONTENT) * 2)
    leave_part(tmp_path, CONTENT + b"tail")
    assert download(file, tmp_path, limits=QUICK).read_bytes() == CONTENT
    assert [request.get("Range") for request in server.requests] == ["bytes=900004-", None]


def test_unsatisfiable_range_of_a_whole_file_is_the_end(server: Server, tmp_path: Path) -> None:
    leave_part(tmp_path, CONTENT)
    assert download(file_at(server.url, exact=False), tmp_path, limits=QUICK).read_bytes() == CONTENT
    assert [request.get("Range") for request in server.requests] == ["bytes=900000-"]


def test_spoiled_part_does_not_poison_the_next_try(server: Server, tmp_path: Path) -> None:
    leave_part(tmp_path, b"\0" * 400_000)
    assert download(file_at(server.url), tmp_path, limits=QUICK).read_bytes() == CONTENT
    assert server.sent == [500_000, 900_000]


def test_too_long_part_is_dropped(server: Server, tmp_path: Path) -> None:
    leave_part(tmp_path, CONTENT + b"tail")
    assert download(file_at(server.url), tmp_path, limits=QUICK).read_bytes() == CONTENT
    assert server.sent == [900_000]


def test_cancel_keeps_the_part_and_resumes(server: Server, tmp_path: Path) -> None:
    def cancelled() -> bool:
        return part_of(tmp_path).exists() and part_of(tmp_path).stat().st_size >= 200_000

    with pytest.raises(Cancelled):
        download(file_at(server.url), tmp_path, CancelledWhen(cancelled), limits=QUICK)
    kept = part_of(tmp_path).stat().st_size
    assert 200_000 <= kept < len(CONTENT)
    assert part_of(tmp_path).read_bytes() == CONTENT[:kept]
    assert not (tmp_path / "net.pt").exists()
    assert download(file_at(server.url), tmp_path, limits=QUICK).read_bytes() == CONTENT
    assert server.requests[-1]["Range"] == f"bytes={kept}-"


def test_cancel_while_the_server_is_awaited(server: Server, tmp_path: Path) -> None:
    server.silent_head = True
    started = time.monotonic()
    with pytest.raises(Cancelled):
        download(
            file_at(server.url),
            tmp_path,
            CancelledWhen(lambda: bool(server.requests)),
            limits=DownloadLimits(timeout=PATIENCE),
        )
    assert time.monotonic() - started < SOON


# -- The wrong content -----------------------------------------------------------------------------------


def test_wrong_hash_is_refused_and_deleted(server: Server, tmp_path: Path) -> None:
    server.content = b"x" + CONTENT[1:]
    with pytest.raises(WrongHash) as wrong:
        download(file_at(server.url), tmp_path, limits=QUICK)
    assert wrong.value.params == {"name": "CLIP Test"}
    assert names(tmp_path) == []
    assert len(server.requests) == 1
    server.content = CONTENT
    assert download(file_at(server.url), tmp_path, limits=QUICK).read_bytes() == CONTENT


@pytest.mark.parametrize("content", [b"<html>Sign in to this network</html>", CONTENT + b"tail"])
def test_other_length_is_refused_before_it_is_downloaded(server: Server, tmp_path: Path, content: bytes) -> None:
    server.content = content
    with pytest.raises(WrongHash):
        download(file_at(server.url), tmp_path, limits=QUICK)
    assert names(tmp_path) == []


def test_endless_body_is_stopped(server: Server, tmp_path: Path) -> None:
    server.content, server.announce = CONTENT * 5, False
    with pytest.raises(WrongHash):
        download(file_at(server.url), tmp_path, limits=QUICK)
    assert names(tmp_path) == []


# -- The network fails -----------------------------------------------------------------------------------


def test_short_bodies_give_up_with_the_part_kept(server: Server, tmp_path: Path) -> None:
    server.cuts = [100_000, 100_000, 100_000, 900_000]
    with pytest.raises(DownloadInterrupted) as broken:
        download(file_at(server.url), tmp_path, limits=QUICK)
    assert isinstance(broken.value, DownloadFailed)
    assert broken.value.params["host"] == "127.0.0.1"
    assert len(server.requests) == QUICK.retries + 1
    assert part_of(tmp_path).read_bytes() == CONTENT[:300_000]
    assert download(file_at(server.url), tmp_path, limits=QUICK).read_bytes() == CONTENT
    assert server.requests[-1]["Range"] == "bytes=300000-"


def test_progress_forgives_earlier_cuts(server: Server, tmp_path: Path) -> None:
    server.content = CONTENT * 8
    server.cuts = [1_200_000] * 5
    file = file_at(server.url, size=len(server.content), sha256=hashlib.sha256(server.content).hexdigest())
    assert download(file, tmp_path, limits=QUICK).read_bytes() == server.content
    assert len(server.requests) == 6


def test_silence_in_the_body_is_noticed(server: Server, tmp_path: Path) -> None:
    server.silent_after = 100_000
    limits = DownloadLimits(timeout=0.4, retries=1, pause=0.01)
    started = time.monotonic()
    with pytest.raises(DownloadInterrupted):
        download(file_at(server.url), tmp_path, limits=limits)
    assert time.monotonic() - started < SOON
    assert part_of(tmp_path).read_bytes() == CONTENT[:200_000]


@pytest.mark.parametrize(("status", "tries"), [(404, 1), (403, 1), (500, 3), (503, 3)])
def test_refusing_server(server: Server, tmp_path: Path, status: int, tries: int) -> None:
    server.status = status
    with pytest.raises(ServerRefused) as refused:
        download(file_at(server.url), tmp_path, limits=QUICK)
    assert refused.value.params == {"name": "CLIP Test", "host": "127.0.0.1", "status": status}
    assert len(server.requests) == tries


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_refused_port(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(NoNetwork) as dead:
        download(file_at(f"http://127.0.0.1:{_free_port()}/net.pt"), tmp_path)
    assert dead.value.params == {"name": "CLIP Test", "host": "127.0.0.1"}
    assert time.monotonic() - started < 5


def test_silent_server_is_noticed_within_five_seconds(server: Server, tmp_path: Path) -> None:
    server.silent_head = True
    started = time.monotonic()
    with pytest.raises(NoNetwork):
        download(file_at(server.url), tmp_path)
    assert time.monotonic() - started < 5


def test_name_lookup_that_fails(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(NoNetwork) as dead:
        download(file_at("http://models.invalid/net.pt"), tmp_path, limits=QUICK)
    assert dead.value.params["host"] == "models.invalid"


@pytest.mark.parametrize("where", ["getaddrinfo", "create_connection"])
def test_black_hole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, where: str) -> None:
    """A name server or a host that never answers, whatever their own time limits are."""
    over = threading.Event()

    def hang(*_: object, **__: object) -> None:
        over.wait(PATIENCE)
        raise OSError(errno.ETIMEDOUT, "timed out")

    if where == "getaddrinfo":
        monkeypatch.setattr(socket, "getaddrinfo", hang)
    else:
        monkeypatch.setattr("urllib3.util.connection.create_connection", hang)
    started = time.monotonic()
    try:
        with pytest.raises(NoNetwork):
            download(file_at("http://127.0.0.1:9/net.pt"), tmp_path, limits=DownloadLimits(timeout=0.5))
        assert 0.4 < time.monotonic() - started < SOON
    finally:
        over.set()


def test_full_backlog(tmp_path: Path) -> None:
    """A host that drops connections: a listener whose queue is full accepts nothing on Linux."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        started = time.monotonic()
        with pytest.raises(NoNetwork):
            url = f"http://127.0.0.1:{listener.getsockname()[1]}/net.pt"
            download(file_at(url), tmp_path, limits=DownloadLimits(timeout=0.5))
        assert time.monotonic() - started < SOON
        for filler in fillers:
            filler.close()


def test_network_that_returns_after_a_cut(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from semantik.downloads import resumable_transfer

    original, calls = resumable_transfer.open_url, 0

    def flaky(name: str, *rest: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise NoNetwork(name=name, host="127.0.0.1")
        return original(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(resumable_transfer, "open_url", flaky)
    server.cuts = [100_000]
    assert download(file_at(server.url), tmp_path, limits=QUICK).read_bytes() == CONTENT
    assert calls == 3


def _answer_once(listener: socket.socket, talk: Callable[[socket.socket], None]) -> threading.Thread:
    def answer() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):  # the client breaks off, which is the point
            talk(connection)

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
def test_server_with_a_certificate_of_its_own_making(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = _answer_once(listener, lambda connection: tls.wrap_socket(connection, server_side=True).close())
        with pytest.raises(UntrustedServer) as untrusted:
            download(file_at(f"https://127.0.0.1:{listener.getsockname()[1]}/net.pt"), tmp_path, limits=PATIENT)
        thread.join()
    assert untrusted.value.params["host"] == "127.0.0.1"


def test_server_without_tls_is_not_asked_in_the_clear(tmp_path: Path) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = _answer_once(listener, talk)
        with pytest.raises(NoNetwork):
            download(file_at(f"https://127.0.0.1:{listener.getsockname()[1]}/net.pt"), tmp_path, limits=PATIENT)
        thread.join()


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/net.pt", "file:///etc/hostname", "net.pt"])
def test_only_http(tmp_path: Path, url: str) -> None:
    with pytest.raises(DownloadFailed) as refused:
        download(file_at(url), tmp_path)
    assert refused.value.params["detail"] == f"http(s) only: {url}"


def test_redirects_without_end_are_left(server: Server, tmp_path: Path) -> None:
    server.redirect, server.redirect_always = server.url, True
    with pytest.raises(DownloadFailed) as lost:
        download(file_at(server.url), tmp_path, limits=QUICK)
    assert lost.value.params["detail"] == "more than 5 redirects"
    assert len(server.requests) == 6


def test_redirect_to_a_file_is_refused(server: Server, tmp_path: Path) -> None:
    server.redirect = "file:///etc/hostname"
    with pytest.raises(DownloadFailed) as refused:
        download(file_at(server.url), tmp_path, limits=QUICK)
    assert "No connection adapters" in str(refused.value.params["detail"])


# -- The disk fails ----------------------------------------------------------------------------------------


def test_full_disk_is_foreseen(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    leave_part(tmp_path, CONTENT[:400_000])
    needed = 500_000 + model_file.ROOM_TO_SPARE
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=needed - 1))
    with pytest.raises(DiskFull) as full:
        download(file_at(server.url), tmp_path, limits=QUICK)
    assert full.value.params == {"name": "CLIP Test", "folder": tmp_path, "needed_mb": 68}
    assert server.requests == []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=needed))
    assert download(file_at(server.url), tmp_path, limits=QUICK).read_bytes() == CONTENT


def _failing_writes(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Make the third write into a partial file fail, as the operating system would."""
    original = Path.open

    def opened(path: Path, mode: str = "r", *args: object, **options: object) -> object:
        stream = original(path, mode, *args, **options)  # type: ignore[arg-type]
        if path.name.endswith(".part") and "b" in mode and "r" not in mode:
            writes = 0

            class Failing:
                def __enter__(self) -> Failing:
                    return self

                def __exit__(self, *_: object) -> None:
                    stream.close()

                def write(self, data: bytes) -> int:
                    nonlocal writes
                    writes += 1
                    if writes == 3:
                        raise OSError(number, "the disk")
                    return stream.write(data)  # type: ignore[call-overload,no-any-return]

            return Failing()
        return stream

    monkeypatch.setattr(Path, "open", opened)


def test_disk_that_fills_up(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with monkeypatch.context() as patched:
        _failing_writes(patched, errno.ENOSPC)
        with pytest.raises(DiskFull) as full:
            download(file_at(server.url), tmp_path, limits=QUICK)
    assert full.value.params["folder"] == tmp_path
    kept = part_of(tmp_path).read_bytes()
    assert kept and kept == CONTENT[: len(kept)]
    assert download(file_at(server.url), tmp_path, limits=QUICK).read_bytes() == CONTENT
    assert server.requests[-1]["Range"] == f"bytes={len(kept)}-"


def test_disk_that_breaks(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _failing_writes(monkeypatch, errno.EIO)
    with pytest.raises(WeightsFolderUnwritable) as broken:
        download(file_at(server.url), tmp_path, limits=QUICK)
    assert broken.value.params["folder"] == tmp_path
    assert "the disk" in str(broken.value.params["detail"])


def test_file_in_place_of_the_folder(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "clip"
    folder.write_text("not a folder")
    with pytest.raises(WeightsFolderUnwritable) as unwritable:
        download(file_at(server.url), folder, limits=QUICK)
    assert unwritable.value.params["folder"] == folder
    assert server.requests == []


def test_folder_without_permission(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def deny(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", deny)
    with pytest.raises(WeightsFolderUnwritable) as unwritable:
        download(file_at(server.url), tmp_path / "clip", limits=QUICK)
    assert "Permission denied" in str(unwritable.value.params["detail"])


# -- Two at once -------------------------------------------------------------------------------------------


def _in_thread(call: Callable[[], object], outcome: list[object]) -> threading.Thread:
    def work() -> None:
        try:
            outcome.append(call())
        except DownloadFailed as error:
            outcome.append(error)
        except Cancelled as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_two_threads_download_once(server: Server, tmp_path: Path) -> None:
    server.gate = threading.Event()
    outcome: list[object] = []
    file = file_at(server.url)
    threads = [_in_thread(lambda: download(file, tmp_path, limits=DownloadLimits()), outcome) for _ in range(2)]
    wait_until(lambda: server.requests, what="a request")
    server.gate.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert outcome == [tmp_path / "net.pt"] * 2
    assert len(server.requests) == 1


def test_waiting_for_the_other_can_be_cancelled(server: Server, tmp_path: Path) -> None:
    server.gate = threading.Event()
    first: list[object] = []
    thread = _in_thread(lambda: download(file_at(server.url), tmp_path, limits=DownloadLimits()), first)
    wait_until(lambda: server.requests, what="a request")
    with pytest.raises(Cancelled):
        download(file_at(server.url), tmp_path, CancelledWhen(lambda: True))
    server.gate.set()
    thread.join(PATIENCE)
    assert first == [tmp_path / "net.pt"]


def _download_in_process(url: str, folder: Path, answers: multiprocessing.Queue[str]) -> None:
    answers.put(str(download(file_at(url), folder)))


def test_two_processes_download_once(server: Server, tmp_path: Path) -> None:
    server.gate = threading.Event()
    spawn = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[str] = spawn.Queue()
    others = [spawn.Process(target=_download_in_process, args=(server.url, tmp_path, answers)) for _ in range(2)]
    for other in others:
        other.start()
    wait_until(lambda: server.requests, what="a request")
    server.gate.set()
    assert [answers.get(timeout=PATIENCE) for _ in others] == [str(tmp_path / "net.pt")] * 2
    for other in others:
        other.join(PATIENCE)
    assert len(server.requests) == 1
    assert (tmp_path / "net.pt").read_bytes() == CONTENT


def test_transfer_leaves_other_errors_to_the_caller(tmp_path: Path) -> None:
    transfer = Transfer(
        name="x",
        url="http://127.0.0.1:9/",
        part=tmp_path / "missing" / "net.pt.part",
        size=1,
        most=1,
        limits=QUICK,
        on_bytes=lambda *_: None,
        control=UNATTENDED,
    )
    assert transfer.have == 0
    transfer.drop()
    with pytest.raises(NoNetwork):
        transfer.run()
