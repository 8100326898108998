"""What files are that are no pictures of ours."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.file_kinds import describe


def zipped() -> bytes:
    """Make a real ZIP archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("picture.jpg", b"\xff\xd8\xff")
    return out.getvalue()


def tarred() -> bytes:
    """Make a real tar archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("picture.jpg"))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty"),
        (zipped(), "a ZIP archive, or a document made of one"),
        (tarred(), "a tar archive"),
        (gzip.compress(b"x"), "a gzip file"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- drawn -->\n<SVG>", "an SVG drawing"),
        (b"<!DOCTYPE html><html>", "an HTML page"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "a HEIC picture"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", "a video"),
        (b"II*\0" + bytes(9), "a TIFF picture, or a camera's raw file"),
        (b"BM" + bytes(60), "a BMP picture"),
        (b"RIFF\0\0\0\0WAVEfmt ", "a sound"),
        (b"hello\r\nworld", "text"),
        (bytes(40), "unknown"),
    ],
)
def test_files_are_told(data: bytes, kind: str) -> None:
    """By their first bytes, whatever they are called."""
    assert describe(data) == kind


@given(st.binary(max_size=300))
def test_any_bytes_are_something(data: bytes) -> None:
    """And nothing of them is repeated."""
    assert describe(data)
