"""The files of tests that take longest come first, so that no process is left alone with one of them at the end.

``tests/run`` gives every process a whole file at a time. A file that is missing here costs only time.
"""

from __future__ import annotations

import pytest

LONGEST = [
    "gui/test_window_look.py",
    "encoders/test_open_clip.py",
    "encoders/test_clip_encoder.py",
    "encoders/test_builtin.py",
    "results/test_results_browser.py",
    "decoding/test_large_pictures.py",
    "index/test_damage.py",
    "index/test_failing_system_calls.py",
    "decoding/test_video.py",
    "results/test_page_accessibility.py",
    "gui/test_page_requests.py",
    "gui/test_main_window.py",
    "gui/test_guide.py",
    "index/test_crash.py",
    "project/test_doors.py",
    "encoders/test_contract.py",
    "search/test_order_by_relevance.py",
    "folders/test_watching.py",
    "search/test_relevance.py",
    "folders/test_known_content.py",
    "gui/test_settings.py",
    "gui/test_query_controls.py",
    "gui/test_several_folders.py",
    "storage/test_edited_files.py",
    "decoding/test_pool.py",
    "decoding/test_fuzz.py",
    "project/test_package.py",
    "desktop/test_launchers.py",
    "cli/test_cli.py",
]

LAST = "windows/test_smoke.py"
"""It waits for what ``windows_smoke`` began with the first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort by file; within a file all stays as it is."""
    places = {f"tests/{name}": place for place, name in enumerate(LONGEST)} | {f"tests/{LAST}": len(LONGEST) + 1}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(LONGEST)))
