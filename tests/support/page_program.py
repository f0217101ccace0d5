"""What the tests of the page in a browser share: the browser, an album, and a program that answers as told."""

from __future__ import annotations

import io
import json
import shutil
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from PIL import Image

from semantik.decoding.decoded import Thumbnail
from semantik.queries import Query
from semantik.records import Details, Hit
from semantik.results.page import PageLink, ResultsPage, render, write_page
from tests.support.libraries import paint
from tests.support.waiting import PATIENCE

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PATH = "/a-token/pages/a-page"

# Places among all cards: 0; 1 with the copies 2 and 3; 4; 5 with the copy 6; 7.
NAMES = ["uno.jpg", "dos.jpg", "dos b.jpg", "dos c.jpg", "tres.jpg", "cuatro.jpg", "cuatro b.jpg", "cinco.jpg"]


# Scripts for the page: how texts stand out from their ground, and how many elements of each shape there are.
CONTRASTS = """() => {
    const rgba = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (colour) => {
        const [r, g, b] = rgba(colour).slice(0, 3)
            .map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
        for (; element; element = element.parentElement) {
            const colour = getComputedStyle(element).backgroundColor;
            if ((rgba(colour)[3] ?? 1) === 1) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || element.closest('script, .unseen, dialog:not([open])')) continue;
        if (!element.checkVisibility()) continue;
        const [one, two] = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => b - a);
        found.push([walker.currentNode.data, (one + 0.05) / (two + 0.05)]);
    }
    return found;
}"""

# How often each (tag, attribute names) occurs: an injected element or attribute would change it.

SHAPES = """() => {
    const counts = {};
    for (const element of document.querySelectorAll('*')) {
        const shape = [element.tagName, ...element.getAttributeNames().sort()].join(' ');
        counts[shape] = (counts[shape] ?? 0) + 1;
    }
    return counts;
}"""


class Program:
    """Listens as the running program does; ``asked`` are (what, body) of its requests but the pings."""

    def __init__(self):
        self.asked = []
        self.pings = 0
        self.answers = {}  # what -> (status, body as JSON or bytes)
        self.refused = []
        program = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one(self):
                program.handle(self)

            do_GET = do_POST = do_OPTIONS = handle_one  # noqa: N815  # http.server's names

            def log_message(self, *args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.link = PageLink(f"http://127.0.0.1:{self._server.server_port}", PATH)

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def handle(self, request):
        origin = request.headers["Origin"]
        allowed = {"GET": (None, "null"), "POST": ("null",), "OPTIONS": ("null",)}[request.command]
        if request.headers["Host"] != self.link.address.removeprefix("http://") or origin not in allowed:
            self.refused.append((request.command, request.path, origin))
            return self._send(request, 403, {"message": "no"})
        if request.command == "OPTIONS":
            return self._send(request, 204)
        if not request.path.startswith(PATH + "/"):
            return self._send(request, 404, {"message": "no"})
        what = request.path.removeprefix(PATH + "/")
        if what == "ping":
            self.pings += 1
            return self._send(request, *self.answers.get("ping", (204, None)))
        body = request.rfile.read(int(request.headers["Content-Length"] or 0)).decode()
        kind = request.headers["Content-Type"]
        if kind == "application/json":
            body = json.loads(body)
        elif kind == "application/x-www-form-urlencoded":
            body = {name: values[0] for name, values in parse_qs(body).items()}
        self.asked.append((what, body))
        return self._send(request, *self.answers.get(what, (204, None)), form=body if what == "export" else None)

    def _send(self, request, status, body=None, form=None):
        request.send_response(status)
        request.send_header("Access-Control-Allow-Origin", "null")
        request.send_header("Access-Control-Allow-Headers", "content-type")
        request.send_header("Access-Control-Allow-Private-Network", "true")
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        if form:
            request.send_header("Content-Disposition", f'attachment; filename="elegidas.{form["kind"]}"')
            request.send_header("Content-Type", "application/octet-stream")
        elif data:
            request.send_header("Content-Type", "image/jpeg" if isinstance(body, bytes) else "application/json")
        if status != 204:
            request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)


def jpeg(colour=(200, 90, 40), size=(300, 200)):
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, "JPEG")
    return stream.getvalue()


def album(folder, **values):
    """A page of five hits, two of which have copies; its pictures are in ``folder``/fotos."""
    paths = [
        paint(folder / "fotos" / name, (30 * place, 90, 140), (600 - 20 * place, 400))
        for place, name in enumerate(NAMES)
    ]
    details = Details(4000, 3000, datetime(2019, 5, 3, 14, 5), True, "Canon EOS 5D")
    uno, dos, dos_b, dos_c, tres, cuatro, cuatro_b, cinco = (
        Hit(rank, 0.3 - place / 100, path, 0.9 - place / 10, details)
        for place, (rank, path) in enumerate(zip((1, 2, 2, 2, 3, 4, 4, 5), paths, strict=True))
    )
    hits = [
        replace(uno, named=("playa",)),
        replace(dos, copies=(dos_b, dos_c)),
        tres,
        replace(cuatro, copies=(cuatro_b,)),
        replace(cinco, details=Details(0, 0, datetime(2020, 1, 9, 9, 5))),
    ]
    values = {
        "query": Query.of_text("playa"),
        "hits": hits,
        "thumbnails": {path: Thumbnail(jpeg(), 300, 200) for path in paths},
        "folders": [folder / "fotos"],
        "searched": 12408,
        "seconds": 0.04,
        "model": "Modelo integrado",
        "words": "playa",
    } | values
    return ResultsPage(**values)


def write(folder, name="resultados.html", **values):
    """Write the page of the album; the path of the file."""
    write_page(render(album(folder, **values)), folder / name)
    return folder / name


MEDIA = ("media", "color_scheme", "reduced_motion", "forced_colors")


@contextmanager
def as_new(page, **media):
    """A page that serves many tests, each of which finds it as a new one; ``media`` as of ``emulate_media``.

    A context and a page of their own take the browser two seconds of work. Who wants another kind of page than
    ``media`` and its size make of it, needs them.
    """
    page.emulate_media(**media)
    try:
        yield page
    finally:
        for other in page.context.pages:
            if other is not page:
                other.close()
        if page.url.startswith("file:"):
            page.evaluate("localStorage.clear()")
        page.goto("about:blank")
        page.mouse.move(0, 0)
        page.emulate_media(**dict.fromkeys(MEDIA, "null"))


@contextmanager
def lasting_page(chromium):
    """A page for many tests, see ``as_new``."""
    context = chromium.new_context()
    context.set_default_timeout(1000 * PATIENCE)
    yield context.new_page()
    context.close()


@contextmanager
def heard(context, **listeners):
    """Have what a browser's context tells heard, by the names of its events."""
    for event, listener in listeners.items():
        context.on(event, listener)
    yield
    for event, listener in listeners.items():
        context.remove_listener(event, listener)


@contextmanager
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()
