"""Looking at the whole content of a large file while it is in use already."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class ContentCheck:
    """Asks ``is_good`` once, in a thread that does not outlive the program. May be used from any thread."""

    def __init__(self, is_good: Callable[[], bool]) -> None:
        self._is_good = is_good
        self._answer: bool | None = None
        self._thread = threading.Thread(target=self._run, name="content check", daemon=True)
        self._thread.start()

    @property
    def is_good(self) -> bool:
        """Whether it was seen to be good by now."""
        return self._answer is True

    @property
    def is_bad(self) -> bool:
        """Whether it was seen not to be."""
        return self._answer is False

    def wait(self) -> bool:
        """Whether it is good, once that is known."""
        self._thread.join()
        return self.is_good

    def _run(self) -> None:
        try:
            answer = self._is_good()
        except OSError as error:  # a disk that goes
            log.warning("a file's content cannot be looked at: %s", error)
            answer = False
        self._answer = answer
        del self._is_good  # and what it holds open
