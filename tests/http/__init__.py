"""Tests of the pure parts of GraphQL over HTTP."""
