"""The command line: `python -m app COMMAND`."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence

from app.commands import COMMANDS, load
from app.interpreter import mend
from app.settings import Settings, SettingsError

_USAGE_ERROR = 2
_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def main(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code: 2 for a wrong command line or setting, 130 after Ctrl-C."""
    mend()
    if not arguments or arguments[0] in {"-h", "--help", "help"}:
        sys.stdout.write(overview())
        return 0
    name, *rest = arguments
    if name not in COMMANDS:
        sys.stderr.write(unknown(name))
        return _USAGE_ERROR
    command = load(name)
    parser = argparse.ArgumentParser(prog=f"python -m app {name}", description=COMMANDS[name])
    command.add_arguments(parser)
    parsed = parser.parse_args(rest)
    try:
        return command.run(Settings.from_environment(), parsed)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return _USAGE_ERROR
    except KeyboardInterrupt:
        return _INTERRUPTED


def overview() -> str:
    """Return the list of commands with one line each."""
    lines = [f"  {name:<12}{text}" for name, text in COMMANDS.items()]
    return "\n".join(["usage: python -m app COMMAND [OPTION…]", "", *lines, ""]) + "\n"


def unknown(name: str) -> str:
    """Return the message for a command that does not exist, with the nearest one that does."""
    near = difflib.get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"the commands are {', '.join(COMMANDS)}."
    return f"There is no command {name!r}; {hint}\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
