"""``python -m semantik details``: all that is known of a picture, and from where."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semantik.cli.output import dump
from semantik.folder_urls import is_remote, shown_path
from semantik.storage.settings import Config
from semantik.storage.typed_paths import path_named
from semantik.words.phrases import model_title
from semantik.words.shown_names import visible
from semantik.words.text import clock, counted, day, enumeration, moment, number, reason, say

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from semantik.engine.known_picture import KnownPicture
    from semantik.places.naming import NamedPlace


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser's."""
    details = commands.add_parser("details", help=say("cli.details"), description=say("cli.details"))
    details.add_argument("picture", metavar=say("cli.metavar_path"), type=path_named, help=say("cli.details_picture"))
    details.add_argument("--json", action="store_true", help=say("cli.json"))
    details.set_defaults(run=run)


def run(options: argparse.Namespace, home: Path, config: Config) -> int:
    """Print what is known of the picture, section by section."""
    from semantik.engine.engine import Engine
    from semantik.engine.known_picture import known_picture

    engine = Engine(home, config)
    try:
        known = known_picture(engine, options.picture)
        if options.json:
            fields: dict[str, Any] = {}
            for section in SECTIONS:
                fields |= section.fields(known)
            dump(fields)
        else:
            for section in SECTIONS:
                for key, value in section.lines(known):
                    print(visible(f"{say(key)}: {value}"))
    finally:
        engine.close()
    return 0


class Section:
    """One kind of what may be known: as lines, each the key of what it is and a value in words, and as JSON."""

    def __init__(
        self,
        lines: Callable[[KnownPicture], Iterator[tuple[str, str]]],
        fields: Callable[[KnownPicture], dict[str, Any]],
    ) -> None:
        self.lines = lines
        self.fields = fields


# -- The file ------------------------------------------------------------------------------------------


def _file_lines(known: KnownPicture) -> Iterator[tuple[str, str]]:
    at = "" if known.moment is None else f" ({clock(known.moment)})"
    yield "cli.details_file", f"{shown_path(known.path)}{at}"
    yield "cli.details_folder", shown_path(known.folder)
    yield "cli.details_bytes", f"{number(known.file.size)} B"
    if not known.is_there and not is_remote(known.path):
        yield "cli.details_state", say("cli.details_away")
    elif known.is_changed:
        yield "cli.details_state", say("cli.details_changed")


def _file_fields(known: KnownPicture) -> dict[str, Any]:
    fields: dict[str, Any] = {"path": shown_path(known.path)}
    if known.moment is not None:
        fields["moment"] = known.moment
    return fields | {
        "folder": shown_path(known.folder),
        "bytes": known.file.size,
        "is_there": known.is_there,
        "is_changed": known.is_changed,
    }


# -- What the file tells of itself ---------------------------------------------------------------------


def _details_lines(known: KnownPicture) -> Iterator[tuple[str, str]]:
    if details := known.details:
        if details.width and details.height:
            yield "cli.details_size", f"{number(details.width)} × {number(details.height)} px"
        sure = say(f"cli.details_source_{details.source.value}")
        told = sure if details.dated else say("cli.details_unsure", source=sure)
        yield "cli.details_date", f"{_moment(details.date)} ({told})"
        if details.camera:
            yield "cli.details_camera", details.camera


def _details_fields(known: KnownPicture) -> dict[str, Any]:
    if not known.details:
        return {}
    details = known.details
    return {
        "width": details.width,
        "height": details.height,
        "date": details.date.isoformat(),
        "date_source": details.source.value,
        "date_sure": details.dated,
        "camera": details.camera,
    }


def _moment(value: datetime) -> str:
    return moment(value) if value.time() != time.min else day(value)


# -- Where it was taken --------------------------------------------------------------------------------


def _place_lines(known: KnownPicture) -> Iterator[tuple[str, str]]:
    if known.place:
        yield "cli.details_place", "; ".join(number(degrees, 5) for degrees in known.place)
    if named := _named_place(known):
        yield "cli.details_place_name", named.whole


def _place_fields(known: KnownPicture) -> dict[str, Any]:
    if not known.place:
        return {}
    latitude, longitude = known.place
    fields: dict[str, Any] = {"latitude": latitude, "longitude": longitude}
    if named := _named_place(known):
        fields["place"] = {"name": named.name, "region": named.region, "country": named.country}
    return fields


def _named_place(known: KnownPicture) -> NamedPlace | None:
    from semantik.places.naming import named_places

    return named_places([known.place])[0] if known.place else None


# -- What stands in it, and who is in it ---------------------------------------------------------------


def _content_lines(known: KnownPicture) -> Iterator[tuple[str, str]]:
    if known.texts:
        yield "cli.details_text", " ".join(f"«{line.text}»" for line in known.texts)
    if known.people:
        yield "cli.details_people", enumeration(list(known.people))


def _content_fields(known: KnownPicture) -> dict[str, Any]:
    texts = {} if known.texts is None else {"text": [line.text for line in known.texts]}
    return texts | ({"people": list(known.people)} if known.people else {})


# -- What models made of it ----------------------------------------------------------------------------


def _index_lines(known: KnownPicture) -> Iterator[tuple[str, str]]:
    told = [counted("cli.details_model", each.vectors, name=model_title(name)) for name, each in known.stored.items()]
    yield "cli.details_models", "; ".join(told)
    one = next(iter(known.stored.values()))
    if one.moments:
        yield "cli.details_moments", ", ".join(map(clock, one.moments))
    if one.skipped:
        yield "cli.details_note", reason(one.skipped)


def _index_fields(known: KnownPicture) -> dict[str, Any]:
    one = next(iter(known.stored.values()))
    fields: dict[str, Any] = {
        "models": [{"name": name, "space": each.space, "vectors": each.vectors} for name, each in known.stored.items()],
        "fingerprint": one.fingerprint,
    }
    if one.moments:
        fields["moments"] = list(one.moments)
    if one.skipped:
        fields["note"] = one.skipped.value
    return fields


# -- Files with the same content -----------------------------------------------------------------------


def _same_lines(known: KnownPicture) -> Iterator[tuple[str, str]]:
    for path in known.same:
        yield "cli.details_same", shown_path(path)


def _same_fields(known: KnownPicture) -> dict[str, Any]:
    return {"same_content": [shown_path(path) for path in known.same]}


SECTIONS = (
    Section(_file_lines, _file_fields),
    Section(_details_lines, _details_fields),
    Section(_place_lines, _place_fields),
    Section(_content_lines, _content_fields),
    Section(_index_lines, _index_fields),
    Section(_same_lines, _same_fields),
)
"""In the order in which they are told. What is known of another kind is one more of them."""
