"""Names of contents: the SHA-256 of a policy, a file, a document."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tuner.policy.policy import Policy


def digest(data: bytes) -> str:
    """Return the SHA-256 of the bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def canonical(document: Any) -> bytes:
    """Return the one JSON text of a document: sorted names, no blanks, ASCII."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def policy_digest(policy: Policy) -> str:
    """Return the SHA-256 of what the policy says; where its lines stand does not count."""
    document = {
        "roles": policy.roles,
        "expect": [
            it.model_dump(mode="json", exclude={"origin"}) for it in policy.expectations.values()
        ],
        "leave_alone": [
            it.model_dump(mode="json", exclude={"origin"}) for it in policy.leave_alone.values()
        ],
    }
    return digest(canonical(document))
