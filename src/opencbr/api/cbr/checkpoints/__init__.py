"""Chapter Checkpoint of the contract."""

from opencbr.api.cbr.checkpoints import by_id, create

ROUTES = (*create.ROUTES, *by_id.ROUTES)
