"""Who may do what: rules named after the CBR actions (contract 8), which an operator edits in policy.yaml.

A caller is always on the project of the path; the rules only say what the roles there allow.
"""

import logging
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

_NOBODY = "!"

_log = logging.getLogger("opencbr.api")

RULES: dict[str, tuple[str, str]] = {
    "cbr:vaults:list": (_READER, "List vaults, and what they hold in sum."),
    "cbr:vaults:get": (_READER, "Show a vault."),
    "cbr:vaults:create": (_MEMBER, "Create a vault."),
    "cbr:vaults:update": (_MEMBER, "Change a vault."),
    "cbr:vaults:delete": (_MEMBER, "Delete a vault with its backups."),
    "cbr:vaults:addResources": (_MEMBER, "Bind servers or disks to a vault."),
    "cbr:vaults:removeResources": (_MEMBER, "Remove servers or disks from a vault, with their backups."),
    "cbr:vaults:associatePolicy": (_MEMBER, "Give a vault a policy."),
    "cbr:vaults:dissociatePolicy": (_MEMBER, "Take a policy from a vault."),
    "cbr:vaults:migrateResources": (
        _MEMBER,
        "Move servers or disks with their backups to another vault (with cbr:vaults:addResources).",
    ),
    "cbr:vaults:backup": (_MEMBER, "Back up what a vault holds, and follow that."),
    "cbr:vaults:listProtectables": (_READER, "List servers or disks that could be protected."),
    "cbr:vaults:getProtectables": (_READER, "Show one server or disk that could be protected."),
    "cbr:vaults:listResourceInstances": (_READER, "Find and count vaults by their tags."),
    "cbr:vaults:listProjectTags": (_READER, "List the tags that the project's vaults bear."),
    "cbr:vaults:getTags": (_READER, "Show the tags of a vault."),
    "cbr:vaults:setTags": (_MEMBER, "Give a vault a tag."),
    "cbr:vaults:bulkCreateOrDeleteTags": (_MEMBER, "Give a vault several tags, or take several off."),
    "cbr:vaults:deleteTags": (_MEMBER, "Take a tag off a vault."),
    "cbr:backups:list": (_READER, "List backups."),
    "cbr:backups:get": (_READER, "Show a backup."),
    "cbr:backups:update": (_MEMBER, "Rename a backup."),
    "cbr:backups:delete": (_MEMBER, "Delete a backup."),
    "cbr:backups:pin": (_MEMBER, "Keep a backup from what would remove it by itself, or no longer."),
    "cbr:backups:restore": (
        _MEMBER,
        "Write a backup over its server or disk or another of the project, or restore it as a new server.",
    ),
    "cbr:policies:list": (_READER, "List policies."),
    "cbr:policies:get": (_READER, "Show a policy."),
    "cbr:policies:create": (_MEMBER, "Make a policy."),
    "cbr:policies:update": (_MEMBER, "Change a policy: when backups are made, and how long they are kept."),
    "cbr:policies:run": (_MEMBER, "Run a policy now."),
    "cbr:policies:listRuns": (_READER, "List the runs of a policy, the missed ones too."),
    "cbr:policies:delete": (_MEMBER, "Delete a policy; its backups stay."),
    "cbr:drills:list": (_READER, "List restore drills."),
    "cbr:drills:get": (_READER, "Show a restore drill."),
    "cbr:drills:create": (_MEMBER, "Try a backup: restore it into an isolated network, and remove it."),
    "cbr:freshness:list": (_READER, "See how old the newest backups of what is bound to vaults are."),
    "cbr:backups:getMetadata": (_READER, "Show what was backed up, secrets and infrastructure masked."),
    SECRETS: (_MANAGER, "See the secrets in a backup's metadata: user data, passwords, key material."),
    INFRASTRUCTURE: (_ADMIN, "See the infrastructure in a backup's metadata: hosts, hypervisors, bindings."),
    "cbr:tasks:list": (_READER, "List operation logs."),
    "cbr:tasks:get": (_READER, "Show an operation log."),
    "cbr:projects:list": (_READER, "Find the project and domain of one's own credential."),
}
"""Right -> default rule and what it allows."""


class Rights:
    """Answers what a session may do, by the defaults above and the operator's file. Thread-safe.

    `policy_file` may be None. Changes to it take effect when a sign-in is next checked with Keystone; one that is gone or
    cannot be used changes nothing, and the log says so: no slip of the pen opens what was closed. `routes` give the rules
    their documentation. Raises ValueError for a file that cannot be used, and when a route names a right that has no rule.
    """

    def __init__(self, routes: Iterable[Route], *, policy_file: Path | None = None) -> None:
        unknown = {route.right for route in routes} - RULES.keys()
        if unknown:
            raise ValueError(f"routes name rights without a rule: {', '.join(sorted(unknown))}")
        settings = cfg.ConfigOpts()
        settings([], project="opencbr", default_config_files=[], default_config_dirs=[])
        opts.set_defaults(settings)
        settings.set_override("enforce_scope", False, group="oslo_policy")
        # Rules come from the one file that was named, read here, never from what happens to lie about.
        self._enforcer = policy.Enforcer(settings, use_conf=False)
        self._lock = threading.Lock()
        self._file, self._seen = policy_file, _seen(policy_file)
        self._enforcer.set_rules(rules(policy_file), use_conf=False)

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
            if (seen := _seen(self._file)) != self._seen:
                self._seen = seen
                try:
                    self._enforcer.set_rules(rules(self._file), use_conf=False)
                except ValueError as error:
                    _log.error("%s; the rules as they were are still used", error)
            return bool(self._enforcer.enforce(right, {"project_id": caller.project_id}, who))


def _seen(file: Path | None) -> tuple[int, int, int] | None:
    """Return what is another for a file that was changed or replaced; None for none."""
    try:
        stat = file.stat() if file else None
    except OSError:
        return None
    return stat and (stat.st_mtime_ns, stat.st_size, stat.st_ino)


def rules(file: Path | None) -> policy.Rules:
    """Return the defaults with the file's rules in their place. Raises ValueError, whose sentence says what is wrong."""
    own = _read(file) if file else {}
    found = policy.Rules.from_dict({name: rule for name, (rule, _) in RULES.items()} | own)
    for name, text in own.items():
        # What oslo.policy does not understand it takes for a refusal.
        if str(found[name]) == _NOBODY and text.strip() != _NOBODY:
            raise _unusable(file, f"the rule of {name} cannot be understood: {text[:200]}")
    trial = policy.Enforcer(cfg.ConfigOpts(), use_conf=False, rules=found)
    if not trial.check_rules():
        raise _unusable(file, "a rule names one that is not there, or itself")
    return found


def _read(file: Path) -> dict[str, str]:
    try:
        found = policy.parse_file_contents(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"the policy file {file} is not there: make it, or leave the setting out") from error
    except (OSError, ValueError) as error:
        raise _unusable(file, " ".join(str(error).split())) from error
    if not isinstance(found, dict):
        raise _unusable(file, "it is no map of rights to rules")
    for name, rule in found.items():
        # oslo.policy lets everybody in where a rule is null or false, and overlooks a right that is spelt another way.
        if not isinstance(rule, str):
            raise _unusable(file, f'the rule of {name} is no text: "!" is for nobody, "@" for everybody')
        if str(name).startswith("cbr:") and name not in RULES:
            raise _unusable(file, f"there is no right {name}")
    return found


def _unusable(file: Path | None, why: str) -> ValueError:
    return ValueError(f"the policy file {file} cannot be used: {why}")


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
