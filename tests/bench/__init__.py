"""Tests of what measurements are made with."""
