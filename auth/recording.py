"""Writing an entry of the audit log, signed, in the transaction of what it tells of."""

from __future__ import annotations

from pymongo.asynchronous.client_session import AsyncClientSession

from auth.chain import sign
from auth.signatures import Keys
from models.audit import AuditEvent


async def record(keys: Keys, session: AsyncClientSession, event: AuditEvent) -> None:
    """Sign and write it; it fails with the action, and the action with it.

    The session is one in a transaction: who writes outside of one would leave the one without the other.

    Raises:
        RuntimeError: there is no transaction.

    """
    if not session.in_transaction:
        raise RuntimeError("An entry of the audit log belongs into the transaction of what it tells of.")
    row = event.row()
    row["signature"] = sign(keys, row)
    await AuditEvent.get_pymongo_collection().insert_one(row, session=session)
