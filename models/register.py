"""The register of documents: one line each. What watches, indexes or walks them starts here."""

from __future__ import annotations

from models.account import MailedToken, SignUp
from models.api_key import ApiKey, ApiKeyUsage, UsageFlush
from models.asset import Asset, Upload
from models.audit import AuditChain, AuditEvent
from models.challenge import Challenge, Ticket
from models.collection import Collection
from models.comment import Comment, Mention
from models.design import Design, Like
from models.element import DesignEdit, Element
from models.entity import Entity
from models.erasure import Erasure
from models.factor import Factors, Guesses
from models.invitation import Invitation
from models.letter import Letter
from models.operation import RegisteredOperation
from models.organization import Membership, Organization
from models.passkey import Passkey
from models.project import Project
from models.replication import Change
from models.user import Credential, Session, User
from models.version import DesignVersion, VersionChunk

DOCUMENTS: tuple[type[Entity], ...] = (
    User,
    Credential,
    Session,
    Passkey,
    Factors,
    Guesses,
    Ticket,
    Challenge,
    Organization,
    Membership,
    Invitation,
    Project,
    Design,
    Like,
    Element,
    DesignEdit,
    DesignVersion,
    VersionChunk,
    Comment,
    Mention,
    Asset,
    Upload,
    RegisteredOperation,
    ApiKey,
    ApiKeyUsage,
    UsageFlush,
    Change,
    AuditEvent,
    AuditChain,
    Erasure,
    SignUp,
    MailedToken,
    Letter,
)

KINDS: dict[str, type[Entity]] = {document.__name__: document for document in DOCUMENTS}
"""Document classes by the name of the GraphQL type that shows them."""

COLLECTIONS: dict[str, tuple[type[Entity], Collection]] = {
    collection.name: (document, collection) for document in DOCUMENTS for collection in document.collections
}
