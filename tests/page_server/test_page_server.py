"""The loopback server, attacked over real sockets: who is answered, what is called, that it lives on and ends."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import logging
import re
import select
import socket
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from semantik.errors import DecodeFailed, EmptyQuery, OnlyUnwanted, PageBusy
from semantik.page_server import Limits, PageServer
from semantik.page_server.limits import TokenBucket
from semantik.records import Details, Hit, Reason
from semantik.words import text
from tests.support import page_program
from tests.support.libraries import paint
from tests.support.waiting import PATIENCE

FORM = "application/x-www-form-urlencoded"
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'",
}
REFUSED = "Esta página no pertenece al programa que está abierto. Repita la búsqueda en él."
GONE = "El programa ya no conoce esta página o esta imagen. Repita la búsqueda en él."
UNREAD = "El programa no entiende lo que pide esta página. Repita la búsqueda en él."
HASTY = "Demasiadas peticiones a la vez. Espere un momento e inténtelo de nuevo."
BUSY = "El programa está ocupado con otra tarea. Espere a que termine o cancélela, e inténtelo de nuevo."
EVIL = "https://evil.example"


class Actions:
    """Records what is asked; ``error`` is raised, ``gate`` is waited for."""

    def __init__(self):
        self.calls = []
        self.error = None
        self.gate = None
        self.inside = self.most_inside = 0
        self._lock = threading.Lock()

    def _do(self, *call):
        with self._lock:
            self.calls.append(call)
            self.inside += 1
            self.most_inside = max(self.most_inside, self.inside)
        try:
            if self.gate:
                assert self.gate.wait(PATIENCE)
            if self.error:
                raise self.error
        finally:
            with self._lock:
                self.inside -= 1

    def similar(self, path):
        self._do("similar", path)
        return "file:///resultados/parecidas.html"

    def refine(self, words, choices):
        self._do("refine", words, *filter(None, [choices]))
        return "file:///resultados/otra.html"

    def star(self, words, saved):
        self._do("star", words, saved)
        return "Búsqueda guardada"

    def reveal(self, path):
        self._do("reveal", path)

    def copy(self, paths):
        self._do("copy", *paths)
        return f"{len(paths)} imágenes copiadas"

    def picture(self, path):
        self._do("picture", path)
        stream = io.BytesIO()
        from PIL import Image

        with Image.open(path) as image:
            image.save(stream, "JPEG")
        return stream.getvalue()


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def message(self):
        assert self.headers["Content-Type"] == "application/json"
        (key,) = self.json
        assert key == "message"
        return self.json["message"]


class Client:
    """Asks as a results page would, unless told otherwise; headers of None are left out."""

    def __init__(self, link):
        self.link = link
        self.host = link.address.removeprefix("http://")
        self.port = int(self.host.split(":")[1])

    def raw(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def send(self, data):
        """What comes back for these bytes."""
        with self.raw() as connection:
            connection.sendall(data)
            response = http.client.HTTPResponse(connection)
            response.begin()
            return Answer(response)

    def ask(self, method, place, body=None, path=None, **headers):
        kinds = {"Content-Type": "application/json"} if body is not None else {}
        given = {"Host": self.host, "Origin": "null", **kinds}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if data is not None:
            given.setdefault("Content-Length", str(len(data)))
        lines = [f"{method} {self.link.path if path is None else path}{place} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in given.items() if value is not None]
        return self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + (data or b""))

    def export(self, kind, hits, **headers):
        return self.ask("POST", "/export", f"kind={kind}&hits={hits}".encode(), **{"Content_Type": FORM} | headers)


@pytest.fixture
def photos(tmp_path):
    return [
        paint(tmp_path / "fotos" / name, (60 * place, 90, 120), (32 + place, 24))
        for place, name in enumerate(("perro.png", "gato.png", "gato (copia).png", "pez.png"))
    ]


@pytest.fixture
def hits(photos):
    """Three hits; the second has a copy, so the numbers are 0, 1, 2 (the copy), 3."""
    details = Details(33, 24, datetime(2024, 5, 1, 12, 30), dated=True, camera="Nikon D90")
    copy = Hit(9, 0.5, photos[2], 0.4)
    return [Hit(1, 0.75, photos[0], 0.9), Hit(2, 0.6, photos[1], 0.5, details, copies=(copy,)), Hit(3, 0.25, photos[3])]


@pytest.fixture
def actions():
    return Actions()


@pytest.fixture
def serve(actions, hits):
    """Start a server with these limits and register the hits; returns the server and a client of the page."""
    with contextlib.ExitStack() as stack:

        def start(**limits):
            server = PageServer(actions, Limits(**{"rate": 1e6, "burst": 10**6} | limits))
            server.start()
            stack.callback(server.close)
            return server, Client(server.register(hits))

        yield start
        if actions.gate:
            actions.gate.set()


@pytest.fixture
def client(serve):
    return serve()[1]


def until(condition, seconds=PATIENCE):
    """Ask again until it is so; the condition itself takes the time of a request."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not within the time"


# -- What a page gets ----------------------------------------------------------------------------------


def test_the_page_of_an_indexing_learns_how_much_more_there_is(serve, hits):
    server, client = serve(pages=2)
    count = [0]
    partial = Client(server.register(hits, lambda: count[0]))
    for now in (0, 120):
        count[0] = now
        answer = partial.ask("GET", "/newer")
        assert (answer.status, answer.json) == (200, {"count": now})
        assert answer.headers["Access-Control-Allow-Origin"] == "null"
    assert client.ask("GET", "/newer").json == {"count": 0}  # a page of all that there is
    assert partial.ask("POST", "/newer", {}).status == 405
    assert partial.ask("GET", "/newer", Origin="https://example.org").status == 403
    server.register(hits)
    assert client.ask("GET", "/newer").status == 404  # the oldest page was forgotten


def test_the_page_learns_that_the_program_runs(client, actions):
    answer = client.ask("GET", "/ping")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "null"
    assert answer.headers["Vary"] == "Origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
    assert answer.headers["Server"] is None
    assert answer.headers["Content-Type"] is None
    assert actions.calls == []


def test_each_action_gets_the_registered_picture(client, actions, photos):
    similar = client.ask("POST", "/similar", {"hit": 3})
    assert (similar.status, similar.json) == (200, {"page": "file:///resultados/parecidas.html"})
    refined = client.ask("POST", "/refine", {"words": "perro - «gente» \ud83d 😀"})
    assert (refined.status, refined.json) == (200, {"page": "file:///resultados/otra.html"})
    revealed = client.ask("POST", "/reveal", {"hit": 2})
    assert (revealed.status, revealed.body) == (204, b"")
    copied = client.ask("POST", "/copy", {"hits": [3, 0, 2, 0]})
    assert (copied.status, copied.json) == (200, {"message": "3 imágenes copiadas"})
    starred = client.ask("POST", "/star", {"words": "perro", "saved": False})
    assert (starred.status, starred.json) == (200, {"message": "Búsqueda guardada"})
    assert actions.calls.pop() == ("star", "perro", False)
    assert actions.calls == [
        ("similar", photos[3]),
        ("refine", "perro - «gente» \ud83d 😀"),
        ("reveal", photos[2]),
        ("copy", photos[3], photos[0], photos[2]),
    ]
    for answer in (similar, refined, revealed, copied):
        assert answer.headers["Access-Control-Allow-Origin"] == "null"
        assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS


@pytest.mark.parametrize("origin", ["null", None])
def test_pictures_are_shown_to_the_file_page(client, actions, photos, origin):
    from PIL import Image

    answer = client.ask("GET", "/hits/2/picture", Origin=origin)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
    with Image.open(io.BytesIO(answer.body)) as image:
        assert image.size == (34, 24)
    assert actions.calls == [("picture", photos[2])]


def test_the_exports_are_downloads(client, photos):
    answer = client.export("zip", "3,2,0")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/zip"
    name = r'attachment; filename="SemantikSearch-\d{8}-\d{6}\.'
    assert re.fullmatch(name + 'zip"', answer.headers["Content-Disposition"])
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        assert {info.filename: archive.read(info) for info in archive.infolist()} == {
            "pez.png": photos[3].read_bytes(),
            "gato (copia).png": photos[2].read_bytes(),
            "perro.png": photos[0].read_bytes(),
        }
    table = client.export("csv", "1%2C2")
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(name + 'csv"', table.headers["Content-Disposition"])
    assert table.body.decode("utf-8-sig").splitlines()[1:] == [
        f"2;{photos[1]};0,6000;0,5000;2024-05-01T12:30:00;33;24;Nikon D90",
        f"9;{photos[2]};0,5000;0,4000;;;;",
    ]
    listed = client.export("json", "0")
    assert listed.headers["Content-Type"] == "application/json"
    assert [(row["rank"], row["path"], row["score"]) for row in listed.json] == [(1, str(photos[0]), 0.75)]


def test_a_preflight_admits_the_page_alone(client, actions):
    asked = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "content-type"}
    answer = client.ask("OPTIONS", "/similar", **asked, Access_Control_Request_Private_Network="true")
    assert (answer.status, answer.body) == (204, b"")
    headers = {name: value for name, value in answer.headers.items() if name.startswith("Access-Control")}
    assert headers == {
        "Access-Control-Allow-Origin": "null",
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "Content-Type",
        "Access-Control-Allow-Private-Network": "true",
        "Access-Control-Max-Age": "600",
    }
    assert client.ask("OPTIONS", "/ping").headers["Access-Control-Allow-Methods"] == "GET"
    assert client.ask("OPTIONS", "/nada").status == 404
    for origin in (EVIL, None, "", "file://", "null, null"):
        answer = client.ask("OPTIONS", "/similar", **asked, Origin=origin)
        assert answer.status == 403
        assert not [name for name in answer.headers if name.startswith("Access-Control")]
    assert actions.calls == []


# -- Who is refused ------------------------------------------------------------------------------------


def everything(client, **values):
    """One request to each place."""
    yield client.ask("GET", "/ping", **values)
    yield client.ask("GET", "/hits/0/picture", **values)
    for place, body in (
        ("similar", {"hit": 0}),
        ("refine", {"words": "x"}),
        ("reveal", {"hit": 0}),
        ("star", {"words": "x", "saved": True}),
    ):
        yield client.ask("POST", f"/{place}", body, **values)
    yield client.ask("POST", "/copy", {"hits": [0]}, **values)
    yield client.export("zip", "0", **values)


def refused(answer):
    assert (answer.status, answer.message) == (403, REFUSED)
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
    return True


def test_without_this_runs_token_nothing_is_answered(client, actions, serve):
    _, token, _, page = client.link.path.split("/")
    other = serve()[1].link.path.split("/")[1]
    wrong = [token[:-1], token + "A", token.swapcase(), token[:20], "x", "-", other, token + "%00", "%" + token[1:]]
    for path in (f"/{wrong}/pages/{page}" for wrong in wrong):
        assert all(refused(answer) for answer in everything(client, path=path)), path
    for path in (
        "",
        "/pages",
        f"/pages/{page}",
        f"//pages/{page}",
        f"/{page}/pages/{token}",
        f"//{token}/pages/{page}",
    ):
        assert all(refused(answer) for answer in everything(client, path=path)), path
    assert refused(client.ask("GET", f"/ping?token={token}", path=f"/x/pages/{page}", Authorization=f"Bearer {token}"))
    assert refused(client.ask("GET", "/", path="", Cookie=f"token={token}"))
    assert actions.calls == []


def test_foreign_names_for_this_host_are_refused(client, actions):
    names = ["evil.example", f"evil.example:{client.port}", f"localhost:{client.port}", "127.0.0.1", "127.0.0.1:80"]
    names += [f"127.0.0.1:{client.port}.evil.example", f"127.1:{client.port}", f"[::1]:{client.port}", "", None]
    names += [f"{client.host}, evil.example", f"x@{client.host}", f"0.0.0.0:{client.port}", f"127.0.0.1:0{client.port}"]
    for name in names:
        assert all(refused(answer) for answer in everything(client, Host=name)), name
    request = f"GET {client.link.path}/ping HTTP/1.1\r\n"
    assert refused(client.send(f"{request}Host: {client.host}\r\nHost: evil.example\r\n\r\n".encode()))
    assert refused(client.send(f"{request}X-Forwarded-Host: {client.host}\r\nHost: evil.example\r\n\r\n".encode()))
    absolute = f"GET http://evil.example{client.link.path}/ping HTTP/1.1\r\nHost: {client.host}\r\n\r\n"
    assert refused(client.send(absolute.encode()))
    assert actions.calls == []


def test_foreign_origins_are_refused(client, actions):
    for origin in (EVIL, f"http://{client.host}", "file://", "", "NULL", "null, null", f"null {EVIL}"):
        assert all(refused(answer) for answer in everything(client, Origin=origin)), origin
    answers = list(everything(client, Origin=None))
    assert [answer.status for answer in answers] == [204, 200, 403, 403, 403, 403, 403, 403]
    assert [name for name, *_ in actions.calls] == ["picture"]


def test_each_place_has_its_method(client, actions):
    for place in ("similar", "refine", "star", "reveal", "copy", "export"):
        for method in ("GET", "PUT", "DELETE", "PATCH", "PROPFIND"):
            answer = client.ask(method, f"/{place}")
            assert (answer.status, answer.headers["Allow"], answer.message) == (405, "POST", UNREAD)
    for place in ("ping", "hits/0/picture"):
        for method in ("POST", "PUT", "DELETE"):
            answer = client.ask(method, f"/{place}", {})
            assert (answer.status, answer.headers["Allow"]) == (405, "GET")
        with client.raw() as connection:
            connection.sendall(
                f"HEAD {client.link.path}/{place} HTTP/1.1\r\nHost: {client.host}\r\nOrigin: null\r\n\r\n".encode()
            )
            assert connection.recv(100).startswith(b"HTTP/1.1 405 ")
    assert client.ask("TRACE", "/ping").status == 405
    assert client.ask("CONNECT", "", path="evil.example:443").status == 403
    assert actions.calls == []


SECRET = "nadie debe leer esto"


def test_no_address_leads_to_a_file(client, actions, tmp_path):
    (tmp_path / "secreto.txt").write_text(SECRET)
    name = str(tmp_path / "secreto.txt")
    steps = ["../", "%2e%2e/", "..%2f", "%2e%2e%2f", "%252e%252e%252f", "..\\", "..%5c", "%c0%ae%c0%ae/", "..%c0%af"]
    steps += ["..%e0%80%af", "....//", "..;/", ".%00./", "%u002e%u002e/", "..%ef%bc%8f"]
    places = [step * depth + tail for step in steps for depth in (1, 8) for tail in (name[1:], "hits/0/picture")]
    places += [name, name[1:], f"file://{name}", "C:\\Windows\\win.ini", "c:/windows/win.ini", "\\\\host\\share\\x"]
    places += ["", ".", "..", "%00", "ping%00", "ping/", "ping/.", "./ping", "/ping", "ping;x", "ping?x", "ping#x"]
    places += ["hits", "hits/", "hits/0", "hits/0/", "hits/0/picture/x", "hits//picture", "static/x", "favicon.ico"]
    places += [f"hits/{bad}/picture" for bad in (*steps, name, "%2Fetc%2Fpasswd", "0%00", "perro.png", "0/../1")]
    for place in places:
        for start in ("/", "/hits/"):
            answer = client.ask("GET", start + place)
            assert answer.status in (403, 404), place
            assert answer.message in (REFUSED, GONE)
            assert SECRET.encode() not in answer.body
        answer = client.ask("GET", place, path="/")
        assert answer.status == 403, place
    assert actions.calls == []


def test_only_numbers_of_registered_hits_name_pictures(client, actions, photos):
    for number in ("4", "9999999", "99999999", "-1", "1.0", "1e0", "0x1", "+1", "٣", "00000000", "", "9" * 5000, "NaN"):
        answer = client.ask("GET", f"/hits/{number.encode().decode('latin-1')}/picture")
        assert answer.status in (400, 403, 404), number
    for value, status in [
        *((value, 404) for value in (4, -1, 10**6, 10**300, -(10**300))),
        *((value, 400) for value in (0.0, 1.5, 1e400, True, False, None, "0", "", [0], {"n": 0}, str(photos[0]))),
        *((value, 400) for value in ("file:///etc/passwd", photos[0].as_uri(), "../perro.png", "perro.png")),
    ]:
        for place, body in (("similar", {"hit": value}), ("reveal", {"hit": value}), ("copy", {"hits": [0, value]})):
            answer = client.ask("POST", f"/{place}", body)
            assert (answer.status, answer.message) == (status, GONE if status == 404 else UNREAD), (place, value)
    for value in (None, 0, "0", "0,1", {}, {"0": 0}, [], [[0]], True):
        assert client.ask("POST", "/copy", {"hits": value}).status == 400
    for value in ("", ",", "0,", "a", "-1", "0.0", "0,,1", "0 1", "0%00", "%D9%A3", str(photos[0]), "9" * 8, "[0]"):
        assert client.export("zip", value).status == 400, value
    assert client.export("zip", "0,4").status == 404
    for kind in ("", "exe", "ZIP", "zip%00", "../zip", "html"):
        assert client.export(kind, "0").status == 400
    for extra in ("&path=/etc/passwd", "&kind=csv", "&hits=1", "&hits="):
        assert client.export("zip", "0" + extra).status == 400
    assert actions.calls == []


def test_bodies_that_are_not_what_they_should_be(client, actions):
    deep = b'{"hit": ' + b"[" * 30_000
    broken = [b"", b"{", b"0", b"null", b"[]", b'"hit"', b'{"hit"}', b"{hit: 0}", b"\xff\xfe", b'{"hit": "\xff"}', deep]
    broken += [b"{'hit': 0}", b'{"hit": 0} x', b'{"hit": 0, "path": "/etc/passwd"}', b'{"path": "x"}', b"{}"]
    broken += [b'{"hit": ' + b"9" * 20_000 + b"}", b'{"hit": NaN}', b'{"hit": 0}'.decode().encode("utf-16") + b"x"]
    for body in broken:
        answer = client.ask("POST", "/similar", body)
        assert (answer.status, answer.message) == (400, UNREAD), body[:40]
        assert answer.headers["Access-Control-Allow-Origin"] == "null"
    for value in (None, 1, ["x"], {"x": 1}, True):
        assert client.ask("POST", "/refine", {"words": value}).status == 400
        assert client.ask("POST", "/refine", {"words": "x", "choices": {"order": value}}).status == 400
    for saved in (None, 1, "true", [True]):
        assert client.ask("POST", "/star", {"words": "x", "saved": saved}).status == 400
    assert client.ask("POST", "/star", {"words": "x"}).status == 400
    assert client.ask("POST", "/star", {"words": "x" * 2001, "saved": True}).status == 413
    for choices in (None, [], "order", {"path": "x"}, {"order": "x" * 301}, {"top_k": 3}):
        assert client.ask("POST", "/refine", {"words": "x", "choices": choices}).status == 400
    assert client.ask("POST", "/refine", {"choices": {"order": "x"}}).status == 400
    assert client.ask("POST", "/refine", {"words": "x", "choices": {}, "path": "x"}).status == 400
    for kind in (
        None,
        "",
        "text/plain",
        FORM,
        "multipart/form-data; boundary=x",
        "application/json-patch",
        "text/json",
    ):
        answer = client.ask("POST", "/similar", {"hit": 0}, Content_Type=kind)
        assert (answer.status, answer.message) == (415, UNREAD)
    for kind in (None, "text/plain", "application/json", "multipart/form-data; boundary=x"):
        assert client.ask("POST", "/export", b"kind=zip&hits=0", Content_Type=kind).status == 415
    assert actions.calls == []
    assert client.ask("POST", "/similar", {"hit": 0}, Content_Type="application/json; charset=utf-8").status == 200


def test_what_the_controls_say_goes_with_the_words(client, actions):
    said = {"order": "recientes", "top_k": "50", "folder": "", "since": "2019-05", "until": "", "shape": "vertical"}
    assert client.ask("POST", "/refine", {"words": "playa", "choices": said}).status == 200
    assert client.ask("POST", "/refine", {"words": "playa", "choices": {}}).status == 200
    assert actions.calls == [("refine", "playa", said), ("refine", "playa")]


def test_what_is_too_large_is_not_even_read(client, actions):
    assert client.ask("POST", "/refine", {"words": "\U0001f600" * 2000}).status == 200
    answer = client.ask("POST", "/refine", {"words": "x" * 2001})
    assert (answer.status, answer.message) == (413, UNREAD)
    assert client.ask("POST", "/similar", b" " * 40_000 + b'{"hit": 0}').status == 413
    assert client.ask("POST", "/copy", b" " * (1 << 20) + b'{"hits": [0]}').status == 413
    assert client.export("zip", "0," * (1 << 19) + "0").status == 413
    start = f"POST {client.link.path}/similar HTTP/1.1\r\nHost: {client.host}\r\nOrigin: null\r\n"
    for header in ("Content-Length: 99999999999", "Content-Length: " + "9" * 400):
        answer = client.send(f"{start}{header}\r\n\r\n".encode())
        assert (answer.status, answer.message) == (413, UNREAD)
        assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
        assert answer.headers["Server"] is None
    with client.raw() as connection:  # more digits than Python reads
        connection.sendall(f"{start}Content-Length: {'9' * 5000}\r\n\r\n".encode())
        assert closed(connection)
    with client.raw() as connection:  # in pieces without an end
        connection.sendall(f"{start}Transfer-Encoding: chunked\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError):
            for _ in range(100):
                connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        with contextlib.suppress(ConnectionError):
            assert connection.recv(100).startswith(b"HTTP/1.1 413 ")
    assert client.send(f"{start}X: {'x' * 40_000}\r\n\r\n".encode()).status == 431
    assert client.send(f"GET /{'x' * 40_000} HTTP/1.1\r\n\r\n".encode()).status == 431
    assert client.ask("GET", "/ping").status == 204
    assert [name for name, *_ in actions.calls] == ["refine"]


def test_what_is_no_http_is_refused_in_the_same_form(client, actions):
    host = f"Host: {client.host}\r\nOrigin: null\r\n"
    start = f"POST {client.link.path}/similar HTTP/1.1\r\n{host}Content-Type: application/json\r\n"
    for data in (
        "\x16\x03\x01\x02\r\n\r\n",
        "hola\r\n\r\n",
        "GET\r\n\r\n",
        f"get {client.link.path}/ping HTTP/1.1\r\n{host}\r\n",
        f"GET {client.link.path}/ping HTTP/1.1\r\n{host}\x00: x\r\n\r\n",
        f"GET {client.link.path}/ping HTTP/1.1\r\n{host}X: a\nHost: b\r\n\r\n",
        f'{start}Content-Length: -1\r\n\r\n{{"hit": 0}}',
        f'{start}Content-Length: 10, 10\r\n\r\n{{"hit": 0}}',
        f'{start}Content-Length: 1_0\r\n\r\n{{"hit": 0}}',
    ):
        answer = client.send(data.encode("latin-1"))
        assert (answer.status, answer.message) == (400, UNREAD), data
        assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
    assert client.send(f"{start}Transfer-Encoding: gzip, chunked\r\n\r\n".encode()).status == 501
    assert actions.calls == []


# -- What goes wrong -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (PageBusy(), 409, BUSY),
        (EmptyQuery(), 422, "Escriba qué quiere buscar, por ejemplo «perro en la playa»."),
        (OnlyUnwanted(), 422, text.catalogue("es")["error.only_unwanted"][0]),
        (
            DecodeFailed(path="a.jpg", reason=Reason.DAMAGED, detail=""),
            422,
            f"No se puede leer «a.jpg»: {text.catalogue('es')['reason.damaged'][0]}.",
        ),
    ],
)
def test_errors_are_told_in_the_users_words(client, actions, error, status, message):
    actions.error = error
    for answer in list(everything(client))[1:6]:
        assert (answer.status, answer.message) == (status, message)
        assert answer.headers["Access-Control-Allow-Origin"] == "null"
    text.set_language("en")
    english = text.explain(error)
    assert english != message
    assert client.ask("POST", "/refine", {"words": "x"}).message == english


def test_an_unforeseen_error_is_logged_and_survived(client, actions, caplog):
    actions.error = ZeroDivisionError("secreto interno")
    answer = client.ask("POST", "/reveal", {"hit": 0})
    assert answer.status == 500
    assert answer.message == "Algo ha fallado. Los detalles están en el registro del programa."
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert "ZeroDivisionError: secreto interno" in record.exc_text
    actions.error = None
    assert client.ask("POST", "/reveal", {"hit": 0}).status == 204


def test_files_that_are_gone_are_told_and_not_asked_for(client, actions, photos):
    photos[0].unlink()
    photos[1].unlink()
    photos[1].mkdir()
    for number in (0, 1):
        message = f"La imagen «{photos[number]}» ya no está en su sitio. Actualice el índice."
        for place in ("similar", "reveal"):
            answer = client.ask("POST", f"/{place}", {"hit": number})
            assert (answer.status, answer.message) == (404, message)
        assert client.ask("GET", f"/hits/{number}/picture").message == message
        assert client.export("zip", str(number)).message == message
    assert actions.calls == []
    with zipfile.ZipFile(io.BytesIO(client.export("zip", "0,1,3").body)) as archive:
        assert archive.namelist() == ["pez.png", "Imágenes que faltan.txt"]


# -- Pages and runs ------------------------------------------------------------------------------------


def test_pages_and_runs_cannot_be_guessed_from_one_another(serve, hits):
    servers = [serve()[0] for _ in range(3)]
    links = [server.register(hits) for server in servers for _ in range(5)]
    assert len({link.address for link in links}) == 3
    tokens = {link.path.split("/")[1] for link in links}
    assert len(tokens) == 3
    assert min(map(len, tokens)) == 43
    pages = {link.path.split("/")[3] for link in links}
    assert len(pages) == 15
    assert {len(page) for page in pages} == {12}
    assert all(re.fullmatch(r"/[\w-]{43}/pages/[\w-]{12}", link.path) for link in links)


def test_a_page_knows_its_own_hits_only(serve, hits, actions):
    server, _ = serve()
    small = Client(server.register(hits[:1]))
    assert small.ask("POST", "/reveal", {"hit": 0}).status == 204
    assert small.ask("POST", "/reveal", {"hit": 1}).status == 404
    empty = Client(server.register([]))
    assert empty.ask("GET", "/ping").status == 204
    assert empty.ask("POST", "/reveal", {"hit": 0}).status == 404
    assert len(actions.calls) == 1


@pytest.mark.parametrize("limits", [{"pages": 3}, {"hits": 13}])
def test_the_oldest_pages_are_forgotten(serve, hits, actions, limits):
    server, first = serve(**limits)
    later = [Client(server.register(hits)) for _ in range(3)]
    for answer in everything(first):
        assert (answer.status, answer.message) == (404, GONE)
        assert answer.headers["Access-Control-Allow-Origin"] == "null"
    assert [page.ask("GET", "/ping").status for page in later] == [204, 204, 204]
    whole = Client(server.register(hits * 20))  # more than may be kept of all together
    assert whole.ask("POST", "/reveal", {"hit": 79}).status == 204
    assert first.ask("GET", "/ping", path=re.sub("[^/]+$", "x" * 12, first.link.path)).status == 404
    assert len(actions.calls) == 1


def test_nothing_is_registered_before_or_after(actions, hits):
    server = PageServer(actions)
    with pytest.raises(RuntimeError):
        server.register(hits)
    server.close()
    server.start()
    server.close()
    server.close()
    with pytest.raises(RuntimeError):
        server.register(hits)


# -- Too much at once ----------------------------------------------------------------------------------


def test_the_bucket_lets_a_burst_and_then_a_rate_pass():
    now = [0.0]
    bucket = TokenBucket(20, 100, lambda: now[0])
    assert [bucket.take() for _ in range(101)] == [True] * 100 + [False]
    now[0] += 0.5
    assert [bucket.take() for _ in range(11)] == [True] * 10 + [False]
    now[0] += 1000
    assert sum(bucket.take() for _ in range(200)) == 100


def test_a_flood_is_held_back_and_survived(serve, actions):
    _, client = serve(rate=50, burst=20)
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=PATIENCE)

    def ping():
        connection.request("GET", f"{client.link.path}/ping", headers={"Origin": "null"})
        return Answer(connection.getresponse())

    answers = [ping() for _ in range(300)]
    statuses = [answer.status for answer in answers]
    assert statuses[:20] == [204] * 20
    assert set(statuses) == {204, 429}
    held = next(answer for answer in answers if answer.status == 429)
    assert (held.message, held.headers["Retry-After"]) == (HASTY, "1")
    assert held.headers["Access-Control-Allow-Origin"] == "null"
    until(lambda: client.ask("POST", "/reveal", {"hit": 0}).status == 204)
    connection.close()
    assert len(actions.calls) == 1


def test_strangers_cannot_use_up_what_pages_may_ask(serve, actions):
    _, client = serve(rate=0.001, burst=30)
    answers = [client.ask("GET", "/", path="") for _ in range(60)]
    assert [answer.status for answer in answers] == [403] * 30 + [429] * 30
    assert not [name for name in answers[-1].headers if name.startswith("Access-Control")]
    assert client.ask("POST", "/reveal", {"hit": 0}).status == 204
    assert len(actions.calls) == 1


def test_five_hundred_pictures_can_be_looked_at(serve, actions):
    _, client = serve(rate=20, burst=100)  # as it is

    def look(share):
        connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=PATIENCE)
        statuses = []
        for number in range(share):
            connection.request("GET", f"{client.link.path}/hits/{number % 4}/picture")
            statuses.append(Answer(connection.getresponse()).status)
        connection.close()
        return statuses

    started = time.monotonic()
    with ThreadPoolExecutor(6) as pool:  # a browser's connections to one host
        statuses = [status for statuses in pool.map(look, [84] * 6) for status in statuses]
    print(f"504 pictures in {time.monotonic() - started:.1f} s")
    assert set(statuses) == {200}
    assert len(statuses) == 504
    assert actions.most_inside <= 2


def test_long_actions_are_limited_and_do_not_stop_the_rest(serve, actions):
    _, client = serve()
    actions.gate = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(client.ask, "POST", "/copy", {"hits": [0]}) for _ in range(2)]
        until(lambda: client.ask("GET", "/ping").status == 204 and actions.inside == 2)
        for place, body in (("similar", {"hit": 0}), ("refine", {"words": "x"}), ("copy", {"hits": [0]})):
            answer = client.ask("POST", f"/{place}", body)
            assert (answer.status, answer.message) == (409, BUSY)
        assert client.export("json", "0").status == 200
        actions.gate.set()
        assert [job.result().status for job in waiting] == [200, 200]
    assert client.ask("POST", "/reveal", {"hit": 0}).status == 204
    assert len(actions.calls) == 3


def test_pictures_wait_in_a_line_of_limited_length(serve, actions):
    _, client = serve()
    actions.gate = threading.Event()
    with ThreadPoolExecutor(12) as pool:
        jobs = [pool.submit(client.ask, "GET", "/hits/0/picture") for _ in range(12)]
        until(lambda: client.ask("GET", "/ping").status == 204 and sum(job.done() for job in jobs) == 4)
        assert actions.inside == 2
        actions.gate.set()
        statuses = sorted(job.result().status for job in jobs)
    assert statuses == [200] * 8 + [429] * 4
    assert actions.most_inside == 2


def closed(connection):
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


def test_slow_requests_are_cut_off(serve, actions):
    _, client = serve(request_seconds=0.3, tick=0.05)
    head = f"POST {client.link.path}/similar HTTP/1.1\r\nHost: {client.host}\r\nOrigin: null\r\n"
    starts = [b"P", head.encode(), f"{head}Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{{".encode()]
    connections = [client.raw() for _ in range(30)]
    for place, connection in enumerate(connections):
        connection.sendall(starts[place % 3])
    assert client.ask("GET", "/ping").status == 204  # meanwhile
    drops = 0
    with contextlib.suppress(ConnectionError):
        while not select.select(connections[:1], [], [], 0.05)[0]:  # a letter now and then does not help
            connections[0].sendall(b"O")
            drops += 1
            assert drops < 100
    assert all(map(closed, connections))
    for connection in connections:
        connection.close()
    assert client.ask("GET", "/ping").status == 204
    assert actions.calls == []


def test_idle_connections_make_room(serve, actions):
    _, client = serve(connections=20, idle_seconds=1, tick=0.05)
    connections = [client.raw() for _ in range(60)]
    assert client.ask("GET", "/ping").status == 204  # in its turn
    assert all(map(closed, connections[:10]))
    for connection in connections:
        connection.close()
    assert actions.calls == []


# -- The end -------------------------------------------------------------------------------------------


def listens(address, port):
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


def test_it_listens_on_the_loopback_address_only(client):
    assert listens("127.0.0.1", client.port)
    others = {"127.0.0.2", "::1"}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(("192.0.2.1", 9))  # sends nothing; tells the address that would be used
        others.add(probe.getsockname()[0])
    with contextlib.suppress(OSError):
        others |= {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    assert not any(listens(address, client.port) for address in others - {"127.0.0.1"})


def test_after_its_end_nobody_listens(serve, actions):
    server, client = serve()
    idle, begun = client.raw(), client.raw()
    begun.sendall(b"POST /x HTTP/1.1\r\nContent-Length: 9\r\n\r\n")
    assert client.ask("GET", "/ping").status == 204
    threads = [thread for thread in threading.enumerate() if thread.name.startswith(("page server", "waitress"))]
    assert len(threads) >= 2
    started = time.monotonic()
    server.close()
    assert time.monotonic() - started < 1
    assert not listens("127.0.0.1", client.port)
    assert closed(idle)
    assert closed(begun)
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)


def big(photos):
    """A gigabyte that takes no room on the disk."""
    with photos[0].open("wb") as stream:
        stream.truncate(1 << 30)


def test_it_ends_in_the_middle_of_everything(serve, actions, photos):
    server, client = serve()
    big(photos)
    actions.gate = threading.Event()
    body = b"kind=zip&hits=0"
    download = client.raw()
    download.sendall(
        f"POST {client.link.path}/export HTTP/1.1\r\nHost: {client.host}\r\nOrigin: null\r\n"
        f"Content-Type: {FORM}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    assert download.recv(15) == b"HTTP/1.1 200 OK"  # and no more is read: the server waits
    with ThreadPoolExecutor(1) as pool:
        action = pool.submit(client.ask, "POST", "/copy", {"hits": [0]})
        until(lambda: client.ask("GET", "/ping").status == 204 and actions.inside == 1)
        started = time.monotonic()
        server.close()
        assert time.monotonic() - started < 2
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            action.result(PATIENCE)
        assert not listens("127.0.0.1", client.port)
    received = 0
    with contextlib.suppress(ConnectionError):
        while data := download.recv(1 << 20):
            received += len(data)
            assert not data.endswith(b"\r\n0\r\n\r\n")  # no half archive passes for a whole one
    assert received < 1 << 27
    download.close()
    actions.gate.set()


def test_downloads_are_limited_and_given_up_when_nobody_reads(serve, photos):
    _, client = serve()
    big(photos)
    body = b"kind=zip&hits=0"
    head = (
        f"POST {client.link.path}/export HTTP/1.1\r\nHost: {client.host}\r\nOrigin: null\r\n"
        f"Content-Type: {FORM}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    downloads = [client.raw() for _ in range(2)]
    for download in downloads:
        download.sendall(head.encode() + body)
        assert download.recv(15) == b"HTTP/1.1 200 OK"
    answer = client.export("zip", "1")
    assert (answer.status, answer.message) == (409, BUSY)
    assert client.export("csv", "1").status == 200
    for download in downloads:
        download.close()
    until(lambda: client.export("zip", "1").status == 200)


# -- A real browser ------------------------------------------------------------------------------------

TALK = """async (base) => {
    const told = {};
    const note = async (name, call) => {
        try { told[name] = await call(); } catch (error) { told[name] = error.name; }
    };
    const json = (body) =>
        ({ method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    await note('ping', async () => (await fetch(base + '/ping')).status);
    await note('refine', async () => (await (await fetch(base + '/refine', json({ words: 'mar' }))).json()).page);
    await note('gone', async () => (await (await fetch(base + '/reveal', json({ hit: 99 }))).json()).message);
    await note('picture', () => new Promise((done) => {
        const image = new Image();
        image.onload = () => done(image.naturalWidth);
        image.onerror = () => done('refused');
        image.src = base + '/hits/2/picture';
    }));
    return told;
}"""
PAGE = """<!doctype html><meta charset="utf-8"><title>x</title><iframe name="hidden" hidden></iframe>
<form method="post" target="hidden" action="{base}/export">
<input name="kind" value="zip"><input name="hits" value="0,2"><button>Guardar</button></form>"""


@pytest.fixture
def browser():
    with page_program.browser() as started:
        yield started


def test_a_browser_lets_the_file_page_talk_and_no_other(serve, actions, photos, browser, tmp_path):
    _, client = serve()
    base = client.link.address + client.link.path
    html = PAGE.format(base=base)
    (tmp_path / "resultados.html").write_text(html, encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "resultados.html").as_uri())
    assert page.evaluate(TALK, base) == {
        "ping": 204,
        "refine": "file:///resultados/otra.html",
        "gone": GONE,
        "picture": 34,
    }
    with page.expect_download() as started:
        page.get_by_role("button").click()
    assert re.fullmatch(r"SemantikSearch-\d{8}-\d{6}\.zip", started.value.suggested_filename)
    with zipfile.ZipFile(started.value.path()) as archive:
        assert archive.namelist() == ["perro.png", "gato (copia).png"]
        assert archive.read("perro.png") == photos[0].read_bytes()
    assert actions.calls == [("refine", "mar"), ("picture", photos[2])]

    with foreign_site(html) as address:
        page.goto(address)
        told = page.evaluate(TALK, base)
        # It can show a picture only because this test tells it the token.
        assert told == {"ping": "TypeError", "refine": "TypeError", "gone": "TypeError", "picture": told["picture"]}
        with page.expect_response(lambda response: response.url.endswith("/export")) as answered:
            page.get_by_role("button").click()
        assert answered.value.status == 403
    assert [name for name, *_ in actions.calls if name != "picture"] == ["refine"]


@contextlib.contextmanager
def foreign_site(html):
    """A page of another origin on this machine."""
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join(PATIENCE)


def test_importing_it_is_cheap():
    import subprocess
    import sys

    from tests.support.places import REPO

    code = "import sys, semantik.page_server; print({'werkzeug', 'waitress', 'tkinter', 'numpy'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"
