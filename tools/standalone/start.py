"""What the built program starts with: the window, the command line, or a decoder process.

PyInstaller makes two programs of this file. ``SemantikSearch`` opens the window, ``semantik`` is the command line, and
either is a decoder process when it is called as a Python would be: ``-m semantik.decoding.worker``. That comes first,
or every decoder would open another window.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

WORKER = ["-m", "semantik.decoding.worker"]


def main() -> int:
    """Do what the name of the program and its arguments say, and return the exit code."""
    leave_libraries_to_others()
    if sys.argv[1:3] == WORKER:
        from semantik.decoding import worker

        worker.main(sys.argv[3:])
        return 0
    if sys.argv[1:3] == ["-m", "semantik"]:
        del sys.argv[1:3]
    elif Path(sys.executable).stem != "semantik":
        from semantik.gui import launch

        launch.run()
        return 0
    from semantik.__main__ import run

    return run()


def leave_libraries_to_others() -> None:
    """Undo what PyInstaller told the loader: a browser that is opened from here needs the system's libraries."""
    if sys.platform.startswith("linux"):
        original = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
        os.environ.pop("LD_LIBRARY_PATH", None)
        if original:
            os.environ["LD_LIBRARY_PATH"] = original


if __name__ == "__main__":
    sys.exit(main())
