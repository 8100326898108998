"""GraphQL over HTTP, as the npm package graphql-http understands the draft."""

from __future__ import annotations

from tests.web.node import NodeClients


async def test_every_server_audit_passes(node_clients: NodeClients, api_url: str) -> None:
    """No audit of graphql-http ends in an error, nor in a warning."""
    audits = await node_clients.run("audit.mjs", f"{api_url}/graphql")

    assert len(audits) > 50
    assert [audit for audit in audits if audit["status"] != "ok"] == []
