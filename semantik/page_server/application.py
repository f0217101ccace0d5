"""What the server answers: who may ask, and what is done for whom. A WSGI application."""

from __future__ import annotations

import hmac
import logging
import re
import threading
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import BaseConverter, Map, Rule
from werkzeug.wrappers import Request, Response

from semantik.errors import PageBusy, PageHasty, PageRefused, SemantikError
from semantik.long_tasks import TaskControl
from semantik.page_server.limits import Limits, Places, TokenBucket
from semantik.page_server.loopback import HEADERS
from semantik.page_server.pages import Pages
from semantik.page_server.reading import (
    EXPORT_KINDS,
    export_form,
    file_of,
    files_of,
    hit_of,
    hits_of,
    json_value,
    refinement,
    starring,
)
from semantik.page_server.replies import as_json, http_refusal, nothing, preflight, refusal
from semantik.records import Hit
from semantik.results.export import iter_zip, to_csv, to_json
from semantik.storage.regular_files import is_file
from semantik.words.text import say

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from semantik.page_server.actions import PageActions

log = logging.getLogger(__name__)

_FILE_PAGE = "null"  # the origin of every page that is a file
# All that an address of ours consists of. Nothing is ever decoded in it.
_ADDRESS = re.compile(r"/(?P<token>[A-Za-z0-9_-]+)/pages/[A-Za-z0-9_/-]+")


class _Number(BaseConverter):
    regex = "[0-9]{1,7}"

    def to_python(self, value: str) -> int:
        return int(value)


def _rule(name: str, method: str, place: str = "") -> Rule:
    return Rule(f"/<token>/pages/<page>/{place or name}", endpoint=name, methods=[method])


_ROUTES = Map(
    [
        _rule("ping", "GET"),
        _rule("newer", "GET"),
        _rule("picture", "GET", "hits/<number:hit>/picture"),
        *(_rule(name, "POST") for name in ("similar", "refine", "star", "reveal", "copy", "export")),
    ],
    converters={"number": _Number},
    merge_slashes=False,
    redirect_defaults=False,
)


class Application:
    """Searching requests by what the window does; see ``server.PageServer``."""

    host = ""
    """The only Host that is answered, against DNS rebinding: a foreign name may lead here, but it stays foreign."""

    def __init__(self, actions: PageActions, pages: Pages, token: str, limits: Limits) -> None:
        self.control = TaskControl()
        self._do = actions
        self._pages = pages
        self._token = token.encode()
        self._limits = limits
        # Two, so that strangers cannot use up what pages may ask.
        self._asking, self._strangers = (TokenBucket(limits.rate, limits.burst) for _ in range(2))
        self._actions = Places(limits.actions, PageBusy)
        self._downloads = Places(limits.downloads, PageBusy)
        self._pictures = Places(limits.pictures + limits.pictures_waiting, PageHasty)
        self._rendering = threading.BoundedSemaphore(limits.pictures)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        try:
            self._admit(request)
        except PageRefused as error:
            response = refusal(error if self._strangers.take() else PageHasty())
        else:
            response = self._answer(request)
            response.headers["Vary"] = "Origin"
            if request.headers.get("Origin") == _FILE_PAGE:
                response.headers["Access-Control-Allow-Origin"] = _FILE_PAGE
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response(environ, start_response)

    def _admit(self, request: Request) -> None:
        """Raises PageRefused for whatever does not come from a file that knows this run's token."""
        address = _ADDRESS.fullmatch(request.environ["REQUEST_URI"])
        origin = request.headers.get("Origin")
        if not (
            request.headers.get("Host") == self.host
            and address
            and hmac.compare_digest(address["token"].encode(), self._token)
            and (origin == _FILE_PAGE or (origin is None and request.method == "GET"))
        ):
            raise PageRefused

    def _answer(self, request: Request) -> Response:
        try:
            adapter = _ROUTES.bind(self.host)
            if request.method == "OPTIONS":
                self._hold_back()
                return preflight(request, adapter.allowed_methods(request.path))
            if request.method == "HEAD":  # werkzeug takes it for a GET, and would have a picture made for nothing
                raise MethodNotAllowed(["GET"])
            name, values = adapter.match(request.path, request.method)
            if name != "picture":
                self._hold_back()
            hits = self._pages.hits(values["page"])
            match name:
                case "ping":
                    response = nothing()
                case "newer":
                    response = as_json(200, {"count": self._pages.newer(values["page"])})
                case "picture":
                    response = self._picture(hit_of(hits, values["hit"]))
                case "export":
                    response = self._export(request, hits)
                case _:
                    with self._actions.one():
                        response = self._action(name, request, hits)
        except SemantikError as error:
            response = refusal(error)
        except HTTPException as error:
            response = http_refusal(error)
        except Exception:  # a named boundary: one request; the page must be told, and the server must go on
            log.exception("a page's request failed")
            response = as_json(500, {"message": say("error.page_failed")})
        return response

    def _hold_back(self) -> None:
        if not self._asking.take():
            raise PageHasty

    def _action(self, name: str, request: Request, hits: Sequence[Hit]) -> Response:
        small, large = self._limits.small_body, self._limits.large_body
        match name:
            case "refine":
                words, choices = refinement(request, small)
                page = self._do.refine(words, choices)
                return as_json(200, {"page": page})
            case "star":
                return as_json(200, {"message": self._do.star(*starring(request, small))})
            case "copy":
                chosen = hits_of(hits, json_value(request, "hits", large))
                return as_json(200, {"message": self._do.copy(files_of(chosen))})
            case "similar":
                hit = hit_of(hits, json_value(request, "hit", small))
                file_of(hit)
                return as_json(200, {"page": self._do.similar(hit.picture)})
            case _:
                self._do.reveal(file_of(hit_of(hits, json_value(request, "hit", small))))
                return nothing()

    def _picture(self, hit: Hit) -> Response:
        with self._pictures.one(), self._rendering:
            self.control.stop_if_cancelled()
            file_of(hit)
            response = Response(self._do.picture(hit.picture), mimetype="image/jpeg")
        # Shown by a page that has another origin, as every file has.
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

    def _export(self, request: Request, hits: Sequence[Hit]) -> Response:
        kind, numbers = export_form(request, self._limits.large_body)
        chosen = hits_of(hits, numbers)
        match kind:
            case "zip":
                response = self._archive(chosen)
            case "csv":
                response = Response(to_csv(chosen))
            case _:
                response = Response(to_json(chosen))
        response.content_type = EXPORT_KINDS[kind]
        name = time.strftime(f"SemantikSearch-%Y%m%d-%H%M%S.{kind}")
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def _archive(self, hits: Sequence[Hit]) -> Response:
        if not any(is_file(hit.path) for hit in hits):
            file_of(hits[0])
        release = self._downloads.take()
        response = Response(iter_zip(files_of(hits), self.control))
        response.call_on_close(release)  # also when nothing of it was ever read
        return response
