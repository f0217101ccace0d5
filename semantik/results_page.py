"""The page that shows what a search found: rendered whole into one file that needs no network and no program."""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import logging
import re
import secrets
import time
import webbrowser
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
from markupsafe import Markup

from semantik.display_names import folder_within, split_name, visible
from semantik.durable import replace_file
from semantik.errors import PageNotSaved
from semantik.records import Hit, PageLink, Query, Thumbnail
from semantik.text import counted, number, say
from semantik.thumbnails import SIDE

log = logging.getLogger(__name__)

EMBEDDED = 1000
"""Hits whose thumbnails are part of the page; the browser reads later ones from the original files as they come up."""

PAGES_KEPT = 50
PAGES_BYTES = 512 << 20
"""How many pages, and how many bytes of them, ``results_path`` leaves in the folder; the latest one always stays."""

_NARROWEST, _WIDEST = 0.66, 2.2  # aspect ratios of a card; a picture beyond them is shown whole on a mat
_UNKNOWN_ASPECT = 4 / 3
_PAGE_NAME = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}\.html")


@dataclass(frozen=True, slots=True)
class ResultsPage:
    """What a results page tells. Paths of hits are absolute; a missing thumbnail becomes a blank card."""

    query: Query
    hits: Sequence[Hit]  # best first
    thumbnails: Mapping[Path, Thumbnail]  # of the query's pictures and the first EMBEDDED hits
    folder: Path  # the library
    searched: int  # pictures in the index
    seconds: float  # from the query to the hits
    model: str  # as the user knows it
    words: str = ""  # the query as it is typed
    nearest: Sequence[Hit] = field(default=())  # shown as probably not meant when there are no hits
    left_out: int = 0  # less relevant ones that were found and are not shown
    notices: Sequence[str] = field(default=())  # sentences for the user, shown above the hits
    link: PageLink | None = None  # to the running program


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture as the template needs it. ``src`` is empty for a blank card, sizes 0 while unknown."""

    name: str
    href: str
    src: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class _Card(_Picture):
    rank: int
    mark: str  # the relevance, or the score where nothing is told of it
    hint: str
    share: float  # the relevance, or that of the best score, in percent
    stem: str
    tail: str
    folder: str
    path: str
    ratio: int  # aspect of the frame, in hundredths
    shape: str  # its CSS classes


def render(page: ResultsPage) -> str:
    """The page as HTML, in the language of ``text.set_language``. Reads and writes no file but the templates.

    Every value is escaped by the template engine, and characters that could disguise a name or break a
    line are made visible (``display_names.visible``). A Content-Security-Policy with the hashes of the page's only
    style and only script admits nothing else but pictures from ``data:`` and ``file:``.
    """
    environment = _environment()
    shown = page.hits or page.nearest
    best = max((hit.score for hit in shown), default=0.0)
    cards = [_card(hit, page, best) for hit in shown]
    example = None
    title = page.words
    if page.query.images:
        image = page.query.images[0]
        href = image.as_uri() if image.is_absolute() else ""
        example = _Picture(image.name, href, *_source(page.thumbnails.get(image)))
        title = f"{say('page.by_image')} {image.name}"
    style = environment.get_template("results.css").render(ratios=sorted({card.ratio for card in cards}))
    return environment.get_template("results.html").render(
        page=page,
        cards=cards,
        example=example,
        title=title,
        style=Markup(style),  # ours, whole: the only values in it are numbers
        script=Markup(environment.get_template("results.js").render()),
        mark=Markup(environment.get_template("mark.svg").render()),
    )


def thumbnail_side(count: int) -> int:
    """Longer side in pixels of the thumbnails for a page of ``count`` hits.

    Few pictures may be sharp on a dense or large screen; many must open at once (500 make some 16 MB).
    """
    return 640 if count <= 100 else SIDE


def write_page(html: str, path: Path) -> None:
    """Write a page as UTF-8, atomically: no browser ever sees half of it. Raises PageNotSaved."""
    try:
        replace_file(path, html.encode("utf-8"))
    except OSError as error:
        raise PageNotSaved(folder=str(path.parent), detail=error.strerror or str(error)) from error


def results_path(home: Path) -> Path:
    """A fresh file name in ``home/results``, where the oldest pages make room for it. Raises PageNotSaved."""
    folder = home / "results"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _prune(folder)
    except OSError as error:
        raise PageNotSaved(folder=str(folder), detail=error.strerror or str(error)) from error
    return folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}.html"


def open_page(path: Path) -> bool:
    """Open a page in a new tab of the user's browser. Returns False when none could be started."""
    try:
        return webbrowser.open_new_tab(path.absolute().as_uri())
    except (webbrowser.Error, OSError) as error:
        log.warning("no browser could open %s: %s", path, error)
        return False


def _finalize(value: object) -> object:
    """Last step of every value on its way into the page, so that no template can forget it."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _source_hash(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode("utf-8")).digest()).decode("ascii")


def _svg_uri(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode("utf-8")).decode("ascii")


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("semantik", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"say": say, "number": number, "counted": counted}
    environment.filters |= {"source_hash": _source_hash, "svg_uri": _svg_uri}
    return environment


def _source(thumbnail: Thumbnail | None) -> tuple[str, int, int]:
    if thumbnail is None:
        return "", 0, 0
    data = base64.b64encode(thumbnail.jpeg).decode("ascii")
    return f"data:image/jpeg;base64,{data}", thumbnail.width, thumbnail.height


def _card(hit: Hit, page: ResultsPage, best: float) -> _Card:
    href = hit.path.as_uri()
    embedded = hit.rank <= EMBEDDED
    src, width, height = _source(page.thumbnails.get(hit.path)) if embedded else (href, 0, 0)
    aspect = width / height if width and height else _UNKNOWN_ASPECT
    ratio = round(100 * min(max(aspect, _NARROWEST), _WIDEST))
    on_mat = not _NARROWEST <= aspect <= _WIDEST or not embedded
    stem, tail = split_name(hit.path.name)
    similarity = f"{say('page.similarity')} {number(hit.score, 3)}"
    if hit.relevance is None:
        mark, hint = similarity, say("page.similarity_hint")
        share = 100 * max(hit.score, 0.0) / best if best > 0 else 0.0
    else:
        share = 100 * hit.relevance
        mark, hint = (
            say("page.relevance", percent=number(round(share))),
            say("page.relevance_hint", similarity=similarity),
        )
    return _Card(
        name=hit.path.name,
        href=href,
        src=src,
        width=width,
        height=height,
        rank=hit.rank,
        mark=mark,
        hint=hint,
        share=round(share, 1),
        stem=stem,
        tail=tail,
        folder=folder_within(hit.path.parent, page.folder),
        path=str(hit.path),
        ratio=ratio,
        shape=f"r{ratio} mat" if on_mat else f"r{ratio}",
    )


def _prune(folder: Path) -> None:
    size = 0
    for kept, page in enumerate(sorted(_pages(folder), reverse=True), start=1):
        with contextlib.suppress(OSError):  # another window removed it, or a browser on Windows holds it
            size += page.stat().st_size
            if kept > 1 and (kept >= PAGES_KEPT or size > PAGES_BYTES):
                page.unlink()


def _pages(folder: Path) -> Iterator[Path]:
    """Our pages, and nothing else that a user may have put beside them; their names sort by time."""
    return (path for path in folder.iterdir() if _PAGE_NAME.fullmatch(path.name))
