"""What can go wrong when a service is started; the tree is drawn in `app.embedded`."""

from __future__ import annotations


class EmbeddedServiceError(Exception):
    """An embedded service cannot be started. The message says what to change."""


class NoBinaryError(EmbeddedServiceError):
    """No program that runs here was found, neither on the PATH nor in an installed wheel."""


class PortTakenError(EmbeddedServiceError):
    """Another program listens on a port; the message names the port and the setting that changes it."""


class StillRunningError(EmbeddedServiceError):
    """An earlier process still holds the folder of the service."""
