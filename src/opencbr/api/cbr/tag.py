"""A tag as clients give it, and as it is shown (contract 3.9)."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, Struct

from opencbr.api.errors import bad_parameter

TagKey = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=127,
        pattern=r"^ *[\u4E00-\u9FA5\uf900-\ufa2da-zA-Z0-9_\-]{1,36} *$(?!\n)",
        description="1 to 36 letters, digits, underscores, hyphens or CJK ideographs; spaces at its ends are cut off",
    ),
]
TagValue = Annotated[
    str,
    Meta(
        max_length=255,
        pattern=r"^ *[\u4E00-\u9FA5\uf900-\ufa2da-zA-Z0-9_.\-]{0,43} *$(?!\n)",
        description="up to 43 characters, those of a key and dots; spaces at its ends are cut off",
    ),
]


class NewTag(Struct):
    """A tag to give to a vault."""

    key: Annotated[
        TagKey,
        Meta(description="1 to 36 letters, digits, underscores, hyphens or CJK ideographs"),
    ]
    value: Annotated[
        TagValue | None, Meta(description="up to 43 characters, those of a key and dots; may be empty")
    ] = None


class TagBody(Struct):
    """A tag as shown."""

    key: Annotated[str, Meta(description="the key")]
    value: Annotated[str, Meta(description="the value, may be empty")]


def tags_of(given: Sequence[NewTag]) -> dict[str, str]:
    """Return values by their keys, both trimmed; raises 400/9900 for a key that is given twice."""
    found: dict[str, str] = {}
    for tag in given:
        key = tag.key.strip(" ")
        if key in found:
            raise bad_parameter(f"tags: the key {key!r} is given twice; give each key once.")
        found[key] = (tag.value or "").strip(" ")
    return found


def tag_bodies(tags: Sequence[tuple[str, str]]) -> list[TagBody]:
    """Write tags for the wire."""
    return [TagBody(key, value) for key, value in tags]
