"""What requests mean: their parameters, the document that these name, and its operation."""

from __future__ import annotations

from typing import Final, NamedTuple

from graphql import GraphQLError

from app.http.registry import Document, Registry
from app.http.request import Incoming, Parameters
from edge.eviction import S3Fifo
from edge.stream import EntryId
from schema.prepared import Operation, PreparationError, Prepared, Preparer

_CAPACITY: Final = 16 * 1024 * 1024
_ENTRY_BYTES: Final = 1200
_CHARACTER_BYTES: Final = 24  # of a target: itself, and what it may say at worst, which is empty lists


class Meaning(NamedTuple):
    """What a request asks. Many requests share one, so nobody changes it."""

    parameters: Parameters
    document: Document
    prepared: Prepared
    operation: Operation


class Meanings:
    """Finds out what requests mean.

    What the target of a GET means is remembered where it names an operation of the release: of those a process never
    has others. It is what is asked that is remembered, never who may ask it, nor what is answered.
    """

    def __init__(self, registry: Registry, preparer: Preparer) -> None:
        self._registry, self._preparer = registry, preparer
        self._kept: S3Fifo[str, Meaning] = S3Fifo(_CAPACITY)

    def known(self, request: Incoming) -> Meaning | None:
        """Return what a request means, if that is remembered."""
        return self._kept.get(request.raw_path) if request.method == "GET" else None

    async def find(self, request: Incoming, parameters: Parameters, as_of: EntryId | None) -> Meaning:
        """Return what a request means that has these parameters, by the documents registered at `as_of` or later.

        Raises:
            RequestError, PreparationError: it is refused.

        """
        document = await self._registry.document(parameters, as_of)
        try:
            prepared = self._preparer.prepare(document.text, admitted=document.registered)
            meaning = Meaning(parameters, document, prepared, prepared.choose(parameters.operation_name))
        except GraphQLError as error:
            raise PreparationError([error]) from error
        if request.method == "GET" and parameters.query is None and parameters.document_id in self._registry.registered:
            target = request.raw_path
            self._kept.put(target, meaning, _CHARACTER_BYTES * len(target) + _ENTRY_BYTES)
        return meaning
