"""The command line: its list, its hints, its exit codes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.__main__ import main
from app.commands import COMMANDS
from tests.app.processes import ROOT


def test_no_arguments_list_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    """Given no arguments, then every command is listed with what it does, and the code is 0."""
    assert main([]) == 0
    listed = capsys.readouterr().out
    for name, text in COMMANDS.items():
        assert f"  {name:<12}{text}\n" in listed


@pytest.mark.parametrize(("name", "hint"), [("sed", "did you mean `seed`?"), ("xyz", "the commands are run, api")])
def test_an_unknown_command_gives_a_hint(name: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Given a command that does not exist, then the nearest or all are named on stderr, and the code is 2."""
    assert main([name]) == 2
    assert hint in capsys.readouterr().err


def test_a_wrong_option_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Given an option no command has, then argparse says so with the command's own name."""
    with pytest.raises(SystemExit, match="2"):
        main(["doctor", "--no-such-option"])
    assert "usage: python -m app doctor" in capsys.readouterr().err


def test_a_wrong_setting_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a malformed setting, then one line names it, and the code is 2."""
    monkeypatch.setenv("EDGE_PORT", "eighty")
    assert main(["doctor"]) == 2
    assert capsys.readouterr().err == "EDGE_PORT is 'eighty'; it must be a port between 1 and 65535.\n"


def test_listing_loads_nothing_of_the_platform() -> None:
    """Given the list alone, then no library of the platform is imported: it answers at once."""
    heavy = "{'aiohttp', 'pymongo', 'rich'}"
    code = f"import sys; from app.__main__ import main; main([]); sys.exit(len({heavy} & {{*sys.modules}}))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True).returncode == 0
