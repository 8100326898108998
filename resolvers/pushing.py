"""What devices changed while nobody heard them: each change is made if the document is as they took it for.

A change that is refused, or that comes too late, is answered with the document as it is, which the device then takes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import strawberry
from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from auth.permissions import Permission
from models.entity import camel
from models.errors import ConflictError, DomainError, InvalidInputError, NotFoundError
from models.register import KINDS
from models.replication import MOST_ROWS, Change
from resolvers.context import Info
from resolvers.pulling import organizations
from schema import ids
from schema.replication import Replica

Values = dict[str, Any]
After = Callable[[], Awaitable[object]] | None
"""What is done once a change is durable."""


class Row(Protocol):
    """A document that a device changed: its new state, and what the device took for ours."""

    @property
    def new_document_state(self) -> Any:
        """The new state."""
        ...

    @property
    def assumed_master_state(self) -> Any:
        """What the device took for ours; None for a document that it made."""
        ...


@dataclass(frozen=True)
class Pushed:
    """How a kind of document is changed: the fields that devices change, those that a new one needs, and what does it.

    `switches` are times that we set, where devices say only whether there is one; `owners` the fields that name what a
    new one belongs to, each with its type.
    """

    replica: Replica[Any]
    fields: tuple[str, ...]
    switches: tuple[str, ...]
    needed: tuple[str, ...]
    owners: tuple[tuple[str, str], ...]
    make: Callable[[Info, PydanticObjectId, Values, Any], Awaitable[After]]
    change: Callable[[Info, str, Values, Any], Awaitable[After]]
    remove: Callable[[Info, str, Any], Awaitable[After]]

    def values(self, state: Any) -> Values:
        """Return what a state says of the fields that devices change, comparably."""
        given = {name: getattr(state, name) for name in (*self.fields, *self.switches)}
        return {
            name: value is not None if name in self.switches else _plain(value)
            for name, value in given.items()
            if value is not strawberry.UNSET
        }


def _plain(value: Any) -> Any:
    """Return an object of the API by its fields, so that it can be compared with its input."""
    return vars(value) if hasattr(type(value), "__strawberry_definition__") else value


async def push(info: Info, pushed: Pushed, rows: Sequence[Row]) -> list[Any]:
    """Make what changes can be made, one by one; return the documents of the others as they are.

    Raises:
        NotSignedInError: nobody is signed in.
        InvalidInputError: there are too many rows, or one has no id of this kind. Nothing is changed then.
        ConflictError: what a new one belongs to has not been pushed yet; every other row is done.

    """
    info.context.viewer.require_user()
    if len(rows) > MOST_ROWS:
        raise InvalidInputError(f"rows: at most {MOST_ROWS} at once, not {len(rows)}.", path=("rows",))
    found = [
        (
            ids.key(
                row.new_document_state.id, pushed.replica.kind, path=("rows", str(index), "newDocumentState", "id")
            ),
            row,
        )
        for index, row in enumerate(rows)
    ]
    answers, early = list[Any](), list[tuple[str, ...]]()
    for index, (id_, row) in enumerate(found):
        try:
            answers.append(await _Change(info, pushed, id_, row).made())
        except _EarlyError as error:
            early.append(("rows", str(index), "newDocumentState", camel(error.name)))
    if early:
        words = f"{'.'.join(early[0])}: this is not there yet; push it first, then this again. The other rows are done."
        raise ConflictError(words, path=early[0])
    return [answer for answer in answers if answer is not None]


class _EarlyError(Exception):
    """A new document belongs to one whose own push may be to come; `name` is the field that names it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _Change:
    """One document's change on its way; `after` is what is done once it is durable."""

    def __init__(self, info: Info, pushed: Pushed, id_: PydanticObjectId, row: Row) -> None:
        self._info, self._pushed, self._id = info, pushed, id_
        self._row = f"{pushed.replica.kind}:{id_}"
        self._new, self._assumed = row.new_document_state, row.assumed_master_state
        self.after: After = None

    async def made(self) -> Any:
        """Make the change; return the document as it is where that cannot be. Raises _EarlyError.

        What was missing may have been made meanwhile, as may a document of the same id: then once more.
        """
        for last in (False, True):
            try:
                conflict = await self._info.context.services.database.transaction(self.attempt)
            except DuplicateKeyError:
                if last:
                    raise
            except NotFoundError as error:
                if name := await self.lacks():
                    raise _EarlyError(name) from error
                if last:
                    return await self.present(error.message)
            except DomainError as error:
                return await self.present(error.message)
            else:
                if self.after is not None:
                    await self.after()
                return conflict
        raise AssertionError("the last attempt returns or raises")

    async def present(self, refusal: str) -> Any:
        """Return the document as it is, or that the viewer may know of none, and why it was not changed."""
        return self._shown(await self._stored(), refusal)

    async def _stored(self, session: Any = None) -> Any:
        return await self._pushed.replica.document.get(self._id, session=session)

    def _shown(self, document: Any, refusal: str | None = None) -> Any:
        """Return a document's copy, or that the viewer may know of none."""
        replica = self._pushed.replica
        if document is None or not self._info.context.viewer.may(Permission.READ, document.organization):
            return replica.gone(self._id, refusal)
        return replica.of(document, refusal)

    async def lacks(self) -> str | None:
        """Return the field that names what the viewer has never been able to know: its own push may be to come.

        None where that cannot be, since it was deleted, or the viewer is not in the organization that the row names.
        """
        readable = organizations(self._info.context.viewer)
        named = {ids.encode("Organization", organization) for organization in readable}
        if self._new.organization_id and self._new.organization_id not in named:
            return None
        for name, kind in self._pushed.owners:
            if value := getattr(self._new, name):
                id_ = ids.key(value, kind)
                noted = {"_id": f"{kind}:{id_}", "organization": {"$in": [*readable]}}
                known = await Change.get_pymongo_collection().find_one(noted, {"_id": 1})
                owner = await KINDS[kind].get(id_)
                if known is None and (owner is None or owner.tenant not in readable):
                    return name
        return None

    async def attempt(self, session: Any) -> Any:
        """Make the change in a transaction, or return the document where it is not as the device took it for."""
        self.after = None
        document = await self._stored(session)
        present = self._shown(document)
        if present.deleted:
            return await self._make(present, session, taken=document is not None)
        now, wanted = self._pushed.values(present), self._pushed.values(self._new)
        changes = {name: value for name, value in wanted.items() if value != now[name]}
        if not changes and not self._new.deleted:
            return None  # it is so already: the answer to an earlier push was lost
        assumed = None if self._assumed is None else self._pushed.values(self._assumed)
        if assumed is None or any(value != now[name] for name, value in assumed.items()):
            return present
        if self._new.deleted:
            self.after = await self._pushed.remove(self._info, self._new.id, session)
        else:
            given = {
                name: wanted[name] if name in self._pushed.switches else getattr(self._new, name) for name in changes
            }
            self.after = await self._pushed.change(self._info, self._new.id, given, session)
        return None

    async def _make(self, gone: Any, session: Any, *, taken: bool) -> Any:
        """Make a new document, unless it is one that has gone; `taken`: others have one of its id."""
        if self._new.deleted:
            return None
        if self._assumed is not None or await Change.find_one({"_id": self._row, "deleted": True}, session=session):
            return gone  # also where it was made by an earlier push, whose answer was lost, and deleted since
        if taken:
            raise NotFoundError(self._pushed.replica.kind)  # of others: to be known as little as what is missing
        given = {name: getattr(self._new, name) for name in (*self._pushed.needed, *self._pushed.fields)}
        values = {name: value for name, value in given.items() if value is not strawberry.UNSET and value is not None}
        for name in self._pushed.needed:
            if name not in values:
                raise InvalidInputError(f"{camel(name)}: a new {self._pushed.replica.kind} needs it.")
        values |= {name: True for name in self._pushed.switches if self._pushed.values(self._new).get(name)}
        self.after = await self._pushed.make(self._info, self._id, values, session)
        return None
