"""Access tokens and the attacks on them, each by its name."""

from __future__ import annotations

import base64
import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from beanie import PydanticObjectId
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from auth.signatures import Keys
from auth.signing_keys import ACCESS_TOKEN_SECONDS, Ring, new_key, public_text
from auth.tokens import (
    ALGORITHM,
    AUDIENCE,
    MOST_CHARACTERS,
    Claims,
    InvalidTokenError,
    Proof,
    UnknownKeyError,
    checked,
    key_of,
    signed,
)
from models.user import Method

SECRET = "a secret of at least thirty-two bytes, for tests"
ISSUER = "https://disenopro.example"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = [new_key(Keys(SECRET), number, LONG_AGO, LONG_AGO + timedelta(days=number)) for number in (1, 2)]
RING = Ring(Keys(SECRET), ROWS)
KEY, OTHER = [held for row in ROWS[::-1] if (held := RING.verifying(row.kid, LONG_AGO))]
CLAIMS = Claims(PydanticObjectId(), PydanticObjectId())
FOREIGN = Ed25519PrivateKey.generate()


def verified(token: str) -> Claims:
    """Verify a token as a keyring does that remembers nothing."""
    if key_of(token) != KEY.kid:
        raise UnknownKeyError("The access token is not valid.")
    return checked(token, KEY.public, ISSUER)[0]


def payload(**claims: Any) -> dict[str, Any]:
    """Return good claims that differ in what is given; None leaves a claim out."""
    now = int(time.time())
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(CLAIMS.user),
        "sid": str(CLAIMS.session),
        "jti": "x",
        "iat": now,
        "exp": now + ACCESS_TOKEN_SECONDS,
    }
    return {name: value for name, value in {**good, **claims}.items() if value is not None}


def spelled(part: bytes) -> str:
    """Spell a part of a token."""
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def by_hand(header: str | dict[str, Any] | None = None, body: str | None = None, key: Any = KEY.private) -> str:
    """Sign a token whose parts are written by hand: PyJWT would not make it."""
    good = {"typ": "at+jwt", "alg": ALGORITHM, "kid": KEY.kid}
    head = header if isinstance(header, str) else json.dumps({**good, **(header or {})})
    text = f"{spelled(head.encode())}.{spelled((body or json.dumps(payload())).encode())}"
    return f"{text}.{spelled(key.sign(text.encode()))}"


def forged(
    claims: dict[str, Any] | None = None, key: Any = KEY.private, algorithm: str = ALGORITHM, **head: Any
) -> str:
    """Make a token by PyJWT that differs from a good one in what is given."""
    headers = {"typ": "at+jwt", "kid": KEY.kid, **head}
    return jwt.encode(payload(**(claims or {})), key, algorithm, headers=headers)


def with_hmac(key: bytes, **head: Any) -> str:
    """Sign with HMAC what says that it is: PyJWT refuses to use a public key so."""
    header = {"typ": "at+jwt", "alg": "HS256", "kid": KEY.kid, **head}
    text = f"{spelled(json.dumps(header).encode())}.{spelled(json.dumps(payload()).encode())}"
    return f"{text}.{spelled(hmac.digest(key, text.encode(), 'sha256'))}"


def refused(token: str, words: str = "not valid") -> None:
    """Check that a token is refused in these words, and as an invalid token, not as one of a key that may come."""
    with pytest.raises(InvalidTokenError, match=words) as caught:
        verified(token)
    assert not isinstance(caught.value, UnknownKeyError)


def test_an_access_token_tells_whom_it_speaks_for() -> None:
    """Given a token of ours, then it tells user and session; each is different, though made at one moment."""
    now = datetime.now(UTC)
    tokens = {signed(KEY, ISSUER, CLAIMS, Proof(), now) for _ in range(5)}
    assert len(tokens) == 5
    assert all(verified(token) == CLAIMS for token in tokens)
    assert verified(forged()) == verified(by_hand()) == CLAIMS
    assert verified(forged(typ="application/AT+JWT")) == verified(forged(typ="At+Jwt")) == CLAIMS
    assert max(map(len, tokens)) < MOST_CHARACTERS / 2


def test_an_access_token_says_when_and_how_its_user_proved_who_they_are() -> None:
    """Given methods and a moment, then `amr` has RFC 8176's names, `auth_time` the seconds, and `exp` is bounded."""
    at = datetime(2026, 5, 1, 12, tzinfo=UTC)
    now = datetime.now(UTC)
    token = signed(KEY, ISSUER, CLAIMS, Proof((Method.PASSWORD, Method.TOTP), at), now)
    said = jwt.decode(token, KEY.public, algorithms=[ALGORITHM], audience=AUDIENCE)
    assert said["amr"] == ["otp", "pwd", "mfa"]
    assert said["auth_time"] == int(at.timestamp())
    assert said["exp"] - said["iat"] == ACCESS_TOKEN_SECONDS == 300
    one = jwt.decode(signed(KEY, ISSUER, CLAIMS, Proof((Method.PASSKEY,)), now), options={"verify_signature": False})
    assert (one["amr"], "auth_time" in one) == (["pop"], False)


@pytest.mark.parametrize("method", Method)
def test_every_method_has_a_name_in_tokens(method: Method) -> None:
    """Given any way to prove who one is, then RFC 8176 has a name for it, and one alone is not several."""
    (name,) = Proof((method,)).claims()["amr"]
    assert name in {"pwd", "otp", "pop"}


def test_an_expired_token_is_refused() -> None:
    """Given a token of five minutes ago, when it is used, then the client is told to refresh it."""
    made = datetime.now(UTC) - timedelta(seconds=ACCESS_TOKEN_SECONDS + 1)
    refused(signed(KEY, ISSUER, CLAIMS, Proof(), made), "has expired; refresh it")


def test_a_token_that_is_not_valid_yet_is_refused() -> None:
    """Given `iat` or `nbf` in the future, then it is refused; clocks may differ by seconds."""
    now = int(time.time())
    refused(forged({"iat": now + 60}), "not valid yet")
    refused(forged({"nbf": now + 60}))
    assert verified(forged({"iat": now + 3})) == CLAIMS


@pytest.mark.parametrize("spelling", ["none", "None", "NONE", "nOnE", ""])
def test_alg_none_is_refused(spelling: str) -> None:
    """Given a token that says that it needs no signature, however it spells that, with one or without, then no."""
    header = {"typ": "at+jwt", "alg": spelling, "kid": KEY.kid}
    text = f"{spelled(json.dumps(header).encode())}.{spelled(json.dumps(payload()).encode())}"
    for signature in ("", spelled(b"\0" * 64), forged().rpartition(".")[2]):
        refused(f"{text}.{signature}")


def test_key_confusion_with_the_public_key_as_hmac_secret_is_refused() -> None:
    """Given HS256 with the bytes, the PEM, the DER or the JWK of our public key as its secret, then it is refused."""
    public = KEY.public
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for secret in (public.public_bytes_raw(), pem, pem.strip(), der, public_text(public).encode()):
        refused(with_hmac(secret))
        refused(with_hmac(secret, alg=ALGORITHM))


@pytest.mark.parametrize("key", [b"", b"k", b"\0", b"secret", SECRET.encode()])
def test_a_short_hmac_key_is_refused(key: bytes) -> None:
    """Given HMAC with a key of no byte, of one, or with any that we have: nothing of ours is verified by HMAC."""
    refused(with_hmac(key))


@pytest.mark.parametrize("algorithm", ["HS256", "HS512", "RS256", "ES256", "EdDSA ", "eddsa", "Ed25519", "Ed448"])
def test_any_other_algorithm_is_refused(algorithm: str) -> None:
    """Given a signature that would be good, under another algorithm's name, then it is refused: one is allowed."""
    refused(by_hand({"alg": algorithm}))


@pytest.mark.parametrize("claim", ["exp", "iat", "iss", "aud", "sub", "jti", "sid"])
def test_a_missing_claim_is_refused(claim: str) -> None:
    """Given a token signed by us that lacks a required claim, first of all `exp`, then it is refused."""
    refused(forged({claim: None}))


@pytest.mark.parametrize("kind", ["JWT", "jwt", None, "", "at+jwt ", "id+jwt", "logout+jwt", 5, ["at+jwt"]])
def test_a_token_of_another_type_is_refused(kind: Any) -> None:
    """Given an ID token or the like (RFC 8725 §3.11), signed with our own key, then it is no access token."""
    header = {"alg": ALGORITHM, "kid": KEY.kid, "typ": kind}
    refused(by_hand(json.dumps({name: value for name, value in header.items() if value is not None})), "not an access")


@pytest.mark.parametrize("audience", ["others", "", "disenopro2", [], [AUDIENCE], ["others", AUDIENCE], 5])
def test_a_token_for_another_audience_is_refused(audience: Any) -> None:
    """Given an `aud` that is not exactly ours, then it is refused, a list with ours among others too."""
    refused(by_hand(body=json.dumps(payload(aud=audience))))


@pytest.mark.parametrize("issuer", ["https://evil.example", f"{ISSUER}/", ISSUER.upper(), "", 5, [ISSUER]])
def test_a_token_of_another_issuer_is_refused(issuer: Any) -> None:
    """Given an `iss` that is not exactly ours, then it is refused."""
    refused(by_hand(body=json.dumps(payload(iss=issuer))))


def test_the_kid_of_another_key_is_refused() -> None:
    """Given a signature of one of our keys under the id of another, then it is refused, and so is a foreign key's."""
    refused(forged(key=OTHER.private))
    refused(forged(key=FOREIGN))
    with pytest.raises(UnknownKeyError):
        verified(forged(key=OTHER.private, kid=OTHER.kid))


@pytest.mark.parametrize(
    "kid",
    [
        "",
        "../../../dev/null",
        "/etc/passwd",
        "' OR '1'='1",
        "$ne",
        {"$ne": None},
        ["x"],
        None,
        5,
        "x" * 500,
        "ABCDEF0123456789",
        f"{KEY.kid}\0",
        f"{KEY.kid}\n",
        "https://evil.example/key",
    ],
)
def test_a_kid_that_is_a_path_or_a_query_is_refused(kid: Any) -> None:
    """Given path traversal, an injection or another type as `kid`, then it is refused before it is looked up."""
    refused(by_hand({"kid": kid}))


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c", "x5t"])
def test_an_embedded_key_is_ignored(name: str) -> None:
    """Given a foreign key, or where to fetch one, in the header, then the signature is held against ours all the same.

    `verified` could not fetch anything: it is no coroutine, and knows no address.
    """
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": public_text(FOREIGN.public_key()), "kid": KEY.kid}
    value: Any = {"jwk": jwk, "x5c": ["MIIB"], "x5t": "x"}.get(name, "https://evil.example/jwks.json")
    refused(by_hand({name: value}, key=FOREIGN))
    assert verified(by_hand({name: value})) == CLAIMS


@pytest.mark.parametrize("crit", [["exp"], ["b64"], [], None, "x"])
def test_a_token_with_critical_extensions_is_refused(crit: Any) -> None:
    """Given `crit` (RFC 7515 §4.1.11), of which we understand none, then it is refused; `b64` too."""
    refused(by_hand({"crit": crit, "b64": False}))
    refused(by_hand({"b64": False}))


def test_a_huge_token_is_refused_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given a token that is longer than any of ours, then nothing of it is decoded."""
    huge = [by_hand(body=json.dumps(payload(junk="x" * 3000))), "x" * 10_000_000, "." * (MOST_CHARACTERS + 1)]
    monkeypatch.setattr("auth.tokens._object", None)  # whoever decodes it fails otherwise
    for token in huge:
        refused(token)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "..",
        "a.b.c",
        "a.b.c.d",
        "ñ.ñ.ñ",
        "\udce9.x.y",
        f" {forged()}",
        f"{forged()}\n",
        f"{forged()}=",
        forged().replace(".", "..", 1),
        forged().replace(".", "!.", 1),
        ".".join((spelled(b"[]"), *forged().split(".")[1:])),
        ".".join((spelled(b"{" * 900), *forged().split(".")[1:])),
        ".".join((spelled(b"[" * 1400), *forged().split(".")[1:])),
        ".".join((spelled(b"\xff\xfe"), *forged().split(".")[1:])),
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    """Given invalid base64, other parts than three, no JSON, or JSON too deep, then it is refused and nothing fails."""
    refused(token)


def test_a_token_has_one_spelling() -> None:
    """Given a good token, when unused bits of its signature are set, then it is refused, and not remembered again."""
    token = forged()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    good = alphabet.index(token[-1])
    for bits in range(1, 16):
        refused(token[:-1] + alphabet[good + bits])


@pytest.mark.parametrize("name", ["sub", "exp", "sid", "aud"])
def test_duplicated_claims_are_refused(name: str) -> None:
    """Given a claim that stands twice in a signed token, or a parameter in its header, then it is refused."""
    text = json.dumps(payload())
    refused(by_hand(body=f'{{"{name}": "x", {text[1:]}'))
    refused(by_hand(body=f'{text[:-1]}, "{name}": {json.dumps(payload()[name])}}}'))
    head = json.dumps({"typ": "at+jwt", "alg": ALGORITHM, "kid": KEY.kid})
    refused(by_hand(f'{{"alg": "none", {head[1:]}'))
    refused(by_hand(f'{head[:-1]}, "kid": "{KEY.kid}"}}'))


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "nobody"},
        {"sub": 5},
        {"sid": "nothing"},
        {"sid": 5},
        {"sid": {"$ne": None}},
        {"jti": 5},
        {"iat": "now"},
        {"iat": True},
        {"exp": "never"},
        {"exp": {}},
    ],
)
def test_a_claim_of_another_type_is_refused(claims: dict[str, Any]) -> None:
    """Given a claim that is not what it must be, then the token is refused, and nothing fails."""
    refused(by_hand(body=json.dumps(payload(**claims))))


def test_a_token_whose_body_was_changed_is_refused() -> None:
    """Given a good token, when any character of it is another one, then it is refused."""
    token = forged()
    for place in range(0, len(token), 7):
        other = "A" if token[place] != "A" else "B"
        with pytest.raises(InvalidTokenError):
            verified(token[:place] + other + token[place + 1 :])
