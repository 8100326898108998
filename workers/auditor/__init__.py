"""The auditor: samples what edges serve, and holds it against the origin's own answers."""
