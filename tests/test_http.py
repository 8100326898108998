"""GraphQL over HTTP: methods, media types, statuses, persisted operations, and what happens when things break."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest

from app.http.registry import load
from schema import ids
from tests.platform import Json, Platform, another_api

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
HELLO = "{ viewer { id } }"
VIEWER_HOME = next(body for body in load().values() if body.startswith("query ViewerHome"))
GALLERY = next(body for body in load().values() if body.startswith("query Gallery("))


@dataclass(frozen=True)
class Answer:
    """A response that was read."""

    status: int
    headers: Any
    body: Any

    @property
    def error(self) -> Json:
        """The one error in it."""
        (error,) = self.body["errors"]
        found: Json = error
        return found

    @property
    def code(self) -> str:
        """The one error's code."""
        return str(self.error["extensions"]["code"])


def digest(text: str) -> str:
    """Return the id of a document."""
    return sha256(text.encode()).hexdigest()


async def send(platform: Platform, method: str = "POST", path: str = "/graphql", **options: Any) -> Answer:
    """Send a request; the body is read as JSON where it says so."""
    async with platform.session.request(method, platform.api + path, **options) as response:
        text = await response.text()
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        return Answer(response.status, response.headers, json.loads(text) if "json" in response.content_type else text)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_refused(platform: Platform, method: str) -> None:
    """405, with what may be used."""
    answer = await send(platform, method, json={"query": HELLO})
    assert (answer.status, answer.headers["Allow"], answer.code) == (405, "GET, POST", "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("query", ['mutation { signOut(refreshToken: "x") { ok } }', "subscription { __typename }"])
async def test_get_runs_queries_only(platform: Platform, query: str) -> None:
    """A link can change nothing."""
    query = query.replace("__typename", 'designEvents(designId: "x") { __typename }')
    answer = await send(platform, "GET", params={"query": query})
    assert (answer.status, answer.headers["Allow"], answer.code) == (405, "POST", "METHOD_NOT_ALLOWED")
    assert (await send(platform, "GET", params={"query": HELLO})).body == {"data": {"viewer": None}}


@pytest.mark.parametrize(
    ("accept", "type_"),
    [
        ("", JSON),
        ("*/*", JSON),
        (JSON, JSON),
        (GRAPHQL_JSON, GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}, {JSON};q=0.9", GRAPHQL_JSON),
        (f"{JSON};q=0.1, {GRAPHQL_JSON};q=0.2", GRAPHQL_JSON),
        ("text/html, application/*;q=0.1", JSON),
    ],
)
async def test_the_answers_media_type_is_negotiated(platform: Platform, accept: str, type_: str) -> None:
    """By `Accept`, and caches are told so."""
    answer = await send(platform, json={"query": HELLO}, headers={"Accept": accept})
    assert (answer.status, answer.headers["Content-Type"]) == (200, f"{type_}; charset=utf-8")
    assert answer.headers["Vary"] == "Accept"
    assert answer.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("accept", ["image/png", "text/html", f"{JSON};q=0", "nonsense"])
async def test_nothing_else_is_offered(platform: Platform, accept: str) -> None:
    """406, in JSON all the same."""
    answer = await send(platform, json={"query": HELLO}, headers={"Accept": accept})
    assert (answer.status, answer.code) == (406, "NOT_ACCEPTABLE")
    assert GRAPHQL_JSON in answer.error["message"]


async def test_a_subscription_needs_a_stream(platform: Platform) -> None:
    """Asked for as JSON it is refused in words that say how to ask."""
    query = 'subscription { designEvents(designId: "x") { __typename } }'
    answer = await send(platform, json={"query": query})
    assert (answer.status, answer.code) == (406, "NOT_ACCEPTABLE")
    assert "text/event-stream" in answer.error["message"]


@pytest.mark.parametrize(
    "options",
    [
        {"data": {"query": HELLO}},
        {"data": json.dumps({"query": HELLO}), "headers": {"Content-Type": "text/plain"}},
        {"data": f"query={HELLO}", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        {"data": b"--x--", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {"data": HELLO, "headers": {"Content-Type": "application/graphql"}},
        {"data": b"x", "headers": {"Content-Type": ""}},
    ],
)
async def test_what_a_form_can_send_is_refused(platform: Platform, options: Json) -> None:
    """415: a page of another site cannot have a browser send what is accepted, without asking first."""
    answer = await send(platform, **options)
    assert (answer.status, answer.code) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert JSON in answer.error["message"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "The body: this is not JSON"),
        (b"{", "The body: this is not JSON"),
        (b"\xff", "The body: this is not JSON"),
        (b'{"query": "\\ud800"}', "The body: this is not JSON"),
        (b"[" * 5000, "The body: this is not JSON"),
        (b"[]", "batches"),
        (b"null", "The body: expected a JSON object"),
        (b"3", "The body: expected a JSON object"),
        (b"{}", "query: it is missing"),
        (b'{"query": ""}', "query: it is missing"),
        (b'{"query": 1}', "query: expected a string"),
        (b'{"query": "{a}", "operationName": 1}', "operationName: expected a string"),
        (b'{"query": "{a}", "variables": []}', "variables: expected an object"),
        (b'{"query": "{a}", "extensions": "x"}', "extensions: expected an object"),
        (b'{"documentId": "abc"}', "documentId: expected `sha256:`"),
        (b'{"documentId": "sha256:ABC"}', "64 small hexadecimal digits"),
        (b'{"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "a"}}}', "extensions.persistedQuery"),
        (b'{"extensions": {"persistedQuery": {"version": 1, "sha256Hash": 1}}}', "extensions.persistedQuery"),
    ],
)
async def test_a_malformed_request_is_named(platform: Platform, body: bytes, words: str) -> None:
    """400, with the parameter's name."""
    answer = await send(platform, data=body, headers={"Content-Type": JSON, "Accept": GRAPHQL_JSON})
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert words in answer.error["message"]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "query: it is missing"),
        ({"query": HELLO, "variables": "{"}, "variables: this is not JSON"),
        ({"query": HELLO, "variables": "[]"}, "variables: expected one JSON object"),
        ({"query": HELLO, "extensions": "1"}, "extensions: expected a JSON object"),
    ],
)
async def test_a_malformed_link_is_named(platform: Platform, params: Json, words: str) -> None:
    """The same by GET."""
    answer = await send(platform, "GET", params=params)
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert words in answer.error["message"]


async def test_a_body_has_a_bound(platform: Platform) -> None:
    """413 beyond a mebibyte."""
    body = json.dumps({"query": HELLO, "variables": {"x": "y" * 1024 * 1024}})
    answer = await send(platform, data=BytesIO(body.encode()), headers={"Content-Type": JSON})
    assert (answer.status, answer.code) == (413, "TOO_LARGE")
    assert "1048576" in answer.error["message"]


@pytest.mark.parametrize(
    ("query", "variables", "words"),
    [
        ("{", {}, "Syntax Error"),
        ("fragment F on User { id }", {}, "no operation"),
        ("{ viewr { id } }", {}, "Did you mean 'viewer'"),
        ("query ($id: ID!) { node(id: $id) { id } }", {}, "$id"),
        ("query ($first: Int!) { gallery(first: $first) { totalCount } }", {"first": "x"}, "Int cannot represent"),
        ("query A { viewer { id } } query B { viewer { id } }", {}, "operationName"),
        ("{ " + " ".join(f"a{n}: viewer {{ id }}" for n in range(101)) + " }", {}, "aliases"),
    ],
)
async def test_what_cannot_be_executed(platform: Platform, query: str, variables: Json, words: str) -> None:
    """400 in the draft's media type; 200 for clients of the older one; never any data."""
    for type_, status in ((GRAPHQL_JSON, 400), (JSON, 200)):
        answer = await send(platform, json={"query": query, "variables": variables}, headers={"Accept": type_})
        assert answer.status == status
        assert "data" not in answer.body
        assert words in answer.error["message"]


async def test_the_operation_is_chosen_by_name(platform: Platform) -> None:
    """Among several; a name that is none is refused."""
    query = "query A { a: viewer { id } } query B { b: viewer { id } }"
    assert (await send(platform, json={"query": query, "operationName": "B"})).body == {"data": {"b": None}}
    answer = await send(platform, json={"query": query, "operationName": "C"}, headers={"Accept": GRAPHQL_JSON})
    assert answer.status == 400
    assert "'C'" in answer.error["message"]


async def test_data_with_errors_has_a_status_of_its_own(platform: Platform) -> None:
    """294 in the draft's media type, 200 in the older one; the error has its code and both paths."""
    query = '{ project(id: "nonsense") { id } viewer { id } }'
    for type_, status in ((GRAPHQL_JSON, 294), (JSON, 200)):
        answer = await send(platform, json={"query": query}, headers={"Accept": type_})
        assert (answer.status, answer.body["data"]) == (status, {"project": None, "viewer": None})
        assert answer.error["path"] == ["project"]
        assert answer.error["extensions"] == {"code": "INVALID_INPUT", "path": ["id"]}
        assert "'nonsense' is not an id" in answer.error["message"]


async def test_registered_operations(platform: Platform) -> None:
    """By `documentId` in body and link, by Apollo's extension, and by path."""
    id_, variables = digest(GALLERY), {"first": 1, "city": "nowhere"}
    expected = (await send(platform, json={"query": GALLERY, "variables": variables})).body
    assert expected["data"]["gallery"]["edges"] == []
    by_id, text = {"documentId": f"sha256:{id_}"}, json.dumps(variables)
    apollo = {"persistedQuery": {"version": 1, "sha256Hash": id_}}
    answers = [
        await send(platform, json={**by_id, "variables": variables}),
        await send(platform, "GET", params={**by_id, "variables": text}),
        await send(platform, json={"extensions": apollo, "variables": variables}),
        await send(platform, "GET", params={"extensions": json.dumps(apollo), "variables": text}),
        await send(platform, "GET", f"/graphql/{id_}", params={"variables": text}),
        await send(platform, path=f"/graphql/{id_}", json={"variables": variables}),
    ]
    assert [(answer.status, answer.body) for answer in answers] == [(200, expected)] * len(answers)


async def test_unknown_and_mistaken_ids(platform: Platform) -> None:
    """404 names the id; 400 where the document that came with it is another one."""
    unknown = "0" * 64
    for answer in (
        await send(platform, json={"documentId": f"sha256:{unknown}"}),
        await send(platform, "GET", f"/graphql/{unknown}"),
    ):
        assert (answer.status, answer.code) == (404, "PERSISTED_QUERY_NOT_FOUND")
        assert unknown in answer.error["message"]
    mistaken = await send(platform, json={"documentId": f"sha256:{unknown}", "query": HELLO})
    assert (mistaken.status, mistaken.code) == (400, "BAD_REQUEST")
    assert "SHA-256" in mistaken.error["message"]
    assert (await send(platform, "GET", "/graphql/nonsense")).status == 400


async def test_automatic_persisted_queries(platform: Platform) -> None:
    """Not found, then sent with the document, then found; a wrong hash registers nothing."""
    query = f"{{ viewer {{ a{uuid4().hex}: id }} }}"
    extension = {"persistedQuery": {"version": 1, "sha256Hash": digest(query)}}
    missing = await send(platform, json={"extensions": extension})
    assert (missing.status, missing.code) == (200, "PERSISTED_QUERY_NOT_FOUND")
    assert missing.error["message"] == "PersistedQueryNotFound"
    wrong = await send(platform, json={"extensions": extension, "query": HELLO})
    assert wrong.status == 400
    assert (await send(platform, json={"extensions": extension})).error["message"] == "PersistedQueryNotFound"
    found = {"data": {"viewer": None}}
    assert (await send(platform, json={"extensions": extension, "query": query})).body == found
    for answer in (
        await send(platform, json={"extensions": extension}),
        await send(platform, "GET", params={"extensions": json.dumps(extension)}),
    ):
        assert (answer.status, answer.body) == (200, found)


async def test_production_takes_registered_operations_only(platform: Platform) -> None:
    """403 for every other document, whatever comes with it; no page, and nothing that explains the schema."""
    async with another_api(platform, environment="production", apq=False) as production:
        assert (await send(production, json={"query": VIEWER_HOME})).body == {"data": {"viewer": None}}
        assert (await send(production, "GET", f"/graphql/{digest(VIEWER_HOME)}")).status == 200
        extension = {"persistedQuery": {"version": 1, "sha256Hash": digest(HELLO)}}
        for body in ({"query": HELLO}, {"query": "{ __schema { types { name } } }"}, {"query": "{"}):
            answer = await send(production, json=body)
            assert (answer.status, answer.code) == (403, "PERSISTED_QUERY_REQUIRED")
            assert "data" not in answer.body
        assert (await send(production, json={"query": HELLO, "extensions": extension})).status == 403
        assert (await send(production, json={"extensions": extension})).code == "PERSISTED_QUERY_NOT_FOUND"
        page = await send(production, "GET", headers={"Accept": "text/html"})
        assert page.status == 406
    page = await send(platform, "GET", headers={"Accept": "text/html"})
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


async def test_production_does_not_explain_the_schema(platform: Platform) -> None:
    """With APQ switched on any document is taken, but none that introspects, and no error suggests a name."""
    async with another_api(platform, environment="production") as production:
        assert (await send(production, json={"query": HELLO})).status == 200
        for query in ("{ __schema { types { name } } }", '{ __type(name: "User") { name } }'):
            answer = await send(production, json={"query": query})
            assert "introspection" in answer.body["errors"][0]["message"]
            assert "data" not in answer.body
        assert (await send(production, json={"query": "{ __typename }"})).body == {"data": {"__typename": "Query"}}
        query = "query ($o: ListingOrder!) { viewr { id } listings(orderBy: $o, frst: 1) { totalCount } }"
        unknown = await send(production, json={"query": query})
        assert len(unknown.body["errors"]) == 2
        coerced = await send(
            production,
            json={"query": query.replace("viewr { id }", "").replace(", frst: 1", ""), "variables": {"o": "NEWES"}},
        )
        assert "NEWES" in coerced.error["message"]
        for answer in (unknown, coerced):
            assert "Did you mean" not in json.dumps(answer.body)


async def test_what_goes_wrong_inside_is_masked_and_logged(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    """A document that breaks its own rules: the answer tells nothing of it, the log tells all, by the request's id."""
    ana = await platform.user()
    project = await ana.project(await ana.organization())
    key = ids.key(project, "Project")
    await platform.database.handle["projects"].update_one({"_id": key}, {"$set": {"kind": "CASTLE-IN-SPAIN"}})
    query = "query ($id: ID!) { project(id: $id) { id } viewer { id } }"
    headers = {"Authorization": f"Bearer {ana.token}", "Accept": GRAPHQL_JSON}
    with caplog.at_level(logging.ERROR, "resolvers.api"):
        answer = await send(platform, json={"query": query, "variables": {"id": project}}, headers=headers)
    assert (answer.status, answer.body["data"]) == (294, {"project": None, "viewer": {"id": ana.id}})
    assert answer.error["message"] == "Something went wrong here; it was logged."
    assert answer.code == "INTERNAL"
    assert "CASTLE" not in json.dumps(answer.body)
    (record,) = caplog.records
    assert answer.headers["X-Request-Id"] in record.getMessage()
    assert record.exc_info is not None
    assert "CASTLE-IN-SPAIN" in str(record.exc_info[1])
    await platform.database.handle["projects"].delete_one({"_id": key})


async def test_what_goes_wrong_before_execution_is_masked_too(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    """A membership that breaks its rules: 500, with a body that GraphQL clients can read."""
    ana = await platform.user()
    await ana.organization()
    of_ana = {"user": ids.key(ana.id, "User")}
    await platform.database.handle["memberships"].update_one(of_ana, {"$set": {"role": "EMPEROR"}})
    with caplog.at_level(logging.ERROR, "app.http.graphql"):
        answer = await send(platform, json={"query": HELLO}, headers={"Authorization": f"Bearer {ana.token}"})
    assert (answer.status, answer.code) == (500, "INTERNAL")
    assert "EMPEROR" not in json.dumps(answer.body)
    (record,) = caplog.records
    assert answer.headers["X-Request-Id"] in record.getMessage()
    await platform.database.handle["memberships"].delete_one(of_ana)
