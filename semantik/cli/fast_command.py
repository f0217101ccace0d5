"""``python -m semantik fast``."""

from __future__ import annotations

import argparse
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from semantik.encoders.number_formats import FORMATS
from semantik.errors import FormatNotOffered
from semantik.storage.settings import Config, save_config
from semantik.storage.typed_paths import path_named
from semantik.words.text import number, say

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from semantik.engine.engine import Engine


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser's."""
    fast = commands.add_parser("fast", help=say("cli.fast"), description=say("cli.fast"))
    what = fast.add_mutually_exclusive_group()
    what.add_argument("folder", metavar=say("cli.metavar_folder"), type=path_named, nargs="?", help=say("cli.folder"))
    what.add_argument("--off", action="store_true", help=say("cli.fast_off"))
    what.add_argument("--auto", action="store_true", help=say("cli.fast_auto"))
    what.add_argument(
        "--format",
        choices=FORMATS,
        metavar=say("cli.metavar_format"),
        help=say("cli.fast_format", formats=", ".join(FORMATS)),
    )
    fast.add_argument("--encoder", metavar=say("cli.metavar_name"), help=say("cli.encoder"))
    fast.set_defaults(run=run)


def run(options: argparse.Namespace, home: Path, config: Config) -> int:
    """Show in which numbers the models work, try them on pictures, or choose by hand."""
    from semantik.encoders import registry
    from semantik.engine.engine import Engine
    from semantik.words.phrases import number_format_told

    if options.off or options.auto:
        save_config(replace(config, exact_numbers=options.off), home)
        print(say("cli.fast_is_off" if options.off else "cli.fast_is_auto"))
    if options.off:
        return 0
    engine = Engine(home, replace(config, exact_numbers=config.exact_numbers and not options.auto))
    try:
        models = engine.models
        name = options.encoder or models.without_asking()
        models.require(name)
        if options.auto:
            models.formats.want(name, None)
        elif options.format:
            offered = registry.card(name).formats
            if options.format not in offered:
                shown = [say(f"format.{each}") for each in (options.format, *offered)]
                raise FormatNotOffered(name=name, format=shown[0], known=", ".join(shown[1:]))
            models.formats.want(name, options.format)
        elif options.folder:
            _try(engine, name, options.folder)
        if not options.folder:
            for info in models.entries():
                if info.card.make and info.ready:
                    print(f"{info.name}: {number_format_told(*models.formats.decision(info.name).facts)}")
    finally:
        engine.close()
    return 0


def _try(engine: Engine, name: str, folder: Path) -> None:
    from semantik.words.phrases import number_format_told

    formats = engine.models.formats
    record = formats.measure(name, folder.expanduser().absolute(), engine.pool)
    if not record.tried:
        print(say("cli.fast_none", name=name))
    for each, found in record.tried.items():
        told = {"name": name, "format": say(f"format.{each}")}
        if found is None:
            print(say("cli.fast_failed", **told))
            continue
        facts = {"speed": number(found.speedup, 1), "recall": number(math.floor(1000 * found.recall) / 10, 1)}
        facts |= {"cosine": number(math.floor(10000 * found.cosine) / 10000, 4), "pictures": number(record.pictures)}
        print(say("cli.fast_result", **told, **facts))
    if not any(found and found.is_worth_it(each) for each, found in record.tried.items()):
        print(say("cli.fast_not_worth"))
        return
    if engine.config.exact_numbers:
        save_config(replace(engine.config, exact_numbers=False), engine.home)
        engine.models.choose_numbers(exact=False)
    if formats.adopt(name):
        print(say("cli.fast_on", name=name))
    print(f"{name}: {number_format_told(*engine.models.formats.decision(name).facts)}")
