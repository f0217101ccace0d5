"""A name that answers with another address when it is asked again leads nobody into the user's own network."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from semantik.downloads import http_get
from semantik.errors import NoNetwork, UnsafeRedirect
from semantik.long_tasks import UNATTENDED

PUBLIC, ALSO_PUBLIC, PRIVATE = "127.0.0.2", "127.0.0.3", "127.0.0.1"  # as the test has them
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have only one address of their own")


class Redirects(BaseHTTPRequestHandler):
    """Leads from /0/name to /name at that name, from there to /end, and that is answered."""

    def do_GET(self):
        parts = self.path.strip("/").split("/")
        if parts == ["end"]:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")
            return
        self.send_response(302)
        rest = "/".join(parts[1:]) or "end"
        self.send_header("Location", f"http://{parts[0]}:{self.server.server_port}/{rest}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *ignored):
        pass


@contextlib.contextmanager
def listening(port: int, host: str) -> Iterator[socket.socket]:
    with socket.create_server((host, port)) as waiting:
        waiting.setblocking(False)
        yield waiting


@pytest.fixture(scope="module")
def port():
    servers = [ThreadingHTTPServer((PUBLIC, 0), Redirects)]
    servers.append(ThreadingHTTPServer((ALSO_PUBLIC, servers[0].server_port), Redirects))
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield servers[0].server_port
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def names(monkeypatch):
    """What names answer, one list of addresses after the other, the last for ever."""
    answers: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def look_up(host, port, *rest, **more):
        if host not in answers:
            return real(host, port, *rest, **more)
        told = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port or 0)) for address in told]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(http_get, "_is_public", lambda address: address != PRIVATE)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return answers


def get(url):
    with http_get.open_url("foto", url, {}, 20, UNATTENDED) as answer:
        return answer.raw.read()


ADDRESSES = st.lists(st.sampled_from([PUBLIC, ALSO_PUBLIC, PRIVATE]), min_size=1, max_size=3, unique=True)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(same=st.lists(ADDRESSES, max_size=4), other=st.lists(ADDRESSES, min_size=1, max_size=4))
@pytest.mark.parametrize("way", ["own.test", "other.test", "own.test/other.test"])
def test_a_name_that_turns_inwards_is_never_connected_to(names, port, way, same, other):
    names |= {"own.test": [[PUBLIC], *same], "other.test": list(other)}
    with listening(port, PRIVATE) as inside:
        try:
            assert get(f"http://own.test:{port}/{way}") == b"ok"
        except UnsafeRedirect:
            assert any(PRIVATE in told for told in (*same, *other))
        with pytest.raises(BlockingIOError):
            inside.accept()


def test_who_names_an_own_server_may_be_led_on(names, port):
    names |= {"own.test": [[PUBLIC]], "nas.test": [[PRIVATE]]}
    with pytest.raises(UnsafeRedirect):
        get(f"http://own.test:{port}/nas.test")
    names["here.test"] = [[PRIVATE]]
    server = ThreadingHTTPServer((PRIVATE, port), Redirects)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        assert get(f"http://here.test:{port}/nas.test/own.test") == b"ok"
    finally:
        server.shutdown()
        server.server_close()


def test_a_dead_address_leaves_the_next(names, port):
    names["own.test"] = [["127.0.0.9", ALSO_PUBLIC]]
    assert get(f"http://own.test:{port}/end") == b"ok"
    names["own.test"] = [["127.0.0.9"]]
    with pytest.raises(NoNetwork):
        get(f"http://own.test:{port}/end")
