"""When a policy fires: `trigger` as it is sent and answered (contract 3.7); `time_zone` is ours."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from opencbr.model.schedule import MAX_PATTERNS

PATTERN = (
    "1 to 24 rules such as `FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=14;BYMINUTE=00` or "
    "`FREQ=DAILY;INTERVAL=2;BYHOUR=2;BYMINUTE=30`, runs at least an hour apart"
)
WINDOW = (
    "for how many minutes a run that could not begin is tried again, 60 to 480; null: the server's setting"
)
TIME_ZONE = (
    "opencbr's own: the time zone of the patterns, a name of the IANA database such as `Europe/Berlin`, summer time "
    "included; null: UTC, as CBR has it"
)

Patterns = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=255)]],
    Meta(min_length=1, max_length=MAX_PATTERNS, description=PATTERN),
]
Window = Annotated[int, Meta(ge=60, le=480)] | None
Zone = Annotated[str, Meta(min_length=1, max_length=64)] | None


class NewTriggerProperties(Struct, kw_only=True):
    """When a new policy fires."""

    pattern: Annotated[Patterns, Meta(description=PATTERN)]
    start_window_minutes: Annotated[Window, Meta(description=WINDOW)] = None
    time_zone: Annotated[Zone, Meta(description=TIME_ZONE)] = None


class NewTrigger(Struct):
    """The trigger of a new policy."""

    properties: Annotated[NewTriggerProperties, Meta(description="when the policy fires")]


class ChangedTriggerProperties(Struct, kw_only=True):
    """When a policy fires from now on; what is left out stays, and null is what it would be in a new one."""

    pattern: Annotated[Patterns | None, Meta(description=PATTERN)] = None
    start_window_minutes: Annotated[Window | UnsetType, Meta(description=WINDOW)] = UNSET
    time_zone: Annotated[Zone | UnsetType, Meta(description=TIME_ZONE)] = UNSET


class ChangedTrigger(Struct):
    """The trigger of a changed policy."""

    properties: Annotated[ChangedTriggerProperties, Meta(description="when the policy fires")]


class TriggerProperties(Struct, kw_only=True):
    """When a policy fires."""

    pattern: Annotated[list[str], Meta(description="the rules as they were sent")]
    start_time: Annotated[str, Meta(description="when the policy was made, UTC, as in `2019-05-08 06:57:05`")]
    start_window_minutes: Annotated[int | None, Meta(description=WINDOW)]
    time_zone: Annotated[str | None, Meta(description=TIME_ZONE)]


class Trigger(Struct, kw_only=True):
    """The trigger of a policy."""

    id: Annotated[str, Meta(description="id of the trigger itself")]
    name: Annotated[str, Meta(description="always `default`")] = "default"
    type: Annotated[str, Meta(description="always `time`")] = "time"
    properties: Annotated[TriggerProperties, Meta(description="when the policy fires")]
