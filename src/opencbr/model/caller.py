"""Who asks: what Keystone says about a token or an access key."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A signed-in user on one project; names are "" where Keystone tells none. `expires_at` is a token's end, a key has none.

    `is_bound` is whether the credential is for this project alone, whatever else its user may do.
    """

    user_id: str
    user_name: str
    project_id: str
    project_name: str = ""
    project_domain_id: str
    project_domain_name: str = ""
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
    project_name: str = ""
    project_domain_id: str
    project_domain_name: str = ""
    roles: frozenset[str]

    def caller(self) -> Caller:
        """Return the caller that a request signed with this key is."""
        return Caller(
            user_id=self.user_id,
            user_name=self.user_name,
            project_id=self.project_id,
            project_name=self.project_name,
            project_domain_id=self.project_domain_id,
            project_domain_name=self.project_domain_name,
            roles=self.roles,
        )
