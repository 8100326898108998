"""Global ids."""

from __future__ import annotations

import base64

import pytest
from beanie import PydanticObjectId
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InvalidInputError
from schema.ids import decode, encode, key


@given(st.sampled_from(["Design", "Element"]), st.text(max_size=30))
def test_an_id_tells_its_type_and_the_documents_id(kind: str, id_: str) -> None:
    """Given any document, then its global id tells its type and its own id again."""
    assert decode(encode(kind, id_)) == (kind, id_)


def test_an_objects_id_is_read_for_its_type() -> None:
    """Given a design's id, then it is read as a design's; for another type the message names both."""
    id_ = PydanticObjectId()
    assert key(encode("Design", id_), "Design") == id_
    with pytest.raises(
        InvalidInputError, match="projectId: expected the id of a Project, got one of a 'Design'"
    ) as caught:
        key(encode("Design", id_), "Project", path=("input", "projectId"))
    assert caught.value.path == ("input", "projectId")


@pytest.mark.parametrize("text", ["", "x", "ñandú", "AAAA", "=", base64.b64encode(b"\xff\xfe").decode(), "A" * 10_000])
def test_what_is_no_id_is_refused(text: str) -> None:
    """Given text that is no global id, when it is read, then it is refused, and the message stays short."""
    with pytest.raises(InvalidInputError, match="is not an id of this API") as caught:
        decode(text)
    assert len(caught.value.message) < 120


@pytest.mark.parametrize("id_", ["", "5", "x" * 24, "ñ" * 12, "0" * 23, "0" * 25])
def test_a_malformed_document_id_is_refused(id_: str) -> None:
    """Given a global id of the right type whose rest is no id, when it is read, then it is refused."""
    with pytest.raises(InvalidInputError, match="id: this id is malformed"):
        key(encode("Design", id_), "Design")
