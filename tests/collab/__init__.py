"""The client core of live collaboration: beside the server's core, and against real processes that fail."""
