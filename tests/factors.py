"""Authenticator apps in software, and what people do with them over HTTP."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pyotp

from auth import totp
from tests.passkeys import key, run
from tests.platform import Json, User

PASSWORD = "correct horse battery"
ERROR = "... on UserError { message code path }"
SIGN_IN = f"""mutation ($input: SignInInput!) {{ result: signIn(input: $input) {{ __typename
    ... on SignedIn {{ accessToken viewer {{ id }} }}
    ... on SecondFactorRequired {{ ticket methods }} {ERROR} }} }}"""
SIGNED_IN = f"__typename ... on SignedIn {{ accessToken viewer {{ id }} }} {ERROR} ... on RateLimited {{ retryAfter }}"
WITH_TOTP = f"""mutation ($ticket: String!, $code: String!) {{
    result: signInWithTotp(ticket: $ticket, code: $code) {{ {SIGNED_IN} }} }}"""
WITH_RECOVERY = f"""mutation ($ticket: String!, $code: String!) {{
    result: signInWithRecoveryCode(ticket: $ticket, code: $code) {{ {SIGNED_IN} }} }}"""
BEGIN = f"mutation {{ result: beginTotp {{ __typename ... on TotpSecret {{ secret address }} {ERROR} }} }}"
CONFIRM = f"""mutation ($code: String!) {{ result: confirmTotp(code: $code) {{
    __typename ... on RecoveryCodes {{ codes }} {ERROR} }} }}"""
RENEW = f"mutation {{ result: makeRecoveryCodes {{ __typename ... on RecoveryCodes {{ codes }} {ERROR} }} }}"
REMOVE = f"mutation {{ result: removeTotp {{ __typename {ERROR} }} }}"
FACTORS = "{ viewerFactors { password totp recoveryCodesLeft } }"
STEP_UP = f"""mutation ($input: StepUpInput!) {{ result: stepUp(input: $input) {{ __typename
    ... on SteppedUp {{ methods authenticatedAt }} {ERROR} ... on RateLimited {{ retryAfter }} }} }}"""


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


async def ticket_of(user: User) -> str:
    """Do the first step of signing in."""
    return str((await first_step(user))["ticket"])


async def first_step(user: User) -> Json:
    """Sign in with the password."""
    return await run(user.platform, SIGN_IN, input={"email": user.email, "password": PASSWORD})


async def finish(user: User, ticket: str, code: str, query: str = WITH_TOTP) -> Json:
    """Do the second step."""
    return await run(user.platform, query, ticket=ticket, code=code)
