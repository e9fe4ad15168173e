"""ShowVaultResourceInstances and ShowVaultProjectTag: vaults by their tags (contract 5.9)."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from opencbr.api.cbr.filters import only_other_enterprise_projects
from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.cbr.tag import TagBody, tag_bodies
from opencbr.api.cbr.vaults.body import VaultBody, vault_body
from opencbr.api.cbr.vaults.settings import CloudType, ObjectType
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import Text
from opencbr.model.lists import Page, TagFilter, Tags, VaultFilter
from opencbr.model.vault import MAX_TAGS
from opencbr.service.vault_views import VaultView

_ENTERPRISE_PROJECT = "_sys_enterprise_project_id"


class WantedTag(Struct):
    """A key, and the values that it may have; without values any will do."""

    key: Annotated[
        Annotated[str, Meta(min_length=1, max_length=127)],
        Meta(description="the key, its case minded; spaces at its ends are cut off"),
    ]
    values: Annotated[
        Annotated[list[Text], Meta(max_length=MAX_TAGS)] | None,
        Meta(description="one of these values; none at all means any value"),
    ] = None


class WantedName(Struct):
    """A part of a name."""

    key: Annotated[Literal["resource_name"], Meta(description="`resource_name`: the vault's name")]
    value: Annotated[Text, Meta(description="a part of it, its case minded; empty: the name is empty")]


_Wanted = Annotated[list[WantedTag], Meta(max_length=MAX_TAGS)] | None
# The text comes first: clients send one (contract 2), and so do the forms and programs that are made of this.
_Limit = (
    Annotated[str, Meta(max_length=4, pattern=r"^(?:[1-9][0-9]{0,2}|1000)$(?!\n)")]
    | Annotated[int, Meta(ge=1, le=1000)]
)
_Offset = (
    Annotated[str, Meta(max_length=9, pattern=r"^[0-9]{1,9}$(?!\n)")]
    | Annotated[int, Meta(ge=0, le=999_999_999)]
)


class FindVaultsBody(Struct, kw_only=True):
    """The request of ShowVaultResourceInstances; all filters that are given must hold."""

    action: Annotated[
        Literal["filter", "count"],
        Meta(description="`filter` answers the vaults and how many they are, `count` only how many"),
    ]
    tags: Annotated[_Wanted, Meta(description="vaults that bear all of these")] = None
    tags_any: Annotated[_Wanted, Meta(description="vaults that bear any of these")] = None
    not_tags: Annotated[_Wanted, Meta(description="vaults that do not bear all of these")] = None
    not_tags_any: Annotated[_Wanted, Meta(description="vaults that bear none of these")] = None
    without_any_tag: Annotated[
        bool | None, Meta(description="true: vaults without tags, whatever the four filters by tags say")
    ] = None
    sys_tags: Annotated[
        _Wanted,
        Meta(
            description="`_sys_enterprise_project_id` with `0` is all there is; any other key or value matches nothing"
        ),
    ] = None
    matches: Annotated[
        Annotated[list[WantedName], Meta(max_length=1)] | None,
        Meta(description="vaults with this in their name"),
    ] = None
    cloud_type: Annotated[CloudType | None, Meta(description="as it was asked for at creation")] = None
    object_type: Annotated[
        ObjectType | None, Meta(description="what the vaults take, here `server` or `disk`")
    ] = None
    limit: Annotated[
        _Limit | None,
        Meta(description="vaults of a page, 1 to 1000, as a text or a number; means nothing for `count`"),
    ] = None
    offset: Annotated[
        _Offset | None,
        Meta(description="vaults to leave out, as a text or a number; means nothing for `count`"),
    ] = None


class VaultDetail(Struct):
    """The envelope of a vault that was found."""

    vault: Annotated[VaultBody, Meta(description="the vault")]


class FoundVault(Struct, kw_only=True):
    """A vault that was found."""

    resource_id: Annotated[str, Meta(description="id of the vault")]
    resource_name: Annotated[str, Meta(description="its name")]
    resource_detail: Annotated[VaultDetail, Meta(description="the vault, as ShowVault shows it")]
    tags: Annotated[list[TagBody], Meta(description="its tags")]
    sys_tags: Annotated[list[TagBody], Meta(description="always empty: there are no system tags here")]


class FoundVaultsBody(Struct, kw_only=True, omit_defaults=True):
    """What ShowVaultResourceInstances has found; `count` answers no resources."""

    resources: Annotated[list[FoundVault] | None, Meta(description="the vaults of this page")] = None
    total_count: Annotated[int, Meta(description="how many vaults match in all")]


class ProjectTag(Struct):
    """A key that vaults of the project bear."""

    key: Annotated[str, Meta(description="the key")]
    values: Annotated[list[str], Meta(description="its different values, a list (contract D5)")]


class ShowVaultProjectTagBody(Struct):
    """All tags that vaults of the project bear."""

    tags: Annotated[list[ProjectTag], Meta(description="the keys, each with its values")]


def find_vaults(request: Request[None, FindVaultsBody]) -> FoundVaultsBody:
    """Answer ShowVaultResourceInstances."""
    body, service = request.body, request.services.vault_tags
    filtering = body.action == "filter"
    if _nothing_can_match(body.sys_tags or ()):
        return FoundVaultsBody(resources=[] if filtering else None, total_count=0)
    wanted = _filter(body)
    if not filtering:
        return FoundVaultsBody(total_count=service.count(request.ctx, wanted))
    found = service.find(
        request.ctx, wanted, Page(limit=int(body.limit or 1000), offset=int(body.offset or 0))
    )
    return FoundVaultsBody(resources=[_found(view) for view in found.items], total_count=found.count)


def show_project_tags(request: Request[None, None]) -> ShowVaultProjectTagBody:
    """Answer ShowVaultProjectTag."""
    tags = request.services.vault_tags.of_project(request.ctx)
    return ShowVaultProjectTagBody([ProjectTag(key, values) for key, values in tags.items()])


def _filter(body: FindVaultsBody) -> VaultFilter:
    return VaultFilter(
        tags=TagFilter(
            every=_tags(body.tags),
            any=_tags(body.tags_any),
            not_every=_tags(body.not_tags),
            not_any=_tags(body.not_tags_any),
            untagged=bool(body.without_any_tag),
        ),
        name_part=body.matches[0].value if body.matches else None,
        cloud_types=(body.cloud_type,) if body.cloud_type else (),
        object_types=(body.object_type,) if body.object_type else (),
    )


def _tags(wanted: list[WantedTag] | None) -> Tags:
    return tuple(
        (tag.key.strip(" "), tuple(value.strip(" ") for value in tag.values or ())) for tag in wanted or ()
    )


def _nothing_can_match(sys_tags: list[WantedTag] | tuple[()]) -> bool:
    """Say whether a filter asks for a system tag that there is not: another than the one enterprise project."""
    return any(
        tag.key != _ENTERPRISE_PROJECT or only_other_enterprise_projects(tuple(tag.values or ()))
        for tag in sys_tags
    )


def _found(view: VaultView) -> FoundVault:
    return FoundVault(
        resource_id=view.vault.id,
        resource_name=view.vault.name,
        resource_detail=VaultDetail(vault_body(view)),
        tags=tag_bodies(view.vault.tags),
        sys_tags=[],
    )


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["ShowVaultResourceInstances"],
        handler=find_vaults,
        right="cbr:vaults:listResourceInstances",
        summary="Find or count vaults by their tags",
        description=(
            "Finds vaults by their tags, by a part of their name and by what they take, or only counts them. All "
            "filters that are given must hold; the values of one tag mean any of them. The newest vault comes "
            "first."
        ),
    ),
    Route(
        operation=OPERATIONS["ShowVaultProjectTag"],
        handler=show_project_tags,
        right="cbr:vaults:listProjectTags",
        summary="List all tags that vaults of the project bear",
        description="Lists the keys that the project's vaults bear, each with its different values, in order.",
    ),
)
