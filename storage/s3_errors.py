"""What goes wrong at S3, in the asset store's words.

The messages name S3's error code and the setting to look at. What S3 says beside its code is left out, and so are
addresses: both may tell whoever reads the message more than they should know.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from botocore.exceptions import (  # type: ignore[import-untyped]  # published without types
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's, which is none of Python's
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]  # likewise

from storage.assets import AssetError, AssetMissingError, AssetStoreError

_MISSING = {"NoSuchKey", "404"}  # an answer to HEAD has no body, and its status stands for the code
_NOT_ALLOWED = "the credentials may not do this; docs/images.md lists the permissions that are needed"
_NOT_ACCEPTED = "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"
_ELSEWHERE = "the bucket lies in another region; check ASSETS_REGION and ASSETS_ENDPOINT"
_ADVICE: Mapping[str, str] = {
    "NoSuchBucket": "there is no such bucket; check ASSETS_BUCKET",
    "AccessDenied": _NOT_ALLOWED,
    "403": _NOT_ALLOWED,
    "InvalidAccessKeyId": _NOT_ACCEPTED,
    "SignatureDoesNotMatch": _NOT_ACCEPTED,
    "InvalidToken": _NOT_ACCEPTED,
    "ExpiredToken": _NOT_ACCEPTED,
    "AuthorizationHeaderMalformed": _ELSEWHERE,
    "PermanentRedirect": _ELSEWHERE,
    "301": _ELSEWHERE,
    "RequestTimeTooSkewed": "this machine's clock is wrong",
}
_BROKEN = (ConnectionError, HTTPClientError, IncompleteReadError, aiohttp.ClientError)
_NOBODY = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)


@asynccontextmanager
async def answering(seconds: float) -> AsyncIterator[None]:
    """Limit the time that S3 has, and turn its errors into the asset store's.

    Raises:
        AssetMissingError: S3 has no such object.
        AssetStoreError: anything else, a timeout too.

    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except ClientError as error:
        raise refusal(str(error.response.get("Error", {}).get("Code", "unknown"))) from error
    except (BotoCoreError, ResponseParserError, aiohttp.ClientError) as error:
        raise AssetStoreError(explain(error)) from error
    except TimeoutError as error:
        raise AssetStoreError(f"S3 did not answer within {seconds:g} s.") from error


def refusal(code: str) -> AssetError:
    """Return the error that S3's error code means."""
    if code in _MISSING:
        return AssetMissingError("There is no such asset.")
    if advice := _ADVICE.get(code):
        return AssetStoreError(f"S3 answered {code}: {advice}.")
    return AssetStoreError(f"S3 answered {code}.")


def explain(error: Exception) -> str:
    """Say what an error without an answer of S3 means to whoever operates the store."""
    name = type(error).__name__
    if isinstance(error, _BROKEN):
        return f"S3 cannot be reached or broke off ({name}); check ASSETS_ENDPOINT and the network."
    if isinstance(error, _NOBODY):
        return f"There are no credentials for S3 ({name}); set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
    return f"S3 cannot be used ({name}); check ASSETS_BUCKET, ASSETS_ENDPOINT and ASSETS_REGION."
