"""Tests of the outside services."""
