"""ShowVaultTag, CreateVaultTags and DeleteVaultTag (contract 3.9); `vault` in the singular (trap T26)."""

from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.cbr.tag import NewTag, TagBody, tag_bodies, tags_of
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.model.errors import VAULT_UNCHANGEABLE


class ShowVaultTagBody(Struct):
    """The tags of a vault, in the order they were given."""

    tags: Annotated[list[TagBody], Meta(description="its tags")]
    sys_tags: Annotated[list[TagBody], Meta(description="always empty: there are no system tags here")]


class CreateVaultTagsBody(Struct):
    """The request of CreateVaultTags."""

    tag: Annotated[NewTag, Meta(description="the tag; a key that the vault bears gets this value")]


def show_vault_tag(request: Request[None, None]) -> ShowVaultTagBody:
    """Answer ShowVaultTag."""
    tags = request.services.vault_tags.of_vault(request.ctx, request.path["vault_id"])
    return ShowVaultTagBody(tag_bodies([*tags.items()]), [])


def create_vault_tags(request: Request[None, CreateVaultTagsBody]) -> None:
    """Answer CreateVaultTags."""
    request.services.vault_tags.give(request.ctx, request.path["vault_id"], tags_of([request.body.tag]))


def delete_vault_tag(request: Request[None, None]) -> None:
    """Answer DeleteVaultTag."""
    request.services.vault_tags.take_off_one(request.ctx, request.path["vault_id"], request.path["key"])


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["ShowVaultTag"],
        handler=show_vault_tag,
        right="cbr:vaults:getTags",
        summary="Show the tags of a vault",
        description="Shows the tags of one vault, in the order they were given. ShowVault has them too.",
        errors=("6105",),
    ),
    Route(
        operation=OPERATIONS["CreateVaultTags"],
        handler=create_vault_tags,
        right="cbr:vaults:setTags",
        summary="Give a vault one tag",
        description=(
            "Gives a vault a tag. A key that the vault bears already gets the new value. A vault bears at most 20 "
            "tags."
        ),
        errors=("6105", VAULT_UNCHANGEABLE, "6600"),
    ),
    Route(
        operation=OPERATIONS["DeleteVaultTag"],
        handler=delete_vault_tag,
        right="cbr:vaults:deleteTags",
        summary="Take one tag off a vault",
        description=(
            "Takes the tag with the key of the path off a vault, whatever its value is. A key that the vault does "
            "not bear is a 404."
        ),
        errors=("6105", VAULT_UNCHANGEABLE, "6601"),
    ),
)
