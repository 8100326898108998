"""The factors of an account: authenticator app, recovery codes, and what of them the viewer has."""

from __future__ import annotations

from typing import Annotated

import strawberry

from schema.errors import Conflict, InvalidInput, NotSignedIn, RateLimited, StepUpRequired
from schema.user import SignedIn


@strawberry.type(description="By what the viewer can sign in; their passkeys are in `viewer { passkeys }`.")
class ViewerFactors:
    """What the viewer has."""

    password: bool = strawberry.field(description="There is a password.")
    totp: bool = strawberry.field(description="A password asks for a code of an authenticator app besides.")
    recovery_codes_left: int = strawberry.field(description="How many recovery codes were not used yet.")


@strawberry.type(description="The secret of an authenticator app; it counts once `confirmTotp` got a code of it.")
class TotpSecret:
    """What an app is set up with."""

    secret: str = strawberry.field(description="In base32, to be typed where no QR code can be read.")
    address: str = strawberry.field(description="The `otpauth://` address, to be shown as a QR code.")


@strawberry.type(description="Recovery codes: shown this once, and each good once. Earlier ones are no longer good.")
class RecoveryCodes:
    """Fresh codes."""

    codes: list[str] = strawberry.field(description="To be printed, or kept by a password manager.")


@strawberry.type(description="By what the viewer can sign in was changed.")
class FactorRemoved:
    """Something is gone."""

    ok: bool = True


SecondStepResult = Annotated[SignedIn | NotSignedIn | RateLimited, strawberry.union("SecondStepResult")]
BeginTotpResult = Annotated[TotpSecret | NotSignedIn | StepUpRequired | Conflict, strawberry.union("BeginTotpResult")]
ConfirmTotpResult = Annotated[
    RecoveryCodes | NotSignedIn | StepUpRequired | InvalidInput | Conflict,
    strawberry.union("ConfirmTotpResult"),
]
MakeRecoveryCodesResult = Annotated[
    RecoveryCodes | NotSignedIn | StepUpRequired | Conflict, strawberry.union("MakeRecoveryCodesResult")
]
RemoveFactorResult = Annotated[
    FactorRemoved | NotSignedIn | StepUpRequired | Conflict, strawberry.union("RemoveFactorResult")
]
