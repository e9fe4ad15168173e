"""What CreateVault and UpdateVault have in common (contract 3.1)."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

ConsistentLevel = Literal["crash_consistent", "app_consistent"]
CloudType = Literal["public", "hybrid"]
ProtectType = Literal["backup", "replication"]
ObjectType = Literal["server", "disk", "turbo", "workspace", "vmware", "rds", "file"]
Threshold = Annotated[
    int, Meta(ge=1, le=100, description="per cent of use from which the logs of backups say so")
]


AutoBind = Annotated[
    bool | None,
    Meta(
        description="true: what no vault has and bears a tag of `bind_rules` is bound by itself, in a while"
    ),
]
AutoExpand = Annotated[
    bool | None, Meta(description="true: a full vault grows by a quarter when a backup is asked for")
]
SmnNotify = Annotated[
    bool | None,
    Meta(description="whether the logs of backups tell that the threshold is reached"),
]
Locked = Annotated[bool | None, Meta(description="true for good: automatic backups stay until they expire")]


class RuleTag(Struct):
    """A key and a value that a resource may bear: in its metadata, or a server as a tag `key=value`."""

    key: Annotated[
        str,
        Meta(min_length=1, max_length=255, description="the key; spaces at its ends are cut off"),
    ]
    value: Annotated[
        Annotated[str, Meta(max_length=255)] | None,
        Meta(description="the value; spaces at its ends are cut off"),
    ] = None


class BindRules(Struct):
    """Which unprotected resources `auto_bind` takes; `{"tags": []}` clears them."""

    tags: Annotated[
        Annotated[list[RuleTag], Meta(max_length=5)] | None,
        Meta(description="a resource with any of these is taken; an empty list clears the rules"),
    ] = None


NewBindRules = Annotated[BindRules | None, Meta(description="which resources `auto_bind` takes")]


def bind_rules(rules: BindRules) -> dict[str, Any]:
    """Return the rules as they are stored and shown: empty when they have no tags."""
    tags = [{"key": tag.key.strip(), "value": (tag.value or "").strip()} for tag in rules.tags or ()]
    return {"tags": tags} if tags else {}
