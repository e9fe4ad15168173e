"""What clients with an access key ask at their start, when they are told a region alone (contract 9.4).

The paths, the names and the form of the answers are Keystone's. A key opens one project, so each list has one row or none.
"""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.request import Request
from opencbr.api.route import Operation, Route
from opencbr.api.schema import Text

_CHAPTER = "Identity"
_RIGHT = "cbr:projects:list"


class FoundProject(Struct, kw_only=True):
    """The project of the credential, as Keystone lists one."""

    id: Annotated[str, Meta(description="id of the project, which stands in every path")]
    name: Annotated[str, Meta(description="the name that it was asked for by: its own, or the region's")]
    domain_id: Annotated[str, Meta(description="id of its domain")]
    enabled: Annotated[bool, Meta(description="true: a disabled one is not signed in to")] = True
    is_domain: Annotated[bool, Meta(description="false")] = False


class FoundDomain(Struct, kw_only=True):
    """The domain of the credential's project, as Keystone lists one."""

    id: Annotated[str, Meta(description="id of the domain")]
    name: Annotated[str, Meta(description="name of the domain")]
    enabled: Annotated[bool, Meta(description="true: a disabled one is not signed in to")] = True


class NoOtherPage(Struct):
    """Where further pages are: there is one."""

    next: Annotated[str | None, Meta(description="always null here")] = None
    previous: Annotated[str | None, Meta(description="always null here")] = None


class FoundProjectsBody(Struct):
    """The projects that the credential opens: one or none."""

    projects: Annotated[list[FoundProject], Meta(description="the credential's project, if it was meant")]
    links: Annotated[NoOtherPage, Meta(description="further pages")]


class FoundDomainsBody(Struct):
    """The domains that the credential opens: one or none."""

    domains: Annotated[list[FoundDomain], Meta(description="the project's domain, if it was meant")]
    links: Annotated[NoOtherPage, Meta(description="further pages")]


class FindProjectQuery(Struct):
    """Which project is meant."""

    name: Annotated[
        tuple[Text, ...],
        Meta(description="the name of this cloud's region, or of the project; left out: whatever it is"),
    ] = ()


class FindDomainQuery(Struct):
    """Which domain is meant."""

    name: Annotated[
        tuple[Text, ...], Meta(description="the name of the domain; left out: whatever it is")
    ] = ()


def find_projects(request: Request[FindProjectQuery, None]) -> FoundProjectsBody:
    """Answer KeystoneListProjects."""
    caller = request.caller
    name = request.services.scopes.project_name(caller, request.query.name)
    found = FoundProject(id=caller.project_id, name=name or "", domain_id=caller.project_domain_id)
    return FoundProjectsBody([] if name is None else [found], NoOtherPage())


def find_domains(request: Request[FindDomainQuery, None]) -> FoundDomainsBody:
    """Answer KeystoneListAuthDomains."""
    caller = request.caller
    found = FoundDomain(id=caller.project_domain_id, name=caller.project_domain_name)
    is_meant = request.services.scopes.has_domain(caller, request.query.name)
    return FoundDomainsBody([found] if is_meant else [], NoOtherPage())


ROUTES: tuple[Route, ...] = (
    Route(
        operation=Operation("KeystoneListProjects", "GET", "/v3/projects", _CHAPTER),
        handler=find_projects,
        right=_RIGHT,
        summary="Find the project of a credential by the region's name",
        description=(
            "Lists the project that the credential opens, as Keystone lists projects. Clients with an access key "
            "that are told a region and no project ask it at their start, with the region's name: the SDK where "
            "its IAM endpoint is this server, Terraform where its `auth_url` is. Any other name than the region's "
            "or the project's gives an empty list."
        ),
    ),
    Route(
        operation=Operation("KeystoneListAuthDomains", "GET", "/v3/auth/domains", _CHAPTER),
        handler=find_domains,
        right=_RIGHT,
        summary="Find the domain of a credential",
        description=(
            "Lists the domain of the project that the credential opens, as Keystone lists domains. The SDK's "
            "credentials for a whole domain and Terraform ask it at their start, Terraform with the domain's name. "
            "Another name gives an empty list."
        ),
    ),
)
