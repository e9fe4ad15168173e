"""A plan that goes into another project than the backup's: what may be handed over, and what room that needs.

Whatever a plan reads it reads as that project sees it, so that what only the backup's own has counts as gone there.
"""

from collections.abc import Iterator

from opencbr.model.restore_plan.captured import Path, at
from opencbr.model.restore_plan.draft import KEPT, MADE, Draft
from opencbr.model.restore_plan.rows import judged
from opencbr.model.restore_plan.server_part import USER_DATA


def judge_project(draft: Draft) -> None:
    """Judge the way into another project; for a plan that stays in the backup's own nothing is said."""
    if not draft.is_elsewhere:
        return
    draft.notices.append(
        f"the server is made in project {draft.project_id}: what only project {draft.captured.project_id} has counts as gone"
    )
    _refuse_encrypted(draft)
    if not draft.view.gives_secrets:
        _refuse_sealed(draft)


def _refuse_encrypted(draft: Draft) -> None:
    """Refuse what Cinder does not hand over: a volume whose key only its own project may use."""
    for disk in draft.captured.disks:
        if disk.encrypted:
            sentence = f"volume {disk.volume_id} is encrypted, and Cinder hands no such volume over to another project"
            draft.refuse(f"volume/{disk.volume_id}", ("volume", "encrypted"), sentence, (disk.volume_id,))


def _refuse_sealed(draft: Draft) -> None:
    """Refuse to hand on what the caller may not see: whoever is in the other project could read it there."""
    for document, path in dict.fromkeys(_sealed(draft)):
        way = "choose `user_data: drop`, or have" if path == USER_DATA else "have"
        sentence = f"{'.'.join(path)} is sealed, and you may not see it: {way} somebody restore it who may see secrets"
        draft.refuse(document, path, sentence)


def _sealed(draft: Draft) -> Iterator[tuple[str, Path]]:
    """Yield what is given to what is made, and is masked for those who may not see secrets."""
    for document, path, value, fate in judged(draft):
        base = document.replace("@newest", "")
        thing = draft.things.get(base)
        is_given = thing is not None and thing.how == MADE and fate.fate == KEPT
        if is_given and at(draft.captured.documents[document], path) != value:
            yield base, path
