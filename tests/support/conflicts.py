"""What can stand against a restore as a new server: what the plan says of it, and where that is shown.

`tests/api/test_conflicts.py` provokes each on the embedded cloud; the table of docs/restore-conflicts.md is this one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

REFUSED, INCOMPLETE, READY = "refused", "incomplete", "ready"


@dataclass(frozen=True)
class Conflict:
    """The status of the plan, words that stand in this order in one of its sentences, and why it is shown embedded."""

    status: str
    words: tuple[str, ...]
    shown: str

    @property
    def told(self) -> str:
        """The words as the table has them."""
        return " … ".join(self.words)


_RULES = "the rules of a plan are the same on every cloud"
_DISKS = "the real OpenStack of the tests has neither encryption nor disks that several servers share"
_ZONE = "the real OpenStack of the tests has one zone, which cannot go"
_WIRE = "the record of a real server has it"

CONFLICTS: Mapping[str, Conflict] = {
    "an address is taken": Conflict(
        REFUSED, ("address ", " is taken by port ", ": free it, or choose `address: new`"), _RULES
    ),
    "a MAC is in use": Conflict(
        REFUSED, ("MAC ", " is taken by port ", ": free it, or choose `mac: new`"), _RULES
    ),
    "an address is another project's": Conflict(
        REFUSED,
        ("address ", " is taken by a port of another project"),
        "it takes an address on the tenant's own network",
    ),
    "the flavor is gone": Conflict(
        INCOMPLETE, ("flavor ", " is gone, and none is like it: choose another one"), _RULES
    ),
    "the flavor has changed": Conflict(
        READY,
        ("flavor ", " is not as it was when the server was backed up"),
        "Nova changes no flavor, it makes another one",
    ),
    "the network is gone": Conflict(REFUSED, ("network ", " is gone: choose new or map"), _RULES),
    "the subnet is gone": Conflict(
        REFUSED, ("no subnet of the network is like the one of address ",), _RULES
    ),
    "the network was another project's": Conflict(
        REFUSED, ("network ", " was another project's and cannot be made again: choose map"), _RULES
    ),
    "a security group is gone": Conflict(
        INCOMPLETE, ("security group ", " is gone: have it made again with its rules"), _RULES
    ),
    "a security group has more rules": Conflict(
        READY, ("security group ", " rule(s) that it had not when the server was backed up"), _RULES
    ),
    "a security group has fewer rules": Conflict(READY, ("it is not there any more",), _RULES),
    "a group that a rule names is left out": Conflict(
        READY, ("the rule names ", ", which the new server does not have: the rule is left out"), _RULES
    ),
    "the group `default` is to be made again": Conflict(
        REFUSED, ("Neutron has one group `default` a project and makes it itself: map it to that",), _RULES
    ),
    "the key pair is not in the record": Conflict(
        READY, ("its public key is not in the record, so that it cannot be given again",), _RULES
    ),
    "the server group is gone": Conflict(
        INCOMPLETE, ("server group ", " is gone: have it made again"), _RULES
    ),
    "another server group bears its name": Conflict(
        REFUSED, ("the project has a server group ", ": choose that one, or do without"), _RULES
    ),
    "Nova's zone is gone": Conflict(
        INCOMPLETE, ("the availability zone ", " is gone from Nova: choose one of "), _ZONE
    ),
    "a zone that Nova has not": Conflict(
        REFUSED, ("Nova has no availability zone ", ": choose one of "), _RULES
    ),
    "Cinder's zone is gone": Conflict(
        INCOMPLETE, ("the availability zone ", " is gone from Cinder: choose one of "), _ZONE
    ),
    "a zone that Cinder has not": Conflict(
        REFUSED, ("Cinder has no availability zone ", ": choose one of "), _RULES
    ),
    "a volume type is gone": Conflict(INCOMPLETE, ("volume type ", " is gone: choose another one"), _RULES),
    "a volume type encrypts no more": Conflict(
        REFUSED, (" was encrypted, and its type ", " does not encrypt any more"), _DISKS
    ),
    "Nova's quota is short": Conflict(
        REFUSED, ("the project has ", " instances (compute), and ", " needs "), _RULES
    ),
    "Cinder's quota is short": Conflict(
        REFUSED, ("the project has ", " volumes (volume), and ", " needs "), _RULES
    ),
    "Neutron's quota is short": Conflict(
        REFUSED, ("the project has ", " port (network), and ", " needs "), _RULES
    ),
    "the service user may only read": Conflict(
        REFUSED, ("the service user may only read in this project, and make nothing",), _RULES
    ),
    "a disk was on several servers": Conflict(
        READY, ("the volume was on server ", " too: the new one is the new server's alone"), _DISKS
    ),
    "a subport is not in the record": Conflict(READY, ("subport ", " is not in the record"), _WIRE),
    "a subport's address is taken": Conflict(REFUSED, ("address ", " is taken by port "), _RULES),
    "a MAC on another project's network": Conflict(
        REFUSED,
        (
            "the network is another project's, and Neutron lets only its owner choose this there: choose `mac: new`",
        ),
        _RULES,
    ),
    "an address on another project's network": Conflict(
        REFUSED,
        (
            "the network is another project's, and Neutron lets only its owner choose this there: choose `address: new`",
        ),
        _RULES,
    ),
    "port security on another project's network": Conflict(
        READY, ("Neutron lets only its owner switch port security off there",), _RULES
    ),
    "a floating address was given back": Conflict(
        INCOMPLETE,
        (
            "floating address ",
            " was given back, and Neutron lets only an administrator ask for a certain one",
        ),
        _RULES,
    ),
    "a floating address is another project's": Conflict(
        INCOMPLETE,
        ("floating address ", " is another project's now"),
        "only an administrator can bring that about",
    ),
    "a floating IP leads elsewhere": Conflict(
        INCOMPLETE, ("floating address ", " leads to port ", ": free it"), _RULES
    ),
    "a floating IP's port is forwarded elsewhere": Conflict(
        INCOMPLETE, ("floating address ", " forwards its tcp port 2222 to port ", ": free it"), _RULES
    ),
    "the external network is gone": Conflict(
        REFUSED,
        ("external network ", " is gone: do without the floating IP"),
        "all projects of the real OpenStack of the tests share it",
    ),
    "the router is gone": Conflict(
        INCOMPLETE, ("router ", " is gone: have it made again, name another one, or do without"), _RULES
    ),
    "floating IPs without their router": Conflict(
        REFUSED,
        ("router ", ", by which the floating IP was reached, is gone: do without the floating IP"),
        _RULES,
    ),
    "a router's place is taken": Conflict(
        REFUSED, ("router ", " stood at ", ", and that is taken by port "), _RULES
    ),
    "a QoS policy is gone": Conflict(READY, ("QoS policy ", " is gone"), _RULES),
    "the boot disk is not in the backup": Conflict(
        REFUSED, ("the boot disk is not in this backup: nothing is there to boot from",), _RULES
    ),
    "a disk is not in the backup": Conflict(
        READY,
        ("volume ", " was on the server and is not in this backup: the new server does not have it"),
        _RULES,
    ),
}
"""Name of the conflict -> what the plan says."""


def sentences(plan: Mapping[str, Any]) -> Iterator[str]:
    """Yield all that a plan says in words that is not as before."""
    yield from (one["sentence"] for one in (*plan["problems"], *plan["choices"]))
    yield from plan["notices"]
    yield from (row["reason"] for row in plan["rows"] if row["fate"] in ("lost", "refused", "undecided"))


def names(plan: Mapping[str, Any], conflict: str) -> bool:
    """Say whether a plan names a conflict."""
    return any(_has(sentence, CONFLICTS[conflict].words) for sentence in sentences(plan))


def table() -> Iterable[str]:
    """Yield the rows of the table."""
    for name, one in CONFLICTS.items():
        yield f"| {name} | {one.status} | {one.told.strip()} | {one.shown} |"


def _has(sentence: str, words: Iterable[str]) -> bool:
    at = 0
    for word in words:
        at = sentence.find(word, at)
        if at < 0:
            return False
        at += len(word)
    return True
