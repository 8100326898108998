"""What a line of `tests.audited` is made of: a world in which a mutation runs, and the entries that it must make."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.images.samples import jpeg
from tests.platform import Json, Platform, User
from tests.test_asset import picture

PASSWORD = "correct horse battery"


@dataclass
class World:
    """Ana, who owns an organization with one of everything; Ben, a member of it; and Eva, who belongs nowhere."""

    platform: Platform
    ana: User
    ben: User
    eva: User
    organization: str
    membership: str
    project: str
    public_project: str
    design: str
    published: str
    comment: str
    version: str
    asset: str
    operation: str
    document: str
    given: Any = None

    @classmethod
    async def make(cls, ana: User, ben: User, eva: User) -> World:
        """Found an organization and what is in it."""
        organization = await ana.organization()
        membership = await ben.join(organization, "VIEWER")
        project, public = await ana.project(organization), await ana.public_project(organization)
        design, published = await ana.design(public), await ana.design(public, published=True)
        comment = await ana.do("addComment", "Comment", {"designId": design, "body": "B"})
        version = await ana.do("saveVersion", "DesignVersion", {"designId": design, "name": "V"})
        asset = await picture(ana, organization, jpeg(32, 24))
        document = f'query Homes {{ listings(city: "{uuid4().hex}") {{ totalCount }} }}'
        input_ = {"organizationId": organization, "document": document.replace("Homes", "Houses")}
        operation = await ana.do("registerOperation", "RegisteredOperation", input_)
        return cls(
            ana.platform,
            ana,
            ben,
            eva,
            organization,
            membership,
            project,
            public,
            design,
            published,
            comment["id"],
            version["id"],
            asset["id"],
            operation["id"],
            document,
        )

    async def anybody(self, mutation: str, type_: str, input_: Json) -> Json:
        """Run a mutation as nobody."""
        return await User(self.platform, "", "", "", "").do(mutation, type_, input_, "__typename")

    async def push(self, kind: str, new: Json, assumed: Json) -> Json:
        """Push a document as a device does."""
        text = f"""mutation ($rows: [{kind}PushRow!]!) {{ push{kind}s(rows: $rows) {{ id refusal }} }}"""
        return await self.ana.ask(text, {"rows": [{"newDocumentState": new, "assumedMasterState": assumed}]})


Run = Callable[[World], Awaitable[Any]]


@dataclass(frozen=True)
class Case:
    """A mutation's run, and the entries that it makes: the action and the type of its subject (empty: none).

    `nobody` says that nobody was signed in before, so that who acts is known by what they do; `by` is who acts (None:
    the user to whom it is done). `within` says whether it is in the organization's log (None: where
    Ana acts). What `given` returns, which is done before, is the world's `given`.
    """

    entries: tuple[tuple[str, str], ...]
    run: Run
    nobody: bool = False
    given: Run | None = None
    by: Callable[[World], User] | None = lambda w: w.ana
    within: bool | None = None

    async def prepare(self, world: World) -> None:
        """Do what comes before."""
        world.given = None if self.given is None else await self.given(world)


def writes(action: str, kind: str, run: Run, **options: Any) -> Case:
    """Declare a mutation that makes one entry."""
    return Case(((action, kind),), run, **options)
