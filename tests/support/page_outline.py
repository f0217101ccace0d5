"""The results page without a browser: pages of made-up hits, and what is in them."""

from __future__ import annotations

import io
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote_to_bytes

from PIL import Image

from semantik.decoding.decoded import Thumbnail
from semantik.queries import Query
from semantik.records import Hit
from semantik.results.page import ResultsPage, render
from tests.support.systems import WINDOWS, raw_name

LIBRARY = Path("/fotos").absolute()


def thumbnail(width=40, height=30):
    stream = io.BytesIO()
    Image.new("RGB", (width, height), (90, 120, 150)).save(stream, "JPEG")
    return Thumbnail(stream.getvalue(), width, height)


def page_of(*names, query=None, scores=None, **values):
    paths = [LIBRARY / name for name in names]
    scores = scores or [0.3 - 0.01 * place for place in range(len(paths))]
    hits = [Hit(rank, score, path) for rank, (score, path) in enumerate(zip(scores, paths, strict=True), start=1)]
    thumbnails = values.pop("thumbnails", {path: thumbnail() for path in paths})
    page = ResultsPage(query or Query.of_text("perro"), hits, thumbnails, [LIBRARY], 12408, 0.0416, "Modelo integrado")
    return replace(page, **values)


class Outline(HTMLParser):
    """The page as a browser's parser sees it: (tag, attributes, own text) of every element, in order."""

    VOID = frozenset({"meta", "link", "img", "input"})

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements = []
        self._open = []
        self.feed(html)
        self.close()
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag, attrs):
        self.elements.append([tag, dict(attrs), ""])
        if tag not in self.VOID:
            self._open.append(self.elements[-1])

    def handle_startendtag(self, tag, attrs):
        self.elements.append([tag, dict(attrs), ""])

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag

    def handle_data(self, data):
        for element in self._open:
            element[2] += data

    def all(self, tag, css=None):
        return [
            (attrs, " ".join(own.split()))
            for name, attrs, own in self.elements
            if name == tag and (css is None or css in (attrs.get("class") or "").split())
        ]

    def texts(self, tag, css=None):
        return [own for _, own in self.all(tag, css)]

    def links(self):
        """The addresses of the pictures' files, of those too whose link opens the viewer."""
        found = [attrs for tag, attrs, _ in self.elements if tag in ("a", "button")]
        return [
            attrs.get("data-file") or attrs["value"]
            for attrs in found
            if "data-file" in attrs or attrs.get("class") == "zoom"
        ]


def outline(page):
    return Outline(render(page))


def path_behind(href):
    assert href.startswith("file:///")
    name = unquote_to_bytes(href.removeprefix("file:///" if WINDOWS else "file://"))
    return Path(name.decode("utf-8", "surrogatepass") if WINDOWS else raw_name(name))
