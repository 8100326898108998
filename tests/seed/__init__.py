"""Tests of loading the demo and large data."""
