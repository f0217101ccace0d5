"""Kill the program with SIGKILL at random instants of indexing and saving, and check that nothing is lost.

After each kill: the index loads, it holds everything that a finished save held, each of its vectors equals a
fresh embedding of the file, no decoder process survives, and the next run does just what was not done. Between
kills, files are added, changed and deleted. Half of the kills strike at a random time, half at one of the
system calls of a save (before it, after it, or in the middle of a write). POSIX only.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from tests.support.crash_rounds import CrashRounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200, help="how many kills to survive (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random (default: %(default)s)")
    options = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="semantik-kills-"))
    started = time.monotonic()
    try:
        with CrashRounds(place, options.seed) as rounds:
            while rounds.tally.killed < options.kills:
                rounds.round()
                print(f"\r{rounds.tally.killed} of {options.kills} kills survived", end="", flush=True)
            rounds.complete()
            tally = rounds.tally
    finally:
        shutil.rmtree(place)
    print()
    rows = [(f"killed {where}", count) for where, count in sorted(tally.kills.items())]
    rows += [
        ("kills survived", tally.killed),
        ("  with decoder processes", tally.with_decoders),
        ("runs over before the kill", tally.finished),
        ("saves reported", tally.checkpoints),
        ("  that merged vector files", tally.merges),
        ("  that dropped dead rows", tally.compactions),
        ("vectors compared with fresh ones", tally.compared),
        ("runs let finish, complete", tally.completions),
        ("seconds", round(time.monotonic() - started)),
    ]
    for label, value in rows:
        print(f"{label:<34}{value:>8}")


if __name__ == "__main__":
    main()
