"""What every document has to do with people is declared, so that erasing and exporting an account leave nothing out."""

from __future__ import annotations

from typing import get_args

import pytest
from beanie import PydanticObjectId

from models.entity import Entity
from models.register import DOCUMENTS

OTHERS = {
    "about",
    "asset",
    "avatar",
    "comment",
    "cover",
    "design",
    "document",
    "key",
    "locates",
    "organization",
    "parent",
    "project",
    "session",
    "sign_up",
    "api_key",
    "version",
}
"""Attributes that refer to something else than users. A new name is a question: does it refer to a user?"""

SECRETS = frozenset(
    {"hash", "token", "secret", "salt", "mac", "previous", "signature", "codes", "totp", "handle", "password"}
)
"""Words that are in the names of attributes which nobody is to read."""


def _refers(annotation: object) -> bool:
    """Whether a type holds an id, however deep."""
    return annotation is PydanticObjectId or any(map(_refers, get_args(annotation)))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.__name__)
def test_every_document_declares_what_it_has_to_do_with_people(document: type[Entity]) -> None:
    """A new document fails this until it says `personal = {…}`: what refers to users, and what erasing does with it."""
    assert "personal" in vars(document), "say `personal = {…}`; see `models.entity.Entity`"
    assert document.personal.keys() <= document.model_fields.keys()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.__name__)
def test_every_reference_to_a_user_says_what_erasing_does_with_it(document: type[Entity]) -> None:
    """A new attribute with an id fails this until it is declared, or known not to refer to users."""
    found = {name for name, field in document.model_fields.items() if name != "id" and _refers(field.annotation)}
    assert found - OTHERS == document.personal.keys() - {"id"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.__name__)
def test_no_secret_is_exported(document: type[Entity]) -> None:
    """What sounds like a secret in a document that refers to users is declared as one."""
    told = {name: field for name, field in document.model_fields.items() if not _refers(field.annotation)}
    names = {name for name in told if SECRETS & {*name.split("_")}}
    exported = document.personal and document.exported != ()
    assert not exported or names <= {*document.secret, *document.unshown}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.__name__)
def test_every_address_goes_with_its_account(document: type[Entity]) -> None:
    """An attribute that holds an e-mail address is what the document is erased by, but in the account itself."""
    addresses = {name for name in document.model_fields if name in {"email", "to", "recipient_email"}}
    assert document.__name__ == "User" or addresses == {document.addressed} - {""}
