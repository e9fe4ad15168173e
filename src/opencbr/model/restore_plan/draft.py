"""A plan while it is made: what becomes of each captured thing and field, what is refused, and what is still to be chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from opencbr.model.restore_plan.captured import Captured, Json, Path
from opencbr.model.restore_plan.choices import Choices
from opencbr.model.restore_plan.treatment import REASONS
from opencbr.model.restore_plan.view import CloudView

KEPT: Final = "kept"
MAPPED: Final = "mapped"
NEW: Final = "new"
LOST: Final = "lost"
REFUSED: Final = "refused"
UNDECIDED: Final = "undecided"
UNHANDLED: Final = "unhandled"
FATES = (KEPT, MAPPED, NEW, LOST, REFUSED, UNDECIDED, UNHANDLED)
"""What can become of a captured field; undecided is one of which the mapping does not say enough."""

STANDS: Final = "stands"
MADE: Final = "made"


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one field, the id of what takes its place, and why."""

    fate: str
    reason: str
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    """What becomes of a whole document: it STANDS, is MAPPED to `id`, is MADE, or all its fields have one fate."""

    how: str
    id: str | None = None
    body: Json | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a plan is refused: where, a sentence that says what to change, and the ids in it."""

    document: str
    field: str
    sentence: str
    ids: tuple[str, ...] = ()
    backup_id: str | None = None  # of a checkpoint: the one that this is about, None for several


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenChoice:
    """What is still to be chosen: the member of the mapping, what it may be, and why it is asked."""

    member: str
    options: tuple[str, ...]
    sentence: str


Needs = Mapping[tuple[str, str], int]


class Draft:
    """Collects what the parts of a plan find out."""

    def __init__(
        self,
        captured: Captured,
        view: CloudView,
        choices: Choices,
        reasons: Mapping[str, str] = REASONS,
    ) -> None:
        self.captured = captured
        self.view = view
        self.choices = choices
        self.reasons = reasons
        self.things: dict[str, Thing] = {}
        self.fates: dict[tuple[str, Path], Fate] = {}
        self.problems: list[Problem] = []
        self.open: list[OpenChoice] = []
        self.notices: list[str] = []
        self.needs: dict[tuple[str, str], int] = {}  # (quota, what needs it) -> how much

    @property
    def project_id(self) -> str:
        """The project in which things are made: the one that was chosen, else the backup's own."""
        return self.choices.project_id or self.captured.project_id

    @property
    def is_elsewhere(self) -> bool:
        """Whether that is another one than the backup's."""
        return self.project_id != self.captured.project_id

    def need(self, quota: str, by: str, amount: int = 1) -> None:
        """Say how much of a quota one thing needs, known by its id in the record: plans that share the thing need it once."""
        self.needs[quota, by] = amount

    def standing(self, document: str) -> Json | None:
        """Give what stands now in place of a document of the record, None when nothing does."""
        return self.view.standing.get(document)

    def stands(self, document: str, body: Json) -> None:
        """Say that a thing is used as it stands in the cloud."""
        self.things[document] = Thing(STANDS, None, body)

    def maps(self, document: str, target: str, body: Json | None, why: str) -> None:
        """Say that another thing takes the place of one, and how that was found."""
        self.things[document] = Thing(MAPPED, target, body, why)

    def makes(self, document: str, why: str = "") -> None:
        """Say that a thing is made again."""
        self.things[document] = Thing(MADE, reason=why)

    def loses(self, document: str, why: str) -> None:
        """Say that a thing is not given back."""
        self.things[document] = Thing(LOST, reason=why)

    def refuse(self, document: str, field: Path, sentence: str, ids: Sequence[str] = ()) -> None:
        """Refuse the plan for a field, or for a whole document where the path is empty."""
        self.problems.append(
            Problem(document=document, field=".".join(field), sentence=sentence, ids=tuple(ids))
        )
        if field:
            self.fates[document, field] = Fate(REFUSED, sentence)
        else:
            self.things[document] = Thing(REFUSED, reason=sentence)

    def ask(self, member: str, options: Sequence[str], sentence: str, *documents: str) -> None:
        """Ask for a choice; what depends on it is undecided."""
        self.open.append(OpenChoice(member=member, options=tuple(options), sentence=sentence))
        for document in documents:
            self.things[document] = Thing(UNDECIDED, reason=sentence)

    def decide(self, document: str, field: Path, fate: str, reason: str, target: str | None = None) -> None:
        """Say what becomes of one field."""
        self.fates[document, field] = Fate(fate, reason, target)
