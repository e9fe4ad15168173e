"""All use cases in one bundle: what the HTTP side is given."""

from dataclasses import dataclass

from opencbr.service.backups import Backups
from opencbr.service.checkpoints import Checkpoints
from opencbr.service.drills import Drills
from opencbr.service.freshness import Freshness
from opencbr.service.metadata import Metadata
from opencbr.service.operation_logs import OperationLogs
from opencbr.service.policies import Policies
from opencbr.service.policy_runs import PolicyRuns
from opencbr.service.protectables import Protectables
from opencbr.service.restore_plans import RestorePlans
from opencbr.service.restores import Restores
from opencbr.service.retention_previews import RetentionPreviews
from opencbr.service.scopes import Scopes
from opencbr.service.storage_usage import StorageUsage
from opencbr.service.vault_expiry import VaultExpiry
from opencbr.service.vault_resources import VaultResources
from opencbr.service.vault_tags import VaultTags
from opencbr.service.vaults import Vaults
from opencbr.service.ways_back import WaysBack


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The use cases by chapter; made once by wiring and shared by all threads."""

    vaults: Vaults
    vault_tags: VaultTags
    vault_resources: VaultResources
    vault_expiry: VaultExpiry
    storage_usage: StorageUsage
    protectables: Protectables
    checkpoints: Checkpoints
    backups: Backups
    restores: Restores
    restore_plans: RestorePlans
    ways_back: WaysBack
    drills: Drills
    policies: Policies
    policy_runs: PolicyRuns
    freshness: Freshness
    retention_previews: RetentionPreviews
    metadata: Metadata
    operation_logs: OperationLogs
    scopes: Scopes
