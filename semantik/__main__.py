"""The same engine from a terminal: ``python -m semantik index | search | models | fast | doctor | launcher``."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from semantik import errors
from semantik.cli import doctor_command, launcher_command
from semantik.cli.session import Session
from semantik.desktop.system_language import resolve
from semantik.records import Hit, IndexReport, Term
from semantik.storage.log_file import start_logging
from semantik.storage.settings import Config, find_home, load_config, save_config
from semantik.words import text
from semantik.words.phrases import index_summary
from semantik.words.shown_names import visible
from semantik.words.text import explain, number, reason, say

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0, or 1 after a one-line message on stderr, or one for each folder that failed.

    argparse exits with 2 for usage.
    """
    # Names that are not UTF-8 must print too; a script that reads us gets them escaped.
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")
    home = find_home()
    start_logging(home)
    config = load_config(home)
    text.set_language(resolve(config.language))
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.run is _search and options.text is None and not options.image:
        parser.error(say("cli.no_query"))
    try:
        return int(options.run(options, home, config))
    except errors.SemantikError as error:
        _complain(error)
    return 1


def _complain(error: errors.SemantikError) -> None:
    log.info("told the user: %r", error)
    message = say("cli.cancelled") if isinstance(error, errors.Cancelled) else explain(error)
    print(f"semantik: {visible(message)}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m semantik", description=say("cli.description"))
    commands = parser.add_subparsers(required=True, metavar="index | search | models | fast | doctor | launcher")

    index = commands.add_parser("index", help=say("cli.index"), description=say("cli.index"))
    index.add_argument("folders", metavar="FOLDER", type=Path, nargs="+", help=say("cli.folders"))
    index.add_argument("--encoder", metavar="NAME", help=say("cli.encoder"))
    index.add_argument("--json", action="store_true", help=say("cli.json"))
    index.add_argument("--rebuild", action="store_true", help=say("cli.rebuild"))
    index.add_argument("--allow-mass-removal", action="store_true", help=say("cli.allow_mass_removal"))
    index.set_defaults(run=_index)

    search = commands.add_parser("search", help=say("cli.search"), description=say("cli.search"))
    search.add_argument("folders", metavar="FOLDER", type=Path, nargs="+", help=say("cli.folders"))
    search.add_argument("--text", metavar="T", help=say("cli.text"))
    search.add_argument("--image", metavar="PATH", type=Path, action="append", default=[], help=say("cli.image"))
    search.add_argument("-k", metavar="N", help=say("cli.top_k"))
    search.add_argument("--only-relevant", action="store_true", help=say("cli.only_relevant"))
    search.add_argument("--names", action="store_true", help=say("cli.names"))
    search.add_argument("--fold", action="store_true", help=say("cli.fold"))
    search.add_argument("--encoder", metavar="NAME", help=say("cli.encoder"))
    search.add_argument("--json", action="store_true", help=say("cli.json"))
    search.add_argument("--html", metavar="FILE", type=Path, help=say("cli.html"))
    search.add_argument("--open", action="store_true", help=say("cli.open"))
    search.set_defaults(run=_search)

    models = commands.add_parser("models", help=say("cli.models"), description=say("cli.models"))
    models.add_argument("--json", action="store_true", help=say("cli.json"))
    models.set_defaults(run=_models)

    fast = commands.add_parser("fast", help=say("cli.fast"), description=say("cli.fast"))
    what = fast.add_mutually_exclusive_group(required=True)
    what.add_argument("folder", metavar="FOLDER", type=Path, nargs="?", help=say("cli.folder"))
    what.add_argument("--off", action="store_true", help=say("cli.fast_off"))
    fast.set_defaults(run=_fast)
    doctor_command.add_to(commands)
    launcher_command.add_to(commands)
    return parser


def _index(options: argparse.Namespace, home: Path, config: Config) -> int:
    with Session(options, home, config) as session:
        outcomes = session.update(rebuild=options.rebuild, allow_mass_removal=options.allow_mass_removal)
        several = len(session.collection.libraries) > 1
        done = [(each.library, each.report) for each in outcomes if each.report]
        if options.json and done:
            if several:
                _dump([{"folder": str(library.folder)} | _report_fields(report) for library, report in done])
            else:
                _dump(*(_report_fields(report) for _, report in done))
        for library, report in () if options.json else done:
            if several:
                print(visible(f"{library.folder}:"))
            print(index_summary(report, "cli.problems") if not report.cancelled else say("cli.cancelled"))
            for problem in report.problems:
                print(f"  {visible(problem.path)}: {reason(problem.reason)}")
        failures = [failed.error for failed in outcomes if failed.error]
        for error in failures[:-1]:
            _complain(error)
        if failures:
            raise failures[-1]
        if session.cancelled:
            raise errors.Cancelled
    return 0


def _report_fields(report: IndexReport) -> dict[str, Any]:
    return {
        "added": report.added,
        "reused": report.reused,
        "removed": report.removed,
        "count": report.count,
        "seconds": round(report.seconds, 3),
        "encoder": report.encoder,
        "problems": [{"path": problem.path, "reason": reason(problem.reason)} for problem in report.problems],
    }


def _search(options: argparse.Namespace, home: Path, config: Config) -> int:
    from semantik.engine.library import outermost
    from semantik.results.page import open_page

    options.folders = outermost(options.folders)  # a picture is one hit, however many of its folders are named
    with Session(options, home, config) as session:
        session.index_if_new()
        query = session.engine.read(options.text or "")
        images = tuple(Term(image=image.absolute()) for image in options.image)
        query = replace(query, terms=(*query.terms, *images))
        # The default K gives way to a smaller library; a K that was asked for is checked.
        top_k = options.k if options.k is not None else min(config.top_k, max(1, session.collection.count))
        answer = session.engine.ask(
            query,
            top_k,
            only_relevant=options.only_relevant or None,
            by_name=options.names or None,
            folded=options.fold,
        )
        if answer.read_as_english and (missing := session.engine.missing_for(query)):
            print(say("warn.read_as_english", size=missing[1]), file=sys.stderr)
        if options.json:
            _dump([_hit_fields(hit) for hit in answer.hits])
        elif not (options.html or options.open):
            for hit in answer.hits:
                relevance = "" if hit.relevance is None else f"{number(round(100 * hit.relevance)):>3} %  "
                print(f"{hit.rank:>4}  {number(hit.score, 3)}  {relevance}{visible(str(hit.path))}")
        if answer.nearest:
            print(say("cli.none_relevant"), file=sys.stderr)
        if options.html or options.open:
            page = session.engine.write_page(answer, options.html)
            if not options.json:
                print(page.absolute())
            if options.open and not open_page(page):
                print(say("warn.no_browser", path=page), file=sys.stderr)
    return 0


def _hit_fields(hit: Hit) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "rank": hit.rank,
        "score": round(hit.score, 6),
        "relevance": None if hit.relevance is None else round(hit.relevance, 4),
        "path": str(hit.path),
    }
    if hit.details:
        fields |= {
            "date": hit.details.date.isoformat(),
            "width": hit.details.width,
            "height": hit.details.height,
            "camera": hit.details.camera,
        }
    if hit.moment is not None:
        fields["moment"] = hit.moment
    if hit.named:
        fields["named"] = list(hit.named)
    if hit.copies:
        fields["copies"] = [_hit_fields(copy) for copy in hit.copies]
    return fields


def _models(options: argparse.Namespace, home: Path, config: Config) -> int:
    from semantik import encoders
    from semantik.engine.models import model_title

    weights = Path(config.weights_folder) if config.weights_folder else None
    known = encoders.describe(weights)
    if options.json:
        _dump([{"name": i.name, "ready": i.ready, "download_bytes": i.download_bytes, "dim": i.dim} for i in known])
        return 0
    for info in known:
        state = say("cli.ready") if info.ready else say("cli.download", size=number(info.download_bytes / 2**20))
        print(f"{info.name:<24} {model_title(info.name):<28} {state}")
    return 0


def _fast(options: argparse.Namespace, home: Path, config: Config) -> int:
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


def _dump(value: object) -> None:
    # Escaped: a name that is not UTF-8 reaches a script as the surrogates that os.fsencode understands.
    json.dump(value, sys.stdout, ensure_ascii=True, indent=2)
    print()


if __name__ == "__main__":
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, ``head`` for instance, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status)
