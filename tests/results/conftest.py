"""One browser for the tests of a file, and one page of it that serves many of them, see ``page_program.as_new``."""

from __future__ import annotations

import pytest

from tests.support.page_program import browser
from tests.support.waiting import PATIENCE


@pytest.fixture(scope="module")
def chromium():
    with browser() as launched:
        yield launched


@pytest.fixture(scope="module")
def tab(chromium):
    context = chromium.new_context()
    context.set_default_timeout(1000 * PATIENCE)
    yield context.new_page()
    context.close()
