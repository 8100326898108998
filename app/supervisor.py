"""`python -m app run`: brings everything up in order, keeps it up, and takes it down in order."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
import sys
from collections.abc import Sequence

from rich.console import Console

from app.children import Child, ChildError
from app.embedded import EmbeddedMongoDB, EmbeddedRedis, EmbeddedServiceError
from app.embedded.leash import leashed
from app.embedded.ports import require_free
from app.embedded.service import EmbeddedService
from app.programs import NAMES, STOP_ORDER, Program, admin_url, listeners, programs
from app.restarts import Supervised, keep_running
from app.run_lock import RunLock
from app.settings import Settings
from app.welcome import welcome

READY_SECONDS = 60.0
PREPARATIONS = (("migrate",), ("seed",))
"""Commands of `python -m app` that run to their end before anything serves; both do nothing when all is done."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Runs the embedded services, the preparations, and the children.

    `plan` and `preparations` stand in for the platform's own in tests. After a SIGINT, SIGTERM or SIGHUP everything
    is stopped in order; after a second one it is killed.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        plan: Sequence[Program] | None = None,
        preparations: Sequence[Sequence[str]] = PREPARATIONS,
        ready_seconds: float = READY_SECONDS,
        console: Console | None = None,
    ) -> None:
        self.settings = settings
        self.plan = programs(settings) if plan is None else plan
        self.preparations = preparations
        self.ready_seconds = ready_seconds
        self.console = console or Console()
        self.services: list[EmbeddedService] = []
        self.children: list[Child] = []
        self.keepers: list[asyncio.Task[None]] = []
        self.preparing: asyncio.subprocess.Process | None = None
        self.stopping = asyncio.Event()

    async def run(self) -> int:
        """Run until a signal and return 0; 1 when something did not become ready, 2 for a setting to change."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup's wish is kept
                loop.add_signal_handler(number, self.on_signal)
        up = asyncio.create_task(self.bring_up())
        stopped = asyncio.create_task(self.stopping.wait())
        try:
            with RunLock(self.settings.data_dir):
                try:
                    await asyncio.wait([up, stopped], return_when=asyncio.FIRST_COMPLETED)
                    if up.done():
                        up.result()
                    await stopped
                finally:
                    up.cancel()
                    await asyncio.gather(up, return_exceptions=True)
                    await self.take_down()
        except (EmbeddedServiceError, OSError) as error:
            self.say(str(error), "bold red")
            return 2
        except ChildError as error:
            self.say(str(error), "bold red")
            return 1
        return 0

    def on_signal(self) -> None:
        """Begin to stop, or, when that has begun, kill what is left."""
        if not self.stopping.is_set():
            self.say("Stopping; press Ctrl-C again to kill everything at once.")
            self.stopping.set()
            return
        everything: list[Supervised] = [*self.children, *self.services]
        for process in everything:
            process.kill()
        if self.preparing is not None and self.preparing.returncode is None:
            self.preparing.kill()

    async def bring_up(self) -> None:
        """Start everything in order and print the welcome.

        Raises:
            EmbeddedServiceError: a port is taken, or a service cannot run here.
            ChildError: a preparation failed, or a child did not become ready.

        """
        self.services = self.embedded_services()
        for service in self.services:
            await service.wait_for_leftover()
        require_free([*(service.listener for service in self.services), *listeners(self.settings)])
        for service in self.services:
            self.say(f"Starting an embedded {service.name} below {service.directory} …")
        await asyncio.gather(*(service.start() for service in self.services))
        self.keep(self.services)
        for command in self.preparations:
            await self.prepare(command)
        self.children = [self.child(program) for program in self.plan]
        self.say(f"Starting {', '.join(child.name for child in self.children)}…")
        for child in self.children:
            await child.start()
        await asyncio.gather(*(child.wait_until_ready(self.ready_seconds) for child in self.children))
        self.keep(self.children)
        welcome(self.console, self.connected_settings())

    def embedded_services(self) -> list[EmbeddedService]:
        """Return the services that no address is set for."""
        services: list[EmbeddedService] = []
        if self.settings.mongodb_url is None:
            services.append(EmbeddedMongoDB(self.settings.data_dir, self.settings.mongodb_port))
        if self.settings.redis_url is None:
            services.append(EmbeddedRedis(self.settings.data_dir, self.settings.redis_port))
        return services

    def connected_settings(self) -> Settings:
        """Return the settings with the addresses of the embedded services."""
        urls = {service.name: service.url for service in self.services}
        return dataclasses.replace(
            self.settings,
            mongodb_url=urls.get("mongodb", self.settings.mongodb_url),
            redis_url=urls.get("redis", self.settings.redis_url),
        )

    def environment(self) -> dict[str, str]:
        """Return what every child finds in its environment beside this process's own."""
        settings = self.connected_settings()
        return {
            "MONGODB_URL": settings.mongodb_url or "",
            "REDIS_URL": settings.redis_url or "",
            "EDGE_ADMIN_URLS": ",".join(settings.edge_admin_urls) or admin_url(settings, "edge"),
            "MALLOC_ARENA_MAX": "2",  # pictures are decoded in threads, each of which would keep an arena of its own
        }

    def child(self, program: Program) -> Child:
        """Return the child for a program, not yet started."""
        return Child(
            program.name,
            program.command,
            environment={**self.environment(), "ADMIN_PORT": str(program.admin_port)},
            ready_url=program.ready_url,
            log=self.settings.data_dir / "log" / f"{program.name}.log",
            console=self.console,
        )

    async def prepare(self, command: Sequence[str]) -> None:
        """Run a command of `python -m app` to its end, on this terminal: it has a progress bar of its own.

        Raises:
            ChildError: it failed.

        """
        self.preparing = await asyncio.create_subprocess_exec(
            *leashed(signal.SIGKILL, sys.executable, "-m", "app", *command),
            env={**os.environ, **self.environment()},
            start_new_session=True,
        )
        if code := await self.preparing.wait():
            raise ChildError(f"`python -m app {' '.join(command)}` failed with code {code}; its message is above.")

    def keep(self, supervised: Sequence[Supervised]) -> None:
        """Restart each of them whenever it ends, from now on."""
        self.keepers += [asyncio.create_task(keep_running(one, self.say)) for one in supervised]

    async def take_down(self) -> None:
        """Stop everything in order: what is being prepared, the children from front to back, Redis, MongoDB."""
        for keeper in self.keepers:
            keeper.cancel()
        await asyncio.gather(*self.keepers, return_exceptions=True)
        if self.preparing is not None and self.preparing.returncode is None:
            self.preparing.kill()  # it resumes where it stopped
            await self.preparing.wait()
        order = {name: position for position, name in enumerate(STOP_ORDER)}
        for child in sorted(self.children, key=lambda child: order.get(child.name, len(NAMES))):
            await child.stop()
        for service in reversed(self.services):
            await service.stop()
        self.say("Everything is stopped.")

    def say(self, message: str, style: str = "dim") -> None:
        """Print a line of the supervisor's own."""
        self.console.print(message, style=style, markup=False, highlight=False, soft_wrap=True)
