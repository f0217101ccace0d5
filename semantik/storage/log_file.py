"""The program's log: one rotating file in the home, for the window and the command line alike."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from semantik.storage.home import OLDER_LOGS, log_file
from semantik.storage.json_files import make_way
from semantik.storage.private_files import opener


class _PrivateLog(RotatingFileHandler):
    """The log tells what was searched for, and where: each file of it is its owner's alone."""

    def _open(self) -> Any:
        return open(self.baseFilename, self.mode, encoding=self.encoding, errors=self.errors, opener=opener)


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
        handler = _PrivateLog(
            path, maxBytes=1_000_000, backupCount=OLDER_LOGS, encoding="utf-8", errors="backslashreplace", delay=False
        )
    except OSError:
        return path
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"))
    root.addHandler(handler)
    logging.getLogger("semantik").setLevel(logging.INFO)
    return path
