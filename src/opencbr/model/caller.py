"""Who asks: what Keystone says about a token or an access key."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A signed-in user on one project. `expires_at` is the token's end; an access key has none.

    `is_bound` is whether the credential is for this project alone, whatever else its user may do.
    """

    user_id: str
    user_name: str
    project_id: str
    project_domain_id: str
    roles: frozenset[str]
    expires_at: datetime | None = None
    is_bound: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOwner:
    """The owner of an EC2 access key, with the roles that hold at this moment. The secret never prints."""

    access: str
    secret: str = field(repr=False)
    user_id: str
    user_name: str
    project_id: str
    project_domain_id: str
    roles: frozenset[str]

    def caller(self) -> Caller:
        """Return the caller that a request signed with this key is."""
        return Caller(
            user_id=self.user_id,
            user_name=self.user_name,
            project_id=self.project_id,
            project_domain_id=self.project_domain_id,
            roles=self.roles,
        )
