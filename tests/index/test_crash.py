"""Killing the program at random instants: nothing that was saved is lost, and the next run goes on."""

from __future__ import annotations

import os

import pytest

if os.name == "nt":
    pytest.skip("the rounds are forked, which Windows does not know", allow_module_level=True)

from tests.support.crash_rounds import CrashRounds

KILLS = 40


def test_killed_at_random_instants(tmp_path):
    with CrashRounds(tmp_path, seed=20240607) as rounds:
        # On a slow machine kills at any time come between fewer saves: then there are more of them.
        while rounds.tally.killed < KILLS or rounds.tally.checkpoints <= KILLS:
            rounds.round()
            assert rounds.tally.finished < 10 * KILLS, f"the kills come too late: {rounds.tally}"
        rounds.complete()
        tally = rounds.tally
    print(tally)
    assert tally.killed >= KILLS
    assert all(tally.kills[where] for where in ("before a call", "after a call", "half a call", "any time"))
    assert tally.checkpoints > KILLS
    assert tally.compared > 1000
    assert tally.completions > 5
    assert tally.with_decoders > 3
    assert tally.merges
    assert tally.compactions
