"""What devices are called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.device_names import device_name

_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/"
_IOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0", "Firefox on Linux"),
        (f"{_MAC}605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15", "Safari on macOS"),
        (f"{_MAC}537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", "Chrome on macOS"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        (f"{_IOS}Version/18.0 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        (f"{_IOS}CriOS/140.0 Mobile/15E148 Safari/604.1", "Chrome on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("DiseñoPro/3.1 (iPhone; iOS 18.0)", "DiseñoPro on iPhone"),
        ("curl/8.5.0", "curl"),
        ("Mozilla/5.0", "Unknown device"),
        ("", "Unknown device"),
        ("/", "Unknown device"),
        ("x" * 256, "x" * 40),
    ],
)
def test_a_device_is_called_by_program_and_system(agent: str, name: str) -> None:
    """Given what programs call themselves, then people can tell their devices apart."""
    assert device_name(agent) == name


@given(st.text(max_size=256))
def test_any_text_has_a_short_name(agent: str) -> None:
    """Given any text, then there is a name, of one line and without markup."""
    name = device_name(agent)
    assert 0 < len(name) <= 60
    assert not set(name) & set("<>&\"'\n\r")
