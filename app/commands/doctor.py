"""`python -m app doctor`: what is missing on this machine."""

from __future__ import annotations

import argparse

from rich.console import Console

from app.doctor import examine, healthy, report
from app.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`doctor` has no options; it looks at what the settings in the environment would use."""
    del parser


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Print the findings; 1 when something required is missing."""
    del arguments
    findings = examine(settings)
    Console().print(report(findings))
    return 0 if healthy(findings) else 1
