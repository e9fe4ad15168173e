"""What signing in asks of Keystone, and the accounts that need no asking in the demo."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from opencbr.model.caller import KeyOwner


class UserToken(Protocol):
    """A token, and whose it is; `project_id` is "" where it is scoped to no project."""

    @property
    def value(self) -> str: ...  # noqa: D102
    @property
    def user_name(self) -> str: ...  # noqa: D102
    @property
    def project_id(self) -> str: ...  # noqa: D102
    @property
    def project_name(self) -> str: ...  # noqa: D102
    @property
    def expires_at(self) -> datetime: ...  # noqa: D102


class UserProject(Protocol):
    """A project in which somebody has a role."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102


class Keystone(Protocol):
    """`opencbr.cloud.user_sign_in.UserSignIn` is it; every method raises SignInRefused and CloudError."""

    def password(self, user: str, domain: str, password: str) -> UserToken: ...  # noqa: D102
    def passcode(self, user: str, domain: str, receipt: str, passcode: str) -> UserToken: ...  # noqa: D102
    def application_credential(self, credential_id: str, secret: str) -> UserToken: ...  # noqa: D102
    def scoped(self, token: str, project_id: str) -> UserToken: ...  # noqa: D102
    def describe(self, token: str) -> UserToken: ...  # noqa: D102
    def projects(self, token: str) -> Sequence[UserProject]: ...  # noqa: D102
    def revoke(self, token: str) -> None: ...  # noqa: D102
    def access_key(self, access: str, secret: str) -> KeyOwner: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the demo, signed in by one click; `environment` is the file that sets what programs read for this user."""

    user: str
    password: str = field(repr=False)
    project_id: str
    environment: str = ""


Accounts = tuple[Account, ...]
