"""What a draft comes to before it is judged as a whole: alone, or beside the others of its checkpoint."""

from dataclasses import dataclass

from opencbr.model.restore_plan.blueprint import Blueprint
from opencbr.model.restore_plan.choices import Choices
from opencbr.model.restore_plan.draft import Draft


@dataclass(frozen=True, slots=True)
class Layout:
    """A draft with its mapping filled in, and with what is to be made as far as it is known: whole where nothing is open."""

    draft: Draft
    mapping: Choices
    blueprint: Blueprint
