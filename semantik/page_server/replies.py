"""The forms of the server's answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.wrappers import Request, Response

from semantik.errors import (
    Cancelled,
    IndexLocked,
    PageBusy,
    PageGone,
    PageHasty,
    PageRefused,
    PageRequestInvalid,
    PictureGone,
    SemantikError,
)
from semantik.words.text import explain

_STATUS: dict[type[SemantikError], int] = {
    PageRequestInvalid: 400,
    PageRefused: 403,
    PageGone: 404,
    PictureGone: 404,
    PageBusy: 409,
    IndexLocked: 409,
    Cancelled: 409,
    PageHasty: 429,
}
_UNANSWERABLE = 422  # every other error: it was understood, and cannot be


def nothing() -> Response:
    """Done, and nothing to tell."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response


def as_json(status: int, content: Mapping[str, str | int]) -> Response:
    """An object, as JSON."""
    return Response(json.dumps(content), status, mimetype="application/json")


def refusal(error: SemantikError, status: int | None = None) -> Response:
    """What is wrong, in the user's words; with the status that fits the error if none is given."""
    if status is None:
        status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), _UNANSWERABLE)
    response = as_json(status, {"message": explain(error)})
    if isinstance(error, PageHasty):
        response.headers["Retry-After"] = "1"
    return response


def http_refusal(error: HTTPException) -> Response:
    """The same for what werkzeug found wrong."""
    response = refusal(PageGone() if isinstance(error, NotFound) else PageRequestInvalid(), error.code)
    if isinstance(error, MethodNotAllowed):
        response.allow.update(set(error.valid_methods or ()) - {"HEAD"})
    return response


def preflight(request: Request, methods: Iterable[str]) -> Response:
    """Tell a browser that pages may send these methods with JSON (Fetch Standard, CORS-preflight; Private Network
    Access). Raises PageGone when there are none."""
    methods = sorted({*methods} & {"GET", "POST"})
    if not methods:
        raise PageGone
    response = nothing()
    response.headers["Access-Control-Allow-Methods"] = ", ".join(methods)
    response.headers["Access-Control-Allow-Headers"] = "Content-Type"
    response.headers["Access-Control-Max-Age"] = "600"
    if request.headers.get("Access-Control-Request-Private-Network") == "true":
        response.headers["Access-Control-Allow-Private-Network"] = "true"
    return response
