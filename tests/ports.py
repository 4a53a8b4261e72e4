"""A port for a server of the tests."""

from __future__ import annotations

import socket


def reserved_port() -> int:
    """Return a port that the system gives to nobody for a minute, unless it is asked for by its number.

    A connection to it is closed from its own side, after which it lies in wait (TIME_WAIT); servers that reuse such
    addresses, as PostgreSQL and waitress do, may take it, and no process that asks for any free port gets it.
    """
    with socket.socket() as listening, socket.socket() as other:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", 0))
        listening.listen(1)
        other.connect(listening.getsockname())
        listening.accept()[0].close()
        return int(listening.getsockname()[1])
