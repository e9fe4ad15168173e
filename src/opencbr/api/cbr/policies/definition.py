"""How long a policy's backups are kept, and how often one is full: `operation_definition` (contract 3.7, 5.6)."""

from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import asdict

from opencbr.api.errors import bad_parameter
from opencbr.api.schema import Text
from opencbr.model.policy import MAX_SAMPLE

_Limit = Annotated[int, Meta(ge=-1, le=99_999)]
_Kept = Annotated[int, Meta(ge=0, le=100)]


class OperationDefinition(Struct, kw_only=True, omit_defaults=True):
    """What was sent of it, and nothing else: a client that compares finds no difference."""

    max_backups: Annotated[
        _Limit | None,
        Meta(description="how many automatic backups of a resource are kept; -1 or left out: no limit"),
    ] = None
    retention_duration_days: Annotated[
        _Limit | None,
        Meta(
            description="for how many days an automatic backup is kept, instead of `max_backups`; -1 or left out: for ever"
        ),
    ] = None
    day_backups: Annotated[
        _Kept | None, Meta(description="of so many days the last backup is kept, beside `max_backups`")
    ] = None
    week_backups: Annotated[
        _Kept | None, Meta(description="of so many weeks the last backup is kept, beside `max_backups`")
    ] = None
    month_backups: Annotated[
        _Kept | None, Meta(description="of so many months the last backup is kept, beside `max_backups`")
    ] = None
    year_backups: Annotated[
        _Kept | None, Meta(description="of so many years the last backup is kept, beside `max_backups`")
    ] = None
    timezone: Annotated[
        Annotated[
            str,
            Meta(
                min_length=9,
                max_length=9,
                # Refused with a sentence of its own, which says how to write it.
                extra_json_schema={"pattern": "^UTC[+\\-](0[0-9]|1[0-4]):[0-5][0-9]$"},
            ),
        ]
        | None,
        Meta(description="in which days, weeks, months and years begin, as in `UTC+08:00`"),
    ] = None
    full_backup_interval: Annotated[
        Annotated[int, Meta(ge=-1, le=100)] | None,
        Meta(
            description="every so many automatic backups one is full; -1 or 0: none but the first; left out: as the operator "
            "has set it"
        ),
    ] = None
    drill_sample: Annotated[
        Annotated[int, Meta(ge=1, le=MAX_SAMPLE)] | None,
        Meta(
            description="opencbr's own, with `operation_type` drill: of how many servers of each vault the newest backup is "
            "tried each time, the least recently tried first; left out: of one"
        ),
    ] = None


_Refused = Annotated[Text | None, Meta(description="of replication, which is not offered: leave it out")]


class WantedDefinition(OperationDefinition, kw_only=True, omit_defaults=True):
    """How long backups are kept. Members of replication and the advanced rules are refused."""

    advanced_retention_rules: Annotated[
        dict[str, Any] | None,
        Meta(description="not offered: use `day_backups`, `week_backups`, `month_backups`, `year_backups`"),
    ] = None
    destination_region: _Refused = None
    destination_project_id: _Refused = None
    cross_account_urn: _Refused = None
    enable_acceleration: Annotated[
        bool | None, Meta(description="of replication, which is not offered: false, or left out")
    ] = None

    def wanted(self) -> dict[str, Any]:
        """Return the members that were sent; raises 400/9900, naming the member, for what is not offered."""
        sent = {name: value for name, value in asdict(self).items() if value is not None}
        if sent.get("advanced_retention_rules"):
            raise bad_parameter(
                "operation_definition.advanced_retention_rules: they are not offered here: use day_backups, "
                "week_backups, month_backups and year_backups."
            )
        for name in (
            "destination_region",
            "destination_project_id",
            "cross_account_urn",
            "enable_acceleration",
        ):
            if sent.get(name):
                raise bad_parameter(
                    f"operation_definition.{name}: it is for replication, which is not offered here: leave it out."
                )
        return {name: sent[name] for name in OperationDefinition.__struct_fields__ if name in sent}
