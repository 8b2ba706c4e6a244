"""One call of the Hive Metastore's Thrift API by hand, so that a probe needs no Thrift library and no JVM.

The wire format is Thrift's strict binary protocol on a plain socket:
https://github.com/apache/thrift/blob/master/doc/specs/thrift-binary-protocol.md
"""

from __future__ import annotations

import socket
import struct
from typing import IO
from urllib.parse import urlsplit

VERSION_1 = 0x80010000
CALL, REPLY = 1, 2
STOP, STRING, LIST = 0, 11, 15
LONGEST = 1 << 20  # bytes; no answer of ours comes near


class ThriftError(Exception):
    """The server answered something else than the result of the call."""


class Reader:
    """Reads the protocol's values from a blocking stream."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def number(self, layout: str) -> int:
        """Read one number of a `struct` layout."""
        (value,) = struct.unpack(layout, self._bytes(struct.calcsize(layout)))
        return int(value)

    def string(self) -> str:
        """Read a string."""
        return self._bytes(self.number(">i")).decode("utf-8", "replace")

    def _bytes(self, length: int) -> bytes:
        if not 0 <= length <= LONGEST:
            raise ThriftError(f"a length of {length} bytes")
        data = self._stream.read(length)
        if len(data) < length:
            raise ThriftError("the answer ends in its middle")
        return data


def get_all_databases(uri: str, timeout_s: float) -> list[str]:
    """Return the names of the metastore's databases.

    Raises:
        OSError: nobody answers at `uri` within `timeout_s`.
        ThriftError: the metastore refused the call, or is no metastore.
    """
    address = urlsplit(uri)
    if address.hostname is None or address.port is None:
        raise ThriftError(f"{uri} is no thrift://host:port")
    with socket.create_connection((address.hostname, address.port), timeout_s) as connection:
        connection.settimeout(timeout_s)
        connection.sendall(request("get_all_databases"))
        with connection.makefile("rb") as stream:
            return read_string_list(Reader(stream))


def request(method: str) -> bytes:
    """Return the bytes of a call without arguments."""
    name = method.encode()
    return struct.pack(f">Ii{len(name)}siB", VERSION_1 | CALL, len(name), name, 0, STOP)


def read_string_list(reader: Reader) -> list[str]:
    """Return a reply's result, which must be a list of strings."""
    version = reader.number(">I")
    reader.string()  # the method's name
    reader.number(">i")  # the sequence number
    if version != VERSION_1 | REPLY:
        raise ThriftError(f"the metastore refused the call (message type {version & 0xFF})")
    kind = reader.number(">B")
    if kind != LIST or reader.number(">h") != 0 or reader.number(">B") != STRING:
        raise ThriftError("the metastore answered with an error instead of a list")
    return [reader.string() for _ in range(reader.number(">i"))]
