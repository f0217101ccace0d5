"""What is told of a server by whoever cannot get in, by the doctor, and of how what it has was indexed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from semantik.doctor import Diagnosis, Grade, as_text, server_health
from semantik.engine.index_server import IndexServer, stored_format
from semantik.errors import (
    SemantikError,
    StoreCrowded,
    StoreDatabaseMissing,
    StoreNoEntry,
    StorePasswordNeeded,
    StoreRoleMissing,
    StoreUnreachable,
    StoreUntrusted,
)
from semantik.index import ImageIndex
from semantik.postgres import connection_errors
from semantik.postgres.address import VARIABLE, StoreAddress
from semantik.postgres.library_store import LibraryStore
from semantik.postgres.schema import role_statements
from semantik.postgres.server import Server
from semantik.records import ImageFile
from semantik.storage.settings import Config
from semantik.words.text import explain, say

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

PASSWORD = "m0y-secr3to"


@pytest.fixture
def server(address):
    server = Server(StoreAddress(address))
    yield server
    server.close()


def keep_index(server: Server, folder: Path, encoder: str) -> None:
    """An index of one picture, with vectors of two numbers."""
    index = ImageIndex(LibraryStore(server, str(folder), encoder), folder, "fake/space", 2)
    with index.locked():
        index.add([ImageFile("una.jpg", 5, 5)], np.eye(2, dtype=np.float32)[:1])
        index.save()


def failure_of(address: str, *, write: bool = False) -> SemantikError:
    server = Server(StoreAddress(address))
    try:
        (server.write if write else server.read)(lambda base: base.execute("SELECT 1"))
    except SemantikError as error:
        return error
    raise AssertionError("it let us in")


def test_who_cannot_get_in_is_told_why_and_what_to_do(postgres, address):
    name = postgres.base_of(address)
    reader = postgres.new_role(address, f"CREATE ROLE {name} LOGIN CONNECTION LIMIT 0", name)
    other = postgres.new_role(address, f"CREATE ROLE {name}_no", f"{name}_no")
    for wrong, kind, told in (
        (address.replace(f"/{name}?", "/nada?"), StoreDatabaseMissing, "El servidor responde, pero no tiene la base"),
        (address.replace("owner@", "nadie@"), StoreRoleMissing, "El servidor responde, pero no conoce al usuario"),
        (other, StoreNoEntry, f"El servidor {other} responde, pero no deja entrar: "),
    ):
        for write in (False, True):  # nor is it waited for
            error = failure_of(wrong.replace("@/", f":{PASSWORD}@/"), write=write)
            assert type(error) is kind
            assert explain(error).startswith(told)
            assert wrong in explain(error)
            assert PASSWORD not in explain(error)
    error = failure_of(reader)
    assert (type(error), explain(error)[:40]) == (StoreCrowded, f"El servidor {reader} no admite"[:40])


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("FATAL:  no existe la base de datos «fotos»", StoreDatabaseMissing),
        ('FATAL:  banco de dados "fotos" não existe', StoreDatabaseMissing),
        ("FATAL:  Datenbank »fotos« existiert nicht", StoreDatabaseMissing),
        ("FATAL:  la base de données « fotos » n'existe pas", StoreDatabaseMissing),
        ("FATAL:  no existe el rol «ana»", StoreRoleMissing),
        ('FATAL:  role "ana" não existe', StoreRoleMissing),
        ("FATAL:  Rolle »ana« existiert nicht", StoreRoleMissing),
        ("FATAL:  sorry, too many clients already", StoreCrowded),
        ("FATAL:  lo siento, ya tenemos demasiados clientes", StoreCrowded),
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", StoreCrowded),
        ("FATAL:  the database system is starting up", StoreUnreachable),
        ("FATAL:  el sistema de base de datos está iniciándose", StoreUnreachable),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.7", user "ana", database "fotos", no encryption', StoreNoEntry),
        ("connection refused", StoreUnreachable),
        ('server certificate for "x" does not match host name "y"', StoreUntrusted),
        ('FATAL:  password authentication failed for user "ana"', StorePasswordNeeded),
    ],
)
def test_why_is_read_from_what_servers_say_in_several_languages(said, kind):
    asked = SimpleNamespace(needs_password="password" in said, used_password=False)
    error = psycopg.OperationalError(f"connection failed: {said}", pgconn=asked)
    assert connection_errors.why(error) is kind
    error.sqlstate = "57P01"  # a connection that was there, and may be there again
    assert connection_errors.why(error) is (StoreUnreachable if kind is StoreNoEntry else kind)


def report(config: Config, *, paths: bool = True) -> tuple[list[Grade], str]:
    """The grades of what is found, and the lines below the heading that tell it."""
    findings = tuple(server_health.check(config))
    told = as_text(Diagnosis("1", datetime(2026, 5, 3), findings), paths=paths)
    return [finding.grade for finding in findings], told.partition(f"\n{say('doctor.topic_server')}\n")[2].rstrip("\n")


def test_the_doctor_tells_how_the_server_is(server, postgres, address, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert [*server_health.check(Config())] == []
    grades, told = report(Config(index_server=address))
    assert grades == [Grade.OK, Grade.OK, Grade.NOTE, Grade.OK, Grade.OK]
    assert told.splitlines()[0].startswith(f"  {address} responde: PostgreSQL 18.")
    assert told.splitlines()[2:] == [
        "· todavía no hay ninguna biblioteca en él",
        "  la conexión no sale de este equipo",
        "  este usuario puede indexar y buscar",
    ]
    keep_index(server, Path("/fotos"), "fake")
    name = postgres.base_of(address)
    reader = postgres.new_role(address, role_statements(name), name)
    monkeypatch.setenv(VARIABLE, reader.replace("@/", f":{PASSWORD}@/"))
    grades, told = report(Config())
    assert grades == [Grade.OK] * 5
    assert told.splitlines()[2:] == [
        "  tablas de la versión 2; bibliotecas: 1",
        "  la conexión no sale de este equipo",
        "  este usuario solo puede buscar",
    ]
    assert PASSWORD not in told
    assert report(Config(), paths=False)[1].startswith("  «el servidor» responde: PostgreSQL 18.")
    for wrong, first in (
        (address.replace("owner@", "nadie@"), f"✗ {address.replace('owner@', 'nadie@')} responde, pero no conoce"),
        (f"postgresql://x:{PASSWORD}@[::/", "✗ lo que dice el ajuste index_server, o SEMANTIK_STORE, no es"),
        (f"postgresql://x:{PASSWORD}@127.0.0.1:1/y", "✗ postgresql://x@127.0.0.1:1/y no responde: "),
    ):
        grades, told = report(Config(index_server=wrong))
        assert (grades, told[: len(first)]) == ([Grade.WRONG], first)
        assert PASSWORD not in told


def test_window_and_command_line_choose_by_what_the_folders_are_indexed_with_there(server, address, tmp_path):
    one, other, new = tmp_path / "una", tmp_path / "otra", tmp_path / "nueva"
    new.mkdir()

    def chosen(*wanted):
        window = IndexServer(address)
        served = window.look("clip-vit-b-32", wanted)
        window.close()
        assert served.stored == server.read(lambda base: stored_format(base, "clip-vit-b-32", wanted))
        return served.stored

    assert chosen(new) == "fp32"
    keep_index(server, one, "clip-vit-b-32-int8")
    assert [chosen(), chosen(one), chosen(new)] == ["int8"] * 3
    keep_index(server, other, "clip-vit-b-32")
    assert [chosen(one), chosen(other), chosen(one, other), chosen(other, new)] == ["int8", "fp32", "int8", "fp32"]
