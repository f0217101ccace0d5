"""The same engine from a terminal: ``python -m semantik index | search | saved | details | models | …``."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from semantik import errors
from semantik.cli import (
    details_command,
    doctor_command,
    fast_command,
    index_command,
    launcher_command,
    models_command,
    saved_command,
    search_command,
    store_command,
)
from semantik.cli.output import complain
from semantik.desktop import standard_streams
from semantik.desktop.system_language import SYSTEM, resolve
from semantik.storage.home import find_home, tighten
from semantik.storage.json_files import take_spoiled
from semantik.storage.log_file import start_logging
from semantik.storage.settings import load_config
from semantik.words import text
from semantik.words.phrases import told
from semantik.words.shown_names import visible
from semantik.words.text import say

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, whose texts name commands instead of buttons.

    Returns 0, or 1 after a one-line message on stderr, or one for each folder that failed.

    argparse exits with 2 for usage.
    """
    with text.for_terminal():
        return _main(arguments)


def _main(arguments: Sequence[str] | None) -> int:
    # Names that are not UTF-8 must print too; a script that reads us gets them escaped.
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")
    try:
        home = find_home()
    except OSError as error:
        text.set_language(resolve(SYSTEM))
        standard_streams.complain(f"semantik: {say('launch.home_unusable', detail=error)}")
        return 1
    tighten(home)
    start_logging(home)
    config = load_config(home)
    text.set_language(resolve(config.language))
    text.translate_argparse()
    _tell_spoiled()
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.run is search_command.run and not search_command.asks(options):
        parser.error(say("cli.no_query"))
    try:
        return int(options.run(options, home, config))
    except errors.SemantikError as error:
        complain(error)
    except (ImportError, OSError) as error:
        missing = errors.understood(error)
        if not isinstance(missing, errors.SemantikError):
            raise
        complain(missing)
    finally:
        _tell_spoiled()
    return 1


def _tell_spoiled() -> None:
    """One line for each file of the home that was kept aside."""
    for spoiled in take_spoiled():
        standard_streams.complain(f"semantik: {visible(told(spoiled.file, spoiled.kept))}")


COMMANDS = (
    index_command,
    search_command,
    saved_command,
    details_command,
    store_command,
    models_command,
    fast_command,
    doctor_command,
    launcher_command,
)


def _parser() -> argparse.ArgumentParser:
    program = "semantik" if Path(sys.argv[0]).stem == "semantik" else "python -m semantik"
    parser = argparse.ArgumentParser(prog=program, description=say("cli.description"))
    commands = parser.add_subparsers(required=True)
    for command in COMMANDS:
        command.add_to(commands)
    commands.metavar = " | ".join(commands.choices)
    return parser
