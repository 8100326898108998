"""Authenticator apps, recovery codes and second steps: over HTTP, each attack by its name."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pyotp
import pytest

from auth import recovery
from models.challenge import MOST_GUESSES, TICKET_LIFETIME
from models.entity import now
from models.errors import RateLimitedError
from models.factor import Guesses
from models.opaque import token_hash
from resolvers.proving import LIMITS
from tests.factors import (
    BEGIN,
    CONFIRM,
    FACTORS,
    REMOVE,
    RENEW,
    SIGNED_IN,
    WITH_RECOVERY,
    WITH_TOTP,
    App,
    finish,
    first_step,
    set_up,
    ticket_of,
)
from tests.passkeys import Device, add, audited, key, run, sign_in
from tests.platform import Platform, User

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
async def ana(platform: Platform) -> User:
    """Sign Ana up."""
    return await platform.user("Ana")


@pytest.fixture
async def app(ana: User) -> App:
    """Set up Ana's app."""
    return await set_up(ana)


async def test_signing_in_takes_two_steps(platform: Platform, ana: User, app: App) -> None:
    """Given an app, then the password gives a ticket and no token, and the code the rest."""
    first = await first_step(ana)
    assert (first["__typename"], first["code"]) == ("SecondFactorRequired", "SECOND_FACTOR_REQUIRED")
    assert first["methods"] == ["TOTP", "RECOVERY_CODE"]
    stored = await platform.database.handle["tickets"].find_one({"hash": token_hash(first["ticket"])})
    assert stored is not None
    assert first["ticket"] not in str(stored)
    assert stored["expires_at"] <= now() + TICKET_LIFETIME
    second = await finish(ana, first["ticket"], f" {app.code()[:3]} {app.code()[3:]}")
    assert second["viewer"]["id"] == ana.id
    session = await platform.database.handle["sessions"].find_one({"user": key(ana), "methods": ["PASSWORD", "TOTP"]})
    assert session is not None
    assert (await audited(ana))[-3:] == ["TOTP_ADDED", "RECOVERY_CODES_MADE", "SIGNED_IN"]


async def test_an_account_without_an_app_signs_in_with_its_password(ana: User) -> None:
    """Also where it has a passkey: that stands beside the password, and asks for nothing more."""
    assert (await first_step(ana))["__typename"] == "SignedIn"
    await add(ana, Device())
    assert (await first_step(ana))["__typename"] == "SignedIn"


async def test_a_passkey_needs_no_code(platform: Platform, ana: User, app: App) -> None:
    """It is two factors at once."""
    device = Device()
    await add(app.user, device)
    assert (await sign_in(platform, device))["viewer"]["id"] == ana.id


async def test_the_secret_is_shown_once_and_stored_sealed(platform: Platform, ana: User) -> None:
    """Given a begun app, then its address is what apps read, and the database alone does not tell the secret."""
    begun = await run(platform, BEGIN, ana.token)
    parsed = pyotp.parse_uri(begun["address"])
    assert (parsed.secret, parsed.name, parsed.issuer) == (begun["secret"], ana.email, "DiseñoPro")
    app = App(ana, begun["secret"], [])
    assert (await first_step(ana))["__typename"] == "SignedIn", "it counts only once it has shown a code"
    refused = await run(platform, CONFIRM, ana.token, code=await app.wrong())
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["code"])
    codes = (await run(platform, CONFIRM, ana.token, code=app.code()))["codes"]
    stored = str(await platform.database.handle["factors"].find_one({"_id": key(ana)}))
    assert begun["secret"] not in stored
    assert not any(recovery.normal(code) in stored or code in stored for code in codes)
    assert len(set(codes)) == 10
    assert (await ana.ask(FACTORS))["viewerFactors"] == {"password": True, "totp": True, "recoveryCodesLeft": 10}
    assert await platform.ask(FACTORS) == {"viewerFactors": None}
    assert (await run(platform, BEGIN, ana.token))["__typename"] == "Conflict"
    assert (await run(platform, CONFIRM, ana.token, code=app.code(1)))["__typename"] == "Conflict"


async def test_a_code_that_set_the_app_up_is_used(platform: Platform, ana: User) -> None:
    """Given the code that confirmed an app, then nobody who saw it signs in with it."""
    begun = await run(platform, BEGIN, ana.token)
    app = App(ana, begun["secret"], [])
    code = app.code()
    await run(platform, CONFIRM, ana.token, code=code)
    assert (await finish(ana, await ticket_of(ana), code))["__typename"] == "NotSignedIn"
    assert (await finish(ana, await ticket_of(ana), app.code(1)))["__typename"] == "SignedIn"


async def test_an_old_set_up_is_not_confirmed(platform: Platform, ana: User) -> None:
    """Given ten minutes, then one begins again; so it is for who never began."""
    assert (await run(platform, CONFIRM, ana.token, code="123456"))["__typename"] == "Conflict"
    begun = await run(platform, BEGIN, ana.token)
    factors = platform.database.handle["factors"]
    await factors.update_one({"_id": key(ana)}, {"$set": {"pending.expires_at": now()}})
    code = App(ana, begun["secret"], []).code()
    assert (await run(platform, CONFIRM, ana.token, code=code))["__typename"] == "Conflict"


async def test_a_replayed_code_is_refused(ana: User, app: App) -> None:
    """Given a code that was read over somebody's shoulder, when it comes again, or an earlier one, then it is used."""
    code = app.code(1)
    assert (await finish(ana, await ticket_of(ana), code))["__typename"] == "SignedIn"
    for used in (code, app.code()):
        refused = await finish(ana, await ticket_of(ana), used)
        assert refused["__typename"] == "NotSignedIn"
        assert refused["message"] == "The code is wrong, or was used before."


async def test_of_parallel_uses_of_one_code_one_counts(ana: User, app: App) -> None:
    """Given five devices with tickets of their own and one code, then one of them is in."""
    tickets = [await ticket_of(ana) for _ in range(5)]
    code = app.code()
    answers = await asyncio.gather(*(finish(ana, ticket, code) for ticket in tickets))
    assert sorted(answer["__typename"] for answer in answers) == ["NotSignedIn"] * 4 + ["SignedIn"]


async def test_a_ticket_works_once(ana: User, app: App) -> None:
    """Given a ticket that was used, then another good code, or a recovery code, opens nothing more with it."""
    ticket = await ticket_of(ana)
    assert (await finish(ana, ticket, app.code()))["__typename"] == "SignedIn"
    assert (await finish(ana, ticket, app.code(1)))["__typename"] == "NotSignedIn"
    assert (await finish(ana, ticket, app.recovery[0], WITH_RECOVERY))["__typename"] == "NotSignedIn"
    assert (await finish(ana, await ticket_of(ana), app.recovery[0], WITH_RECOVERY))["__typename"] == "SignedIn"


async def test_of_parallel_uses_of_one_ticket_one_counts(ana: User, app: App) -> None:
    """Given two good codes for one ticket at once, then one device is in, and the other's code is not spent."""
    ticket = await ticket_of(ana)
    answers = await asyncio.gather(*(finish(ana, ticket, code, WITH_RECOVERY) for code in app.recovery[:4]))
    assert sorted(answer["__typename"] for answer in answers) == ["NotSignedIn"] * 3 + ["SignedIn"]
    assert (await ana.ask(FACTORS))["viewerFactors"]["recoveryCodesLeft"] == 9
    assert (await audited(ana)).count("RECOVERY_CODE_USED") == 1


async def test_an_old_ticket_and_a_made_up_one_are_refused(platform: Platform, ana: User, app: App) -> None:
    """Given five minutes, then one begins again."""
    ticket = await ticket_of(ana)
    tickets = platform.database.handle["tickets"]
    await tickets.update_one({"hash": token_hash(ticket)}, {"$set": {"expires_at": now()}})
    for bad in (ticket, "x", "", token_hash(ticket)):
        refused = await finish(ana, bad, app.code())
        assert (refused["__typename"], refused["message"][:11]) == ("NotSignedIn", "This ticket")


async def test_a_ticket_is_worthless_after_the_password_changed(platform: Platform, ana: User, app: App) -> None:
    """Given a thief's ticket, when the password is no longer the one it was given for, then it opens nothing."""
    ticket = await ticket_of(ana)
    await platform.database.handle["credentials"].update_one({"_id": key(ana)}, {"$set": {"hash": "another"}})
    assert (await finish(ana, ticket, app.code()))["__typename"] == "NotSignedIn"


async def test_fifty_aliases_of_a_code_count_as_fifty(platform: Platform, ana: User, app: App) -> None:
    """Given fifty codes in one request, the right one among them behind the fifth, then it is not even looked at."""
    ticket, wrong, right = await ticket_of(ana), await app.wrong(), app.code()
    fields = " ".join(
        f'a{n}: signInWithTotp(ticket: "{ticket}", code: "{right if n >= MOST_GUESSES else wrong}") {{ {SIGNED_IN} }}'
        for n in range(50)
    )
    answers = await platform.ask(f"mutation {{ {fields} }}")
    assert {answer["__typename"] for answer in answers.values()} == {"NotSignedIn"}
    told = [answer["message"][:8] for answer in answers.values()]
    assert told == ["The code"] * MOST_GUESSES + ["This tic"] * (50 - MOST_GUESSES)
    assert (await audited(ana)).count("SIGN_IN_FAILED") == MOST_GUESSES


async def test_parallel_guesses_cannot_overtake_their_count(platform: Platform, ana: User, app: App) -> None:
    """Given forty guesses at once for one ticket, then five are checked."""
    ticket, wrong = await ticket_of(ana), await app.wrong()
    answers = await asyncio.gather(*(finish(ana, ticket, wrong) for _ in range(40)))
    assert sum(answer["message"].startswith("The code") for answer in answers) == MOST_GUESSES
    assert (await audited(ana)).count("SIGN_IN_FAILED") == MOST_GUESSES
    assert (await finish(ana, ticket, app.code()))["__typename"] == "NotSignedIn"
    assert platform.edge


async def test_guesses_over_many_tickets_are_counted_and_lock_nobody_out(
    platform: Platform, ana: User, app: App
) -> None:
    """Given a thief with the password who spends all tries, then the owner's other factors still open the account."""
    device = Device()
    await add(ana, device)
    most, wrong = LIMITS[0][1], await app.wrong()
    for _ in range(most // MOST_GUESSES):
        ticket = await ticket_of(ana)
        answers = await asyncio.gather(*(finish(ana, ticket, wrong) for _ in range(MOST_GUESSES)))
        assert {answer["__typename"] for answer in answers} == {"NotSignedIn"}
    ticket = await ticket_of(ana)
    refused = await finish(ana, ticket, app.code())
    assert (refused["__typename"], refused["code"]) == ("RateLimited", "RATE_LIMITED")
    assert 0 < refused["retryAfter"] <= 3600
    assert (await finish(ana, ticket, app.recovery[0], WITH_RECOVERY))["viewer"]["id"] == ana.id
    assert (await sign_in(platform, device))["viewer"]["id"] == ana.id


async def test_right_codes_are_not_counted(ana: User, app: App) -> None:
    """Given an owner who signs in more often than codes may be guessed, then they are let in each time."""
    for _ in range(LIMITS[0][1] + 2):
        await app.forget()
        assert (await finish(ana, await ticket_of(ana), app.code()))["__typename"] == "SignedIn"


async def test_a_code_of_another_account_is_refused(platform: Platform, ana: User, app: App) -> None:
    """Given Eva's app and Ana's password, then neither Eva's code nor her recovery code opens Ana's account."""
    eva = await platform.user("Eva")
    hers = await set_up(eva)
    ticket = await ticket_of(ana)
    assert (await finish(ana, ticket, hers.code()))["__typename"] == "NotSignedIn"
    assert (await finish(ana, ticket, hers.recovery[0], WITH_RECOVERY))["__typename"] == "NotSignedIn"
    assert (await finish(ana, ticket, app.code()))["viewer"]["id"] == ana.id


async def test_a_ticket_of_another_user_opens_their_account_alone(platform: Platform, ana: User, app: App) -> None:
    """Given Eva's ticket and Ana's codes, then neither account is opened: a ticket says whose code is asked for."""
    eva = await platform.user("Eva")
    hers = await set_up(eva)
    ticket = await ticket_of(eva)
    assert (await finish(ana, ticket, app.code()))["__typename"] == "NotSignedIn"
    assert (await finish(ana, ticket, app.recovery[0], WITH_RECOVERY))["__typename"] == "NotSignedIn"
    assert (await finish(ana, ticket, hers.code()))["viewer"]["id"] == eva.id
    assert (await audited(ana)).count("SIGN_IN_FAILED") == 0


async def test_a_secret_moved_to_another_account_does_not_open(platform: Platform, ana: User, app: App) -> None:
    """Given somebody who writes to the database, then a sealed secret of Eva's is of no use in Ana's row."""
    eva = await platform.user("Eva")
    hers = await set_up(eva)
    factors = platform.database.handle["factors"]
    row = await factors.find_one({"_id": key(eva)})
    assert row is not None
    await factors.update_one({"_id": key(ana)}, {"$set": {"totp.secret": row["totp"]["secret"]}})
    ticket = await ticket_of(ana)
    _, body = await platform.post(WITH_TOTP, {"ticket": ticket, "code": hers.code()})
    assert body["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert (await finish(ana, ticket, app.recovery[0], WITH_RECOVERY))["viewer"]["id"] == ana.id


async def test_a_recovery_code_works_once(ana: User, app: App) -> None:
    """Given a recovery code, in whatever case and spacing, then it opens the account once, and is one less."""
    code = app.recovery[3].upper().replace("-", " ")
    assert (await finish(ana, await ticket_of(ana), code, WITH_RECOVERY))["viewer"]["id"] == ana.id
    for again in (code, app.recovery[3]):
        refused = await finish(ana, await ticket_of(ana), again, WITH_RECOVERY)
        assert refused["__typename"] == "NotSignedIn"
    assert (await ana.ask(FACTORS))["viewerFactors"]["recoveryCodesLeft"] == 9
    assert "RECOVERY_CODE_USED" in await audited(ana)


async def test_a_recovery_code_of_parallel_uses_counts_once(ana: User, app: App) -> None:
    """Given one code and several tickets at once, then one device is in."""
    tickets = [await ticket_of(ana) for _ in range(5)]
    answers = await asyncio.gather(*(finish(ana, ticket, app.recovery[0], WITH_RECOVERY) for ticket in tickets))
    assert sorted(answer["__typename"] for answer in answers) == ["NotSignedIn"] * 4 + ["SignedIn"]


async def test_new_recovery_codes_replace_the_earlier_ones(platform: Platform, ana: User, app: App) -> None:
    """Given a sheet that was lost, when new codes are made, then the lost ones open nothing."""
    fresh = (await run(platform, RENEW, ana.token))["codes"]
    assert not set(fresh) & set(app.recovery)
    assert (await finish(ana, await ticket_of(ana), app.recovery[0], WITH_RECOVERY))["__typename"] == "NotSignedIn"
    assert (await finish(ana, await ticket_of(ana), fresh[0], WITH_RECOVERY))["__typename"] == "SignedIn"
    assert (await audited(ana)).count("RECOVERY_CODES_MADE") == 2


async def test_a_removed_app_asks_for_nothing(platform: Platform, ana: User, app: App) -> None:
    """Given an app that is removed, then the password is enough, and neither codes nor a ticket open anything."""
    ticket = await ticket_of(ana)
    assert (await run(platform, REMOVE, ana.token))["__typename"] == "FactorRemoved"
    assert (await finish(ana, ticket, app.code()))["__typename"] == "NotSignedIn"
    assert (await finish(ana, ticket, app.recovery[0], WITH_RECOVERY))["__typename"] == "NotSignedIn"
    assert (await first_step(ana))["__typename"] == "SignedIn"
    assert (await ana.ask(FACTORS))["viewerFactors"] == {"password": True, "totp": False, "recoveryCodesLeft": 0}
    for query in (REMOVE, RENEW):
        assert (await run(platform, query, ana.token))["__typename"] == "Conflict"
    assert (await audited(ana)).count("TOTP_REMOVED") == 1


async def test_without_recovery_codes_the_app_alone_is_offered(platform: Platform, ana: User, app: App) -> None:
    """Given that all are used, then the first step does not name them."""
    await platform.database.handle["factors"].update_one({"_id": key(ana)}, {"$set": {"recovery_codes": []}})
    assert (await first_step(app.user))["methods"] == ["TOTP"]


async def test_windows_of_guesses(platform: Platform) -> None:
    """Given as many guesses as may be, then the next window begins anew, and one that is forgiven is not counted."""
    assert platform.database
    hour, subject = timedelta(hours=1), f"test:{now().timestamp()}"
    await Guesses.count_one(subject, 2, hour, NOON)
    last = await Guesses.count_one(subject, 2, hour, NOON + timedelta(minutes=59))
    with pytest.raises(RateLimitedError) as caught:
        await Guesses.count_one(subject, 2, hour, NOON + timedelta(minutes=45))
    assert caught.value.retry_after == 15 * 60
    await Guesses.forgive(last)
    await Guesses.forgive(last)
    await Guesses.count_one(subject, 2, hour, NOON)
    for _ in range(2):
        await Guesses.count_one(subject, 2, hour, NOON + hour)
    with pytest.raises(RateLimitedError):
        await Guesses.count_one(subject, 2, hour, NOON + hour)
