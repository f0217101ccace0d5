"""TLS before the tests' PostgreSQL server, which was built without: libpq sees a server that has a certificate."""

from __future__ import annotations

import asyncio
import ssl
import struct
import subprocess
import threading
from pathlib import Path

_WANTS_TLS = struct.pack("!ii", 8, 80877103)  # SSLRequest, as the protocol's documentation has it
_WANTS_GSS = struct.pack("!ii", 8, 80877104)


def make_certificate(folder: Path, name: str, host: str) -> Path:
    """A certificate for ``host`` ("IP:…" or "DNS:…") that nobody signed but itself, with its key, as PEM."""
    path = folder / f"{name}.pem"
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-days", "2", "-subj", f"/CN={name}", "-addext", f"subjectAltName={host}", "-keyout", str(path)]
    made = subprocess.run([*command, "-out", "-"], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + made.stdout)
    return path


class TlsProxy:
    """Listens on the loopback; ``passed`` counts those who came through to the server behind it."""

    def __init__(self, behind: int, certificate: Path) -> None:
        self._behind = behind
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)
        self.passed = 0
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._server = self._call(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Listen no longer."""
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _end(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (asked := await reader.readexactly(8)) == _WANTS_GSS:
                writer.write(b"N")
            if asked != _WANTS_TLS:
                return  # nobody comes through in plain
            writer.write(b"S")
            await writer.start_tls(self._context)
            first = await reader.readexactly(4)  # only now it is known that the certificate was taken
            self.passed += 1
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._behind)
            there_writer.write(first)
            await asyncio.gather(_pass_on(reader, there_writer), _pass_on(there_reader, writer))
        except (OSError, asyncio.IncompleteReadError):
            pass  # whoever asked went away
        finally:
            writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
