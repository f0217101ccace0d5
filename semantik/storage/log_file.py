"""The program's log: one rotating file in the home, for the window and the command line alike."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from semantik.storage.home import OLDER_LOGS, log_file


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
        handler = RotatingFileHandler(
            path, maxBytes=1_000_000, backupCount=OLDER_LOGS, encoding="utf-8", errors="backslashreplace", delay=False
        )
    except OSError:
        return path
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"))
    root.addHandler(handler)
    logging.getLogger("semantik").setLevel(logging.INFO)
    return path
