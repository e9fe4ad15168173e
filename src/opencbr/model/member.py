"""Members: the projects that a backup is shared with (contract 3.6, 4.5)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

MemberStatus = Literal["pending", "accepted", "rejected"]
ACCEPTED: MemberStatus = "accepted"
"""The one status in which the recipient sees the backup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One project that a backup was offered to; `vault_id` is the recipient's, once accepted."""

    id: str
    backup_id: str
    dest_project_id: str
    status: MemberStatus = "pending"
    vault_id: str | None = None
    image_id: str | None = None
    created_at: datetime
    updated_at: datetime
