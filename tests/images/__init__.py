"""Tests of the image worker."""
