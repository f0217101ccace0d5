"""``python -m semantik index``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semantik import errors
from semantik.cli.output import complain, dump
from semantik.cli.server_options import add_store
from semantik.cli.session import Session
from semantik.folder_urls import shown_path
from semantik.records import IndexReport
from semantik.storage.settings import Config
from semantik.storage.typed_paths import path_named
from semantik.words.phrases import index_summary
from semantik.words.shown_names import visible
from semantik.words.text import counted, reason, say

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from semantik.folders.indexed_folder import IndexedFolder


def add_to(commands: _SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser's."""
    index = commands.add_parser("index", help=say("cli.index"), description=say("cli.index"))
    index.add_argument(
        "folders", metavar=say("cli.metavar_folder"), type=path_named, nargs="+", help=say("cli.folders")
    )
    index.add_argument("--encoder", metavar=say("cli.metavar_name"), help=say("cli.encoder"))
    index.add_argument("--json", action="store_true", help=say("cli.json"))
    index.add_argument("--rebuild", action="store_true", help=say("cli.rebuild"))
    index.add_argument("--allow-mass-removal", action="store_true", help=say("cli.allow_mass_removal"))
    index.add_argument("--check", action="store_true", help=say("cli.check"))
    index.add_argument("--people", action="store_true", help=say("cli.people"))
    index.add_argument("--texts", action="store_true", help=say("cli.texts"))
    index.add_argument("--cluster", metavar=say("cli.metavar_address"), help=say("cli.cluster"))
    index.add_argument(
        "--cluster-folder", metavar=say("cli.metavar_folder"), type=path_named, help=say("cli.cluster_folder")
    )
    add_store(index)
    index.set_defaults(run=run)


def run(options: argparse.Namespace, home: Path, config: Config) -> int:
    """Bring the indexes up to date, and say what came of it."""
    with Session(options, home, config) as session:
        outcomes = session.update(
            rebuild=options.rebuild, allow_mass_removal=options.allow_mass_removal, check=options.check
        )
        read, unreadable = _read_texts(session) if options.texts else ({}, [])
        people, unfound = _read_people(session) if options.people else ({}, [])
        several = len(session.library.indexed_folders) > 1
        done = [(each.indexed_folder, each.report) for each in outcomes if each.report]
        if options.json and done:
            if several:
                dump(
                    [
                        {"folder": shown_path(each.folder)} | _report_fields(report, read.get(each), people.get(each))
                        for each, report in done
                    ]
                )
            else:
                dump(*(_report_fields(report, read.get(each), people.get(each)) for each, report in done))
        for indexed_folder, report in () if options.json else done:
            if several:
                print(visible(f"{shown_path(indexed_folder.folder)}:"))
            print(index_summary(report, "cli.problems") if not report.cancelled else say("cli.cancelled"))
            for problem in report.problems:
                print(f"  {visible(problem.path)}: {reason(problem.reason)}")
            if indexed_folder in read:
                print(counted("cli.texts_read", read[indexed_folder]))
            if indexed_folder in people:
                print(counted("cli.people_read", people[indexed_folder]))
        failures = [*(failed.error for failed in outcomes if failed.error), *unreadable, *unfound]
        for error in failures[:-1]:
            complain(error)
        if failures:
            raise failures[-1]
        if session.cancelled:
            raise errors.Cancelled
    return 0


def _read_texts(session: Session) -> tuple[dict[IndexedFolder, int], list[errors.SemantikError]]:
    """How many files of each folder were read, and why none can be."""
    try:
        return session.read_texts(), []
    except errors.TextsUnreadable as error:
        return {}, [error]


def _read_people(session: Session) -> tuple[dict[IndexedFolder, int], list[errors.SemantikError]]:
    """In how many files of each folder faces were looked for, and why in none."""
    try:
        return session.read_people(), []
    except (errors.PeopleNotWanted, errors.FacesUnreadable, errors.WeightsMissing, errors.DownloadFailed) as error:
        return {}, [error]


def _report_fields(report: IndexReport, texts_read: int | None, people_read: int | None) -> dict[str, Any]:
    read = {"texts_read": texts_read, "people_read": people_read}
    return {key: count for key, count in read.items() if count is not None} | {
        "added": report.added,
        "reused": report.reused,
        "removed": report.removed,
        "count": report.count,
        "seconds": round(report.seconds, 3),
        "encoder": report.encoder,
        "problems": [{"path": problem.path, "reason": reason(problem.reason)} for problem in report.problems],
    }
