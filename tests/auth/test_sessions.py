"""Refresh-token families, viewers, and snapshots of likes, in the platform's database."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import product

import pytest
from beanie import PydanticObjectId

from auth import sessions
from auth.caller import NOWHERE
from auth.permissions import GRANTS, Permission
from auth.sessions import GRACE, Tokens, end, rotate, start
from auth.tokens import Keys, token_hash
from auth.viewer import ANONYMOUS, Viewer, load_viewer, renew
from models.entity import now
from models.errors import NotAllowedError, NotFoundError, NotSignedInError
from models.organization import Membership, Role
from models.user import Session
from tests.platform import Platform

KEYS = Keys("a secret of at least thirty-two bytes, for tests")


async def family(tokens: Tokens) -> Session:
    """Read a device's family of tokens."""
    found = await Session.get(KEYS.claims(tokens.access).session)
    assert found is not None
    return found


async def used_long_ago(tokens: Tokens) -> None:
    """Make the first use of every used token older than the grace."""
    kept = await family(tokens)
    for link in kept.tokens:
        link.used_at = link.used_at and link.used_at - GRACE - timedelta(seconds=1)
    await kept.save()


async def test_a_refresh_token_works_once(platform: Platform) -> None:
    """Given a signed-in device, then each token leads to the next, of one session."""
    user = PydanticObjectId()
    tokens = first = await start(KEYS, user, [], NOWHERE)
    for _ in range(3):
        following = await rotate(platform.database, KEYS, tokens.refresh)
        assert following.refresh != tokens.refresh
        assert KEYS.claims(following.access) == KEYS.claims(first.access)
        assert following.user == user
        tokens = following
    stored = (await family(first)).model_dump_json()
    assert first.refresh not in stored
    assert token_hash(first.refresh) in stored


async def test_using_a_token_again_ends_the_family(platform: Platform) -> None:
    """Given a token that was exchanged a while ago, then all of the device's are worthless."""
    first = await start(KEYS, PydanticObjectId(), [], NOWHERE)
    second = await rotate(platform.database, KEYS, first.refresh)
    await used_long_ago(first)
    for token in (first.refresh, second.refresh):
        with pytest.raises(NotSignedInError, match="sign in again"):
            await rotate(platform.database, KEYS, token)
    assert (await family(first)).ended_at is not None


async def test_two_tabs_that_refresh_at_once_both_survive(platform: Platform) -> None:
    """Given one token in two tabs, when both refresh within the grace, then both get tokens that work."""
    first = await start(KEYS, PydanticObjectId(), [], NOWHERE)
    one, other = await asyncio.gather(*(rotate(platform.database, KEYS, first.refresh) for _ in range(2)))
    assert one.refresh != other.refresh
    for tokens in (one, other):
        await rotate(platform.database, KEYS, tokens.refresh)
    assert (await family(first)).ended_at is None


async def test_the_grace_counts_from_the_first_use(platform: Platform) -> None:
    """Given a token used twice within the grace, when it is used after it, then the family ends all the same."""
    first = await start(KEYS, PydanticObjectId(), [], NOWHERE)
    for _ in range(2):
        await rotate(platform.database, KEYS, first.refresh)
    await used_long_ago(first)
    with pytest.raises(NotSignedInError):
        await rotate(platform.database, KEYS, first.refresh)


async def test_a_session_ends_with_its_time(platform: Platform) -> None:
    """Given a session whose thirty days are over, when it is refreshed, then it is refused."""
    tokens = await start(KEYS, PydanticObjectId(), [], NOWHERE)
    kept = await family(tokens)
    assert timedelta(days=29) < kept.expires_at - now() <= sessions.SESSION_LIFETIME
    kept.expires_at = now()
    await kept.save()
    with pytest.raises(NotSignedInError):
        await rotate(platform.database, KEYS, tokens.refresh)


async def test_signing_out_ends_the_device_and_no_other(platform: Platform) -> None:
    """Given two devices of one user, when one signs out, twice, then it is out and the other is not."""
    user = PydanticObjectId()
    one, other = await start(KEYS, user, [], NOWHERE), await start(KEYS, user, [], NOWHERE)
    await end(one.refresh)
    ended = (await family(one)).ended_at
    await end(one.refresh)
    await end("no token at all")
    assert (await family(one)).ended_at == ended is not None
    with pytest.raises(NotSignedInError):
        await rotate(platform.database, KEYS, one.refresh)
    await rotate(platform.database, KEYS, other.refresh)


@pytest.mark.parametrize("token", ["", "x", "é", "\x00"])
async def test_an_unknown_token_is_refused(platform: Platform, token: str) -> None:
    """Given a token that nobody was given, when it is used, then it is refused."""
    with pytest.raises(NotSignedInError):
        await rotate(platform.database, KEYS, token)


async def test_a_viewer_is_renewed_with_their_present_roles(platform: Platform) -> None:
    """Given a viewer on a long connection, when roles change or the device signs out, then that holds at once."""
    user, organization = PydanticObjectId(), PydanticObjectId()
    tokens = await start(KEYS, user, [], NOWHERE)
    viewer = await load_viewer(user, KEYS.claims(tokens.access).session)
    await Membership(organization=organization, user=user, role=Role.EDITOR).insert()
    renewed = await renew(viewer)
    assert renewed == Viewer(user, viewer.session, {organization: Role.EDITOR})
    await end(tokens.refresh)
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
