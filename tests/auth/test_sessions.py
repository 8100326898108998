"""Refresh-token families, viewers, and snapshots of likes, in the platform's database."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from beanie import PydanticObjectId
from bson import encode

from auth import sessions
from auth.caller import NOWHERE
from auth.keyring import Keyring
from auth.permissions import GRANTS, Permission
from auth.refresh_tokens import read
from auth.sessions import GRACE, Tokens, end, rotate, session_of, start
from auth.signatures import Keys
from auth.viewer import ANONYMOUS, Viewer, load_viewer, renew
from models.database import Database
from models.entity import now
from models.errors import NotAllowedError, NotFoundError, NotSignedInError
from models.organization import Membership, Role
from models.user import Method, Session
from tests.platform import Platform


@pytest.fixture(scope="module")
async def keys(platform: Platform) -> Keyring:
    """Give the platform's keys."""
    keys = Keyring(platform.settings.secret_key, platform.settings.public_url, platform.database)
    await keys.load()
    return keys


@dataclass
class Device:
    """A device of somebody's, and what was written of it."""

    database: Database
    keys: Keyring
    tokens: Tokens
    reused: list[PydanticObjectId] = field(default_factory=list)

    async def rotate(self, token: str) -> Tokens:
        """Exchange a refresh token."""
        return await rotate(self.database, self.keys, token, self._witness)

    async def end(self) -> list[PydanticObjectId]:
        """End its session."""

        async def ending(transaction: Any) -> list[PydanticObjectId]:
            return await end({"_id": self.id}, self._witness, transaction)

        return await self.database.transaction(ending)

    @property
    def id(self) -> PydanticObjectId:
        """Its session."""
        return self.keys.claims(self.tokens.access).session

    async def family(self) -> Session:
        """Read its session."""
        found = await Session.get(self.id)
        assert found is not None
        return found

    async def later(self, by: timedelta = GRACE + timedelta(seconds=1)) -> None:
        """Make its last exchange older."""
        kept = await self.family()
        assert kept.refreshed_at is not None
        kept.refreshed_at -= by
        await kept.save()

    async def _witness(self, session: Session, transaction: Any) -> None:
        assert transaction.in_transaction
        self.reused.append(session.id)


@pytest.fixture
async def device(platform: Platform, keys: Keyring) -> Device:
    """Sign somebody's device in."""
    return await another(platform.database, keys)


async def another(database: Database, keys: Keyring, user: PydanticObjectId | None = None) -> Device:
    """Sign a device in."""
    return Device(database, keys, await start(keys, user or PydanticObjectId(), [Method.PASSWORD], NOWHERE))


async def test_a_refresh_token_works_once(device: Device) -> None:
    """Given a signed-in device, then each token leads to the next, of one session; only a hash is stored."""
    tokens = device.tokens
    for _ in range(3):
        following = await device.rotate(tokens.refresh)
        assert following.refresh != tokens.refresh
        assert device.keys.claims(following.access) == device.keys.claims(device.tokens.access)
        assert following.user == tokens.user
        tokens = following
    stored = str(await Session.get_pymongo_collection().find_one({"_id": device.id}))
    newest = read(device.keys, tokens.refresh)
    assert newest is not None
    assert newest.hash() in stored
    assert tokens.refresh not in stored
    assert repr(newest.secret) not in stored


@pytest.mark.parametrize("age", [1, 2, 30])
async def test_a_stolen_token_of_any_age_ends_the_family(device: Device, age: int) -> None:
    """Given a token that was exchanged, however many exchanges ago, then all of the device's are worthless from now on.

    That is so for a thief who exchanged the token often before its owner came with it, and the other way round. Nothing
    more is kept of a family for that.
    """
    old, tokens = device.tokens, device.tokens
    for _ in range(age):
        tokens = await device.rotate(tokens.refresh)
    await device.later()
    for token in (old.refresh, tokens.refresh):
        with pytest.raises(NotSignedInError, match="sign in again"):
            await device.rotate(token)
    assert (await device.family()).ended_at is not None
    assert device.reused == [device.id], "the reuse is witnessed once, in its transaction"
    row = await Session.get_pymongo_collection().find_one({"_id": device.id})
    assert row is not None
    assert len(encode(row)) < 600


async def test_two_tabs_that_refresh_at_once_both_survive(device: Device) -> None:
    """Given one token in two tabs, when both refresh within the grace, then both get the same tokens, which work."""
    one, other = await asyncio.gather(*(device.rotate(device.tokens.refresh) for _ in range(2)))
    assert one.refresh == other.refresh
    assert one.access != other.access
    both = await asyncio.gather(*(device.rotate(tokens.refresh) for tokens in (one, other)))
    assert both[0].refresh == both[1].refresh
    assert (await device.family()).ended_at is None
    assert device.reused == []


async def test_a_lost_answer_is_given_again(device: Device) -> None:
    """Given a device whose answer was lost, when it sends the same token within the grace, then it gets that answer."""
    lost = await device.rotate(device.tokens.refresh)
    again = await device.rotate(device.tokens.refresh)
    assert again.refresh == lost.refresh


async def test_a_thief_within_the_grace_gets_no_line_of_their_own(device: Device) -> None:
    """Given one token used by two within the grace, when both go on, then the second to do so ends the family."""
    owner, thief = [await device.rotate(device.tokens.refresh) for _ in range(2)]
    await device.later()
    await device.rotate(thief.refresh)
    await device.later()
    with pytest.raises(NotSignedInError):
        await device.rotate(owner.refresh)
    assert device.reused == [device.id]


async def test_the_grace_is_for_the_last_token_only(device: Device) -> None:
    """Given a token of two exchanges ago, when it is used within the grace of the last, then the family ends."""
    second = await device.rotate(device.tokens.refresh)
    await device.rotate(second.refresh)
    with pytest.raises(NotSignedInError):
        await device.rotate(device.tokens.refresh)
    assert device.reused == [device.id]


async def test_the_grace_counts_from_the_first_use(device: Device) -> None:
    """Given a token used twice within the grace, when it is used after it, then the family ends all the same."""
    for _ in range(2):
        await device.rotate(device.tokens.refresh)
    await device.later()
    with pytest.raises(NotSignedInError):
        await device.rotate(device.tokens.refresh)


async def test_a_session_ends_with_its_time(device: Device) -> None:
    """Given a session whose thirty days without use are over, when it is refreshed, then it is refused."""
    kept = await device.family()
    assert timedelta(days=29) < kept.expires_at - now() <= sessions.IDLE_LIFETIME == timedelta(days=30)
    kept.expires_at = now()
    await kept.save()
    with pytest.raises(NotSignedInError):
        await device.rotate(device.tokens.refresh)
    assert device.reused == []


async def test_use_lengthens_a_session_up_to_a_bound(device: Device) -> None:
    """Given a device that is used, then it stays signed in for thirty days more, and for half a year at most."""
    kept = await device.family()
    kept.expires_at = now() + timedelta(days=1)
    await kept.save()
    tokens = await device.rotate(device.tokens.refresh)
    kept = await device.family()
    assert kept.expires_at - now() > timedelta(days=29)
    kept.created_at -= sessions.ABSOLUTE_LIFETIME - timedelta(days=2)
    await kept.save()
    await device.rotate(tokens.refresh)
    assert timedelta(days=1) < (await device.family()).expires_at - now() <= timedelta(days=2)


async def test_signing_out_ends_the_device_and_no_other(device: Device) -> None:
    """Given two devices of one user, when one signs out, twice, then it is out and the other is not."""
    other = await another(device.database, device.keys, device.tokens.user)
    assert await device.end() == [device.id]
    ended = (await device.family()).ended_at
    assert await device.end() == []
    assert (await device.family()).ended_at == ended is not None
    with pytest.raises(NotSignedInError):
        await device.rotate(device.tokens.refresh)
    await other.rotate(other.tokens.refresh)


@pytest.mark.parametrize("token", ["", "x", "é", "\x00", "A" * 86, "A" * 87, "-" * 86])
async def test_a_made_up_token_is_refused_without_a_read(keys: Keyring, token: str) -> None:
    """Given a token that nobody was given, when it is used, then its MAC is wrong; there is no database here."""
    nowhere: Any = None
    with pytest.raises(NotSignedInError):
        await rotate(nowhere, keys, token, nowhere)
    assert session_of(keys, token) is None


async def test_a_refresh_token_of_another_secret_is_refused(device: Device) -> None:
    """Given a token as we make them, but by another deployment's secret, then it is refused, and ends nothing."""
    genuine = read(device.keys, device.tokens.refresh)
    assert genuine is not None
    with pytest.raises(NotSignedInError):
        await device.rotate(genuine.text(Keys("another secret of at least 32 bytes")))
    assert (await device.family()).ended_at is None


async def test_a_viewer_is_renewed_with_their_present_roles(platform: Platform, keys: Keyring) -> None:
    """Given a viewer on a long connection, when roles change or the device signs out, then that holds at once."""
    user, organization = PydanticObjectId(), PydanticObjectId()
    device = await another(platform.database, keys, user)
    viewer = await load_viewer(user, device.id)
    await Membership(organization=organization, user=user, role=Role.EDITOR).insert()
    renewed = await renew(viewer)
    assert renewed == Viewer(user, viewer.session, {organization: Role.EDITOR})
    await device.end()
    assert await renew(renewed) == ANONYMOUS
    assert await renew(Viewer(user, PydanticObjectId())) == ANONYMOUS
    assert await renew(ANONYMOUS) == ANONYMOUS


@pytest.mark.parametrize(("role", "permission"), [*product(Role, Permission)])
def test_a_role_includes_those_below_it(role: Role, permission: Permission) -> None:
    """Given a role, then the next higher one may do all of that, and a viewer is let in or told why not."""
    ladder = [Role.VIEWER, Role.EDITOR, Role.ADMIN, Role.OWNER]
    higher = ladder[ladder.index(role) :]
    organization = PydanticObjectId()
    viewer = Viewer(PydanticObjectId(), None, {organization: role})
    if permission in GRANTS[role]:
        assert all(permission in GRANTS[above] for above in higher)
        viewer.require(permission, organization, "Design")
    else:
        with pytest.raises(NotAllowedError, match=f"{role}, lacks {permission}") as caught:
            viewer.require(permission, organization, "Design", path=("id",))
        assert caught.value.path == ("id",)


@pytest.mark.parametrize("permission", Permission)
def test_missing_and_forbidden_are_the_same_answer(permission: Permission) -> None:
    """Given a thing of another organization, and one that is not there, then the refusals cannot be told apart."""
    viewer = Viewer(PydanticObjectId(), None, {PydanticObjectId(): Role.OWNER})
    answers = set()
    for organization in (PydanticObjectId(), None):
        with pytest.raises(NotFoundError) as caught:
            viewer.require(permission, organization, "Design", path=("id",))
        answers.add((caught.value.message, caught.value.path, caught.value.code))
    assert answers == {("There is no such Design.", ("id",), "NOT_FOUND")}
    with pytest.raises(NotSignedInError):
        ANONYMOUS.require(permission, None, "Design")


async def test_a_viewer_has_the_roles_of_their_memberships(platform: Platform) -> None:
    """Given memberships of two users, when one is loaded, then they have their own roles only."""
    user, session, organizations = PydanticObjectId(), PydanticObjectId(), [PydanticObjectId() for _ in range(2)]
    for organization, role in zip(organizations, (Role.OWNER, Role.VIEWER), strict=True):
        await Membership(organization=organization, user=user, role=role).insert()
        await Membership(organization=organization, user=PydanticObjectId(), role=Role.ADMIN).insert()
    viewer = await load_viewer(user, session)
    assert viewer.require_user() == user
    assert viewer.session == session
    assert viewer.roles == dict(zip(organizations, (Role.OWNER, Role.VIEWER), strict=True))
    assert not viewer.may(Permission.READ, PydanticObjectId())
