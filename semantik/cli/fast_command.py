"""``python -m semantik fast``."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from semantik.storage.settings import Config, save_config
from semantik.storage.typed_paths import path_named
from semantik.words.text import number, say

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser's."""
    fast = commands.add_parser("fast", help=say("cli.fast"), description=say("cli.fast"))
    what = fast.add_mutually_exclusive_group(required=True)
    what.add_argument("folder", metavar=say("cli.metavar_folder"), type=path_named, nargs="?", help=say("cli.folder"))
    what.add_argument("--off", action="store_true", help=say("cli.fast_off"))
    fast.set_defaults(run=run)


def run(options: argparse.Namespace, home: Path, config: Config) -> int:
    """Measure the 8-bit image side, or turn it off."""
    from semantik.engine.engine import Engine

    if options.off:
        save_config(replace(config, fast_images=False), home)
        print(say("cli.fast_is_off"))
        return 0
    engine = Engine(home, config)
    try:
        trial = engine.try_fast_images(options.folder)
    finally:
        engine.close()
    recall, cosine = number(100 * trial.recall), number(trial.cosine, 4)
    speed, pictures = number(trial.speedup, 1), number(trial.pictures)
    print(say("cli.fast_result", pictures=pictures, speed=speed, recall=recall, cosine=cosine))
    if trial.is_worth_it:
        save_config(replace(config, fast_images=True), home)
    print(say("cli.fast_on" if trial.is_worth_it else "cli.fast_not_worth"))
    return 0
