"""``python -m semantik saved``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from semantik.cli.output import complain, dump
from semantik.cli.session import Session
from semantik.errors import SemantikError
from semantik.storage.settings import Config
from semantik.storage.typed_paths import path_named
from semantik.words.shown_names import visible
from semantik.words.text import number, say

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from semantik.storage.saved_searches import SavedSearch


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser's."""
    saved = commands.add_parser("saved", help=say("cli.saved"), description=say("cli.saved"))
    saved.add_argument(
        "folders", metavar=say("cli.metavar_folder"), type=path_named, nargs="*", help=say("cli.saved_folders")
    )
    change = saved.add_mutually_exclusive_group()
    change.add_argument("--add", metavar=say("cli.metavar_text"), help=say("cli.saved_add"))
    change.add_argument("--remove", metavar=say("cli.metavar_text"), help=say("cli.saved_remove"))
    saved.add_argument("--encoder", metavar=say("cli.metavar_name"), help=say("cli.saved_encoder"))
    saved.add_argument("--json", action="store_true", help=say("cli.json"))
    saved.set_defaults(run=run)


def run(options: argparse.Namespace, home: Path, config: Config) -> int:
    """List the starred searches, each with the number of its new hits; none of them counts as looked at."""
    from semantik.engine.library import outermost

    if config.index_server and not options.folders:  # as the window has it
        options.store, options.encoder = config.index_server, options.encoder or config.encoder
    options.folders = outermost(options.folders or [path_named(name) for name in config.opened])
    with Session(options, home, config, as_indexed=True) as session:
        library, hits = session.library, session.engine.new_hits
        for indexed_folder in library.indexed_folders:
            indexed_folder.load()
        if options.add is not None:
            hits.star(library, library.words_of(library.read(options.add)))
        if options.remove is not None:
            found = hits.that_asks(library, library.read(options.remove))
            hits.unstar(found.words if found else options.remove)
        told = [(each, _count(session, each, config)) for each in hits.saved.entries]
    if options.json:
        dump([{"words": each.words, "new": count} for each, count in told])
    else:
        for each, count in told:
            print(f"{'–' if count is None else number(count):>5}  {visible(each.words)}")
        if not told:
            print(say("cli.saved_none"))
    return 0


def _count(session: Session, saved: SavedSearch, config: Config) -> int | None:
    """How many hits are new; None where the search cannot be made, for the reason that is told on stderr."""
    try:
        return session.engine.new_hits.count(session.library, saved, config.top_k)
    except SemantikError as error:
        complain(error)
        return None
