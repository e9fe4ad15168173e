"""Pieces that the request and response types of the chapters share, with the limits of contract 0.3.

Request types ignore unknown members (contract 0.3). Limits stand in the types, so that validation and the
OpenAPI document cannot disagree.
"""

from typing import Annotated

from msgspec import Meta, Struct

Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=r"^[\u4E00-\u9FA5\uf900-\ufa2da-zA-Z0-9_\-]*$(?!\n)",
        description="1 to 64 letters, digits, underscores, hyphens or CJK ideographs",
    ),
]
"""Naming rule N1 (contract 0.3)."""

Description = Annotated[
    str,
    Meta(max_length=255, pattern=r"^[^<>]*$(?!\n)", description="at most 255 characters, without < and >"),
]
"""Naming rule N2; 255 for vaults too (contract D3)."""

Id = Annotated[str, Meta(min_length=1, max_length=64, description="an id, usually a lower-case UUID")]

Text = Annotated[str, Meta(max_length=255)]
"""Free text of a filter or a field without a rule of its own."""


class PageQuery(Struct, kw_only=True):
    """What every list takes (contract 2); `sort` is `key[:dir],…` with `desc` as default."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="rows of a page at most")] = 1000
    offset: Annotated[
        int,
        Meta(
            ge=0, le=2**31 - 1, description="rows to leave out, counted from `marker` or from the beginning"
        ),
    ] = 0
    marker: Annotated[
        Id | None, Meta(description="the id of the last row that was read: the page begins behind it")
    ] = None
    sort: Annotated[
        Annotated[str, Meta(max_length=255)] | None,
        Meta(
            description="`key:asc` or `key:desc`, several with commas between; by default `created_at:desc`"
        ),
    ] = None


class ErrorBody(Struct, omit_defaults=True):
    """The one shape of an error (contract 7.1); `message` is `error_msg` for clients of OpenStack.

    `request_id` comes with errors of sign-in and routing.
    """

    error_code: Annotated[str, Meta(description="the code of the catalogue, with its prefix")]
    error_msg: Annotated[str, Meta(description="what is wrong and what to change, as a sentence")]
    message: Annotated[str, Meta(description="the same sentence, where OpenStack's own clients look for it")]
    request_id: Annotated[
        str | None,
        Meta(
            description="the id of the request; with errors of sign-in and routing only, every answer has it in `X-Request-Id`"
        ),
    ] = None
