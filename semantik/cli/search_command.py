"""``python -m semantik search``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semantik.cli.output import dump
from semantik.cli.server_options import add_store
from semantik.cli.session import Session
from semantik.errors import NoSuchSavedSearch
from semantik.folder_urls import shown_path
from semantik.queries import Query, Term
from semantik.records import Hit, split_path
from semantik.storage.regular_files import is_file
from semantik.storage.settings import Config
from semantik.storage.typed_paths import path_named
from semantik.words.phrases import LEVELS, model_title, relevance_word
from semantik.words.shown_names import visible
from semantik.words.text import counted, number, say

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from semantik.engine.answers import Answer


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser's."""
    search = commands.add_parser("search", help=say("cli.search"), description=say("cli.search"))
    search.add_argument(
        "folders", metavar=say("cli.metavar_folder"), type=path_named, nargs="+", help=say("cli.folders")
    )
    words = search.add_mutually_exclusive_group()
    words.add_argument("--text", metavar=say("cli.metavar_text"), help=say("cli.text"))
    words.add_argument("--saved", metavar=say("cli.metavar_text"), help=say("cli.search_saved"))
    search.add_argument(
        "--image", metavar=say("cli.metavar_path"), type=path_named, action="append", default=[], help=say("cli.image")
    )
    search.add_argument("-k", metavar=say("cli.metavar_number"), help=say("cli.top_k"))
    search.add_argument("--only-relevant", action="store_true", help=say("cli.only_relevant"))
    search.add_argument("--names", action="store_true", help=say("cli.names"))
    search.add_argument("--fold", action="store_true", help=say("cli.fold"))
    search.add_argument("--encoder", metavar=say("cli.metavar_name"), help=say("cli.encoder"))
    search.add_argument("--json", action="store_true", help=say("cli.json"))
    search.add_argument("--html", metavar=say("cli.metavar_file"), type=path_named, help=say("cli.html"))
    search.add_argument("--open", action="store_true", help=say("cli.open"))
    add_store(search)
    search.add_argument("--exact", action="store_true", help=say("cli.exact"))
    search.set_defaults(run=run)


def asks(options: argparse.Namespace) -> bool:
    """Whether anything is asked for."""
    return options.text is not None or options.saved is not None or bool(options.image)


def run(options: argparse.Namespace, home: Path, config: Config) -> int:
    """Search, and print the hits or write the page."""
    from semantik.engine.library import outermost
    from semantik.results.page import open_page

    options.folders = outermost(options.folders)  # a picture is one hit, however many of its folders are named
    with Session(options, home, config, as_indexed=options.saved is not None) as session:
        if options.html:
            session.engine.check_place(options.html)  # before minutes of work
        session.index_if_new()
        for each in session.library.indexed_folders:
            if each.is_updated_elsewhere():
                told = counted("cli.being_indexed", each.count, folder=shown_path(each.folder))
                print(visible(told), file=sys.stderr)
        query = _read(options, session)
        # The default K gives way to a smaller library; a K that was asked for is checked.
        top_k = options.k if options.k is not None else min(config.top_k, max(1, session.library.count))
        answer = session.library.ask(
            query,
            top_k,
            only_relevant=options.only_relevant or None,
            by_name=options.names or None,
            folded=options.fold,
        )
        if options.saved is not None:
            answer = session.engine.new_hits.marked(session.library, answer)
        _remark(answer, session)
        if options.json:
            dump([hit_fields(hit, answer.new) for hit in answer.hits])
        elif not (options.html or options.open):
            _print(answer.hits, answer.new)
        if answer.nearest:
            print(say("cli.seems_absent" if answer.hits else "cli.none_relevant"), file=sys.stderr)
        if options.html or options.open:
            page = session.engine.write_page(answer, options.html)
            if not options.json:
                print(page.absolute())
            if options.open and not open_page(page):
                print(say("warn.no_browser", path=page), file=sys.stderr)
        session.engine.new_hits.look(answer)
    return 0


def _read(options: argparse.Namespace, session: Session) -> Query:
    """What is asked. Raises as ``Library.read``, and NoSuchSavedSearch."""
    query = session.library.read(options.text or options.saved or "")
    if options.saved is not None and not session.engine.new_hits.that_asks(session.library, query):
        raise NoSuchSavedSearch(words=options.saved)
    images = tuple(Term(image=_picture(image, session)) for image in options.image)
    return replace(query, terms=(*query.terms, *images))


def _remark(answer: Answer, session: Session) -> None:
    """Say on stderr how the query was read."""
    if answer.read_as_english and (missing := session.engine.models.missing_for(answer.query)):
        print(say("warn.read_as_english", size=missing[1]), file=sys.stderr)
    for remark in answer.remarks(model_title(answer.model)):
        print(visible(remark), file=sys.stderr)


def _print(hits: Sequence[Hit], new: Collection[Path]) -> None:
    """A line for each hit, and one for the text in it that was asked for."""
    for hit in hits:
        score = "" if hit.score is None else f"{number(hit.score, 3)}  "
        mark = f"  ({say('cli.new')})" if hit.picture in new else ""
        print(f"{hit.rank:>4}  {score}{_column(hit)}{visible(shown_path(hit.path))}{mark}")
        if hit.texts:
            print(f"      {say('page.written')} {' '.join(f'«{visible(line.text)}»' for line in hit.texts)}")


def _picture(image: Path, session: Session) -> Path:
    """The file, or where there is none the library's picture of that name."""
    if is_file(split_path(image)[0]):
        return image.absolute()
    return next(iter(session.library.find(str(image))), image.absolute())


def _column(hit: Hit) -> str:
    """The relevance as a column of the list: all words, or all numbers, have one width."""
    if hit.relevance is None:
        return ""
    if not hit.rough:
        return f"{number(round(100 * hit.relevance)):>3} %  "
    width = max(len(relevance_word(least)) for least in LEVELS)
    return f"{relevance_word(hit.relevance):<{width}}  "


def _place_fields(hit: Hit) -> dict[str, Any]:
    """Where a hit was taken: coordinates in degrees, and what is there; nothing where that is not known."""
    if not hit.details or not hit.details.place:
        return {}
    from semantik.places.naming import named_places

    latitude, longitude = hit.details.place
    named = named_places([hit.details.place])[0]
    names = {"name": named.name, "region": named.region, "country": named.country} if named else {}
    return {**names, "latitude": latitude, "longitude": longitude}


def hit_fields(hit: Hit, new: Collection[Path] = ()) -> dict[str, Any]:
    """What ``--json`` tells of a hit, which is one of the ``new`` ones of a starred search or not."""
    fields: dict[str, Any] = {
        "rank": hit.rank,
        "score": None if hit.score is None else round(hit.score, 6),
        "relevance": None if hit.relevance is None else round(hit.relevance, 4),
        "relevance_word": None if hit.relevance is None else relevance_word(hit.relevance),
        "relevance_is_rough": hit.rough,
        "path": shown_path(hit.path),
    }
    if hit.details:
        fields |= {
            "date": hit.details.date.isoformat(),
            "date_source": hit.details.source.value,
            "date_sure": hit.details.dated,
            "width": hit.details.width,
            "height": hit.details.height,
            "camera": hit.details.camera,
        }
    if place := _place_fields(hit):
        fields["place"] = place
    if hit.moment is not None:
        fields["moment"] = hit.moment
    if hit.named:
        fields["named"] = list(hit.named)
    if hit.texts:
        fields["text"] = [line.text for line in hit.texts]
    if hit.people:
        fields["people"] = list(hit.people)
    if hit.picture in new:
        fields["new"] = True
    if hit.copies:
        fields["copies"] = [hit_fields(copy, new) for copy in hit.copies]
    return fields
