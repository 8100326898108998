"""`doctor`: what it finds, and that it says how to mend what is missing."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest
from rich.console import Console

from app import doctor
from app.__main__ import main
from app.doctor import Finding
from app.embedded.ports import Listener
from app.settings import Settings
from tests.app.processes import environment


def test_this_machine_is_able_to_run_the_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given a machine the tests run on, then everything required is there and the code is 0."""
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    for name in ("MONGODB_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    for what in ("Python", "MongoDB", "Redis", "pictures", "data folder", "disk space"):
        assert f"✓ │ {what}" in printed


def test_something_missing_fails_and_says_how_to_mend_it() -> None:
    """Given a wrong Python, then the report has the remedy, and the machine is not healthy."""
    finding = doctor.python_version((3, 14))
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(doctor.report([finding]))
    assert "Install Python 3.11 or 3.12" in console.export_text()
    assert not doctor.healthy([finding])


def test_a_slow_python_is_a_warning() -> None:
    """Given a Python that was built without a profile, then the remedy is said, and the machine is healthy."""
    finding = doctor.python_build(optimised=False)
    assert not finding.ok
    assert "--enable-optimizations" in finding.mend
    assert doctor.healthy([finding])


def test_a_taken_port_is_a_warning() -> None:
    """Given a port in use, then its setting is named, and the machine is healthy: the platform may be running."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        finding = doctor.port(Listener("127.0.0.1", other.getsockname()[1], "EDGE_PORT"))
    assert not finding.ok
    assert "EDGE_PORT" in finding.mend
    assert doctor.healthy([finding])


def test_a_service_elsewhere_is_not_looked_for_here_and_its_address_is_not_shown() -> None:
    """Given addresses of services, then they are named without what may be a password, and need no port here."""
    settings = Settings(mongodb_url="mongodb://user:pass@host", redis_url="redis://:pass@host")
    assert doctor.mongodb(settings) == Finding("MongoDB", ok=True, found="MONGODB_URL is set")
    assert doctor.redis(settings).found == "REDIS_URL is set"
    assert {"MONGODB_PORT", "REDIS_PORT"}.isdisjoint(listener.setting for listener in doctor.all_listeners(settings))


def test_a_folder_that_cannot_be_made_names_data_dir(tmp_path: Path) -> None:
    """Given a file where a folder is wanted, then the remedy is DATA_DIR."""
    (tmp_path / "file").touch()
    finding = doctor.data_folder(tmp_path / "file" / "data")
    assert not finding.ok
    assert "DATA_DIR" in finding.mend


def test_a_full_disk_names_data_dir(tmp_path: Path) -> None:
    """Given less space than wanted, then the remedy is DATA_DIR; a folder not made yet is looked for above."""
    assert not doctor.disk_space(tmp_path / "not" / "yet", least=2**62).ok
    assert doctor.disk_space(tmp_path / "not" / "yet", least=1).ok
