"""What can be wrong with a request for a picture; each error has its HTTP status and a code for programs.

ImageError
├── SignatureError     403  not signed with one of our keys
├── NotFoundError      404
│   ├── OptionError         an option is unknown or malformed; the message names it
│   ├── SourceError         the source cannot be read as one of ours
│   ├── ExpiredError        the URL's time is over
│   └── MissingError        there is no such original
├── TooLargeError      413  the original, or what is asked for, has too many bytes or pixels
├── UnusableError      422  the original is broken or not a picture
├── BusyError          429  the queue is full; come again
├── StoreTroubleError  502  the asset store failed, or the API that keeps previews
├── SourceTroubleError 502  the server that a source names failed
└── DeadlineError      504  the picture, or its original, took too long
"""

from __future__ import annotations

from typing import ClassVar


class ImageError(Exception):
    """Any answer that is not a picture. The message is shown to clients: it names the problem and echoes no content."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"


class SignatureError(ImageError):
    """The path is not signed with one of our keys."""

    status, code = 403, "bad_signature"


class NotFoundError(ImageError):
    """There is nothing under this URL."""

    status, code = 404, "not_found"


class OptionError(NotFoundError):
    """An option is unknown or malformed."""

    code = "bad_option"

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"The option {name[:32]!r} {problem}.")


class SourceError(NotFoundError):
    """The source is malformed, or not one this worker may read."""

    code = "bad_source"


class ExpiredError(NotFoundError):
    """The URL's time is over."""

    code = "expired"


class MissingError(NotFoundError):
    """There is no such original."""

    code = "missing"


class MethodError(ImageError):
    """The request's method is neither GET nor HEAD."""

    status, code = 405, "method_not_allowed"


class TooLargeError(ImageError):
    """Too many bytes or pixels, of the original or of what is asked for."""

    status, code = 413, "too_large"


class UnusableError(ImageError):
    """The original is broken, or not a picture."""

    status, code = 422, "unusable"


class BusyError(ImageError):
    """As many pictures are waiting as may wait."""

    status, code = 429, "busy"


class StoreTroubleError(ImageError):
    """The asset store failed, or the API that keeps previews."""

    status, code = 502, "store_trouble"


class SourceTroubleError(ImageError):
    """The server that a source names failed."""

    status, code = 502, "source_trouble"


class DeadlineError(ImageError):
    """The picture, or its original, took longer than it may."""

    status, code = 504, "deadline"
