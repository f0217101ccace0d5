"""``python -m semantik launcher``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from semantik.storage.home import INSTALLED, PROGRAM_FOLDER, SHIPPED
from semantik.storage.settings import Config
from semantik.words.shown_names import visible
from semantik.words.text import say

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser's."""
    launcher = commands.add_parser("launcher", help=say("cli.launcher"), description=say("cli.launcher"))
    launcher.add_argument("--remove", action="store_true", help=say("cli.launcher_remove"))
    launcher.set_defaults(run=run)


def run(options: argparse.Namespace, home: Path, config: Config) -> int:
    """Make or remove the entries in the menu and on the desktop."""
    from semantik.desktop import launchers

    if options.remove:
        paths, key = launchers.remove(home), "cli.launcher_removed"
    else:
        python = Path(sys.executable)
        if getattr(sys, "frozen", False):
            program = launchers.standalone(python, SHIPPED / launchers.ICON)
        elif INSTALLED:
            program = launchers.installed(python, SHIPPED / launchers.ICON)
        else:
            program = launchers.in_folder(PROGRAM_FOLDER, python)
        paths, key = launchers.install(program, home), "cli.launcher_made"
    for path in paths:
        print(say(key, path=visible(str(path))))
    if not paths:
        print(say("cli.launcher_none"))
    return 0
