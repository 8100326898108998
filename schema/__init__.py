"""The API as clients see it."""
