"""What the form of a policy holds, read from a policy of the API or from what was sent, and the request that it means."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from werkzeug.datastructures import MultiDict

from opencbr.console.policy_form.times import WEEKLY, Times, times_of
from opencbr.model.policy import BACKUP, DRILL, DRILL_SAMPLE, LONG_TERM, NO_LIMIT

NUMBER: Final = "number"
DAYS: Final = "days"
ALL: Final = "all"
"""How backups are kept: the newest, and the last ones of periods; for some days; for good."""

NUMBERS: Final = (
    "max_backups",
    "retention_duration_days",
    *LONG_TERM,
    "full_backup_interval",
    DRILL_SAMPLE,
)
TEXTS: Final = ("name", "time_zone", "start_window_minutes")
"""The fields that are named as the members of the API which they become."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """The entries. `numbers` are those of the definition by the API's names, as texts; "" where nothing is entered.

    Of them, those of the other `operation_type` do not count.
    """

    operation_type: str = BACKUP
    name: str = ""
    enabled: bool = True
    times: Times = field(default_factory=Times)
    time_zone: str = ""
    start_window_minutes: str = ""
    keeps: str = NUMBER
    numbers: Mapping[str, str] = field(
        default_factory=lambda: dict.fromkeys(NUMBERS, "") | {"max_backups": "14", DRILL_SAMPLE: "1"}
    )
    timezone: str = ""

    @classmethod
    def of_new(cls, operation_type: str) -> Self:
        """Return what the form of a new policy begins with: drills are weekly, for they take room."""
        if operation_type != DRILL:
            return cls()
        return cls(operation_type=DRILL, times=Times(times=WEEKLY, at="03:00", days=("SU",)))

    @classmethod
    def of_form(cls, form: "MultiDict[str, str]", operation_type: str | None = None) -> Self:
        """Read what a browser has sent; `operation_type` is that of a policy that there is, which never changes."""
        given = {name: form.get(name, "").strip() for name in (*TEXTS, *NUMBERS, "keeps", "timezone")}
        times = {name: form.get(name, "") for name in ("times", "at", "hours", "minute", "patterns")}
        return cls(
            operation_type=operation_type or form.get("operation_type", BACKUP),
            enabled="enabled" in form,
            times=Times(days=tuple(form.getlist("days")), **times),
            numbers={name: given[name] for name in NUMBERS},
            **{name: given[name] for name in (*TEXTS, "keeps", "timezone")},
        )

    @classmethod
    def of_policy(cls, policy: Mapping[str, Any]) -> Self:
        """Read a policy of the API."""
        properties, definition = policy["trigger"]["properties"], policy["operation_definition"]
        numbers = {name: str(definition.get(name, "")) for name in NUMBERS}
        numbers |= {name: "" for name in NUMBERS[:2] if numbers[name] == str(NO_LIMIT)}
        by_days, by_number = (
            numbers["retention_duration_days"],
            any(numbers[n] for n in ("max_backups", *LONG_TERM)),
        )
        return cls(
            operation_type=policy["operation_type"],
            name=policy["name"],
            enabled=policy["enabled"],
            times=times_of(properties["pattern"]),
            time_zone=properties["time_zone"] or "",
            start_window_minutes=str(properties["start_window_minutes"] or ""),
            keeps=DAYS if by_days else NUMBER if by_number else ALL,
            numbers=numbers,
            timezone=definition.get("timezone", ""),
        )

    @property
    def drills(self) -> bool:
        """Whether it is a policy of drills: it keeps nothing."""
        return self.operation_type == DRILL

    def definition(self) -> dict[str, Any]:
        """Return the operation_definition that is meant."""
        if self.drills:
            return self._given(DRILL_SAMPLE)
        names = {NUMBER: ("max_backups", *LONG_TERM), DAYS: ("retention_duration_days",)}.get(self.keeps, ())
        wanted = self._given(*names, "full_backup_interval")
        if self.keeps == NUMBER and self.timezone:
            wanted["timezone"] = self.timezone
        return wanted

    def _given(self, *names: str) -> dict[str, Any]:
        return {name: _number(self.numbers[name]) for name in names if self.numbers[name]}

    def properties(self) -> dict[str, Any]:
        """Return the properties of the trigger that are meant."""
        return {
            "pattern": self.times.wanted(),
            "time_zone": self.time_zone or None,
            "start_window_minutes": _number(self.start_window_minutes) if self.start_window_minutes else None,
        }

    def new_policy(self) -> dict[str, Any]:
        """Return the policy of CreatePolicy."""
        return {
            "name": self.name,
            "enabled": self.enabled,
            "operation_type": self.operation_type,
            "operation_definition": self.definition(),
            "trigger": {"properties": self.properties()},
        }

    def changes(self, policy: Mapping[str, Any]) -> dict[str, Any]:
        """Return what UpdatePolicy is to change of a policy of the API: what nobody has touched stays byte for byte (T14)."""
        before = self.of_policy(policy)
        changed: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("name", "enabled")
            if getattr(self, name) != getattr(before, name)
        }
        if self.definition() != before.definition():
            changed["operation_definition"] = self.definition()
        properties = self.properties()
        different = {name for name, value in properties.items() if value != before.properties()[name]}
        if different:
            changed["trigger"] = {"properties": {name: properties[name] for name in different}}
        return changed


def _number(text: str) -> int | str:
    """Read a whole number; what is none goes to the API as it is, which says so."""
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdecimal() and len(digits) <= 9 else text  # noqa: PLR2004
