"""Clients of subscriptions, by aiohttp: one over `graphql-transport-ws`, one over server-sent events."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.platform import Json

PROTOCOL = "graphql-transport-ws"
SECONDS = 15.0

EVENTS = """subscription ($id: ID!, $after: Int) { designEvents(designId: $id, afterSeq: $after) { __typename
    ... on EditsCommitted { seq batchId author { id } edits { __typename
        ... on ElementAdded { key kind x order props } ... on ElementSet { key patch { x rotation props } }
        ... on ElementRemoved { key keys } ... on ElementMoved { key parent order } } }
    ... on CommentChanged { id comment { body resolvedAt author { id } } }
    ... on AccessChanged { message } ... on ResyncRequired { seq } ... on Heartbeat { seq } } }"""


@dataclass
class Socket:
    """A WebSocket, acknowledged."""

    ws: aiohttp.ClientWebSocketResponse
    ids: itertools.count[int] = field(default_factory=itertools.count)

    async def send(self, query: str, variables: Json | None = None) -> str:
        """Start an operation and return its id."""
        id_ = str(next(self.ids))
        payload = {"query": query, "variables": variables or {}}
        await self.ws.send_json({"type": "subscribe", "id": id_, "payload": payload})
        return id_

    async def receive(self) -> Json:
        """Return the next message of the protocol; answers pings."""
        async with asyncio.timeout(SECONDS):
            while True:
                message = await self.ws.receive()
                assert message.type is aiohttp.WSMsgType.TEXT, message
                data: Json = json.loads(message.data)
                if data["type"] != "ping":
                    return data
                await self.ws.send_json({"type": "pong"})

    async def event(self) -> Json:
        """Return the next event of `designEvents`; fails on anything else."""
        message = await self.receive()
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        event: Json = message["payload"]["data"]["designEvents"]
        return event

    async def first(self, query: str, variables: Json | None = None) -> Json:
        """Run an operation, and return the payload of its first answer, whether data or errors."""
        id_ = await self.send(query, variables)
        message = await self.receive()
        assert message["id"] == id_
        if message["type"] == "next":
            await self.ws.send_json({"type": "complete", "id": id_})
            await self.ws.send_json({"type": "ping"})
            while (await self.receive())["type"] != "pong":  # what was still on its way
                pass
        payload = message["payload"]
        return {"errors": payload} if message["type"] == "error" else payload


@asynccontextmanager
async def socket(session: aiohttp.ClientSession, base: str, token: str | None = None) -> AsyncIterator[Socket]:
    """Connect, sign in and wait for the acknowledgement."""
    async with session.ws_connect(f"{base}/graphql", protocols=[PROTOCOL]) as ws:
        parameters: Json = {} if token is None else {"Authorization": f"Bearer {token}"}
        await ws.send_json({"type": "connection_init", "payload": parameters})
        opened = Socket(ws)
        assert (await opened.receive())["type"] == "connection_ack"
        yield opened


@dataclass
class Stream:
    """A response of server-sent events."""

    response: aiohttp.ClientResponse

    async def receive(self) -> tuple[str, Any]:
        """Return the next (event, data); passes over comments."""
        name, data = "", ""
        async with asyncio.timeout(SECONDS):
            while line := (await self.response.content.readline()).decode():
                head, _, value = line.rstrip("\n").partition(":")
                if not line.strip():
                    if name:
                        return name, json.loads(data) if data else None
                elif head == "event":
                    name = value.strip()
                elif head == "data":
                    data += value.strip()
        return "end", None

    async def event(self) -> Json:
        """Return the next event of `designEvents`; fails on anything else."""
        name, payload = await self.receive()
        assert name == "next", (name, payload)
        assert "errors" not in payload, payload
        event: Json = payload["data"]["designEvents"]
        return event


@asynccontextmanager
async def stream(
    session: aiohttp.ClientSession, base: str, query: str, variables: Json, token: str | None = None
) -> AsyncIterator[Stream]:
    """Subscribe over server-sent events."""
    headers = {"Accept": "text/event-stream", **({"Authorization": f"Bearer {token}"} if token else {})}
    body = {"query": query, "variables": variables}
    async with session.post(f"{base}/graphql", json=body, headers=headers) as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "text/event-stream"
        yield Stream(response)
