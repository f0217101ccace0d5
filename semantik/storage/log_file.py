"""The program's log: one file of limited size in the home, for the window and the command line alike."""

from __future__ import annotations

import logging
import os
import shutil
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from semantik.storage.home import OLDER_LOGS, log_file, log_lock_file
from semantik.storage.json_files import make_way
from semantik.storage.private_files import FILE_MODE, opener

_PATIENCE = 2.0  # seconds for another program that is setting older messages aside


class SharedLog(RotatingFileHandler):
    """A log that several programs may write at once, each of them to the end.

    Python's own handler renames the full file. Windows refuses that while another program has it open, and the
    messages after that are lost; elsewhere the other program goes on writing into the renamed file. So the content is
    copied here, and the file stays and is emptied: everybody appends to it, and finds its new end.

    It tells what was searched for, and where: each file of it is its owner's alone.
    """

    def _open(self) -> Any:
        return open(self.baseFilename, self.mode, encoding=self.encoding, errors=self.errors, opener=opener)

    def doRollover(self) -> None:  # noqa: N802 - logging's name
        """Set the older messages aside, unless another program just did. What cannot be done waits for later."""
        from filelock import FileLock, Timeout  # not at the start, which has no time for it

        path = Path(self.baseFilename)
        try:
            with FileLock(log_lock_file(path.parent), timeout=_PATIENCE, mode=FILE_MODE):
                if self.stream:
                    self.stream.flush()
                if path.stat().st_size < self.maxBytes // 2:
                    return  # another program did
                for number in range(self.backupCount - 1, 0, -1):
                    older = path.with_name(f"{path.name}.{number}")
                    if older.exists():
                        older.replace(path.with_name(f"{path.name}.{number + 1}"))
                with path.open("rb") as full, open(path.with_name(f"{path.name}.1"), "wb", opener=opener) as older_log:
                    shutil.copyfileobj(full, older_log)
                os.truncate(path, 0)
        except (OSError, Timeout):
            self.maxBytes *= 2  # a larger log is better than none, and than a try at each message


def start_logging(home: Path) -> Path:
    """Log to ``<home>/semantiksearch.log`` (1 MB, three older files kept) and return its path.

    A log that cannot be written must not stop the program: messages then go nowhere.
    """
    path = log_file(home)
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, RotatingFileHandler) and Path(handler.baseFilename).name == path.name:
            root.removeHandler(handler)
            handler.close()
    try:
        make_way(path)
        handler = SharedLog(
            path, maxBytes=1_000_000, backupCount=OLDER_LOGS, encoding="utf-8", errors="backslashreplace", delay=False
        )
    except OSError:
        return path
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"))
    root.addHandler(handler)
    logging.getLogger("semantik").setLevel(logging.INFO)
    return path
