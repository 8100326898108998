"""Authenticator apps, recovery codes, second steps and stepping up: over HTTP, each attack by its name."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from auth import recovery, totp
from auth.signatures import Keys
from models.challenge import MOST_GUESSES, TICKET_LIFETIME, hashed
from models.entity import now
from models.errors import RateLimitedError
from models.factor import Guesses
from resolvers.proving import LIMITS
from tests.passkeys import BEGIN_ADDING, Device, add, audited, grow_stale, key, run, sign_in
from tests.platform import Json, Platform, User

PASSWORD = "correct horse battery"
ERROR = "... on UserError { message code path }"
SIGN_IN = f"""mutation ($input: SignInInput!) {{ result: signIn(input: $input) {{ __typename
    ... on SignedIn {{ accessToken viewer {{ id }} }}
    ... on SecondFactorRequired {{ ticket methods }} {ERROR} }} }}"""
_SIGNED_IN = f"__typename ... on SignedIn {{ accessToken viewer {{ id }} }} {ERROR} ... on RateLimited {{ retryAfter }}"
WITH_TOTP = f"""mutation ($ticket: String!, $code: String!) {{
    result: signInWithTotp(ticket: $ticket, code: $code) {{ {_SIGNED_IN} }} }}"""
WITH_RECOVERY = f"""mutation ($ticket: String!, $code: String!) {{
    result: signInWithRecoveryCode(ticket: $ticket, code: $code) {{ {_SIGNED_IN} }} }}"""
BEGIN = f"mutation {{ result: beginTotp {{ __typename ... on TotpSecret {{ secret address }} {ERROR} }} }}"
CONFIRM = f"""mutation ($code: String!) {{ result: confirmTotp(code: $code) {{
    __typename ... on RecoveryCodes {{ codes }} {ERROR} }} }}"""
RENEW = f"mutation {{ result: makeRecoveryCodes {{ __typename ... on RecoveryCodes {{ codes }} {ERROR} }} }}"
REMOVE = f"mutation {{ result: removeTotp {{ __typename {ERROR} }} }}"
FACTORS = "{ viewerFactors { password totp recoveryCodesLeft } }"
STEP_UP = f"""mutation ($input: StepUpInput!) {{ result: stepUp(input: $input) {{ __typename
    ... on SteppedUp {{ methods authenticatedAt }} {ERROR} ... on RateLimited {{ retryAfter }} }} }}"""
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
SECRET = pyotp.random_base32()


@dataclass
class App:
    """An authenticator app that is set up, and the recovery codes that came with it."""

    user: User
    secret: str
    recovery: list[str]

    def code(self, ahead: int = 0) -> str:
        """Return what it shows, or will show so many steps from now."""
        return str(pyotp.TOTP(self.secret).at(int(time.time()) + ahead * totp.STEP_SECONDS))

    async def wrong(self) -> str:
        """Return a code that is wrong now and in a while."""
        right = {self.code(ahead) for ahead in range(-2, 5)}
        return next(code for code in map("{:06}".format, range(10)) if code not in right)

    async def forget(self) -> None:
        """Have every code be one that was not used yet, as it would be half a minute later."""
        factors = self.user.platform.database.handle["factors"]
        await factors.update_one({"_id": key(self.user)}, {"$set": {"totp.last_step": 0}})


async def set_up(user: User) -> App:
    """Set up an app for an account."""
    begun = await run(user.platform, BEGIN, user.token)
    app = App(user, begun["secret"], [])
    app.recovery = (await run(user.platform, CONFIRM, user.token, code=app.code()))["codes"]
    await app.forget()
    return app


@pytest.fixture
async def ana(platform: Platform) -> User:
    """Sign Ana up."""
    return await platform.user("Ana")


@pytest.fixture
async def app(ana: User) -> App:
    """Set up Ana's app."""
    return await set_up(ana)


async def ticket_of(user: User) -> str:
    """Do the first step of signing in."""
    return str((await first_step(user))["ticket"])


async def first_step(user: User) -> Json:
    """Sign in with the password."""
    return await run(user.platform, SIGN_IN, input={"email": user.email, "password": PASSWORD})


async def finish(user: User, ticket: str, code: str, query: str = WITH_TOTP) -> Json:
    """Do the second step."""
    return await run(user.platform, query, ticket=ticket, code=code)


async def test_signing_in_takes_two_steps(platform: Platform, ana: User, app: App) -> None:
    """Given an app, then the password gives a ticket and no token, and the code the rest."""
    first = await first_step(ana)
    assert (first["__typename"], first["code"]) == ("SecondFactorRequired", "SECOND_FACTOR_REQUIRED")
    assert first["methods"] == ["TOTP", "RECOVERY_CODE"]
    stored = await platform.database.handle["tickets"].find_one({"hash": hashed(first["ticket"])})
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
    await tickets.update_one({"hash": hashed(ticket)}, {"$set": {"expires_at": now()}})
    for bad in (ticket, "x", "", hashed(ticket)):
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
        f'a{n}: signInWithTotp(ticket: "{ticket}", code: "{right if n >= MOST_GUESSES else wrong}") {{ {_SIGNED_IN} }}'
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


async def test_a_stolen_session_without_step_up_cannot_change_factors(platform: Platform, ana: User) -> None:
    """Given a device that proved long ago who uses it, then no app is set up, confirmed or removed with it."""
    begun = await run(platform, BEGIN, ana.token)
    code = App(ana, begun["secret"], []).code()
    await grow_stale(ana)
    assert (await run(platform, BEGIN, ana.token))["__typename"] == "StepUpRequired"
    assert (await run(platform, CONFIRM, ana.token, code=code))["__typename"] == "StepUpRequired"
    assert (await run(platform, STEP_UP, ana.token, input={"password": PASSWORD}))["methods"] == ["PASSWORD"]
    assert (await run(platform, CONFIRM, ana.token, code=code))["__typename"] == "RecoveryCodes"
    await grow_stale(ana)
    for query in (REMOVE, RENEW):
        assert (await run(platform, query, ana.token))["__typename"] == "StepUpRequired"
    assert (await ana.ask(FACTORS))["viewerFactors"]["totp"]
    for query, variables in ((BEGIN, {}), (CONFIRM, {"code": code}), (REMOVE, {}), (RENEW, {})):
        assert (await run(platform, query, **variables))["__typename"] == "NotSignedIn"


async def test_stepping_up_takes_the_code_too(platform: Platform, ana: User, app: App) -> None:
    """Given an app, then the password alone does not step up, a used code neither, and the right one does."""
    await grow_stale(ana)
    refused = await run(platform, STEP_UP, ana.token, input={"password": PASSWORD})
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["input", "code"])
    for bad in ({"password": PASSWORD, "code": await app.wrong()}, {"password": "wrong horse", "code": app.code()}):
        assert (await run(platform, STEP_UP, ana.token, input=bad))["__typename"] == "NotSignedIn"
    assert (await run(platform, BEGIN_ADDING, ana.token))["__typename"] == "StepUpRequired"
    both = {"password": PASSWORD, "code": app.code()}
    stepped = await run(platform, STEP_UP, ana.token, input=both)
    assert stepped["methods"] == ["PASSWORD", "TOTP"]
    assert (await run(platform, STEP_UP, ana.token, input=both))["__typename"] == "NotSignedIn"
    assert (await run(platform, BEGIN_ADDING, ana.token))["__typename"] == "PasskeyOptions"
    done = await audited(ana)
    assert (done.count("STEPPED_UP"), done.count("SIGN_IN_FAILED")) == (1, 3)
    session = await platform.database.handle["sessions"].find_one({"user": key(ana), "methods": ["PASSWORD", "TOTP"]})
    assert session is not None
    assert now() - session["authenticated_at"] < timedelta(minutes=1)


async def test_guesses_of_codes_by_stepping_up_count_with_the_others(platform: Platform, ana: User, app: App) -> None:
    """Given a stolen device and the password, then codes cannot be guessed by stepping up more often than otherwise."""
    bad = {"password": PASSWORD, "code": await app.wrong()}
    for _ in range(LIMITS[0][1]):
        assert (await run(platform, STEP_UP, ana.token, input=bad))["__typename"] == "NotSignedIn"
    good = {"password": PASSWORD, "code": app.code()}
    assert (await run(platform, STEP_UP, ana.token, input=good))["__typename"] == "RateLimited"
    assert (await finish(ana, await ticket_of(ana), app.code()))["__typename"] == "RateLimited"


async def test_a_password_guessed_by_stepping_up_locks_out_that_device_alone(platform: Platform, ana: User) -> None:
    """Given a stolen device that tries passwords, all at once, then it is stopped, and the owner's other one is not."""
    fields = " ".join(
        f'a{n}: stepUp(input: {{password: "wrong horse {n}"}}) {{ __typename {ERROR} }}' for n in range(12)
    )
    answers = await platform.ask(f"mutation {{ {fields} }}", token=ana.token)
    told = [answer["__typename"] for answer in answers.values()]
    assert told == ["NotSignedIn"] * 10 + ["RateLimited"] * 2
    assert (await run(platform, STEP_UP, ana.token, input={"password": PASSWORD}))["__typename"] == "RateLimited"
    other = (await first_step(ana))["accessToken"]
    assert (await run(platform, STEP_UP, other, input={"password": PASSWORD}))["__typename"] == "SteppedUp"


async def test_a_device_that_is_signed_out_does_not_step_up(platform: Platform, ana: User) -> None:
    """Though its access token has minutes left."""
    query = "mutation ($token: String!) { signOut(refreshToken: $token) { ok } }"
    await platform.ask(query, {"token": ana.refresh_token})
    status, body = await platform.post(STEP_UP, {"input": {"password": PASSWORD}}, ana.token)
    assert status == 401 or body["data"]["result"]["__typename"] == "NotSignedIn"


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


@given(st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1)), st.integers(-4, 4))  # noqa: DTZ001 - made aware below
def test_a_code_is_good_for_its_step_and_one_to_either_side(moment: datetime, off: int) -> None:
    """Given any moment, then codes of the neighbouring steps are known by their step, and others are wrong."""
    moment = moment.replace(tzinfo=UTC)
    step = int(moment.timestamp()) // totp.STEP_SECONDS + off
    code = pyotp.TOTP(SECRET).generate_otp(step)
    found = totp.step_of(SECRET, code, moment)
    others = {pyotp.TOTP(SECRET).generate_otp(step - off + near) for near in range(-1, 2)}
    assert found == step if abs(off) <= 1 else (found is None or code in others)


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", "-12345", "1" * 10_000])
def test_what_is_no_code_is_wrong(code: str) -> None:
    """Given anything else, then it is wrong, and no error."""
    assert totp.step_of(SECRET, code, NOON) is None


def test_what_is_sealed_opens_for_its_owner_and_purpose_alone() -> None:
    """Given a sealed secret, then another owner, purpose or deployment does not open it, nor one that was changed."""
    keys, other = Keys("k" * 32), Keys("l" * 32)
    sealed = keys.seal("totp", b"secret", "ana")
    assert keys.unseal("totp", sealed, "ana") == b"secret"
    assert keys.seal("totp", b"secret", "ana") != sealed
    attempts = ((keys, "totp", sealed, "eva"), (keys, "recovery-code", sealed, "ana"), (other, "totp", sealed, "ana"))
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for key_, purpose, text, owner in (*attempts, (keys, "totp", changed, "ana")):
        with pytest.raises(InvalidTag):
            key_.unseal(purpose, text, owner)  # type: ignore[arg-type]  # a tuple's member is no literal


def test_recovery_codes_are_long_and_differ() -> None:
    """Given ten codes, then each has 80 bits, and is known in whatever case it is typed."""
    codes = recovery.new_codes()
    assert len({*codes, *recovery.new_codes()}) == 20
    assert all(len(recovery.normal(code)) == 16 for code in codes)
    assert recovery.normal(codes[0].upper().replace("-", " ")) == recovery.normal(codes[0])
