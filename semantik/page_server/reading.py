"""What a request says, believed only where it has exactly the expected form."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.wrappers import Request

from semantik.errors import PageGone, PageRequestInvalid, PictureGone
from semantik.page_server.actions import CHOICES
from semantik.records import Hit
from semantik.storage.regular_files import is_file

WORDS = 2000
"""Characters of a query that a page may send."""

CHOICE = 300
"""Characters of what one of its controls says."""

EXPORT_KINDS = {"zip": "application/zip", "csv": "text/csv; charset=utf-8", "json": "application/json"}
"""What hits may be exported as, and the content types."""

_NUMBERS = re.compile(r"[0-9]{1,7}(?:,[0-9]{1,7})*")


def json_value(request: Request, key: str, most_bytes: int) -> Any:
    """The value of the only key of a JSON body. Raises PageRequestInvalid, HTTPException."""
    body = _json_object(request, most_bytes)
    if body.keys() != {key}:
        raise PageRequestInvalid
    return body[key]


def refinement(request: Request, most_bytes: int) -> tuple[str, dict[str, str]]:
    """The words of a query and, where they were sent, what the page's controls say. Raises as ``json_value``."""
    body = _json_object(request, most_bytes)
    if not {"words"} <= body.keys() <= {"words", "choices"}:
        raise PageRequestInvalid
    choices = body.get("choices", {})
    if not (isinstance(choices, dict) and choices.keys() <= CHOICES):
        raise PageRequestInvalid
    if not all(isinstance(value, str) and len(value) <= CHOICE for value in choices.values()):
        raise PageRequestInvalid
    return words_of(body["words"]), choices


def starring(request: Request, most_bytes: int) -> tuple[str, bool]:
    """The words of a query, and whether it is to be starred. Raises as ``json_value``."""
    body = _json_object(request, most_bytes)
    if body.keys() != {"words", "saved"} or not isinstance(body["saved"], bool):
        raise PageRequestInvalid
    return words_of(body["words"]), body["saved"]


def _json_object(request: Request, most_bytes: int) -> dict[str, Any]:
    if request.mimetype != "application/json":  # anything else a foreign page may send without asking first
        raise UnsupportedMediaType
    request.max_content_length = most_bytes
    try:
        body = json.loads(request.get_data())
    except (ValueError, RecursionError) as error:
        raise PageRequestInvalid from error
    if not isinstance(body, dict):
        raise PageRequestInvalid
    return body


def export_form(request: Request, most_bytes: int) -> tuple[str, list[int]]:
    """The kind, one of EXPORT_KINDS, and the numbers of hits of a form. Raises PageRequestInvalid, HTTPException."""
    if request.mimetype != "application/x-www-form-urlencoded":
        raise UnsupportedMediaType
    request.max_content_length = request.max_form_memory_size = most_bytes
    match request.form.to_dict(flat=False):
        case {"kind": [kind], "hits": [hits], **others} if not others:
            if kind in EXPORT_KINDS and _NUMBERS.fullmatch(hits):
                return kind, [int(number) for number in hits.split(",")]
    raise PageRequestInvalid


def words_of(value: object) -> str:
    """A query. Raises PageRequestInvalid, HTTPException."""
    if not isinstance(value, str):
        raise PageRequestInvalid
    if len(value) > WORDS:
        raise RequestEntityTooLarge
    return value


def hit_of(hits: Sequence[Hit], number: object) -> Hit:
    """The hit of a number. Raises PageRequestInvalid, PageGone."""
    if type(number) is not int:  # True is an int, too
        raise PageRequestInvalid
    if not 0 <= number < len(hits):
        raise PageGone
    return hits[number]


def hits_of(hits: Sequence[Hit], numbers: object) -> list[Hit]:
    """The hits of these numbers, one at least, each once. Raises PageRequestInvalid, PageGone."""
    if not isinstance(numbers, list) or not numbers:
        raise PageRequestInvalid
    chosen = [hit_of(hits, number) for number in numbers]
    return list(dict(zip(numbers, chosen, strict=True)).values())


def file_of(hit: Hit) -> Path:
    """The path of a hit whose file is there. Raises PictureGone."""
    if not is_file(hit.path):
        raise PictureGone(path=str(hit.path))
    return hit.path


def files_of(hits: Sequence[Hit]) -> list[Path]:
    """The files of hits, each once: of a video, several frames may be hits."""
    return list(dict.fromkeys(hit.path for hit in hits))
