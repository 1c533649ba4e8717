"""Loaded by every Python that starts with this folder on its path: whoever speaks to another machine is stopped."""

import os
import socket
import sys

SPEAKING = (
    *("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"),
    *("socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo", "urllib.Request", "http.client.connect"),
)
WITNESS = os.environ["LOWRANK_TEST_WITNESS"]


def _write(line: str) -> None:
    with open(WITNESS, "a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def _stop(event: str, arguments: tuple[object, ...]) -> None:
    """Sockets between processes of this machine stay: asyncio wakes itself through a pair of them."""
    if event not in SPEAKING or getattr(arguments[0], "family", None) == socket.AF_UNIX:
        return
    _write(f"SPOKE {event} {arguments!r} by {sys.orig_argv}")
    raise PermissionError(f"{event} is forbidden in this test")


_write(f"began {' '.join(sys.orig_argv)}")
sys.addaudithook(_stop)
