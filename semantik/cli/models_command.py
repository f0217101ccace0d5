"""``python -m semantik models``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from semantik.cli.output import dump
from semantik.storage.settings import Config
from semantik.storage.typed_paths import path_named
from semantik.words.text import number, say

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser's."""
    models = commands.add_parser("models", help=say("cli.models"), description=say("cli.models"))
    models.add_argument("--json", action="store_true", help=say("cli.json"))
    models.set_defaults(run=run)


def run(options: argparse.Namespace, home: Path, config: Config) -> int:
    """List the models."""
    from semantik.encoders import registry
    from semantik.words.phrases import model_title

    weights = path_named(config.weights_folder) if config.weights_folder else None
    known = registry.describe(weights)
    if options.json:
        dump([{"name": i.name, "ready": i.ready, "download_bytes": i.size, "dim": i.card.dim} for i in known])
        return 0
    for info in known:
        state = say("cli.ready") if info.ready else say("cli.download", size=number(info.size / 2**20))
        print(f"{info.name:<24} {model_title(info.name):<28} {state}")
    return 0
