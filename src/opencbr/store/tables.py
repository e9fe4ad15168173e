"""The tables. One place for all of them, so that the schema can be read from top to bottom.

Queries live in the modules of their subject. Names of columns are the names of the dataclasses' fields. A tenant's row has its
`project_id`. A list has an index that starts with the project, or with whose list it is, and goes on in (created_at, id), both
descending: the default order (contract 2, rule 1).
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    false,
    text,
)

from opencbr.model import statuses
from opencbr.model.policy_run import MISSED
from opencbr.model.report import COMPLETE
from opencbr.store.columns import TEXT, Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

vault = Table(
    "vault",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("project_id", TEXT, nullable=False),
    Column("user_id", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("description", TEXT, nullable=False),
    Column("object_type", TEXT, nullable=False),
    Column("protect_type", TEXT, nullable=False),
    Column("consistent_level", TEXT, nullable=False),
    Column("cloud_type", TEXT, nullable=False),
    Column("size_gb", Integer, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("is_multi_az", Boolean, nullable=False),
    Column("auto_bind", Boolean, nullable=False),
    Column("bind_rules", JSON, nullable=False),
    Column("auto_expand", Boolean, nullable=False),
    Column("threshold", Integer, nullable=False),
    Column("smn_notify", Boolean, nullable=False),
    Column("locked", Boolean, nullable=False),
    Column("backup_name_prefix", TEXT, nullable=False),
    Column("demand_billing", Boolean, nullable=False),
    Column("sys_lock_source_service", TEXT, nullable=False),
    Column("availability_zone", TEXT),
    Column("enterprise_project_id", TEXT, nullable=False),
    Column("held_at", Moment),  # deleted for the user, kept for the held backups in it
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)
Index(
    "ix_vault_list",
    vault.c.project_id,
    vault.c.created_at.desc(),
    vault.c.id.desc(),
    vault.c.held_at,  # asked for in every list: without it each row would be fetched to be counted
)

vault_tag = Table(
    "vault_tag",
    metadata,
    Column("vault_id", TEXT, ForeignKey("vault.id", ondelete="CASCADE"), primary_key=True),
    Column("key", TEXT, primary_key=True),
    Column("project_id", TEXT, nullable=False),
    Column("value", TEXT, nullable=False),
    Column("position", Integer, nullable=False),  # tags are shown in the order they were given
)
# Vaults by their tags, and the tags of a project: both are answered from the index alone.
Index(
    "ix_vault_tag_search",
    vault_tag.c.project_id,
    vault_tag.c.key,
    vault_tag.c.value,
    vault_tag.c.vault_id,
)

resource = Table(
    "resource",
    metadata,
    # A resource belongs to at most one vault (contract 5.1): the key says so.
    Column("project_id", TEXT, primary_key=True),
    Column("id", TEXT, primary_key=True),
    Column("vault_id", TEXT, ForeignKey("vault.id"), nullable=False, index=True),
    Column("type", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("size_gb", Integer, nullable=False),
    Column("exclude_volumes", JSON, nullable=False),
    Column("include_volumes", JSON, nullable=False),
    Column("protect_status", TEXT, nullable=False),
    Column("auto_protect", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("bound_by_rules", Boolean, nullable=False, server_default=false()),
)

bind_exclusion = Table(
    "bind_exclusion",
    metadata,
    Column("project_id", TEXT, primary_key=True),
    Column("resource_id", TEXT, primary_key=True),
    Column("created_at", Moment, nullable=False),
)

# When backups are made by themselves. What is due is found by its own index, over all projects.
policy = Table(
    "policy",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("project_id", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("operation_type", TEXT, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("patterns", JSON, nullable=False),
    Column("time_zone", TEXT),
    Column("start_window_minutes", Integer),
    Column("trigger_id", TEXT, nullable=False),
    Column("definition", JSON, nullable=False),
    Column("next_fire_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
)
_FIRES = text("next_fire_at IS NOT NULL")
Index("ix_policy_list", policy.c.project_id, policy.c.created_at.desc(), policy.c.id.desc())
Index("ix_policy_next_fire_at", policy.c.next_fire_at, sqlite_where=_FIRES, postgresql_where=_FIRES)

# A vault has at most one policy of a type (contract 5.1): the key says so.
vault_policy = Table(
    "vault_policy",
    metadata,
    Column("vault_id", TEXT, ForeignKey("vault.id", ondelete="CASCADE"), primary_key=True),
    Column("operation_type", TEXT, primary_key=True),
    Column("project_id", TEXT, nullable=False),
    Column("policy_id", TEXT, ForeignKey("policy.id", ondelete="CASCADE"), nullable=False, index=True),
)

# One row for each time that a policy is due and each resource of its vaults. The id is derived of those three, so that
# whoever fires makes it once.
policy_run = Table(
    "policy_run",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("project_id", TEXT, nullable=False),
    Column("policy_id", TEXT, ForeignKey("policy.id", ondelete="CASCADE"), nullable=False),
    Column("vault_id", TEXT, ForeignKey("vault.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("resource_id", TEXT, nullable=False),
    Column("resource_name", TEXT, nullable=False),
    Column("resource_type", TEXT, nullable=False),
    Column("trigger", TEXT, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("start_by", Moment, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("code", TEXT, nullable=False),
    Column("reason", TEXT, nullable=False),
    Column("checkpoint_id", TEXT),
    Column("backup_id", TEXT),
    Column("operation_log_id", TEXT),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("operation_type", TEXT, nullable=False, server_default="backup"),
)
_RUN_WAITS = text(f"status = '{statuses.WAITING}'")
_RUN_RUNS = text(f"status = '{statuses.RUNNING}'")
Index(
    "ix_policy_run_list",
    policy_run.c.policy_id,
    policy_run.c.created_at.desc(),
    policy_run.c.id.desc(),
    policy_run.c.project_id,
)
Index("ix_policy_run_created_at", policy_run.c.created_at)
# At most one run of a policy waits for a resource: the key says so.
Index(
    "uq_policy_run_waiting",
    policy_run.c.policy_id,
    policy_run.c.resource_id,
    unique=True,
    sqlite_where=_RUN_WAITS,
    postgresql_where=_RUN_WAITS,
)
# Those that wait, in the order in which a project's start: without it all that ever ran would be read in each round.
Index(
    "ix_policy_run_next",
    policy_run.c.project_id,
    policy_run.c.due_at,
    policy_run.c.id,
    sqlite_where=_RUN_WAITS,
    postgresql_where=_RUN_WAITS,
)
# What has come of the runs of one resource.
Index(
    "ix_policy_run_resource",
    policy_run.c.project_id,
    policy_run.c.resource_id,
    policy_run.c.policy_id,
    policy_run.c.due_at.desc(),
    policy_run.c.status,
    policy_run.c.late,
    policy_run.c.ended_at,
)
Index("ix_policy_run_running", policy_run.c.id, sqlite_where=_RUN_RUNS, postgresql_where=_RUN_RUNS)
# A worker looks for those that ended badly lately, to tell the operator.
_RUN_FAILS = text(f"status IN ('{statuses.FAILED}', '{MISSED}', '{statuses.SKIPPED}')")
Index("ix_policy_run_ended_at", policy_run.c.ended_at, sqlite_where=_RUN_FAILS, postgresql_where=_RUN_FAILS)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("project_id", TEXT, nullable=False),
    Column("vault_id", TEXT, ForeignKey("vault.id"), nullable=False, index=True),
    Column("user_id", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("description", TEXT, nullable=False),
    Column("incremental", Boolean, nullable=False),
    Column("auto_trigger", Boolean, nullable=False),
    Column("retention_days", Integer, nullable=False),
    Column("resources", JSON, nullable=False),
    Column("skipped", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
)

backup = Table(
    "backup",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("project_id", TEXT, nullable=False),
    Column("checkpoint_id", TEXT, ForeignKey("checkpoint.id"), nullable=False),
    Column("vault_id", TEXT, ForeignKey("vault.id"), nullable=False),
    Column("provider_id", TEXT, nullable=False),
    Column("parent_id", TEXT, ForeignKey("backup.id")),
    Column("position", Integer, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("description", TEXT),
    Column("resource_id", TEXT, nullable=False),
    Column("resource_name", TEXT, nullable=False),
    Column("resource_type", TEXT, nullable=False),
    Column("resource_size", Integer, nullable=False),
    Column("resource_az", TEXT),
    Column("image_type", TEXT, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("incremental", Boolean, nullable=False),
    Column("extend_info", JSON, nullable=False),
    Column("enterprise_project_id", TEXT, nullable=False),
    Column("version", Integer, nullable=False),
    Column("verdict", TEXT),
    Column("stored_mb", BigInteger, nullable=False),
    Column("held_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("protected_at", Moment),
    Column("expired_at", Moment),
    Column("pinned_at", Moment),
)
_LISTED = text("parent_id IS NULL AND held_at IS NULL")
_UNUSUAL = text(f"status <> '{statuses.AVAILABLE}' AND parent_id IS NULL AND held_at IS NULL")
_COMPLETE = text(f"verdict = '{COMPLETE}' AND parent_id IS NULL AND held_at IS NULL")
_CHILD = text("parent_id IS NOT NULL")
_HELD = text("held_at IS NOT NULL")
_EXPIRING = text("expired_at IS NOT NULL AND parent_id IS NULL AND held_at IS NULL")
_NEWEST = (backup.c.created_at.desc(), backup.c.id.desc())
# Always NULL in what is listed; without them SQLite would fetch every row to count them.
_NULLS = (backup.c.parent_id, backup.c.held_at)
Index(
    "ix_backup_list",
    backup.c.project_id,
    *_NEWEST,
    *_NULLS,
    sqlite_where=_LISTED,
    postgresql_where=_LISTED,
)
# Every list says how many match (docs/adr/0008-exact-counts.md): counting reads an index as small as can be.
Index(
    "ix_backup_count",
    backup.c.project_id,
    backup.c.status,
    *_NULLS,
    sqlite_where=_LISTED,
    postgresql_where=_LISTED,
)
Index(
    "ix_backup_name",
    backup.c.project_id,
    backup.c.name,
    *_NEWEST,
    *_NULLS,
    sqlite_where=_LISTED,
    postgresql_where=_LISTED,
)
# What a vault holds is asked for with every vault shown, and how many backups of a kind there are with every list of them:
# answered from the index alone.
Index(
    "ix_backup_usage",
    backup.c.project_id,
    backup.c.vault_id,
    backup.c.resource_type,
    backup.c.stored_mb,
    backup.c.resource_az,
    backup.c.image_type,
    backup.c.incremental,
    *_NULLS,
)
Index(
    "ix_backup_vault",
    backup.c.project_id,
    backup.c.vault_id,
    *_NEWEST,
    *_NULLS,
    sqlite_where=_LISTED,
    postgresql_where=_LISTED,
)
# The checkpoint stands first for its foreign key. Only with the order beside it SQLite takes this one, not that of all backups.
Index("ix_backup_checkpoint", backup.c.checkpoint_id, backup.c.project_id, *_NEWEST, *_NULLS)
Index("ix_backup_resource", backup.c.project_id, backup.c.resource_id, *_NEWEST, *_NULLS)
Index(
    "ix_backup_resource_name",
    backup.c.project_id,
    backup.c.resource_name,
    *_NEWEST,
    *_NULLS,
    sqlite_where=_LISTED,
    postgresql_where=_LISTED,
)
# The newest complete backup of a resource is found at once, whatever lies above it.
Index(
    "ix_backup_complete",
    backup.c.project_id,
    backup.c.resource_id,
    *_NEWEST,
    sqlite_where=_COMPLETE,
    postgresql_where=_COMPLETE,
)
# Nearly every backup is available; the others are few and asked for often.
Index(
    "ix_backup_unusual",
    backup.c.project_id,
    backup.c.status,
    *_NEWEST,
    sqlite_where=_UNUSUAL,
    postgresql_where=_UNUSUAL,
)
# What a vault holds is summed up from it alone, and a vault that goes is held against it.
Index("ix_backup_vault_id", backup.c.vault_id, backup.c.stored_mb, *_NULLS)
Index("ix_backup_child", backup.c.parent_id, backup.c.position, sqlite_where=_CHILD, postgresql_where=_CHILD)
# Few are held; the jobs look for those that nothing needs any more.
Index(
    "ix_backup_held",
    backup.c.project_id,
    backup.c.resource_id,
    sqlite_where=_HELD,
    postgresql_where=_HELD,
)

# Few have a time of their own to go; a worker looks for those whose time has come.
Index(
    "ix_backup_expired_at",
    backup.c.expired_at,
    backup.c.id,
    sqlite_where=_EXPIRING,
    postgresql_where=_EXPIRING,
)

# The objects in the cloud that hold a disk's backup: one in each region where it lies.
volume_backup = Table(
    "volume_backup",
    metadata,
    Column("backup_id", TEXT, ForeignKey("backup.id", ondelete="CASCADE"), primary_key=True),
    Column("region", TEXT, primary_key=True),
    Column("project_id", TEXT, nullable=False),
    Column("cinder_backup_id", TEXT),  # NULL until Cinder has made it
    Column("is_incremental", Boolean, nullable=False),
    Column("based_on", TEXT),  # our id of the disk backup whose object of this region it needs
    Column("stored_mb", BigInteger, nullable=False),  # the sum over the regions stands in `backup`
)
_BASED = text("based_on IS NOT NULL")
Index("ix_volume_backup_based_on", volume_backup.c.based_on, sqlite_where=_BASED, postgresql_where=_BASED)

# Where an automatic backup has succeeded the vault's policy may clean up: a worker does, and takes the row away.
# No foreign key: the backup may go first.
retention_due = Table(
    "retention_due",
    metadata,
    Column("backup_id", TEXT, primary_key=True),
    Column("project_id", TEXT, nullable=False),
    Column("vault_id", TEXT, nullable=False),
    Column("resource_id", TEXT, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("ix_retention_due_created_at", "created_at", "backup_id"),
)

# Whom a backup is shared with. It ends with the backup: sharing is a right to look, nothing of its own.
member = Table(
    "member",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("backup_id", TEXT, ForeignKey("backup.id", ondelete="CASCADE"), nullable=False),
    Column("dest_project_id", TEXT, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("vault_id", TEXT),
    Column("image_id", TEXT),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    UniqueConstraint("backup_id", "dest_project_id"),
)
Index("ix_member_dest_project_id", member.c.dest_project_id, member.c.status)

operation_log = Table(
    "operation_log",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("project_id", TEXT, nullable=False),
    Column("operation_type", TEXT, nullable=False),
    Column("status", TEXT, nullable=False),
    Column("user_id", TEXT, nullable=False),
    Column("provider_id", TEXT),
    Column("vault_id", TEXT),
    Column("vault_name", TEXT),
    Column("checkpoint_id", TEXT),
    Column("policy_id", TEXT),
    Column("backup_id", TEXT),
    Column("backup_name", TEXT),
    Column("resource_id", TEXT),
    Column("resource_name", TEXT),
    Column("resource_type", TEXT),
    Column("request_id", TEXT, nullable=False),
    Column("progress", Integer, nullable=False),
    Column("step", TEXT, nullable=False),
    Column("error_code", TEXT, nullable=False),
    Column("error_message", TEXT, nullable=False),
    Column("details", JSON, nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("updated_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("taken_at", Moment),  # when a worker had made a job of it
    # The job's own, never shown; what is shown are the details.
    Column("parameters", JSON, nullable=False, server_default=text("'{}'")),
)
_OUTBOX = text(f"status = '{statuses.WAITING}' AND taken_at IS NULL")
_OPEN = text("ended_at IS NULL")
_LOG_NEWEST = (operation_log.c.created_at.desc(), operation_log.c.id.desc())
Index("ix_operation_log_list", operation_log.c.project_id, *_LOG_NEWEST)
Index("ix_operation_log_count", operation_log.c.project_id, operation_log.c.status)
Index("ix_operation_log_vault", operation_log.c.project_id, operation_log.c.vault_id, *_LOG_NEWEST)
Index("ix_operation_log_resource", operation_log.c.project_id, operation_log.c.resource_id, *_LOG_NEWEST)
Index(
    "ix_operation_log_outbox",
    operation_log.c.created_at,
    operation_log.c.id,
    sqlite_where=_OUTBOX,
    postgresql_where=_OUTBOX,
)
Index(
    "ix_operation_log_open",
    operation_log.c.project_id,
    operation_log.c.resource_id,
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("project_id", TEXT, nullable=False),
    Column("operation_log_id", TEXT, nullable=False, index=True),
    Column("kind", TEXT, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("volume_id", TEXT),
    Column("backup_id", TEXT, index=True),
    Column("state", TEXT, nullable=False),
    Column("upstream_id", TEXT),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("region", TEXT, nullable=False, server_default=""),
    Column("key", TEXT, nullable=False),
    Column("kept_until", Moment),  # the way back of an ended restore: nobody removes it before that
    Column("cloud_project_id", TEXT),  # where it stands, when that is another project than the job's
    # A backup and the snapshot that it is made from may bear one name, and so may what lies in two regions.
    UniqueConstraint("region", "kind", "name"),
    # A job may make any number of objects of a kind; its own key tells them apart.
    UniqueConstraint("operation_log_id", "kind", "key"),
)
# What ended jobs could not remove, for the janitor: few among very many.
_LEFT = text("state = 'left'")
Index("ix_ledger_left", ledger.c.created_at, ledger.c.id, sqlite_where=_LEFT, postgresql_where=_LEFT)
_KEPT = text("kept_until IS NOT NULL")
Index("ix_ledger_kept_until", ledger.c.kept_until, sqlite_where=_KEPT, postgresql_where=_KEPT)

# What a restore that has not ended writes over: of two that want the same one the key refuses the second.
restore_target = Table(
    "restore_target",
    metadata,
    Column("project_id", TEXT, primary_key=True),
    Column("resource_id", TEXT, primary_key=True),  # a server or a volume
    Column("operation_log_id", TEXT, nullable=False, index=True),
)

# A plan holds secrets: it is sealed, and goes when it expires unless a restore is carrying it out.
restore_plan = Table(
    "restore_plan",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("project_id", TEXT, nullable=False),
    # No foreign key: a plan that outlives its backup says so when it is carried out, and expires soon.
    Column("backup_id", TEXT),
    Column("status", TEXT, nullable=False),
    Column("digest", TEXT, nullable=False),
    Column("key_id", TEXT, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("operation_log_id", TEXT, index=True),  # of the restore that carries it out just now
    Column("kind", TEXT, nullable=False, server_default="new_server"),  # what it restores as
    Column("checkpoint_id", TEXT),  # of a whole checkpoint; its backup_id is NULL
    Index("ix_restore_plan_expires_at", "expires_at"),
)

# No foreign key: the history of drills outlives backups.
drill = Table(
    "drill",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("project_id", TEXT, nullable=False),
    Column("backup_id", TEXT, nullable=False),
    Column("backup_name", TEXT, nullable=False),
    Column("resource_id", TEXT, nullable=False),
    Column("resource_name", TEXT, nullable=False),
    Column("verdict", TEXT),
    Column("reason", TEXT, nullable=False),
    Column("findings", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("recovered_at", Moment),
    Column("ended_at", Moment),
)
Index("ix_drill_list", drill.c.project_id, drill.c.created_at.desc(), drill.c.id.desc())
Index("ix_drill_resource", drill.c.project_id, drill.c.resource_id, drill.c.verdict, drill.c.backup_id)
_DRILL_FAILS = text(f"verdict = '{statuses.FAILED}'")
Index("ix_drill_ended_at", drill.c.ended_at, sqlite_where=_DRILL_FAILS, postgresql_where=_DRILL_FAILS)

# What the operator's webhook is told. No foreign key: a notice outlives what it is of.
notice = Table(
    "notice",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("event", TEXT, nullable=False),
    Column("subject_id", TEXT, nullable=False),
    Column("project_id", TEXT, nullable=False),
    Column("body", TEXT, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Moment),
    Column("sent_at", Moment),
    Column("given_up_at", Moment),
    Column("reason", TEXT, nullable=False),
    # Whoever looks tells of each thing once.
    UniqueConstraint("subject_id", "event"),
    Index("ix_notice_created_at", "created_at"),
)
_TO_SEND = text("next_attempt_at IS NOT NULL")
Index(
    "ix_notice_next_attempt_at",
    notice.c.next_attempt_at,
    notice.c.id,
    sqlite_where=_TO_SEND,
    postgresql_where=_TO_SEND,
)

worker = Table(
    "worker",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("expires_at", Float(53), nullable=False),  # seconds since 1970 by the database's own clock
)

leader = Table(
    "leader",
    metadata,
    Column("duty", TEXT, primary_key=True),
    Column("worker_id", TEXT, nullable=False),
    Column("expires_at", Float(53), nullable=False),  # seconds since 1970 by the database's own clock
)

settings = Table(
    "settings",
    metadata,
    Column("key", TEXT, primary_key=True),
    Column("value", TEXT, nullable=False),
)

ended_session = Table(
    "ended_session",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("ends_at", Moment, nullable=False),
    Index("ix_ended_session_ends_at", "ends_at"),
)

project_key = Table(
    "project_key",
    metadata,
    Column("project_id", TEXT, primary_key=True),
    Column("key_id", TEXT, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
)

draft = Table(
    "draft",
    metadata,
    Column("backup_id", TEXT, primary_key=True),
    Column("part", TEXT, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

record = Table(
    "record",
    metadata,
    # No cascade: a record is buried (its link becomes a tombstone) before its backup can go.
    Column("backup_id", TEXT, ForeignKey("backup.id"), primary_key=True),
    Column("project_id", TEXT, nullable=False),
    Column("key_id", TEXT, nullable=False),
    Column("dictionary_id", TEXT, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("secrets", LargeBinary, nullable=False),
    Column("documents", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("signer", LargeBinary, nullable=False),
    Column("sequence", Integer, nullable=False),
)

record_link = Table(
    "record_link",
    metadata,
    # No foreign key: a link outlives its backup as a tombstone, so that retention does not break the chain.
    Column("backup_id", TEXT, primary_key=True),
    Column("project_id", TEXT, nullable=False),
    Column("resource_id", TEXT, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("previous", LargeBinary),
    Column("closed_at", Moment, nullable=False),
    Column("buried_at", Moment),
    UniqueConstraint("project_id", "resource_id", "sequence"),
)
