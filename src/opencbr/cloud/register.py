"""`opencbr register`: what an admin's credential sets up once, so that the service may work for tenants.

Everything is looked for first; a second run changes nothing and says so.
"""

from typing import Any
from urllib.parse import quote, urlsplit

from opencbr.cloud.errors import BadSettings
from opencbr.cloud.transport import Transport

CATALOGUE_TYPE = "cbr"
INTERFACES = ("public", "internal", "admin")


class Registration:
    """The steps, on an admin's transport. Every step returns a sentence."""

    def __init__(self, transport: Transport, region: str | None) -> None:
        self._transport = transport
        self._region = region

    def run(
        self,
        *,
        endpoint: str | None,
        user: str,
        user_domain: str,
        password: str | None,
        home_project: str,
        tenant_domain: str,
        role: str,
    ) -> list[str]:
        """Do all steps. Raises BadSettings for an unknown name or a useless address, CloudError when Keystone refuses."""
        url = None if endpoint is None else _address(endpoint)
        domain = self._need("domains", tenant_domain)
        home_domain = self._need("domains", user_domain)
        said = []
        account = self._find("users", user, domain_id=home_domain["id"])
        if account is None:
            if password is None:
                raise BadSettings(
                    f"there is no user {user} in domain {user_domain}: create it, or give its new password in "
                    "the variable OPENCBR_SERVICE_PASSWORD"
                )
            account = self._create("users", "user", name=user, password=password, domain_id=home_domain["id"])
            said.append(f"created user {user} in domain {user_domain}")
        elif password is not None:
            said.append(f"already there: user {user} in domain {user_domain}, whose password stays as it was")
        project = self._need("projects", home_project, domain_id=home_domain["id"])
        admin, member = self._need("roles", "admin"), self._need("roles", role)
        said.append(
            self._grant(
                f"/projects/{project['id']}/users/{account['id']}/roles/{admin['id']}",
                {"user.id": account["id"], "role.id": admin["id"], "scope.project.id": project["id"]},
                f"role admin for {user} on project {home_project} (to read across projects)",
            )
        )
        said.append(
            self._grant(
                f"/OS-INHERIT/domains/{domain['id']}/users/{account['id']}/roles/{member['id']}"
                "/inherited_to_projects",
                {
                    "user.id": account["id"],
                    "role.id": member["id"],
                    "scope.domain.id": domain["id"],
                    "scope.OS-INHERIT:inherited_to": "projects",
                },
                f"role {role} for {user} on every project of domain {tenant_domain} (to work inside them)",
            )
        )
        if url is None:
            said.append("entered no address into the catalogue: clients find one only with --endpoint URL")
        else:
            said += self._catalogue(url)
        return said

    def _catalogue(self, url: str) -> list[str]:
        region = self._region or self._only_region()
        service = next(iter(self._list("services", type=CATALOGUE_TYPE)), None)
        said = []
        if service is None:
            service = self._create(
                "services",
                "service",
                type=CATALOGUE_TYPE,
                name="opencbr",
                description="Cloud Backup and Recovery",
            )
            said.append(f"entered service type {CATALOGUE_TYPE} into the catalogue")
        present = {
            row["interface"]: row
            for row in self._list("endpoints", service_id=service["id"])
            if row.get("region_id") == region
        }
        for interface in INTERFACES:
            row = present.get(interface)
            if row is None:
                self._create(
                    "endpoints",
                    "endpoint",
                    interface=interface,
                    url=url,
                    service_id=service["id"],
                    region_id=region,
                )
                said.append(f"entered the {interface} endpoint {url}")
            elif row["url"] != url:
                self._transport.patch("identity", f"/endpoints/{row['id']}", {"endpoint": {"url": url}})
                said.append(f"changed the {interface} endpoint from {row['url']} to {url}")
            else:
                said.append(f"already there: the {interface} endpoint {url}")
        return said

    def _only_region(self) -> str:
        regions = self._list("regions")
        if len(regions) != 1:
            raise BadSettings("name the region in the cloud settings: this Keystone has none or several")
        return str(regions[0]["id"])

    def _grant(self, path: str, query: dict[str, str], what: str) -> str:
        if self._list("role_assignments", **query):
            return f"already there: {what}"
        self._transport.put("identity", path)
        return f"gave {what}"

    def _need(self, kind: str, name: str, **query: str) -> dict[str, Any]:
        found = self._find(kind, name, **query)
        if found is None:
            raise BadSettings(f"Keystone has no {kind.removesuffix('s')} named {name}")
        return found

    def _find(self, kind: str, name: str, **query: str) -> dict[str, Any] | None:
        return next(iter(self._list(kind, name=name, **query)), None)

    def _list(self, kind: str, **query: str) -> list[dict[str, Any]]:
        return self._transport.get("identity", "/" + quote(kind), query).rows("entry", kind)

    def _create(self, kind: str, envelope: str, **fields: Any) -> dict[str, Any]:
        answer = self._transport.post("identity", "/" + kind, {envelope: fields})
        return answer.thing(envelope)


def _address(endpoint: str) -> str:
    """Give the address for the catalogue, which has the project id in it (contract 9.6). Raises BadSettings."""
    base = endpoint.rstrip("/").removesuffix("/$(project_id)s").removesuffix("/v3")
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadSettings(f"{endpoint} is not an address: write for instance https://backup.example.org")
    if parts.path or parts.query or parts.fragment:
        raise BadSettings(
            f"the endpoint {endpoint} has a path of its own, and clients sign and ask for /v3/... at the root: "
            f"give the service a name or a port, for instance {parts.scheme}://backup.example.org"
        )
    return f"{base}/v3/$(project_id)s"
