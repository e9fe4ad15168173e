"""Who may do what: rules named after the CBR actions (contract 8), which an operator edits in policy.yaml.

A caller is always on the project of the path; the rules only say what the roles there allow.
"""

import threading
from collections.abc import Iterable
from pathlib import Path

from oslo_config import cfg
from oslo_policy import opts, policy

from opencbr.api.auth import Session
from opencbr.api.route import Route
from opencbr.service.metadata import INFRASTRUCTURE_RIGHT as INFRASTRUCTURE
from opencbr.service.metadata import SECRETS_RIGHT as SECRETS

_READER = "role:reader or role:member or role:manager or role:admin"
_MEMBER = "role:member or role:manager or role:admin"
_MANAGER = "role:manager or role:admin"
_ADMIN = "role:admin"

_NO_FILE = "/dev/null/policy.yaml"
"""A file that cannot exist: oslo.policy wants a name, and without a file the defaults hold."""

RULES: dict[str, tuple[str, str]] = {
    "cbr:vaults:list": (_READER, "List vaults, and what they hold in sum."),
    "cbr:vaults:get": (_READER, "Show a vault."),
    "cbr:vaults:create": (_MEMBER, "Create a vault."),
    "cbr:vaults:update": (_MEMBER, "Change a vault."),
    "cbr:vaults:delete": (_MEMBER, "Delete a vault with its backups."),
    "cbr:vaults:addResources": (_MEMBER, "Bind servers or disks to a vault."),
    "cbr:vaults:removeResources": (_MEMBER, "Remove servers or disks from a vault, with their backups."),
    "cbr:vaults:backup": (_MEMBER, "Back up what a vault holds, and follow that."),
    "cbr:vaults:listProtectables": (_READER, "List servers or disks that could be protected."),
    "cbr:vaults:getProtectables": (_READER, "Show one server or disk that could be protected."),
    "cbr:backups:list": (_READER, "List backups."),
    "cbr:backups:get": (_READER, "Show a backup."),
    "cbr:backups:update": (_MEMBER, "Rename a backup."),
    "cbr:backups:delete": (_MEMBER, "Delete a backup."),
    "cbr:backups:getMetadata": (_READER, "Show what was backed up, secrets and infrastructure masked."),
    SECRETS: (_MANAGER, "See the secrets in a backup's metadata: user data, passwords, key material."),
    INFRASTRUCTURE: (_ADMIN, "See the infrastructure in a backup's metadata: hosts, hypervisors, bindings."),
    "cbr:tasks:list": (_READER, "List operation logs."),
    "cbr:tasks:get": (_READER, "Show an operation log."),
}
"""Right -> default rule and what it allows."""


class Rights:
    """Answers what a session may do, by the defaults above and the operator's file. Thread-safe.

    `policy_file` may be None or absent; changes to it take effect when a sign-in is next checked with
    Keystone. `routes` give the rules their documentation. Raises ValueError when a route names a right that
    has no rule.
    """

    def __init__(self, routes: Iterable[Route], *, policy_file: Path | None = None) -> None:
        routes = tuple(routes)
        unknown = {route.right for route in routes} - RULES.keys()
        if unknown:
            raise ValueError(f"routes name rights without a rule: {', '.join(sorted(unknown))}")
        if policy_file is not None and not policy_file.is_file():
            raise ValueError(f"the policy file {policy_file} is not there: make it, or leave the setting out")
        settings = cfg.ConfigOpts()
        settings([], project="opencbr", default_config_files=[], default_config_dirs=[])
        opts.set_defaults(settings, policy_file=str(policy_file.resolve()) if policy_file else _NO_FILE)
        settings.set_override("enforce_scope", False, group="oslo_policy")
        # Rules come from the one file that was named, never from a folder that happens to lie about.
        settings.set_override("policy_dirs", [], group="oslo_policy")
        self._enforcer = policy.Enforcer(settings)
        self._enforcer.register_defaults(rule_defaults(routes))
        self._lock = threading.Lock()

    def allows(self, session: Session, right: str) -> bool:
        """Say whether the session's caller has a right; the verdict is kept with the session."""
        verdict = session.verdicts.get(right)
        if verdict is None:
            verdict = session.verdicts[right] = self._ask(session, right)
        return verdict

    def _ask(self, session: Session, right: str) -> bool:
        caller = session.caller
        who = {
            "user_id": caller.user_id,
            "project_id": caller.project_id,
            "project_domain_id": caller.project_domain_id,
            "roles": sorted(caller.roles),
        }
        with self._lock:
            return bool(self._enforcer.enforce(right, {"project_id": caller.project_id}, who))


def rule_defaults(routes: Iterable[Route]) -> list[policy.DocumentedRuleDefault]:
    """Return the rules as oslo.policy documents them, each with the operations that it opens."""
    operations: dict[str, list[policy.Operation]] = {right: [] for right in RULES}
    for route in routes:
        operations[route.right].append({"method": route.operation.method, "path": route.operation.path})
    for right in (SECRETS, INFRASTRUCTURE):
        operations[right] = operations["cbr:backups:getMetadata"]
    return [
        policy.DocumentedRuleDefault(
            name=right,
            check_str=rule,
            description=text,
            operations=operations[right] or [{"method": "GET", "path": "/v3/{project_id}"}],
        )
        for right, (rule, text) in RULES.items()
    ]
