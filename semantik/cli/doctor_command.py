"""``python -m semantik doctor``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semantik.cli.output import dump
from semantik.storage.settings import Config
from semantik.words.text import say

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser's."""
    doctor = commands.add_parser("doctor", help=say("cli.doctor"), description=say("cli.doctor"))
    doctor.add_argument("--paths", action="store_true", help=say("cli.doctor_paths"))
    doctor.add_argument("--deep", action="store_true", help=say("cli.doctor_deep"))
    doctor.add_argument("--json", action="store_true", help=say("cli.json"))
    doctor.set_defaults(run=run)


def run(options: argparse.Namespace, home: Path, config: Config) -> int:
    """Print the diagnosis. Returns 1 when something is wrong."""
    from semantik.doctor import as_fields, as_text, diagnose

    diagnosis = diagnose(home, config, deep=options.deep)
    if options.json:
        fields: Any = as_fields(diagnosis, paths=options.paths)
        dump(fields)
    else:
        print(as_text(diagnosis, paths=options.paths), end="")
    return 1 if diagnosis.problems else 0
