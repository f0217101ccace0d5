"""Messages between the program and its decoder processes: a JSON header and raw bytes, each with its length.

Nothing is unpickled and nothing in a message is ever run, so that a decoder process that a hostile picture
has taken over can do no more to the program than send wrong pixels.
"""

from __future__ import annotations

import json
import struct
from typing import IO, Any

Header = dict[str, Any]
Message = tuple[Header, bytes]

_LENGTHS = struct.Struct(">II")
_MAX_HEADER = 2**20
_MAX_PAYLOAD = 2**28


class BadFrame(ValueError):
    """The other side sent something that is no message."""


def write_frame(stream: IO[bytes], header: Header, payload: bytes = b"") -> None:
    """Send one message. Raises OSError (BrokenPipeError) when the other side is gone."""
    head = json.dumps(header).encode("ascii")
    stream.write(_LENGTHS.pack(len(head), len(payload)) + head)
    stream.write(payload)
    stream.flush()


def read_frame(stream: IO[bytes]) -> Message | None:
    """Receive one message; None when the other side closed the stream, even in mid-message.

    Raises BadFrame.
    """
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head_size, payload_size = _LENGTHS.unpack(lengths)
    if head_size > _MAX_HEADER or payload_size > _MAX_PAYLOAD:
        raise BadFrame(f"a message of {head_size} + {payload_size} bytes")
    head = stream.read(head_size)
    payload = stream.read(payload_size)
    if len(head) < head_size or len(payload) < payload_size:
        return None
    try:
        header = json.loads(head)
    except ValueError as error:
        raise BadFrame(str(error)) from error
    if not isinstance(header, dict):
        raise BadFrame("the header is no object")
    return header, payload
