"""The image worker's settings, as operators give them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.commands.images import config, sources
from app.services import image_links
from app.settings import Settings, SettingsError
from models.asset import UPLOAD_LIMIT
from storage.assets import FolderAssetStore
from tests.app.processes import ROOT
from tests.images.samples import jpeg
from workers.images.sources import LARGEST_BYTES
from workers.images.url import read

ASSET = "asset://6561c0ffee/" + "ab" * 32


def settings(**environ: str) -> Settings:
    """Read settings from an environment of nothing else."""
    return Settings.from_environment(environ)


def test_keys_are_rotated() -> None:
    """Given a new pair in front of the old one, then it signs, and both are accepted, until the old one goes."""
    before = settings(IMGPROXY_KEY="aa", IMGPROXY_SALT="bb")
    between = settings(IMGPROXY_KEY="cc, aa", IMGPROXY_SALT="dd,bb")
    after = settings(IMGPROXY_KEY="cc", IMGPROXY_SALT="dd")
    old, new = (image_links(one).url(ASSET, width=64).partition("/images")[2] for one in (before, between))
    assert new == image_links(after).url(ASSET, width=64).partition("/images")[2] != old
    for path in (old, new):
        assert read(path, config(between).keys).source == ASSET
    assert read(new, config(after).keys).source == ASSET
    with pytest.raises(Exception, match="not signed"):
        read(old, config(after).keys)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"IMGPROXY_KEY": "aa,bb"}, "IMGPROXY_KEY and IMGPROXY_SALT need equally many parts"),
        ({"IMGPROXY_KEY": "xyz"}, "IMGPROXY_KEY must be hexadecimal"),
        ({"IMGPROXY_SALT": "aa,"}, "IMGPROXY_SALT must be hexadecimal"),
        ({"IMAGES_CACHE_BYTES": "2G"}, "IMAGES_CACHE_BYTES is '2G'; it must be a whole number"),
    ],
)
def test_malformed_settings_are_named(environ: dict[str, str], words: str) -> None:
    """When they are read."""
    with pytest.raises(SettingsError, match=words):
        settings(**environ)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"IMGPROXY_PRESETS": "small=wide:1"}, "IMGPROXY_PRESETS: The preset 'small' is not sound"),
        ({"IMAGES_WATERMARK": "/nowhere/mark.png"}, "IMAGES_WATERMARK names no file"),
        ({"IMAGES_WATERMARK": "README.md"}, "IMAGES_WATERMARK is no picture"),
        ({"IMAGES_ORIGINS": "example.com"}, "IMAGES_ORIGINS: 'example.com' is not an address"),
        ({"IMAGES_ORIGINS": "https://example.com/a"}, "IMAGES_ORIGINS: .* has more than an origin"),
    ],
)
def test_what_the_worker_cannot_use_is_named_when_it_starts(
    environ: dict[str, str], words: str, tmp_path: Path
) -> None:
    """And not when the first client asks."""
    with pytest.raises(SettingsError, match=words):
        assembled(settings(**environ), tmp_path)


def assembled(given: Settings, folder: Path) -> None:
    """Make of settings what the worker starts with."""
    sources(given, FolderAssetStore(folder))
    config(given)


def test_what_can_be_uploaded_can_be_shown() -> None:
    """The two bounds are one; the worker does without the models, which would take it tens of megabytes."""
    assert LARGEST_BYTES == UPLOAD_LIMIT
    heavy = "{'beanie', 'strawberry', 'botocore'}"
    code = f"import sys, app.commands.images; sys.exit(len({heavy} & {{*sys.modules}}))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_good_settings_arrive(tmp_path: Path) -> None:
    """Presets, the watermark, the folder of what was made, and none of it where that is switched off."""
    mark = tmp_path / "mark.jpg"
    mark.write_bytes(jpeg(20, 10))
    given = {"IMGPROXY_PRESETS": "small=w:9", "IMAGES_WATERMARK": str(mark), "DATA_DIR": str(tmp_path)}
    found = config(settings(**given, IMAGES_CACHE_BYTES="1000"))
    assert found.presets == {"small": ("w:9",)}
    assert (found.watermark, found.variants, found.capacity) == (str(mark), tmp_path / "variants", 1000)
    assert config(settings(**given, IMAGES_CACHE_BYTES="0")).variants is None
