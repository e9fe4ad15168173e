"""Terraform, played: the calls of its two providers in their order, and what they read of the answers (contract 10.1).

A resource of a provider is a class whose methods send what the provider sends. `Plan` applies states to one, as Terraform
does, and lets no difference stand between what was wanted and what is read back: it would be a change in the next plan.
A state has the provider's attributes; a list of ids stands for a set of them, in order.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from sqlalchemy import select

from opencbr.jobs.context import JobContext
from opencbr.jobs.execution import carry_out
from opencbr.jobs.registry import JOB_TYPES
from opencbr.model.vault import SERVER
from opencbr.store import installation, operation_logs, tables
from support.inline_job import HurriedClock, run_inline
from support.job_env import QUICK

from .api_server import ApiServer

State = dict[str, Any]

_POLLS = 20
"""How often a wait looks at most. Between two looks the worker has ended all that was asked for."""


class Terraform:
    """Its Go client: signed with an access key, the project said unsigned (trap T29), and one status is good (trap T2)."""

    def __init__(self, cbr: ApiServer) -> None:
        self._cbr = cbr
        self._others = self._waiting()  # of tests before, whose backups are made up

    def ask(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        """Send a request below the project; return what is answered, None for an empty body."""
        cbr = self._cbr
        plain, _, query = path.partition("?")
        access, secret = cbr.cloud.access_key("demo")
        request = SdkRequest(
            method=method,
            schema="http",
            host=cbr.url.removeprefix("http://"),
            resource_path=f"/v3/{cbr.project()}/{plain}",
            query_params=[tuple(pair.split("=")) for pair in query.split("&") if pair],
            header_params={"Content-Type": "application/json"},
            body="" if body is None else json.dumps(body),
        )
        ready = Signer(BasicCredentials(access, secret)).sign(request)
        headers = ready.header_params | {"X-Project-Id": cbr.project()}
        answer = cbr.call(method, ready.uri, account=None, headers=headers, data=ready.body)
        assert answer.status_code == status, f"{method} {path}: {answer.text}"
        return answer.json() if answer.content else None

    def every(self, path: str, name: str) -> list[State]:
        """Read a list to its end: by offset, until a page is empty (trap T10)."""
        found: list[State] = []
        sign = "&" if "?" in path else "?"
        while page := self.ask("GET", f"{path}{sign}offset={len(found)}" if found else path)[name]:
            found += page
        return found

    def wait(self, what: str, look: Callable[[], bool]) -> None:
        """Poll, with the worker's work done between two looks instead of a delay."""
        for _ in range(_POLLS):
            if look():
                return
            self._work()
        raise AssertionError(f"never: {what}")

    def gone(self, path: str) -> bool:
        """Say whether a thing is 404 (trap T20); anything but that and 200 is an error."""
        answer = self._cbr.call("GET", path)
        assert answer.status_code in {200, 404}, answer.text
        return bool(answer.status_code == 404)

    def _waiting(self) -> set[str]:
        with self._cbr.database.read() as conn:
            mine = tables.operation_log.c.status == "waiting"
            return {*conn.execute(select(tables.operation_log.c.id).where(mine)).scalars()}

    def _work(self) -> None:
        """Do what a worker does of all that waits, to its end."""
        cbr = self._cbr
        with cbr.database.write() as conn:
            own = installation.installation_id(conn)
        ctx = JobContext(
            database=cbr.database,
            cloud=cbr.adapter,
            records=cbr.records,
            clock=HurriedClock(cbr.cloud),
            settings=QUICK,
            installation=own,
            guard=lambda: None,
        )
        for one in sorted(self._waiting() - self._others):
            with cbr.database.read() as conn:
                log = operation_logs.get(conn, cbr.project(), one)
            assert log is not None
            kind = JOB_TYPES[log.operation_type]
            run_inline(lambda job, ctx, log, kind=kind: carry_out(kind, job, ctx, log), ctx, log)
            cbr.clock.ahead = max(cbr.clock.ahead, timedelta())


class Resource(Protocol):
    """A resource of a provider: its calls. `replaced_by` are the attributes that cannot change in place."""

    replaced_by: frozenset[str]

    def create(self, wanted: State) -> str: ...

    def read(self, id_: str) -> State: ...

    def update(self, id_: str, old: State, new: State) -> None: ...

    def delete(self, id_: str) -> None: ...


class Plan:
    """One resource of a configuration, and its state."""

    def __init__(self, kind: Resource, imported: str = "") -> None:
        """With an id, it is one that was imported: read by that alone."""
        self._kind = kind
        self.id = imported
        self.state: State = kind.read(imported) if imported else {}

    def apply(self, **changes: Any) -> str:
        """Bring it to its state with these changes: created, changed in place, or replaced. Return its id."""
        wanted = self.state | changes
        if self.id and any(wanted[name] != self.state[name] for name in self._kind.replaced_by):
            self.destroy()
        if self.id:
            self._kind.update(self.id, self.state, wanted)
        else:
            self.id = self._kind.create(wanted)
        self.state = wanted
        self.refresh()
        return self.id

    def refresh(self) -> None:
        """Read it as before each plan: there is no drift."""
        read = self._kind.read(self.id)
        drift = {name: (read.get(name), self.state.get(name)) for name in _differing(read | self.state, read)}
        assert read == self.state, f"read and wanted: {drift}"

    def destroy(self) -> None:
        self._kind.delete(self.id)
        self.id = ""


def _wire(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _plain(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in tags}


def _differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    return [name for name in one if one[name] != other.get(name)]


def _servers(resources: dict[str, list[str]]) -> list[State]:
    return [
        {"id": one, "type": SERVER, "extra_info": {"exclude_volumes": without}}
        for one, without in resources.items()
    ]


class _Vault:
    def __init__(self, terraform: Terraform) -> None:
        self._tf = terraform

    def _read(self, id_: str) -> State:
        vault: State = self._tf.ask("GET", f"vaults/{id_}")["vault"]
        assert type(vault["enterprise_project_id"]) is str  # trap T6
        return vault

    def _bound(self, id_: str) -> dict[str, list[str]]:
        rows = self._read(id_)["resources"]
        return {row["id"]: sorted(row["extra_info"]["exclude_volumes"]) for row in rows}


class HuaweiVault(_Vault):
    """huaweicloud_cbr_vault."""

    replaced_by = frozenset({"type", "protection_type", "consistent_level", "enterprise_project_id"})

    def create(self, wanted: State) -> str:
        body = {name: wanted[name] for name in ("name", "enterprise_project_id", "auto_expand", "auto_bind")}
        body |= {"locked": wanted["locked"], "backup_name_prefix": wanted["backup_name_prefix"]}
        body |= {"bind_rules": {"tags": _wire(wanted["bind_rules"])}}  # trap T17: perhaps none
        body |= {"resources": _servers(wanted["resources"])}  # trap T18: perhaps none
        body["billing"] = {
            "cloud_type": wanted["cloud_type"],
            "consistent_level": wanted["consistent_level"],
            "object_type": wanted["type"],
            "protect_type": wanted["protection_type"],
            "size": wanted["size"],
            "charging_mode": "post_paid",
            "is_multi_az": wanted["is_multi_az"],
        }
        id_ = str(self._tf.ask("POST", "vaults", {"vault": body})["vault"]["id"])
        self._policies(id_, [], wanted["policy"])
        self._tags(id_, {}, wanted["tags"])
        return id_

    def read(self, id_: str) -> State:
        vault = self._read(id_)
        billing = vault["billing"]
        names = ("name", "auto_expand", "auto_bind", "enterprise_project_id", "backup_name_prefix", "locked")
        return {name: vault[name] for name in names} | {
            "cloud_type": billing["cloud_type"],
            "type": billing["object_type"],
            "protection_type": billing["protect_type"],
            "size": billing["size"],
            "consistent_level": billing["consistent_level"],
            "is_multi_az": billing["is_multi_az"],  # trap T28
            "tags": _plain(vault["tags"]),
            "bind_rules": _plain(vault["bind_rules"].get("tags", [])),
            "policy": [one["id"] for one in self._tf.ask("GET", f"policies?vault_id={id_}")["policies"]],
            "resources": {
                one["id"]: sorted(one["extra_info"]["exclude_volumes"]) for one in vault["resources"]
            },
        }

    def update(self, id_: str, old: State, new: State) -> None:
        changed = _differing(new, old)
        basic = {"name", "size", "auto_expand", "auto_bind", "bind_rules", "locked"}
        if basic & {*changed}:
            body = {name: new[name] for name in ("name", "auto_expand", "auto_bind", "locked")}
            body |= {"billing": {"size": new["size"]}, "bind_rules": {"tags": _wire(new["bind_rules"])}}
            self._tf.ask("PUT", f"vaults/{id_}", {"vault": body})
        if "resources" in changed:
            self._resources(id_, old["resources"], new["resources"])
        if "policy" in changed:
            self._policies(id_, old["policy"], new["policy"])
        if "tags" in changed:
            self._tags(id_, old["tags"], new["tags"])

    def delete(self, id_: str) -> None:
        self._tf.ask("DELETE", f"vaults/{id_}", status=204)

        def look() -> bool:
            if self._tf.gone(f"vaults/{id_}"):
                return True
            assert self._read(id_)["billing"]["status"] in {"available", "deleting"}
            return False

        self._tf.wait("the vault is gone", look)

    def _resources(self, id_: str, old: dict[str, list[str]], new: dict[str, list[str]]) -> None:
        """A server of which other disks are left out goes and comes again."""
        if away := _differing(old, new):
            self._tf.ask("POST", f"vaults/{id_}/removeresources", {"resource_ids": away})
            self._tf.wait("the servers have left", lambda: not {*away} & self._bound(id_).keys())
        if added := {one: new[one] for one in _differing(new, old)}:
            self._tf.ask("POST", f"vaults/{id_}/addresources", {"resources": _servers(added)})
            self._tf.wait("the servers are bound", lambda: added.items() <= self._bound(id_).items())

    def _policies(self, id_: str, old: list[str], new: list[str]) -> None:
        for one in old:
            if one not in new:
                self._tf.ask("POST", f"vaults/{id_}/dissociatepolicy", {"policy_id": one})
        for one in new:
            if one not in old:
                self._tf.ask("POST", f"vaults/{id_}/associatepolicy", {"policy_id": one})

    def _tags(self, id_: str, old: dict[str, str], new: dict[str, str]) -> None:
        for action, tags in (("delete", old), ("create", new)):
            if tags:
                body = {"action": action, "tags": _wire(tags)}
                self._tf.ask("POST", f"vault/{id_}/tags/action", body, status=204)


class OtcVault(_Vault):
    """opentelekomcloud_cbr_vault_v3. It does not read its policy, and does not wait until a vault is gone."""

    replaced_by = frozenset({"tags", "object_type", "protect_type", "consistent_level", "description"})

    _BILLING = ("size", "object_type", "protect_type", "consistent_level", "cloud_type", "charging_mode")
    _OWN = ("name", "description", "enterprise_project_id", "auto_bind", "auto_expand")

    def create(self, wanted: State) -> str:
        billing = {name: wanted[name] for name in self._BILLING}
        billing |= {"is_auto_renew": False, "is_auto_pay": False}  # trap T17
        body = {name: wanted[name] for name in self._OWN}
        body |= {
            "billing": billing,
            "resources": _servers(wanted["resources"]),
            "tags": _wire(wanted["tags"]),
        }
        body |= {"backup_policy_id": wanted["policy"]} if wanted["policy"] else {}
        id_ = str(self._tf.ask("POST", "vaults", {"vault": body})["vault"]["id"])
        if wanted["policy"]:  # trap T13: it has it already
            self._tf.ask("POST", f"vaults/{id_}/associatepolicy", {"policy_id": wanted["policy"]})
        return id_

    def read(self, id_: str) -> State:
        vault = self._read(id_)
        # What it does not read, is looked up all the same: the state keeps what was wanted.
        policies = self._tf.ask("GET", f"policies?vault_id={id_}")["policies"]
        return {
            **{name: vault[name] for name in self._OWN},
            **{name: vault["billing"][name] for name in self._BILLING},
            "tags": _plain(vault["tags"]),
            "resources": self._bound(id_),
            "policy": policies[0]["id"] if policies else "",
        }

    def update(self, id_: str, old: State, new: State) -> None:
        changed = _differing(new, old)
        body = {name: new[name] for name in ("name", "auto_bind", "auto_expand") if name in changed}
        body |= {"billing": {"size": new["size"]}} if "size" in changed else {}
        if body:
            self._tf.ask("PUT", f"vaults/{id_}", {"vault": body})
        away = [one for one in old["resources"] if one not in new["resources"]]
        if away:
            self._tf.ask("POST", f"vaults/{id_}/removeresources", {"resource_ids": away})
        if added := {one: new["resources"][one] for one in new["resources"] if one not in old["resources"]}:
            self._tf.ask("POST", f"vaults/{id_}/addresources", {"resources": _servers(added)})
        if "policy" in changed:
            for policy, verb in ((old["policy"], "dissociatepolicy"), (new["policy"], "associatepolicy")):
                if policy:
                    self._tf.ask("POST", f"vaults/{id_}/{verb}", {"policy_id": policy})
        # The provider does not wait for a removal: the next plan, which reads it again, is made when that is done.
        self._tf.wait("the servers have left", lambda: not {*away} & self._bound(id_).keys())

    def delete(self, id_: str) -> None:
        self._tf.ask("DELETE", f"vaults/{id_}", status=204)


class Checkpoint:
    """huaweicloud_cbr_checkpoint. It reads neither its name nor its description."""

    replaced_by = frozenset({"vault_id", "incremental", "servers"})

    def __init__(self, terraform: Terraform) -> None:
        self._tf = terraform
        self._incremental: dict[str, bool] = {}  # as the state has it

    def create(self, wanted: State) -> str:
        servers = [{"id": one, "type": SERVER} for one in wanted["servers"]]
        parameters = {"name": "tf-checkpoint", "description": "by Terraform", "resource_details": servers}
        parameters |= {"incremental": wanted["incremental"]}  # trap T15: false unless it was set
        body = {"checkpoint": {"vault_id": wanted["vault_id"], "parameters": parameters}}
        id_ = str(self._tf.ask("POST", "checkpoints", body)["checkpoint"]["id"])
        self._incremental[id_] = wanted["incremental"]
        for at_rest in (lambda one: one["status"], self._all_backed_up):
            self._tf.wait("the checkpoint is available", lambda at_rest=at_rest: self._is(id_, at_rest))
        return id_

    def _is(self, id_: str, status: Callable[[State], str]) -> bool:
        found = self._tf.ask("GET", f"checkpoints/{id_}")["checkpoint"]
        assert found["vault"]["resources"]  # trap T4, from the first look
        seen = status(found)
        assert seen != "error"
        return seen == "available"

    @staticmethod
    def _all_backed_up(checkpoint: State) -> str:
        (status,) = {one["protect_status"] for one in checkpoint["vault"]["resources"]}
        return str(status)

    def read(self, id_: str) -> State:
        found = self._tf.ask("GET", f"checkpoints/{id_}")["checkpoint"]
        only = "&incremental=true" if self._incremental[id_] else ""
        rows = self._tf.every(f"backups?checkpoint_id={id_}{only}", "backups")
        assert found["status"] == "available"
        for row in rows:
            assert (row["resource_type"], row["status"]) == (SERVER, "available")
            assert all(row[name] for name in ("id", "resource_size", "protected_at", "updated_at"))
        return {
            "vault_id": found["vault"]["id"],
            "incremental": self._incremental[id_],
            "servers": sorted(row["resource_id"] for row in rows),
        }

    def update(self, id_: str, old: State, new: State) -> None:
        raise AssertionError("every attribute of it replaces it")

    def delete(self, id_: str) -> None:
        for row in self._tf.every(f"backups?checkpoint_id={id_}", "backups"):
            self._tf.ask("DELETE", f"backups/{row['id']}", status=204)
        self._tf.wait("the checkpoint is gone", lambda: self._tf.gone(f"checkpoints/{id_}"))


def restore(terraform: Terraform, backup_id: str, **wanted: Any) -> State:
    """huaweicloud_cbr_restore: asked for once, its operation followed to the end. Return that operation (trap T3)."""
    body = {"restore": {"power_on": True} | wanted}
    job = terraform.ask("POST", f"backups/{backup_id}/restore", body, status=202)["job_id"]
    found: State = {}

    def look() -> bool:
        found.update(terraform.ask("GET", f"operation-logs/{job}")["operation_log"])
        assert found["status"] not in {"failed", "timeout"}, found["error_info"]
        return bool(found["status"] == "success")

    terraform.wait("the restore has ended", look)
    return found
