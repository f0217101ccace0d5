"""One browser for the tests of a file, and one page of it that serves many of them, see ``page_program.as_new``."""

from __future__ import annotations

import pytest

from tests.support.page_program import browser, lasting_page


@pytest.fixture(scope="module")
def chromium():
    with browser() as launched:
        yield launched


@pytest.fixture(scope="module")
def tab(chromium):
    with lasting_page(chromium) as page:
        yield page
