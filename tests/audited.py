"""Every mutation: what it writes to the audit log, or why it writes nothing there.

A new mutation gets one line, in `AUDITED` or in `UNAUDITED`; `tests.test_auditing` fails until it has one. The line of
one that is audited runs it in a `World` and names the entries that this makes: no more and no fewer, each with the type
of what it was done to.
"""

from __future__ import annotations

from tests import audited_accounts, audited_factors, audited_people, audited_sessions
from tests.audit_cases import Case, writes

AUDITED: dict[str, Case] = {
    **audited_accounts.AUDITED,
    **audited_factors.AUDITED,
    **audited_people.AUDITED,
    **audited_sessions.AUDITED,
    "createOrganization": writes("ORGANIZATION_CREATED", "Organization", lambda w: w.ana.organization("Nueva")),
    "updateOrganization": writes(
        "ORGANIZATION_CHANGED",
        "Organization",
        lambda w: w.ana.do("updateOrganization", "Organization", {"id": w.organization, "name": "N"}),
    ),
    "changeRole": writes(
        "MEMBER_ROLE_CHANGED",
        "Membership",
        lambda w: w.ana.do("changeRole", "Membership", {"membershipId": w.membership, "role": "EDITOR"}),
    ),
    "removeMember": writes(
        "MEMBER_REMOVED",
        "Membership",
        lambda w: w.ana.ask(
            "mutation ($i: ID!) { removeMember(membershipId: $i) { __typename } }", {"i": w.membership}
        ),
    ),
    "showProject": writes(
        "PROJECT_PUBLISHED",
        "Project",
        lambda w: w.ana.do("showProject", "Project", {"id": w.project, "visibility": "PUBLIC", "status": "ACTIVE"}),
    ),
    "deleteProject": writes(
        "PROJECT_DELETED", "Project", lambda w: w.ana.by_id("deleteProject", "Deleted", w.public_project)
    ),
    "publishDesign": writes("DESIGN_PUBLISHED", "Design", lambda w: w.ana.by_id("publishDesign", "Design", w.design)),
    "unpublishDesign": writes(
        "DESIGN_UNPUBLISHED", "Design", lambda w: w.ana.by_id("unpublishDesign", "Design", w.published)
    ),
    "deleteDesign": writes("DESIGN_DELETED", "Design", lambda w: w.ana.by_id("deleteDesign", "Deleted", w.published)),
    "deleteVersion": writes(
        "DESIGN_VERSION_DELETED", "DesignVersion", lambda w: w.ana.by_id("deleteVersion", "Deleted", w.version)
    ),
    "deleteComment": writes("COMMENT_DELETED", "Comment", lambda w: w.ana.by_id("deleteComment", "Deleted", w.comment)),
    "deleteAsset": writes("ASSET_DELETED", "Asset", lambda w: w.ana.by_id("deleteAsset", "Deleted", w.asset)),
    "registerOperation": writes(
        "OPERATION_REGISTERED",
        "RegisteredOperation",
        lambda w: w.ana.do(
            "registerOperation", "RegisteredOperation", {"organizationId": w.organization, "document": w.document}
        ),
    ),
    "removeOperation": writes(
        "OPERATION_REMOVED", "RegisteredOperation", lambda w: w.ana.by_id("removeOperation", "Deleted", w.operation)
    ),
    "createApiKey": writes("API_KEY_CREATED", "ApiKey", lambda w: w.ana.api_key(w.organization)),
    "updateApiKey": writes(
        "API_KEY_CHANGED",
        "ApiKey",
        lambda w: w.ana.do("updateApiKey", "ApiKey", {"id": w.given[0], "name": "Other"}),
        given=lambda w: w.ana.api_key(w.organization),
    ),
    "revokeApiKey": writes(
        "API_KEY_REVOKED",
        "ApiKey",
        lambda w: w.ana.by_id("revokeApiKey", "ApiKey", w.given[0]),
        given=lambda w: w.ana.api_key(w.organization),
    ),
    "pushProjects": writes(
        "PROJECT_DELETED",
        "Project",
        lambda w: w.push("Project", {"id": w.project, "_deleted": True}, {"id": w.project}),
    ),
    "pushDesigns": writes(
        "DESIGN_PUBLISHED",
        "Design",
        lambda w: w.push("Design", {"id": w.design, "publishedAt": "2026-11-27T00:00:00Z"}, {"id": w.design}),
    ),
    "pushComments": writes(
        "COMMENT_DELETED",
        "Comment",
        lambda w: w.push("Comment", {"id": w.comment, "_deleted": True}, {"id": w.comment}),
    ),
}

_SAYS = "changes what a thing says, for those who see it already"
_LOGGED = "the log of edits keeps every batch, with its author"

UNAUDITED: dict[str, str] = {
    **audited_accounts.UNAUDITED,
    **audited_factors.UNAUDITED,
    "updateViewer": _SAYS,
    "createProject": "a draft that only its organization sees",
    "updateProject": _SAYS,
    "createDesign": "only its organization sees it until it is published",
    "updateDesign": _SAYS,
    "likeDesign": "an opinion",
    "unlikeDesign": "an opinion",
    "applyDesignEdits": _LOGGED,
    "undoDesignEdits": _LOGGED,
    "saveVersion": "adds to what is kept",
    "restoreVersion": f"{_LOGGED}; nothing is deleted",
    "showPresence": "where somebody's cursor is",
    "addComment": "adds to what its organization sees",
    "editComment": _SAYS,
    "resolveComment": _SAYS,
    "reopenComment": _SAYS,
    "createAssetUpload": "a place to send bytes to",
    "completeAssetUpload": "adds to what its organization sees",
    "updateAsset": _SAYS,
}
"""Mutations that change no identity, access or publication, and delete nothing; each with what it does instead."""
