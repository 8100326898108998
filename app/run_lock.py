"""One `run` at a time works on a data folder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from app.embedded.errors import StillRunningError


class RunLock:
    """Holds `data_dir`/run.lock while the `with` lasts; the kernel gives it back however the process ends."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "run.lock"
        self.descriptor = -1

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            StillRunningError: another process holds it; names its process id.

        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)  # children do not inherit it
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = self.path.read_text().strip()
            os.close(self.descriptor)
            raise StillRunningError(
                f"`python -m app run` already works on {self.path.parent.resolve()} (process {holder}); "
                "stop it, or set DATA_DIR to another folder."
            ) from error
        os.truncate(self.descriptor, 0)
        os.write(self.descriptor, f"{os.getpid()}\n".encode())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self.descriptor)
