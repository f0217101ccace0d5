"""Controls of long tasks that cancel themselves at a moment that a test foretells."""

from __future__ import annotations

from collections.abc import Callable

from semantik.long_tasks import Progress, TaskControl


class CancelledWhen(TaskControl):
    """Cancelled once ``is_over``, which is asked whenever a task looks at its control, says so."""

    def __init__(
        self, is_over: Callable[[], bool], on_progress: Callable[[Progress], None] = lambda progress: None
    ) -> None:
        super().__init__(on_progress)
        self._is_over = is_over

    @property
    def cancelled(self) -> bool:
        return super().cancelled or self._is_over()
