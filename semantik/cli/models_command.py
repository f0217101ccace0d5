"""``python -m semantik models``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from semantik.cli.output import dump
from semantik.storage.settings import Config
from semantik.storage.typed_paths import path_named
from semantik.words.text import language, number, say

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser's."""
    models = commands.add_parser("models", help=say("cli.models"), description=say("cli.models"))
    models.add_argument("--json", action="store_true", help=say("cli.json"))
    models.set_defaults(run=run)


def run(options: argparse.Namespace, home: Path, config: Config) -> int:
    """List the models, each with all that it takes to read the user's language, and which of them fit best."""
    from semantik.downloads.model_file import default_folder
    from semantik.encoders import registry
    from semantik.engine.model_advice import Computer, advise, to_fetch, total_size
    from semantik.words.phrases import model_title

    weights = path_named(config.weights_folder) if config.weights_folder else None
    reads = "en" if config.query_language == "english" else language()
    known = [(info, total_size(info.name, reads)) for info in registry.describe(weights)]
    if options.json:
        dump([{"name": i.name, "ready": i.ready, "download_bytes": size, "dim": i.card.dim} for i, size in known])
        return 0
    advice = advise(reads, Computer.here(weights or default_folder()), weights)
    words = {choice.name: say(f"guide.{choice.role}") for choice in advice if choice.role in ("best", "fast")}
    for info, size in known:
        if info.ready and not to_fetch(info.name, reads, weights):
            state = say("cli.ready")
        else:
            state = say("cli.download", size=number(size / 2**20))
        print(f"{info.name:<24} {model_title(info.name):<43} {words.get(info.name, ''):<20} {state}")
    return 0
