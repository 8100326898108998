"""TCP ports: whether they are free, and a message that says what to change when they are not."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from typing import NamedTuple

from app.embedded.errors import PortTakenError


class Listener(NamedTuple):
    """A port that is to be listened on, and the setting that changes it."""

    host: str
    port: int
    setting: str


def port_is_free(host: str, port: int) -> bool:
    """Return whether a server could listen on `host`:`port` now.

    Raises:
        OSError: `host` cannot be resolved or is not this machine's, or the port needs rights this user lacks.

    """
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        # As servers do: a port that only has connections in TIME_WAIT counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def problem_of(listener: Listener) -> str | None:
    """Return why a port cannot be listened on, with the setting to change, or None when it can."""
    host, port, setting = listener
    try:
        return None if port_is_free(host, port) else taken(port, setting)
    except OSError as error:
        return f"Nothing can listen on {host}:{port} ({error.strerror}); set {setting} or the host to another value."


def require_free(listeners: Sequence[Listener]) -> None:
    """Check ports before anything is started.

    Raises:
        PortTakenError: one line for each taken port, and for each that two settings share.

    """
    settings: dict[int, str] = {}
    problems = []
    for listener in listeners:
        _, port, setting = listener
        if port in settings:
            problems.append(f"{settings[port]} and {setting} both mean port {port}; set one of them to another port.")
        elif problem := problem_of(listener):
            problems.append(problem)
        settings.setdefault(port, setting)
    if problems:
        raise PortTakenError("\n".join(problems))


def taken(port: int, setting: str) -> str:
    """Return the one sentence that every taken port is reported with."""
    return f"Port {port} is taken by another program; stop it, or set {setting} to a free port."


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port on `host` that was free a moment ago (for tests)."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port
