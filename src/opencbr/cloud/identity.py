"""Who is asking: tokens and access keys, checked with Keystone on the service credential."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from opencbr.cloud.answer import Answer
from opencbr.cloud.errors import InvalidToken, NotFound, UnknownKey
from opencbr.cloud.strict_json import Unusable, read_object
from opencbr.cloud.transport import Transport
from opencbr.model.caller import Caller, KeyOwner
from opencbr.model.times import parse_time

_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}\Z")
_ACCESS = re.compile(r"[\x21-\x7e]{1,255}\Z")
_BOUND = ("trust_id", "app_cred_id", "access_token_id", "access_id")
"""Blob members that bind a key to less than its user's roles (Keystone, EC2 token exchange)."""
_DELEGATED = ("application_credential", "OS-TRUST:trust", "OS-OAUTH1")
"""Members of a token that was made for one project and gets no other scope (Keystone, rescoping)."""


class Identity:
    """Keystone's verdicts; nothing is cached here."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def validate(self, token: str) -> Caller:
        """Say whose token this is. Raises InvalidToken, or CloudError when Keystone could not be asked."""
        if not _TOKEN.match(token):
            raise InvalidToken("the token is empty, too long or has characters that no token has")
        try:
            answer = self._transport.get(
                "identity", "/auth/tokens", {"nocatalog": ""}, headers={"X-Subject-Token": token}
            )
        except NotFound as error:
            raise InvalidToken(
                "Keystone does not know this token: it is wrong, expired or revoked"
            ) from error
        body = answer.thing("token")
        project = body.get("project")
        if not project:
            raise InvalidToken("the token is not scoped to a project: ask Keystone for one that is")
        return Caller(
            user_id=body["user"]["id"],
            user_name=body["user"]["name"],
            project_id=project["id"],
            project_name=str(project.get("name") or ""),
            project_domain_id=project["domain"]["id"],
            project_domain_name=str(project["domain"].get("name") or ""),
            roles=frozenset(role["name"] for role in body.get("roles") or ()),
            expires_at=_moment(answer, body["expires_at"]),
            is_bound=any(body.get(name) for name in _DELEGATED),
        )

    def elsewhere(self, caller: Caller, project_id: str) -> Caller | None:
        """Say who a caller is on another project: with the effective roles there, groups, inherited and implied ones included.

        None where that project is none for this credential: it does not exist, is disabled, its user has no role on it, or
        the credential is bound to its own project. Raises CloudError when Keystone could not be asked.
        """
        if caller.is_bound:
            return None
        try:
            project = self._part("/projects/" + quote(project_id, safe=""), "project")
            domain = self._part("/domains/" + quote(project["domain_id"], safe=""), "domain")
        except NotFound:
            return None
        roles = self._roles(caller.user_id, project_id)
        if not roles or not all(one.get("enabled", True) for one in (project, domain)):
            return None
        return replace(
            caller,
            project_id=project_id,
            project_name=str(project.get("name") or ""),
            project_domain_id=str(project["domain_id"]),
            project_domain_name=str(domain.get("name") or ""),
            roles=roles,
        )

    def key_owner(self, access: str, given: str | None = None) -> KeyOwner:
        """Look an EC2 access key up. Raises UnknownKey, or CloudError when Keystone could not be asked.

        A `given` secret that is wrong is refused after as many calls as an unknown key, so that no time tells them apart.
        Keystone stores such a credential under the SHA-256 of its access key. Roles are the effective ones
        of the user on the
        key's project: groups, inherited and implied roles included.
        """
        if not _ACCESS.match(access):
            raise UnknownKey("no such access key")
        credential = self._thing("/credentials/" + hashlib.sha256(access.encode()).hexdigest(), "credential")
        secret = _secret(credential, access)
        if given is not None and not hmac.compare_digest(secret.encode(), given.encode()):
            raise UnknownKey("no such access key")
        user_id, project_id = credential["user_id"], credential["project_id"]
        user = self._thing("/users/" + quote(user_id, safe=""), "user")
        project = self._thing("/projects/" + quote(project_id, safe=""), "project")
        domains = {
            one: self._thing("/domains/" + quote(one, safe=""), "domain")
            for one in sorted({user["domain_id"], project["domain_id"]})
        }
        if not all(owner.get("enabled", True) for owner in (user, project, *domains.values())):
            raise UnknownKey("the user, project or domain of this access key is disabled")
        roles = self._roles(user_id, project_id)
        if not roles:
            raise UnknownKey("the user of this access key has no role on its project any more")
        return KeyOwner(
            access=access,
            secret=secret,
            user_id=user_id,
            user_name=user["name"],
            project_id=project_id,
            project_name=str(project.get("name") or ""),
            project_domain_id=project["domain_id"],
            project_domain_name=str(domains[project["domain_id"]].get("name") or ""),
            roles=roles,
        )

    def _roles(self, user_id: str, project_id: str) -> frozenset[str]:
        answer = self._transport.get(
            "identity",
            "/role_assignments",
            {"effective": "", "include_names": "", "user.id": user_id, "scope.project.id": project_id},
        )
        return frozenset(row["role"]["name"] for row in answer.rows("role_assignment"))

    def _thing(self, path: str, envelope: str) -> dict[str, Any]:
        try:
            return self._part(path, envelope)
        except NotFound as error:
            raise UnknownKey("no such access key, or its user or project is gone") from error

    def _part(self, path: str, envelope: str) -> dict[str, Any]:
        return self._transport.get("identity", path).thing(envelope)


def _moment(answer: Answer, text: str) -> datetime:
    try:
        return parse_time(text)
    except ValueError as error:
        raise answer.garbage("expires_at of token is no time") from error


def _secret(credential: Mapping[str, Any], access: str) -> str:
    """Take the secret out of a credential of type ec2. Raises UnknownKey."""
    blob = credential.get("blob")
    if credential.get("type") != "ec2" or not isinstance(blob, str) or not credential.get("project_id"):
        raise UnknownKey("this credential is not an EC2 access key of a project")
    try:
        fields = read_object(blob.encode("utf-8", "replace"))
    except Unusable:
        fields = {}
    if fields.get("access") != access or not isinstance(fields.get("secret"), str):
        raise UnknownKey("this access key's credential cannot be read")
    if any(fields.get(name) for name in _BOUND):
        raise UnknownKey("this access key is bound to a trust or an application credential: use a plain one")
    return str(fields["secret"])
