"""What each error code means here, what causes it and what to do: a page a code, for the reference and the console.

Longer than a module usually is, because it is one table. The catalogue's sentences are beside it, in `error_catalogue.py`.
"""

from dataclasses import dataclass
from typing import NamedTuple

from opencbr.model.error_catalogue import GATEWAY
from opencbr.model.errors import CATALOGUE


@dataclass(frozen=True, slots=True)
class Explanation:
    """`meaning`, `cause` and `remedy` are sentences; `given` says whether this server gives the code at all."""

    meaning: str
    cause: str
    remedy: str
    given: bool = True


class _Given(NamedTuple):
    cause: str
    remedy: str


_GIVEN = {
    "0001": _Given(
        "CreateCheckpoint was asked for a vault without resources, or none of those asked for can be backed up now; "
        "the sentence says why of the first three.",
        "Bind a server or disk with AddVaultResource, or mend what the sentence names, then ask again.",
    ),
    "1001": _Given(
        "CreateCheckpoint was asked for resources that are all being backed up by an earlier request.",
        "Follow the running backup with ListOpLogs or ShowCheckpoint, and ask again when it has ended.",
    ),
    "2001": _Given(
        "RestoreBackup would write a backup over a disk that is smaller than the one that was backed up.",
        "Choose a disk of at least the size that the sentence names, or extend this one in Cinder.",
    ),
    "2002": _Given(
        "RestoreBackup was asked for a server or disk that is being backed up.",
        "Follow the backup with ListOpLogs, and ask again when it has ended.",
    ),
    "2005": _Given(
        "RestoreBackup names a backup that is not available: it is still being made, is being deleted, or has failed.",
        "Wait until ShowBackup says available. A backup in `error` cannot be restored; `extend_info.lost` says what the "
        "cloud has lost of one that was good.",
    ),
    "2007": _Given(
        "RestoreBackup was asked without `server_id`, and the server that was backed up is no longer there.",
        "Name another server of the project in `server_id`, and its disks in `mappings`.",
    ),
    "2008": _Given(
        "The server to restore to is neither ACTIVE nor SHUTOFF, or Nova is at work on it. In an operation log it became so "
        "after the request.",
        "Resume, unshelve or repair the server, or wait for Nova, then ask again.",
    ),
    "2009": _Given(
        "RestoreBackup would write what was on an encrypted disk over one that is not, or the other way round.",
        "Map the backup to a disk of the same kind.",
    ),
    "2010": _Given(
        "The backup, or a server or disk that it would be written over, is being restored. In `skipped_resources` of a "
        "checkpoint it is a resource that is being restored.",
        "Wait until the restore has ended; its operation log tells. An undoing of a restore is one too.",
    ),
    "2011": _Given(
        "RestoreBackup names a disk of its own that is attached or not at rest, or a server's disk that is not in use, or is "
        "on several servers. In an operation log it became so after the request. Or a restore is to be undone, and a disk "
        "of it has grown since.",
        "Detach a single disk first. A server's disk must be on that server alone, and nothing else at work on it.",
    ),
    "2013": _Given(
        "RestoreBackup maps the backup of a boot disk to a data disk, or the other way round.",
        "Map the backup of the boot disk to the boot disk of the server, or leave it out.",
    ),
    "4004": _Given(
        "A deletion has ended, and the cloud has not removed all that belonged to the backup. The code stands in the "
        "operation log, whose message names what is left.",
        "Ask for the deletion again. When it fails again, the operator finds the rest with `opencbr orphans list`.",
    ),
    "6000": _Given(
        "The project has no policy of this id: it was mistyped, deleted, or is another project's.",
        "Look for the id with ListPolicies, with a credential of the project that has the policy.",
    ),
    "6001": _Given(
        "CreatePolicy was asked for by a project that has 32 policies of this type.",
        "Delete a policy that no vault has, or give one policy to several vaults.",
    ),
    "6002": _Given(
        "DisassociateVaultPolicy names a policy that the vault does not have: it has another one, or none.",
        "Ask ListPolicies with `vault_id` which policy the vault has.",
    ),
    "6100": _Given(
        "AddVaultResource would give the vault more than 256 resources.",
        "Bind the rest to another vault.",
    ),
    "6101": _Given(
        "UpdateVault asked for a size below what the vault's backups hold already.",
        "Give at least the size that the sentence names, or delete backups first.",
    ),
    "6102": _Given(
        "A request named a disk for a vault of servers, or a server for a vault of disks, or a type that is neither.",
        "Use `OS::Nova::Server` with vaults of `object_type` server, and `OS::Cinder::Volume` with those of disks.",
    ),
    "6103": _Given(
        "A request binds a server or disk that another vault of the project holds. ListProtectable shows it "
        "beforehand.",
        "Remove it from the vault that the sentence names, with RemoveVaultResource, or leave it there.",
    ),
    "6104": _Given(
        "One request names the same server or disk twice.",
        "Name each resource once.",
    ),
    "6105": _Given(
        "The project has no vault of this id: it was mistyped, deleted, or is another project's.",
        "Look for the id with ListVault, with a credential of the project that has the vault.",
    ),
    "6108": _Given(
        "AddVaultResource was asked for a vault that is being deleted, or is in another state that takes nothing in.",
        "Use another vault; ShowVault tells the state in `billing.status`.",
    ),
    "6110": _Given(
        "The vault is being deleted and cannot be changed, or it is locked: the lock is not taken back, its resources "
        "and automatic backups stay in it, it keeps its policy and what that keeps, and no day of expiry is made "
        "earlier.",
        "Leave `locked` out of UpdateVault. A locked vault can be deleted when its automatic backups have expired.",
    ),
    "6112": _Given(
        "DeleteVault, RemoveVaultResource, MigrateVaultResource, SetVaultResource or UpdateExpirationTime was asked "
        "for a vault whose status forbids it; most often it is being deleted already.",
        "Ask ShowVault until the vault is available, or answers 404 because it is gone.",
    ),
    "6113": _Given(
        "CreateCheckpoint was asked for a vault that is not available; most often it is being deleted.",
        "Use another vault, or wait until ShowVault says available.",
    ),
    "6114": _Given(
        "The backups of the vault hold as much as its size allows, so no new one is begun. A running one is never cut "
        "off.",
        "Enlarge the vault with UpdateVault, switch `auto_expand` on, or delete backups.",
    ),
    "6115": _Given(
        "The removal of a resource or the deletion of a vault has ended with backups that could not be deleted. The "
        "code stands in the operation log, whose message says what the cloud answered.",
        "Mend what the message names, then ask again: what is gone already is not missed.",
    ),
    "6116": _Given(
        "A request asked for something that is neither a server nor a disk; the interface knows more types than this "
        "server offers.",
        "Use `server` or `disk`, in `object_type` of a vault and in the path of protectables.",
    ),
    "6117": _Given(
        "CreatePolicy asked for `operation_type` replication, which this server does not offer.",
        "Use `operation_type` backup, or drill.",
    ),
    "6118": _Given(
        "MigrateVaultResource names the vault itself as the destination.",
        "Name another vault of the project, for the same type of resource.",
    ),
    "6125": _Given(
        "DeleteVault or RemoveVaultResource names a resource that is being backed up or restored, or a checkpoint "
        "skipped one that is.",
        "Follow the work with ListOpLogs and ask again when it has ended.",
    ),
    "6127": _Given(
        "AssociateVaultPolicy gives a policy of drills to a vault of disks, or CreateVault names one as `backup_policy_id`.",
        "Give policies of drills to vaults of servers, with AssociateVaultPolicy.",
    ),
    "6128": _Given(
        "CreateVault asked for `protect_type` replication, which this server does not offer.",
        "Use `protect_type` backup.",
    ),
    "6129": _Given(
        "MigrateVaultResource would move more backups to a vault than it has room for; the sentence has the numbers.",
        "Enlarge the destination with UpdateVault, delete backups in it, or name another vault.",
    ),
    "6134": _Given(
        "A resource is being taken out of its vault, with its backups, and cannot be bound, removed, backed up or "
        "restored to meanwhile.",
        "Wait until ShowVault no longer lists it.",
    ),
    "6135": _Given(
        "CreateCheckpoint, RemoveVaultResource, MigrateVaultResource or SetVaultResource names a server or disk that this "
        "vault does not hold.",
        "Take the ids from ShowVault, or bind the resource first.",
    ),
    "6136": _Given(
        "CreateVault or AssociateVaultPolicy gives a policy to a vault that was made with `cloud_type` hybrid.",
        "Use a vault with `cloud_type` public.",
    ),
    "6137": _Given(
        "A disk would be backed up through two vaults: as a disk of its own, and with the server that it is attached "
        "to. Here the status is 400, because the request can be changed.",
        "Exclude the disk from its server with `exclude_volumes`, or remove it from the vault that the sentence "
        "names.",
    ),
    "6200": _Given(
        "The project has no backup of this id, and none is shared with it: the id was mistyped, the backup was "
        "deleted, or it is another project's.",
        "Look for the id with ListBackups, with a credential of the project that has the backup.",
    ),
    "6201": _Given(
        "DeleteBackup names a backup that is being deleted already, or one disk of a server's backup.",
        "Ask ShowBackup until it answers 404; of a server's backup, delete the whole one that the sentence names.",
    ),
    "6202": _Given(
        "RestoreBackup names a backup whose vault is not available; most often it is being deleted.",
        "Wait until ShowVault says available. What a vault that is being deleted holds cannot be restored any more.",
    ),
    "6203": _Given(
        "DeleteBackup names a backup that is being made, or the newest one of a resource whose next backup runs and "
        "may build on it.",
        "Wait until the running backup has ended; ShowCheckpoint tells when.",
    ),
    "6206": _Given(
        "ShowMetadata, or what our own operations tell of a record, is asked for a backup that is not finished, has "
        "failed, or is being deleted, so that there is no closed record of it.",
        "Ask again when ShowBackup says available. A backup that failed has nothing to show; its operation log says "
        "why.",
    ),
    "6215": _Given(
        "CreateCheckpoint was asked for an automatic backup, and a resource is suspended; it stands in `skipped_resources`.",
        "Let automatic backups take it again with SetVaultResource, or ask for a backup that is not automatic.",
    ),
    "6216": _Given(
        "DeleteBackup names a backup that is being restored, or another request has begun to work with it.",
        "Wait until the backup is available again, then ask once more.",
    ),
    "6217": _Given(
        "The project has no checkpoint of this id, or the last backup of the checkpoint was deleted: a checkpoint "
        "goes with it.",
        "Take the id from `checkpoint_id` of a backup. After a deletion this answer is the sign that it is done.",
    ),
    "6302": _Given(
        "The project has no restore plan of this id, or it has expired; or the mapping of a plan names a flavor, network, "
        "security group, volume type or server group that the project is not shown.",
        "Make a new plan, and take the ids from the lists of the cloud as the project sees them.",
    ),
    "6220": _Given(
        "DeleteBackup names an automatic backup in a vault that is locked, before the backup has expired.",
        "Wait until it expires; manual backups may be deleted.",
    ),
    "6500": _Given(
        "The project has no operation log of this id; logs are kept for a limited time. Or it is asked for the way back of "
        "what is no restore in place.",
        "Look for the id with ListOpLogs.",
    ),
    "6600": _Given(
        "CreateVaultTags or BatchCreateAndDeleteVaultTags would give a vault more than 20 different keys.",
        "Delete tags of the vault first; a key that it bears already only gets another value.",
    ),
    "6601": _Given(
        "DeleteVaultTag names a key that the vault does not bear; keys mind the case of letters.",
        "Look at the vault's keys with ShowVaultTag. BatchCreateAndDeleteVaultTags does not mind a key that is not there.",
    ),
    "7000": _Given(
        "The project has no such volume in Cinder: the id was mistyped, the disk was deleted, or it is another "
        "project's. In an operation log it went before it was backed up.",
        "Look for the id with ListProtectable, type `disk`; where the disk that was backed up is gone, name another.",
    ),
    "7003": _Given(
        "A disk is neither available nor attached at rest: it is being made, changed or deleted, or is in error.",
        "Bring the disk to available or in-use in Cinder, then ask again.",
    ),
    "7004": _Given(
        "Cinder describes the disk in a way that cannot be used, as with a size that is no number. It is shown as far as "
        "it can be, and neither bound nor backed up; the server's log names what is odd.",
        "Tell the operator of the cloud the id of the disk, and ask again when Cinder describes it well.",
    ),
    "7100": _Given(
        "The project has no such server in Nova: the id was mistyped, the server was deleted, or it is another "
        "project's. In an operation log it went before it was backed up.",
        "Look for the id with ListProtectable, type `server`.",
    ),
    "7101": _Given(
        "The server is in a state in which its disks cannot be backed up, as ERROR or BUILD.",
        "Bring it to one of the states that the sentence names, then ask again.",
    ),
    "7103": _Given(
        "Nova or Cinder describes the server, or one of its disks, in a way that cannot be used, as with a name that is "
        "no text. It is shown as far as it can be, and neither bound nor backed up; the server's log names what is odd.",
        "Tell the operator of the cloud the id in the sentence, and ask again when the cloud describes it well.",
    ),
    "7108": _Given(
        "The server has no Cinder volume, or the request excludes all it has. Disks that lie on the compute host are "
        "not backed up.",
        "Attach a volume, boot the server from one, or exclude fewer.",
    ),
    "7201": _Given(
        "`exclude_volumes`, `include_volumes` or the mappings of a restore name a volume that is not attached to the server, "
        "or a disk that was backed up is no longer on it. It is refused because a slip would leave a disk unprotected, or "
        "restore another one.",
        "Take the ids from `children` of ShowProtectable; a restore needs `mappings` where the server has other disks now.",
    ),
    "7202": _Given(
        "A restore is to be undone, and there is no way back: nothing was written over, its time is over, it was gone before, "
        "or somebody has deleted a snapshot of it. The sentence says which.",
        "Restore from a backup instead. How long a way back is kept is the operator's setting.",
    ),
    "7203": _Given(
        "Cinder's snapshot of a disk ended in an error; the code stands in the operation log, whose message names snapshot "
        "and volume. Or a restore is to be undone, and a disk has a newer snapshot than the one that it would go back to.",
        "Find out in Cinder why, then ask again; what the failed job had made is removed. Delete a newer snapshot, or undo "
        "the later restore first, as the sentence says.",
    ),
    "8300": _Given(
        "Cinder has refused a snapshot or a backup because a quota of the project is used up. The code stands in the "
        "operation log.",
        "Delete old snapshots or backups, or have the quota of snapshots, backups or gigabytes raised.",
    ),
    "8600": _Given(
        "The project in the path is not the credential's, the caller's roles lack the right that the operation needs, "
        "or the backup is one that another project shares and that only it may change.",
        "Use a credential of the project in the path; ask its admin for a role that has the right.",
    ),
    "9900": _Given(
        "A member, parameter or header is missing, of the wrong type, beyond its limit or unknown as a choice; the "
        "sentence begins with its name. Status 408, 413 or 415: the body came late, is too long, or is not JSON.",
        "Correct what the sentence names; `/openapi.json` has the limits.",
    ),
    "9910": _Given(
        "With 500 the server met something that it was not made for, or the cloud refused what it needs. With 503 the "
        "database or the cloud is busy or away. In an operation log it is any trouble without a code of its own.",
        "Send the request again after the seconds in `Retry-After`; with 500, tell the operator the request id.",
    ),
    "9998": _Given(
        "Keystone did not answer when it was asked who the caller is, or it refuses the service's own credential.",
        "Try again in a moment. When it stays, the operator finds the reason with `opencbr config check`.",
    ),
    "APIGW.0101": _Given(
        "No operation has this path, or the path takes other methods, or the operation is one that this server does "
        "not offer yet; the sentence says which. Status 405 has the methods in `Allow`.",
        "Compare path and method with `/openapi.json`, which lists what is offered.",
    ),
    "APIGW.0301": _Given(
        "The request has neither a token nor a signature, the token has ended or is of no project, or the access key "
        "or its signature does not fit.",
        "Get a new token that is scoped to the project, or sign with a current SDK and an EC2 credential of the "
        "project.",
    ),
    "APIGW.0303": _Given(
        "The signature is good, but `X-Sdk-Date` is more than 15 minutes from the server's time.",
        "Set the client's clock; the sentence has the server's time.",
    ),
}
"""Code -> what causes it here, and what to do. Codes of the gateway are whole, all others without prefix."""

_ELSEWHERE = {
    "restoring": "2003 2012 2014 2015 7008 7114 7115",
    "replication": "1005 1011 4005 6003 6119 6120 6122 6127 6130 6131",
    "sharing backups": "6700 6701 6702 6703 6704 6705 6706 6707 6708 6709 6710 6711 6712 6713 6714",
    "making images from backups": "6140 6141 6204 6207 6208 6209 6210 6211 6212 6213 6214",
    "paying in advance and billing": "6109 6111 6138 6139 8400",
    "hybrid vaults": "1006 7300 7301 7302",
    "moving resources between vaults or projects": "4001 4006 4007",
    "object buckets": "6400 6401 6402 6403 6404 6405 6406 6407 6408",
    "agents and files": "7403 7407 7410",
    "databases, bare metal and desktops": "6126 7109 7113 7200",
    "the vendor's storage and its older services": (
        "6205 7001 7002 7007 7009 7102 7104 7105 7106 7107 7111 7117"
    ),
    "the vendor's way of saying what another code says here": (
        "0002 6106 6107 6121 6123 6124 6132 6133 6142 6300 6301 6501 7006 7110 7116 7202 7204 7303"
    ),
}
"""What this server does not offer -> the codes that come with it. They keep their meaning for the day when it does."""


def explained(code: str) -> Explanation:
    """Explain a code: the catalogue's without prefix, the gateway's whole. Raises KeyError for a code that there is not."""
    meaning, _, advice = (GATEWAY[code] if code in GATEWAY else CATALOGUE[code].sentence).partition(": ")
    meaning = meaning.removesuffix(".") + "."
    if code in _GIVEN:
        return Explanation(meaning, *_GIVEN[code])
    cause = f"This server does not give it: it belongs to {_FEATURE[code]}."
    return Explanation(meaning, cause, _sentence(advice), given=False)


_FEATURE = {code: feature for feature, codes in _ELSEWHERE.items() for code in codes.split()}


def _sentence(advice: str) -> str:
    return advice[:1].upper() + advice[1:] if advice else "Report it: it should not come from this server."
