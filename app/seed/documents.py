"""The demo world as documents; pure. Ids come from keys, so that the same seed gives the same documents."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any

from beanie import PydanticObjectId

import models.asset
import models.comment
import models.design
import models.organization
import models.project
import models.user
from app.demo.entities import Comment, Design, Project, World
from models.activity import tally
from models.element import DesignEdit, Element
from models.entity import Entity
from models.fractional import order_after

EPOCH_EDIT = "seed"
"""The batch by which a seeded canvas came about."""


@dataclass(frozen=True)
class Drawn:
    """What is known of a drawn picture, whichever organization uses it; `key` is where it lies in the asset store."""

    key: str
    content_hash: str
    byte_size: int
    width: int
    height: int
    placeholder: str
    dominant_color: str


def object_id(copy: int, kind: str, key: str) -> PydanticObjectId:
    """Return the id of one thing of one copy of the world."""
    return PydanticObjectId(blake2b(f"{copy}/{kind}/{key}".encode(), digest_size=12).digest())


class Documents:
    """Makes the documents of one copy of the world (0 is the demo; higher ones are for load tests).

    `written` is when that is: logs of edits begin then, whenever their designs are said to be from, since old batches
    are trimmed.
    """

    def __init__(
        self, world: World, copy: int, drawn: Mapping[str, Drawn], password_hash: str, written: datetime
    ) -> None:
        self.world = world
        self.copy = copy
        self.drawn = drawn
        self.password_hash = password_hash
        self.written = written
        self._pictures = {picture.key: picture for picture in world.pictures}
        self._projects = {project.key: project for project in world.projects}
        self._designs = {design.key: design for design in world.designs}
        self._likes = Counter(like.design for like in world.likes)
        self._suffix = f"-{copy}" if copy else ""
        self._published: defaultdict[str, list[datetime]] = defaultdict(list)
        for design in world.designs:
            if design.published_at is not None:
                self._published[design.project].append(design.published_at)

    def id(self, kind: str, key: str) -> PydanticObjectId:
        """Return the id of one thing of this copy."""
        return object_id(self.copy, kind, key)

    def batches(self) -> Iterator[tuple[str, Iterator[Entity]]]:
        """Yield (what, documents) in an order in which nothing refers to what is not there yet."""
        yield "organizations", self._organizations()
        yield "people", self._people()
        yield "pictures", self._assets()
        yield "projects", self._project_documents()
        yield "designs", self._design_documents()
        yield "canvases", self._elements()
        yield "logs", self._logs()
        yield "comments", self._comments()
        yield "likes", self._like_documents()

    def originals(self) -> Iterator[tuple[Drawn, models.asset.Asset]]:
        """Yield (drawing, asset) for every original that must lie in the asset store."""
        used = {(design.organization, design.cover) for design in self.world.designs if design.cover}
        used |= {(project.organization, project.cover) for project in self.world.projects if project.cover}
        for organization, picture in sorted(used):
            drawn = self.drawn[picture]
            yield (
                drawn,
                models.asset.Asset(
                    id=self._cover(organization, picture),
                    organization=self.id("organization", organization),
                    content_hash=drawn.content_hash,
                    media_type=models.asset.MediaType.JPEG,
                    byte_size=drawn.byte_size,
                    width=drawn.width,
                    height=drawn.height,
                    placeholder=drawn.placeholder,
                    dominant_color=drawn.dominant_color,
                    alt=self._pictures[picture].alt,
                ),
            )

    def _assets(self) -> Iterator[Entity]:
        for _, asset in self.originals():
            yield asset

    def _cover(self, organization: str, picture: str | None) -> Any:
        return None if picture is None else self.id("asset", f"{organization}/{picture}")

    def _organizations(self) -> Iterator[Entity]:
        for organization in self.world.organizations:
            yield models.organization.Organization(
                id=self.id("organization", organization.key),
                name=organization.name,
                slug=organization.slug + self._suffix,
                plan=models.organization.Plan(organization.plan),
                created_at=organization.created_at,
            )

    def _people(self) -> Iterator[Entity]:
        for person in self.world.people:
            user = self.id("person", person.key)
            local, _, domain = person.email.partition("@")
            yield models.user.User(
                id=user,
                email=f"{local}{self._suffix}@{domain}",
                name=person.name,
                locale=person.locale,
                created_at=person.created_at,
                email_verified_at=person.created_at,
            )
            yield models.user.Credential(id=user, hash=self.password_hash)
        for membership in self.world.memberships:
            yield models.organization.Membership(
                id=self.id("membership", f"{membership.organization}/{membership.person}"),
                organization=self.id("organization", membership.organization),
                user=self.id("person", membership.person),
                role=models.organization.Role(membership.role),
                created_at=membership.created_at,
            )

    def _project_documents(self) -> Iterator[Entity]:
        for project in self.world.projects:
            yield self._project(project)

    def _project(self, project: Project) -> models.project.Project:
        place = project.address
        public = project.visibility == "PUBLIC" and project.status == "ACTIVE"
        return models.project.Project(
            id=self.id("project", project.key),
            organization=self.id("organization", project.organization),
            owner=self.id("person", project.owner),
            title=project.title,
            slug=project.slug + self._suffix,
            description=project.description,
            kind=models.project.Kind(project.kind),
            status=models.project.Status(project.status),
            visibility=models.project.Visibility(project.visibility),
            style=models.project.Style(project.style),
            address=models.project.Address(
                street=place.street, postal_code=place.postal_code, city=place.city, country=place.country
            ),
            location=models.project.Point(coordinates=(place.longitude, place.latitude)),
            area_m2=project.area_m2,
            rooms=project.rooms,
            price=models.project.Money(amount=project.price, currency=project.currency),
            cover=self._cover(project.organization, project.cover),
            listed_at=project.updated_at if public else None,
            showcased_at=max(self._published[project.key], default=None),
            created_at=project.created_at,
        )

    def _design_documents(self) -> Iterator[Entity]:
        for design in self.world.designs:
            project = self._projects[design.project]
            yield models.design.Design(
                id=self.id("design", design.key),
                project=self.id("project", design.project),
                organization=self.id("organization", design.organization),
                author=self.id("person", design.author),
                title=design.title,
                room=models.design.Room(design.room),
                style=models.project.Style(design.style),
                seq=1,
                cover=self._cover(design.organization, design.cover),
                published_at=design.published_at,
                project_public=project.visibility == "PUBLIC" and project.status == "ACTIVE",
                like_count=self._likes[design.key],
                created_at=design.created_at,
            )

    def _elements_of(self, design: Design) -> Iterator[Element]:
        id_ = self.id("design", design.key)
        order = ""
        for number, spec in enumerate(design.elements):
            order = order_after(order)
            yield Element(
                id=f"{id_}:e{number}",
                organization=self.id("organization", design.organization),
                design=id_,
                key=f"e{number}",
                order=order,
                created_at=design.created_at,
                **{name: getattr(spec, name) for name in ("kind", "x", "y", "width", "height", "rotation", "props")},
            )

    def _elements(self) -> Iterator[Entity]:
        for design in self.world.designs:
            yield from self._elements_of(design)

    def _logs(self) -> Iterator[Entity]:
        for design in self.world.designs:
            elements = [*self._elements_of(design)]
            shown = ("key", "kind", "x", "y", "width", "height", "rotation", "parent", "order", "props")
            edits = [{"edit": "add", **{name: getattr(e, name) for name in shown}} for e in elements]
            yield DesignEdit(
                id=self.id("edit", design.key),
                design=self.id("design", design.key),
                project=self.id("project", design.project),
                organization=self.id("organization", design.organization),
                seq=1,
                batch=EPOCH_EDIT,
                author=self.id("person", design.author),
                base_seq=0,
                edits=edits,
                dropped=[],
                inverse=[{"edit": "remove", "key": element.key} for element in reversed(elements)],
                created_at=self.written,
                **tally(edits),
            )

    def _comments(self) -> Iterator[Entity]:
        for comment in self.world.comments:
            yield self._comment(comment)

    def _comment(self, comment: Comment) -> models.comment.Comment:
        anchored = comment.element is not None or comment.point is not None
        x, y = comment.point or (None, None)
        return models.comment.Comment(
            id=self.id("comment", comment.key),
            design=self.id("design", comment.design),
            organization=self.id("organization", self._designs[comment.design].organization),
            parent=None if comment.parent is None else self.id("comment", comment.parent),
            author=self.id("person", comment.author),
            body=comment.body,
            anchor=models.comment.Anchor(element=None if comment.element is None else f"e{comment.element}", x=x, y=y)
            if anchored
            else None,
            resolved_at=comment.resolved_at,
            resolved_by=None if comment.resolved_by is None else self.id("person", comment.resolved_by),
            created_at=comment.created_at,
        )

    def _like_documents(self) -> Iterator[Entity]:
        for like in self.world.likes:
            yield models.design.Like(
                id=self.id("like", f"{like.design}/{like.person}"),
                design=self.id("design", like.design),
                user=self.id("person", like.person),
                pending=False,
                created_at=like.created_at,
            )
