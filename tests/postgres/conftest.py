"""One server for all tests here, started when the first asks for it."""

from __future__ import annotations

import pytest

from tests.support.postgres_server import PostgresServer


@pytest.fixture(scope="session")
def postgres():
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture
def address(postgres) -> str:
    """The address of an empty database."""
    return postgres.new_base()
