"""What each chapter of the interface is about, in a sentence or two."""

CHAPTERS = {
    "Vault": "A vault is what backups count in: it has a size, and the servers or disks that are bound to it.",
    "Checkpoint": "A checkpoint is one request to back up a vault; it is made of the backups that came of it.",
    "Backup": "A backup is a server or a disk as it was at one moment: its data and the documents that describe it.",
    "Member": "A backup is shared with another project by making that project a member of it.",
    "Policy": "A policy says when vaults are backed up or replicated, and how long backups are kept.",
    "Task": "An operation log tells of one piece of work on one resource: what was asked, how far it is, how it ended.",
    "Protectable": "A protectable is a server or a disk of the project that could be bound to a vault.",
    "Replication": "Backups are copied to another region.",
    "Tag": "Vaults bear tags: keys with values, to find them by.",
    "StorageUsage": "What the backups of each resource take.",
    "OrganizationPolicy": "Policies for all projects of an organization.",
    "Agent": "Agents in servers, for backups of files and of applications at rest.",
    "Feature": "What a region offers.",
    "Order": "Vaults that are paid in advance.",
    "Migration": "Vaults and backups move to another project.",
    "RestorePlan": "A restore plan says what a restore will do with every captured field. This chapter is opencbr's own.",
    "Restore": "What has become of a restore in place, and taking it back. This chapter is opencbr's own.",
    "Drill": "A drill tries whether a backup can be restored, and keeps what came of it. This chapter is opencbr's own.",
    "PolicyRun": "A run is what one time of a policy becomes, for one server or disk. This chapter is opencbr's own.",
    "Retention": "What a policy keeps and deletes, and pins, which keep what would go. This chapter is opencbr's own.",
    "Freshness": "How old the newest backups of all that is bound to vaults are. This chapter is opencbr's own.",
    "Identity": "What clients with an access key ask Keystone for at their start, answered here too.",
    "Record": "The signed record of a backup, which is verified without this server. This chapter is opencbr's own.",
}
"""By the chapter's name, as `Operation.chapter` has it."""
