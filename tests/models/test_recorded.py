"""The guard: while a cacheable answer is made, only loaders read."""

from __future__ import annotations

import asyncio

import pytest

import models.project
from models.recorded import UnrecordedReadError, recorded_only
from resolvers.gallery import GalleryQueries
from schema.dependencies import Dependencies
from schema.loaders import Loaders
from schema.reader import Find, Reader
from tests.platform import Platform


async def test_every_way_past_the_loaders_is_refused(platform: Platform) -> None:
    """Given a cacheable answer being made, then Beanie, the database and a bare reader are refused, loaders are not."""
    loaders = Loaders(Reader(platform.database), Dependencies())
    with recorded_only():
        with pytest.raises(UnrecordedReadError):
            await models.project.Project.find_one({"title": "Casa"})
        with pytest.raises(UnrecordedReadError):
            await asyncio.create_task(models.project.Project.find().to_list())
        with pytest.raises(UnrecordedReadError):
            await platform.database.handle["projects"].find_one({})
        with pytest.raises(UnrecordedReadError):
            await loaders.reader.read(Find(models.project.Project, {}))
        assert await loaders.count("gallery").load(()) >= 0
    assert await models.project.Project.find_one({"title": "no such title"}) is None


async def test_an_operation_that_reads_past_its_loaders_is_an_error(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Given a public entry field that reads on its own, then its answer is a masked error that nobody may keep."""
    field = next(f for f in GalleryQueries.__strawberry_definition__.fields if f.python_name == "public_project")  # type: ignore[attr-defined]

    class Careless:
        async def read(self, _: object) -> None:
            await models.project.Project.find_one({"slug": "x"})

    monkeypatch.setattr(field.base_resolver, "wrapped_func", lambda *_, **__: Careless())
    query = '{ publicProject(slug: "x") { title } }'
    async with platform.session.get(f"{platform.settings.api_url}/graphql", params={"query": query}) as response:
        body = await response.json()
        assert body["errors"][0]["extensions"]["code"] == "INTERNAL"
        assert response.headers["Cache-Control"] == "private, no-store"
    assert "UnrecordedReadError" in caplog.text
