"""What can stand against a restore: what the plan says of it, and where that is shown.

The tables of docs/restore-conflicts.md are these. Each is provoked on the embedded cloud (`tests/api/test_conflicts.py`,
`test_in_place_conflicts.py`), and on a real one (`tests/openstack/test_conflicts.py`) but for those that say why not.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

P = TypeVar("P", bound=Callable[..., Any])

REFUSED, INCOMPLETE, READY = "refused", "incomplete", "ready"


@dataclass(frozen=True)
class Conflict:
    """The status of the plan, words that stand in this order in one of its sentences, and why no real cloud shows it."""

    status: str
    words: tuple[str, ...]
    only_embedded: str = ""

    @property
    def told(self) -> str:
        """The words as the table has them."""
        return " … ".join(self.words)


_ENCRYPTION = "the real OpenStack of the tests has no store of keys, so that it encrypts nothing"
_ZONE = (
    "the real OpenStack of the tests has one host, and Nova changes no zone in which servers of others stand"
)
_BOOTS_FROM_A_VOLUME = "the server with all that there is boots from a volume there"
_CINDER_ZONE = "in the real OpenStack of the tests it is a setting of Cinder's only host"

NEW_SERVER: Mapping[str, Conflict] = {
    "an address is taken": Conflict(
        REFUSED,
        ("address ", " is taken by port ", ": free it, or choose `address: new`"),
    ),
    "a MAC is in use": Conflict(
        REFUSED,
        ("MAC ", " is taken by port ", ": free it, or choose `mac: new`"),
    ),
    "an address is another project's": Conflict(
        REFUSED,
        ("address ", " is taken by a port of another project"),
    ),
    "the flavor is gone": Conflict(
        INCOMPLETE,
        ("flavor ", " is gone, and none is like it: choose another one"),
    ),
    "the flavor has changed": Conflict(
        READY,
        ("flavor ", " is not as it was when the server was backed up"),
    ),
    "the flavor has too little memory for the image": Conflict(
        REFUSED,
        ("flavor ", " has ", " MiB of memory, and the image wants ", ": choose another flavor"),
    ),
    "the flavor has too small a root disk for the image": Conflict(
        REFUSED,
        ("flavor ", " has ", " GiB of root disk, and the image wants ", ": choose another flavor"),
        _BOOTS_FROM_A_VOLUME,
    ),
    "the network is gone": Conflict(REFUSED, ("network ", " is gone: choose new or map")),
    "the subnet is gone": Conflict(
        REFUSED,
        ("no subnet of the network is like the one of address ",),
    ),
    "the network was another project's": Conflict(
        REFUSED,
        ("network ", " was another project's and cannot be made again: choose map"),
    ),
    "a security group is gone": Conflict(
        INCOMPLETE,
        ("security group ", " is gone: have it made again with its rules"),
    ),
    "a security group is not in the record": Conflict(
        REFUSED,
        ("security group ", " is not in the record: map it to another one, or do without"),
        "a real Neutron deletes no group that a port has, and hides none from its owner",
    ),
    "a security group has more rules": Conflict(
        READY,
        ("security group ", " rule(s) that it had not when the server was backed up"),
    ),
    "a security group has fewer rules": Conflict(READY, ("it is not there any more",)),
    "a group that a rule names is left out": Conflict(
        READY,
        ("the rule names ", ", which the new server does not have: the rule is left out"),
    ),
    "the group `default` is to be made again": Conflict(
        REFUSED,
        ("Neutron has one group `default` a project and makes it itself: map it to that",),
    ),
    "the key pair is not in the record": Conflict(
        READY,
        ("its public key is not in the record, so that it cannot be given again",),
    ),
    "the server group is gone": Conflict(
        INCOMPLETE,
        ("server group ", " is gone: have it made again"),
    ),
    "another server group bears its name": Conflict(
        REFUSED,
        ("the project has a server group ", ": choose that one, or do without"),
    ),
    "Nova's zone is gone": Conflict(
        INCOMPLETE, ("the availability zone ", " is gone from Nova: choose one of "), _ZONE
    ),
    "a zone that Nova has not": Conflict(
        REFUSED,
        ("Nova has no availability zone ", ": choose one of "),
    ),
    "Cinder's zone is gone": Conflict(
        INCOMPLETE, ("the availability zone ", " is gone from Cinder: choose one of "), _CINDER_ZONE
    ),
    "a zone that Cinder has not": Conflict(
        REFUSED,
        ("Cinder has no availability zone ", ": choose one of "),
    ),
    "a volume type is gone": Conflict(INCOMPLETE, ("volume type ", " is gone: choose another one")),
    "a volume type encrypts no more": Conflict(
        REFUSED, (" was encrypted, and its type ", " does not encrypt any more"), _ENCRYPTION
    ),
    "Nova's quota is short": Conflict(
        REFUSED,
        ("the project has ", " instances (compute), and ", " needs "),
    ),
    "Cinder's quota is short": Conflict(
        REFUSED,
        ("the project has ", " volumes (volume), and ", " needs "),
    ),
    "Neutron's quota is short": Conflict(
        REFUSED,
        ("the project has ", " port (network), and ", " needs "),
    ),
    "the service user may only read": Conflict(
        REFUSED,
        ("the service user may only read in this project, and make nothing",),
    ),
    "a disk was on several servers": Conflict(
        READY,
        ("the volume was on server ", " too: the new one is the new server's alone"),
    ),
    "a subport is not in the record": Conflict(READY, ("subport ", " is not in the record")),
    "a subport's address is taken": Conflict(REFUSED, ("address ", " is taken by port ")),
    "a MAC on another project's network": Conflict(
        REFUSED,
        (
            "the network is another project's, and Neutron lets only its owner choose this there: choose `mac: new`",
        ),
    ),
    "an address on another project's network": Conflict(
        REFUSED,
        (
            "the network is another project's, and Neutron lets only its owner choose this there: choose `address: new`",
        ),
    ),
    "port security on another project's network": Conflict(
        READY,
        ("Neutron lets only its owner switch port security off there",),
    ),
    "a floating address was given back": Conflict(
        INCOMPLETE,
        (
            "floating address ",
            " was given back, and Neutron lets only an administrator ask for a certain one",
        ),
    ),
    "a floating address is another project's": Conflict(
        INCOMPLETE,
        ("floating address ", " is another project's now"),
    ),
    "a floating IP leads elsewhere": Conflict(
        INCOMPLETE,
        ("floating address ", " leads to port ", ": free it"),
    ),
    "a floating IP's port is forwarded elsewhere": Conflict(
        INCOMPLETE,
        ("floating address ", " forwards its tcp port 2222 to port ", ": free it"),
    ),
    "the external network is gone": Conflict(
        REFUSED,
        ("external network ", " is gone: do without the floating IP"),
    ),
    "the router is gone": Conflict(
        INCOMPLETE,
        ("router ", " is gone: have it made again, name another one, or do without"),
    ),
    "floating IPs without their router": Conflict(
        REFUSED,
        ("router ", ", by which the floating IP was reached, is gone: do without the floating IP"),
    ),
    "a router's external network is gone": Conflict(
        REFUSED,
        ("external network ", ", to which router ", " leads, is gone: name another router, or do without"),
    ),
    "a router translated no addresses": Conflict(
        READY,
        ("Neutron lets only an administrator switch address translation off",),
    ),
    "a router's place is taken": Conflict(
        REFUSED,
        ("router ", " stood at ", ", and that is taken by port "),
    ),
    "a QoS policy is gone": Conflict(READY, ("QoS policy ", " is gone")),
    "the boot disk is not in the backup": Conflict(
        REFUSED,
        ("the boot disk is not in this backup: nothing is there to boot from",),
    ),
    "the image that it boots from is deleted": Conflict(
        REFUSED,
        ("image ", ", which the server boots from, is deleted: nothing is left to boot from"),
        _BOOTS_FROM_A_VOLUME,
    ),
    "the image that it boots from is not shown to the other project": Conflict(
        REFUSED,
        ("image ", ", which the server boots from, is not shown to project ", ": share it with that project"),
        _BOOTS_FROM_A_VOLUME,
    ),
    "a disk is not in the backup": Conflict(
        READY,
        ("volume ", " was on the server and is not in this backup: the new server does not have it"),
    ),
}
"""What stands against a restore as a new server -> what the plan says."""

_SHORT = "on the real OpenStack of the tests there is one host, and nowhere to move to"

IN_PLACE: Mapping[str, Conflict] = {
    "a disk is smaller than its backup (2001)": Conflict(REFUSED, ("Disk ", " has ", " GiB, and backup ")),
    "a disk is encrypted otherwise (2009)": Conflict(
        REFUSED, ("Disk ", " is encrypted, and what was backed up was not encrypted"), _ENCRYPTION
    ),
    "a disk is not at rest (2011)": Conflict(
        REFUSED, ("Disk ", " is error: it must be on this server alone, and at rest")
    ),
    "a disk is on several servers (2011)": Conflict(REFUSED, ("Disk ", " is in-use, on 2 servers (")),
    "a disk is on no server (7201)": Conflict(
        REFUSED, ("Volume ", " is not attached to server ", ": it is on no server")
    ),
    "a disk is on another server (7201)": Conflict(
        REFUSED, ("Volume ", " is not attached to server ", ": it is on server ")
    ),
    "a data disk is to be written over a system disk (2013)": Conflict(
        REFUSED, ("map system to system and data to data",)
    ),
    "the mapping does without every disk": Conflict(
        REFUSED, ("the mapping does without every disk: there is nothing to restore",)
    ),
    "the server is neither running nor shut off (2008)": Conflict(
        REFUSED, ("Server ", " is PAUSED: bring it to ACTIVE or SHUTOFF first")
    ),
    "the server is on the move (2008)": Conflict(
        REFUSED, ("Server ", " is migrating: bring it to ACTIVE or SHUTOFF first"), _SHORT
    ),
    "a disk is gone (7201)": Conflict(REFUSED, ("Volume ", " is not attached to server ", ": it is gone")),
    "Cinder's quota has no room for the way back (8300)": Conflict(
        REFUSED, ("the project has ", " snapshots (volume), and the way back needs ", " more")
    ),
    "the service user may only read": Conflict(
        REFUSED, ("the service user may only read in this project, and make nothing",)
    ),
    "the server is gone (2007)": Conflict(
        REFUSED, ("The source server is gone: name a target with server_id",)
    ),
}
"""What stands against a restore in place, with the code by which RestoreBackup refuses it -> what the plan says."""


def sentences(plan: Mapping[str, Any]) -> Iterator[str]:
    """Yield all that a plan says in words that is not as before."""
    yield from (one["sentence"] for one in (*plan["problems"], *plan["choices"]))
    yield from plan["notices"]
    yield from (row["reason"] for row in plan["rows"] if row["fate"] in ("lost", "refused", "undecided"))


def names(plan: Mapping[str, Any], conflict: Conflict) -> bool:
    """Say whether a plan names a conflict."""
    return any(_has(sentence, conflict.words) for sentence in sentences(plan))


def provoking(provoked: dict[str, P]) -> Callable[[str], Callable[[P], P]]:
    """Return a decorator that enters what provokes a conflict under its name."""

    def named(name: str) -> Callable[[P], P]:
        def enter(provoke: P) -> P:
            provoked[name] = provoke
            return provoke

        return enter

    return named


def table(conflicts: Mapping[str, Conflict]) -> Iterable[str]:
    """Yield the rows of a table."""
    for name, one in conflicts.items():
        shown = f"embedded: {one.only_embedded}" if one.only_embedded else "the real OpenStack"
        yield f"| {name} | {one.status} | {one.told.strip()} | {shown} |"


def on_a_real_cloud(conflicts: Mapping[str, Conflict]) -> set[str]:
    """Name those that a real cloud shows."""
    return {name for name, one in conflicts.items() if not one.only_embedded}


def _has(sentence: str, words: Iterable[str]) -> bool:
    at = 0
    for word in words:
        at = sentence.find(word, at)
        if at < 0:
            return False
        at += len(word)
    return True
