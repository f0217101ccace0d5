"""Indexing, searching and moving a library on a real server by the command line, and what users are told there."""

from __future__ import annotations

import json
import os
import shutil
import stat
from datetime import datetime
from functools import partial
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semantik.cli import main
from semantik.postgres import server as server_module
from semantik.postgres.address import StoreAddress
from tests.support.fake_encoder import replace_encoders_of
from tests.support.libraries import paint
from tests.support.object_store import museum_in, upload
from tests.support.tls_proxy import TlsProxy, make_certificate

psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")

PASSWORD = "m0y-secr3to"


@pytest.fixture(autouse=True)
def fakes(monkeypatch, home):
    """Every encoder is the predictable one; nobody waits for a server that is away."""
    monkeypatch.setattr(server_module, "PATIENCE", 0.0)
    return replace_encoders_of(monkeypatch, home)


@pytest.fixture
def run(capfd, home):
    def command(*arguments):
        code = main.main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return code, out, err

    return command


def hits(out: str) -> list[tuple[str, float | None]]:
    return [(hit["path"], hit["score"] and round(hit["score"], 2)) for hit in json.loads(out)]


def counts(out: str) -> dict[str, int]:
    return {name: json.loads(out)[name] for name in ("added", "reused", "removed", "count")}


def test_a_folder_is_indexed_on_the_server_and_found_as_in_files(run, library, home, address):
    (library / "rota.jpg").write_bytes(b"not a picture")
    for number, path in enumerate(sorted(library.rglob("*.png"))):
        os.utime(path, (0, datetime(2019 + number % 3, 5, 3).timestamp()))
    code, out, _ = run("index", library, "--store", address, "--json")
    assert (code, counts(out)) == (0, {"added": 6, "reused": 0, "removed": 0, "count": 6})
    assert json.loads(out)["problems"] == [{"path": "rota.jpg", "reason": "no es una imagen conocida"}]
    assert not list(home.rglob("image_index.*"))  # the index itself is nowhere but there
    code, out, _ = run("index", library, "--store", address, "--json")
    assert counts(out) == {"added": 0, "reused": 6, "removed": 0, "count": 6}
    run("index", library)
    filtered = ("rojo carpeta:viaje", "verde tipo:png", "rojo desde:2020", "año:2019", "rojo carpeta:nada")
    for words in ("rojo", "azul -rojo", "orden:nombre", *filtered):
        for more in ([], ["--names"], ["--fold"], ["--only-relevant"]):
            asked = ["search", library, "--text", words, "-k", "3", "--json", *more]
            there, here = run(*asked, "--store", address), run(*asked)
            assert (there[0], there[2]) == (here[0], here[2]), words
            if not here[0]:
                assert hits(there[1]) == hits(here[1]), (words, more)
    # What changes is brought there, too.
    paint(library / "nuevo.png", (0, 0, 255))
    (library / "rojo.png").rename(library / "carmín.png")
    (library / "viaje" / "playa" / "naranja.png").unlink()
    code, out, _ = run("index", library, "--store", address, "--json")
    assert (counts(out)["count"], counts(out)["removed"]) == (6, 1)
    _, out, _ = run("search", library, "--text", "rojo", "-k", "1", "--json", "--store", address)
    assert hits(out) == [(str(library / "carmín.png"), 1.0)]
    code, out, _ = run("index", library, "--store", address, "--rebuild", "--json")
    assert (code, counts(out)["added"]) == (0, 6)


def test_a_library_goes_to_the_server_and_back(run, library, home, address):
    run("index", library)
    manifest = next(home.rglob("image_index.json"))
    code, out, _ = run("store", library, "--to", address, "--remove")
    assert (code, out) == (0, f"{library}: 6 filas copiadas y comparadas\n")
    assert not manifest.exists()
    _, found, _ = run("search", library, "--text", "rojo", "-k", "6", "--json", "--store", address)
    code, out, _ = run("store", library, "--from", address, "--json")
    assert (code, json.loads(out)) == (0, [{"folder": str(library), "rows": 6, "removed": False}])
    assert manifest.exists()
    _, again, _ = run("search", library, "--text", "rojo", "-k", "6", "--json")
    assert hits(again) == hits(found)
    # Twice is once; but what differs is left alone.
    assert run("store", library, "--to", address)[0] == 0
    paint(library / "nuevo.png", (0, 0, 255))
    run("index", library)
    code, _, err = run("store", library, "--to", address)
    assert (code, err) == (1, f"semantik: En {address} ya hay otro índice de esa carpeta; no se copió nada.\n")


def test_the_same_pictures_under_another_path_are_the_same_library(run, library, tmp_path, address):
    run("index", library, "--store", address)
    other = tmp_path / "montada" / library.name
    other.parent.mkdir()
    library.rename(other)
    code, out, _ = run("search", other, "--text", "rojo", "-k", "1", "--json", "--store", address)
    assert (code, hits(out)) == (0, [(str(other / "rojo.png"), 1.0)])


def test_the_pictures_are_in_an_object_store_and_their_index_on_a_server(run, library, tmp_path, address, monkeypatch):
    """One computer fetches them, another, which has no file at all, finds them."""
    url = "museo://cubo/fotos"
    with museum_in(tmp_path, monkeypatch) as store:
        upload(library)
        assert counts(run("index", url, "--store", address, "--json")[1])["added"] == 6
        (tmp_path / "other").mkdir()
        monkeypatch.setenv("SEMANTIK_HOME", str(tmp_path / "other"))
        code, out, _ = run("search", url, "--text", "rojo", "-k", "1", "--json", "--store", address)
        assert (code, hits(out), json.loads(out)[0]["width"]) == (0, [(f"{url}/rojo.png", 1.0)], 40)
        assert len(store.fetched) == 6
        assert run("store", url, "--from", address)[1] == f"{url}: 6 filas copiadas y comparadas\n"


def test_who_may_only_search_searches_and_changes_nothing(run, library, postgres, address):
    run("index", library, "--store", address)
    code, out, _ = run("store", "--role", 'Mira"do')
    with psycopg.connect(address, autocommit=True) as base:
        base.execute(out.replace('Mira""do', postgres.base_of(address)))
    reader = address.replace("owner@", f"{postgres.base_of(address)}@")
    code, out, _ = run("search", library, "--text", "rojo", "-k", "1", "--json", "--store", reader)
    assert (code, hits(out)) == (0, [(str(library / "rojo.png"), 1.0)])
    paint(library / "nuevo.png", (0, 0, 255))
    code, _, err = run("index", library, "--store", reader)
    assert code == 1
    assert f"En {reader} este usuario solo puede buscar:" in err
    code, out, _ = run("index", library, "--store", address, "--json")  # and a library that is made later
    assert counts(out)["added"] == 1
    with psycopg.connect(reader, autocommit=True) as base, pytest.raises(psycopg.Error):
        base.execute("SET default_transaction_read_only = off; DELETE FROM semantik.libraries")


def test_no_password_is_told_anywhere(run, library, home, postgres, address, caplog):  # noqa: PLR0917 - fixtures
    secret = address.replace("owner@", f"owner:{PASSWORD}@")
    wrong = (secret.replace(postgres.base_of(address), "nada"), secret.replace("/pg", "/qg"))
    no_address = (secret.replace("postgresql:", "postgres"), secret.replace("@/", "@[::/"), f"{secret}&port={PASSWORD}")
    for asked in (secret, *wrong, *no_address):
        code, out, err = run("index", library, "--store", asked, "--json")
        assert PASSWORD not in out + err + caplog.text
        if asked == secret:
            assert code == 0
            assert "~/.pgpass" in err
        else:
            assert code == 1
            assert err.splitlines()[-1].startswith("semantik: ")
    for path in home.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes()
        assert os.name == "nt" or not path.is_file() or not stat.S_IMODE(path.stat().st_mode) & 0o077


VALUES = st.text(st.characters(exclude_categories=("C",)), min_size=1, max_size=12)


@settings(max_examples=30)
@given(
    st.fixed_dictionaries(
        {"password": VALUES},
        optional={
            **dict.fromkeys(("host", "user", "dbname", "sslrootcert", "options", "sslpassword"), VALUES),
            **{"port": st.sampled_from(["5432", "6000"]), "sslmode": st.just("verify-full")},
        },
    )
)
def test_an_address_without_its_secrets_says_all_the_rest(parts):
    address = StoreAddress("postgresql:///?" + urlencode(parts, quote_via=quote))
    plain = StoreAddress(address.without_secrets)
    left = {name: value for name, value in address.parts.items() if name not in ("password", "sslpassword")}
    assert plain.parts == left
    assert plain.without_secrets == address.without_secrets
    assert StoreAddress(plain.without_secrets, parts["password"]).parts == left | {"password": parts["password"]}


def test_encryption_that_the_address_asks_for_is_not_left_out(run, library, postgres, address):
    # The tests' server knows no TLS: who asks for it is refused, and nothing is sent.
    asked = postgres.by_network(address, "sslmode=require")
    code, out, err = run("index", library, "--store", asked)
    assert (code, out) == (1, "")
    assert err.startswith(f"semantik: El servidor {asked} no responde: ")
    assert run("index", library, "--store", postgres.by_network(address, "sslmode=prefer"))[0] == 0


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl, which makes the certificate, is not installed")
def test_a_server_shows_the_certificate_that_the_address_demands(run, library, postgres, address, tmp_path):
    good, other = (make_certificate(tmp_path, name, "IP:127.0.0.1") for name in ("servidor", "impostor"))
    by_tls = TlsProxy(postgres.port, good)
    asked = partial(postgres.by_network, address, port=by_tls.port)
    for refused, host, said in (
        (other, "127.0.0.1", "certificate verify failed"),
        (good, "localhost", 'does not match host name "localhost"'),
        (tmp_path / "falta.pem", "127.0.0.1", "does not exist"),
    ):
        shown = asked("sslmode=verify-full", host=host)
        code, out, err = run("index", library, "--store", f"{shown}&sslrootcert={refused}")
        assert (code, out) == (1, "")
        told = f"semantik: El servidor {shown} no muestra el certificado que pide la dirección: "
        assert err.startswith(told)
        assert said in err
        assert err.endswith(". No se le envió nada; revise el nombre del servidor y sslrootcert.\n")
        assert by_tls.passed == 0
    shown = asked("sslmode=verify-full")
    code, out, err = run("index", library, "--store", f"{shown}&sslrootcert={good}", "--json")
    assert (code, counts(out)["added"], by_tls.passed > 0) == (0, 6, True)
    assert err.startswith(f"Conexión cifrada (TLS) con {shown}.\n")
    _, out, _ = run("search", library, "--text", "rojo", "-k", "1", "--json", "--store", f"{shown}&sslrootcert={good}")
    assert hits(out) == [(str(library / "rojo.png"), 1.0)]
    by_tls.close()


def test_a_missing_package_is_named_with_what_installs_it(run, library, monkeypatch):
    import builtins

    real = builtins.__import__

    def without(name, *arguments, **named):
        if name.split(".")[0] == "psycopg":
            raise ModuleNotFoundError("No module named 'psycopg'", name="psycopg")
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    code, _, err = run("index", library, "--store", "postgresql://x/y")
    monkeypatch.undo()
    told = (
        "Para un índice en un servidor falta el paquete psycopg. Instálelo con: pip install -r requirements-cluster.txt"
    )
    assert (code, err) == (1, f"semantik: {told}\n")
