"""An embedded MongoDB: one mongod as a replica set of one, so that transactions and change streams work."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from pymongo import AsyncMongoClient
from pymongo.errors import ConnectionFailure, OperationFailure

from app.embedded.binaries import Binary, find_mongod
from app.embedded.service import HOST, EmbeddedService, poll

_REPLICA_SET = "rs0"
_NOT_YET_INITIALIZED = 94  # mongo/base/error_codes.yml
_Admin = AsyncMongoClient[dict[str, Any]]


class EmbeddedMongoDB(EmbeddedService):
    """One mongod on 127.0.0.1 below `data_dir`/mongodb.

    With `durable=False` (tests) a majority write does not wait for the journal, and little disk is set aside.
    """

    name: ClassVar[str] = "mongodb"
    port_setting: ClassVar[str] = "MONGODB_PORT"
    pid_file: ClassVar[str] = "mongod.lock"

    def __init__(self, data_dir: Path, port: int, *, durable: bool = True) -> None:
        super().__init__(data_dir, port)
        self.log = self.data_dir / "log" / "mongod.log"
        self.durable = durable

    @property
    def url(self) -> str:
        """The address, by replica set: drivers then wait for the primary after a restart."""
        return f"mongodb://{HOST}:{self.port}/?replicaSet={_REPLICA_SET}"

    def binary(self) -> Binary:
        """Find mongod 6 or newer; raises NoBinaryError."""
        return find_mongod(self.data_dir)

    def arguments(self) -> Sequence[str]:
        """Bound to loopback; half a gigabyte of cache leaves a laptop its memory."""
        options = {
            "dbpath": str(self.directory),
            "replSet": _REPLICA_SET,
            "bind_ip": HOST,
            "port": str(self.port),
            "wiredTigerCacheSizeGB": "0.5",
            "oplogSize": "1024" if self.durable else "64",
        }
        parameters = {
            "diagnosticDataCollectionEnabled": "false",
            # what a process that was killed had begun keeps its documents locked until then, else for a minute
            "transactionLifetimeLimitSeconds": "10",
        }
        given = [part for name, value in options.items() for part in (f"--{name}", value)]
        set_ = [part for name, value in parameters.items() for part in ("--setParameter", f"{name}={value}")]
        return [*given, *set_, "--nounixsocket"]

    async def wait_until_ready(self) -> None:
        """Make the replica set on the first start, follow a changed port, and wait for the primary."""
        client: _Admin = AsyncMongoClient(HOST, self.port, directConnection=True, serverSelectionTimeoutMS=200)
        async with client:

            async def answers() -> bool:
                try:
                    await client.admin.command("ping")
                except ConnectionFailure:
                    return False
                return True

            async def is_primary() -> bool:
                return bool((await client.admin.command("hello"))["isWritablePrimary"])

            await poll(answers)
            await self._configure(client)
            await poll(is_primary)

    async def _configure(self, client: _Admin) -> None:
        member = f"{HOST}:{self.port}"
        try:
            config = (await client.admin.command("replSetGetConfig"))["config"]
        except OperationFailure as error:
            if error.code != _NOT_YET_INITIALIZED:
                raise
            config = {
                "_id": _REPLICA_SET,
                "members": [{"_id": 0, "host": member}],
                "writeConcernMajorityJournalDefault": self.durable,
            }
            await client.admin.command("replSetInitiate", config)
            return
        if config["members"][0]["host"] != member:
            # The member knows itself by an address that is no longer its own and would never become primary.
            config["members"][0]["host"] = member
            config["version"] += 1
            await client.admin.command("replSetReconfig", config, force=True)
