"""BatchCreateAndDeleteVaultTags (contract 3.9)."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from opencbr.api.cbr.operations import OPERATIONS
from opencbr.api.cbr.tag import NewTag, tags_of
from opencbr.api.errors import bad_parameter
from opencbr.api.request import Request
from opencbr.api.route import Route
from opencbr.api.schema import Text
from opencbr.api.validation import held_to
from opencbr.model.errors import VAULT_UNCHANGEABLE
from opencbr.model.vault import MAX_TAGS


class ChangedTag(Struct):
    """A tag to give or to take off; what is given must fit CreateVaultTags, taking off takes longer ones too."""

    key: Annotated[
        Annotated[str, Meta(min_length=1, max_length=127)],
        Meta(description="the key; spaces at its ends are cut off"),
    ]
    value: Annotated[
        Annotated[str, Meta(max_length=255)] | None,
        Meta(description="the value; `delete` with one takes only a tag of this value off"),
    ] = None


class TagsToGive(Struct):
    """What `create` takes of a request: tags as CreateVaultTags has them."""

    tags: list[NewTag]


class SystemTag(Struct):
    """A system tag, which no vault bears here."""

    key: Annotated[Text, Meta(description="`_sys_enterprise_project_id`")]
    value: Annotated[Text, Meta(description="an enterprise project")]


class BatchVaultTagsBody(Struct, kw_only=True):
    """The request of BatchCreateAndDeleteVaultTags."""

    action: Annotated[
        Literal["create", "delete"], Meta(description="`create` gives the tags, `delete` takes them off")
    ]
    tags: Annotated[
        Annotated[list[ChangedTag], Meta(max_length=MAX_TAGS)] | None,
        Meta(description="up to 20 keys, to give each once"),
    ] = None
    sys_tags: Annotated[
        Annotated[list[SystemTag], Meta(max_length=MAX_TAGS)] | None,
        Meta(description="refused unless it is empty: there are no enterprise projects here"),
    ] = None


def change_vault_tags(request: Request[None, BatchVaultTagsBody]) -> None:
    """Answer BatchCreateAndDeleteVaultTags."""
    body, service = request.body, request.services.vault_tags
    if body.sys_tags:
        raise bad_parameter("sys_tags: there are no enterprise projects here; leave sys_tags out.")
    if body.tags is None:
        raise bad_parameter("tags: the member tags is missing; name the tags to give or to take off.")
    if body.action == "create":
        service.give(request.ctx, request.path["vault_id"], tags_of(held_to(TagsToGive, body).tags))
    else:
        service.take_off(request.ctx, request.path["vault_id"], _to_take_off(body.tags))


def _to_take_off(tags: list[ChangedTag]) -> dict[str, str | None]:
    """Return the value that each key must have to be taken off, None for any; raises 400/9900 for two values."""
    found: dict[str, str | None] = {}
    for tag in tags:
        key, value = tag.key.strip(" "), None if tag.value is None else tag.value.strip(" ")
        if found.setdefault(key, value) != value:
            raise bad_parameter(f"tags: the key {key!r} is given twice; give each key once.")
    return found


ROUTES: tuple[Route, ...] = (
    Route(
        operation=OPERATIONS["BatchCreateAndDeleteVaultTags"],
        handler=change_vault_tags,
        right="cbr:vaults:bulkCreateOrDeleteTags",
        summary="Give a vault several tags, or take several off",
        description=(
            "Gives a vault several tags, or takes several off, all or none of them. It may be repeated: a key that "
            "the vault bears gets the value once more, and what it does not bear needs no taking off. `delete` "
            "with a value takes only a tag of that value off."
        ),
        errors=("6105", VAULT_UNCHANGEABLE, "6600"),
    ),
)
