"""The page that shows what a search found: rendered whole into one file that needs no network and no program."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass

import base64
import contextlib
import functools
import hashlib
import logging
import os
import re
import secrets
import stat
import sys
import time
import webbrowser
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import zip_longest

import jinja2
from markupsafe import Markup

from semantik.decoding.decoded import Thumbnail
from semantik.errors import PageNotSaved, PlaceAmongPictures, PlaceTaken, system_detail
from semantik.folder_urls import shown_path
from semantik.queries import Query
from semantik.records import Hit
from semantik.results.cards import cards_of, picture_of, ratios_of
from semantik.results.header import chips_of, choices_of, filters_of, plain_term
from semantik.results.hit_map import hit_map
from semantik.results.thumbnails import LARGE_SIDE, SIDE
from semantik.storage.atomic_files import replace_file
from semantik.storage.home import results_folder
from semantik.storage.private_files import make_folder
from semantik.storage.regular_files import file_address, open_regular
from semantik.words.shown_names import visible
from semantik.words.text import counted, language, number, plural_forms, say

log = logging.getLogger(__name__)

EMBEDDED = 1000
"""Hits whose thumbnails are part of the page; the browser reads later ones from the original files as they come up."""

PAGES_KEPT = 50
PAGES_BYTES = 512 << 20
"""How many pages, and how many bytes of them, ``results_path`` leaves in the folder; the latest one always stays."""

_ADDRESS = re.compile(r"http://127\.0\.0\.1:[0-9]{1,5}")
_LINK_PATH = re.compile(r"(/[A-Za-z0-9_-]+)+")
_STYLES = ("results.css", "controls.css", "cards.css", "viewer.css", "map.css", "actions.css", "media.css")
_OUR_HEAD = re.compile(  # how every page begins, and nothing else that anybody keeps
    rb'\s*<!DOCTYPE html>\s*<html lang="[A-Za-z-]{2,20}">\s*<head>\s*<meta charset="utf-8">\s*'
    rb'<meta name="generator" content="SemantikSearch">'
)
_HEAD_BYTES = 1000
_PAGE_NAME = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}\.html")


@dataclass(frozen=True, slots=True)
class ResultsPage:
    """What a results page tells. Paths of hits are absolute; a missing thumbnail becomes a blank card."""

    query: Query
    hits: Sequence[Hit]  # best first
    thumbnails: Mapping[Path, Thumbnail]  # of the query's pictures, the first EMBEDDED hits and their copies
    folders: Sequence[Path]  # that were searched
    searched: int  # pictures in the index
    seconds: float  # from the query to the hits
    model: str  # as the user knows it
    words: str = ""  # the query as it is typed
    without: Sequence[str] = ()  # the same without each of the filters that ``filters_of`` tells
    nearest: Sequence[Hit] = field(default=())  # shown as probably not meant when there are no hits
    rest: Sequence[Hit] = field(default=())  # less relevant ones, which a link brings up
    left_out: int = 0  # less relevant ones that were found and are not shown
    notices: Sequence[str] = field(default=())  # sentences for the user, shown above the hits
    link: PageLink | None = None  # to the running program
    theme: str = "system"  # as of the window: "system", "light" or "dark"
    limits: Mapping[str, str] = field(default_factory=dict)  # the filters and the order as the query syntax has them
    known: int = 0  # pictures that could be found at all, whatever the filters are; 0 where nothing tells
    awaited: int = 0  # and those that an indexing had still to look at
    top_k: int = 0  # how many hits were asked for; 0 where nothing tells
    saved: bool = False  # the search is starred
    new: Collection[Path] = frozenset()  # hits that came since it was looked at last, by ``Hit.picture``
    away: Collection[Path] = frozenset()  # files of hits that are not there now


def render(page: ResultsPage) -> str:
    """The page as HTML, in the language of ``text.set_language``. Reads and writes no file but the templates.

    Every value is escaped by the template engine, and characters that could disguise a name or break a
    line are made visible (``display_names.visible``). A Content-Security-Policy with the hashes of the page's only
    style and only script admits nothing else but pictures from ``data:`` and ``file:``, and the running program's
    address where there is a link to it. Raises ValueError for a link to anything but a program on this machine.
    """
    if page.link and not (_ADDRESS.fullmatch(page.link.address) and _LINK_PATH.fullmatch(page.link.path)):
        raise ValueError(page.link)
    environment = _environment()
    query = page.query
    first = page.hits or page.nearest
    cards = cards_of([*first, *page.rest], page.thumbnails, page.folders, EMBEDDED, page.away, new=page.new)
    term = plain_term(query)
    example = picture_of(term.image, page.thumbnails.get(term.image)) if term and term.image else None
    title = term.text if term else page.words or say("page.by_terms")
    if example:
        title = f"{say('page.by_image')} {example.name}"
    values = {"ratios": ratios_of(cards), "theme": page.theme}
    style = "".join(environment.get_template(name).render(values) for name in _STYLES)
    return environment.get_template("results.html").render(
        page=page,
        cards=cards,
        first=len(first),
        term=term,
        example=example,
        chips=[] if term else chips_of(query, page.thumbnails),
        filters=list(zip_longest(filters_of(query.filters, query.order), page.without)),
        choices=choices_of(page.limits, page.top_k) if page.link else [],
        map=hit_map(cards[: len(first)]),
        land=Markup(_land()),
        folded=any(card.copies for card in cards),
        title=title,
        style=Markup(style),  # ours, whole: the only values in it are numbers, the theme chooses among its parts
        script=Markup(environment.get_template("results.js").render()),
        mark=Markup(environment.get_template("mark.svg").render()),
    )


def thumbnail_side(count: int) -> int:
    """Longer side in pixels of the thumbnails for a page of ``count`` hits.

    Few pictures may be sharp on a dense or large screen; many must open at once (500 make some 16 MB).
    """
    return LARGE_SIDE if count <= 100 else SIDE


def check_place(path: Path, indexed_folders: Sequence[Path]) -> None:
    """See that a page may be written to a file that the user named: a new one, or an earlier page of ours.

    Raises PlaceTaken for anything else, a link included, and PlaceAmongPictures below an indexed folder.
    """
    place = Path(os.path.normcase(os.path.realpath(path.parent)))
    for folder in indexed_folders:
        if place.is_relative_to(os.path.normcase(os.path.realpath(folder))):
            raise PlaceAmongPictures(path=str(path), folder=str(folder))
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise PageNotSaved(folder=str(path.parent), detail=str(error)) from error
    if not stat.S_ISREG(mode) or not _is_our_page(path):
        raise PlaceTaken(path=str(path))


def _is_our_page(path: Path) -> bool:
    try:
        with open_regular(path) as file:
            return _OUR_HEAD.match(file.read(_HEAD_BYTES)) is not None
    except OSError:
        return False


def write_page(html: str, path: Path, *, ours: bool = True) -> None:
    """Write a page as UTF-8, atomically: no browser ever sees half of it. Raises PageNotSaved.

    ``ours``: the folder is the home's, and so the page is its owner's alone.
    """
    try:
        replace_file(path, html.encode("utf-8"), mode=0o600 if ours else 0o644, ours=ours)
    except OSError as error:
        raise PageNotSaved(folder=str(path.parent), detail=system_detail(error)) from error


def results_path(home: Path) -> Path:
    """A fresh file name among the results pages, where the oldest pages make room for it. Raises PageNotSaved."""
    folder = results_folder(home)
    try:
        make_folder(folder)
        _prune(folder)
    except OSError as error:
        raise PageNotSaved(folder=str(folder), detail=system_detail(error)) from error
    return folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}.html"


def open_page(path: Path) -> bool:
    """Open a page in a new tab of the user's browser. Returns False when none could be started."""
    path = path.absolute()
    # Windows opens files by their names; of a file's address with a letter beyond ASCII it finds nothing.
    address = str(path) if sys.platform == "win32" else file_address(path)
    try:
        return webbrowser.open_new_tab(address)
    except (webbrowser.Error, OSError) as error:
        log.warning("no browser could open %s: %s", path, error)
        return False


@functools.cache
def _land() -> str:
    """The outline of the land as an SVG path: Natural Earth's, see ``tools/make_land.py``."""
    return (Path(__file__).parent / "templates" / "land.txt").read_text(encoding="utf-8")


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
        loader=jinja2.PackageLoader("semantik.results", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"say": say, "number": number, "counted": counted}
    environment.globals |= {"plural_forms": plural_forms, "language": language}
    environment.filters |= {"source_hash": _source_hash, "svg_uri": _svg_uri, "shown_path": shown_path}
    return environment


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


@dataclass(frozen=True, slots=True)
class PageLink:
    """Where the running program listens to one results page, ``http://127.0.0.1:port/token/pages/id``."""

    address: str  # http://127.0.0.1:port, what the page's Content-Security-Policy may name
    path: str  # /token/pages/id
