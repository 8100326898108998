"""Versioned changes of stored data. Each can be interrupted and goes on where it was.

A migration is a number, a name, and a function that brings one batch of rows to the new form. What is written here is
never changed again: other databases have run it.
"""

from app.migrations.migrate import migrate

__all__ = ["migrate"]
