"""The root disk of a plan that is no volume: it comes from the image that the backup made of it, or from the original image."""

from collections.abc import Mapping

from opencbr.model.reference_fields import named
from opencbr.model.restore_plan.captured import Json
from opencbr.model.restore_plan.draft import KEPT, MAPPED, Draft
from opencbr.model.root_image import KIND

_ROOT = ("server", "image", "id")
ORIGINAL_ONLY = (
    "original image only: this backup has no image of the root disk, which is no volume; what was written to it since the "
    "server was made of its image is lost"
)
"""Notice of a plan that gives back another root disk than the one that was backed up."""
_ACTIVE = "active"


def choose_image(draft: Draft) -> str | None:
    """Find the image to boot from; None for a server that boots from a volume. One that is gone is refused."""
    original = _original(draft)
    if original is None:
        return None
    ours = draft.captured.root_image
    if ours is None:
        return _boot_original(draft, original)
    document, body = f"{KIND}/{ours}", _active(draft, f"{KIND}/{ours}")
    if body is None:
        draft.refuse(document, (), _absent(draft, ours), (ours,))
        return ours
    draft.stands(document, body)
    draft.decide("server", _ROOT, MAPPED, "the image that this backup made of the root disk", ours)
    if draft.standing(f"image/{original}") is None:
        draft.loses(f"image/{original}", "it is deleted; the root disk is in an image of this backup")
    return ours


def _absent(draft: Draft, image_id: str) -> str:
    if draft.is_elsewhere:
        return (
            f"image {image_id}, which this backup made of the root disk, is not shown to project {draft.project_id}: share it "
            "with that project in Glance first"
        )
    return f"image {image_id}, which this backup made of the root disk, is gone: nothing else holds that disk"


def booted_image(draft: Draft) -> Json | None:
    """Give the image that the new server boots from, as it stands; None where it boots from a volume, or nothing stands."""
    ours, original = draft.captured.root_image, _original(draft)
    if original is None:
        return None
    return draft.standing(f"image/{original}" if ours is None else f"{KIND}/{ours}")


def root_volume_image(draft: Draft) -> Json:
    """Give what a root volume keeps of the image that it was made of: a new one is given that again, and Nova heeds it."""
    if _original(draft) is not None:
        return {}
    root = next((disk.volume_id for disk in draft.captured.disks if disk.position == 0), "")
    found = draft.captured.of("volume").get(root, {}).get("volume_image_metadata")
    return found if isinstance(found, Mapping) else {}


def _boot_original(draft: Draft, original: str) -> str:
    document = f"image/{original}"
    now = draft.standing(document)
    if now is None:
        why = f"image {original}, which the server boots from, is deleted: nothing is left to boot from"
        if draft.is_elsewhere:
            why = (
                f"image {original}, which the server boots from, is not shown to project {draft.project_id}, or is deleted: "
                "share it with that project in Glance first"
            )
        draft.refuse(document, (), why, (original,))
    else:
        draft.stands(document, now)
        draft.decide("server", _ROOT, KEPT, ORIGINAL_ONLY)
    draft.notices.append(ORIGINAL_ONLY)
    return original


def _original(draft: Draft) -> str | None:
    server = draft.captured.server
    ids = named("server", {"server": server}, "image") if server.get("image") else []
    return ids[0] if ids else None


def _active(draft: Draft, document: str) -> Json | None:
    body = draft.standing(document)
    return body if body is not None and body.get("status") == _ACTIVE else None
