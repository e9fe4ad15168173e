"""All that a backup's page shows, put together."""

from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from opencbr.console.backup.answers import Answers
from opencbr.console.backup.capture_report import CaptureReport, capture_report
from opencbr.console.backup.disk_rows import DiskRow, disk_rows
from opencbr.console.backup.documents import open_documents
from opencbr.console.backup.json_values import Moment, flag_of, moment_of, number_of, text_of
from opencbr.console.backup.network_rows import NetworkRow, RouterRow, network_rows, router_rows
from opencbr.console.backup.port_rows import PortRow, port_rows
from opencbr.console.backup.proof import Proof, proof_of
from opencbr.console.backup.raw_documents import (
    RawDocument,
    counted_kinds,
    metadata_documents,
    record_documents,
    shown_answer,
)
from opencbr.console.backup.sealed_fields import SealedField, sealed_fields
from opencbr.console.backup.security_groups import SecurityGroup, security_groups
from opencbr.console.backup.server_card import ServerCard, server_card


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupCard:
    """The backup itself, as ShowBackup tells it; `size_gib` is the size of the resource."""

    id: str
    name: str | None
    status: str | None
    description: str | None
    resource_id: str | None
    resource_name: str | None
    resource_type: str | None
    size_gib: int | None
    incremental: bool | None
    vault_id: str | None
    checkpoint_id: str | None
    parent_id: str | None
    created: Moment | None
    expires: Moment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupView:
    """A backup for people. `is_disk` says that it is one disk's; None and empty parts are said so in words on the page."""

    backup: BackupCard
    is_disk: bool
    server: ServerCard | None
    disks: tuple[DiskRow, ...]
    ports: tuple[PortRow, ...]
    networks: tuple[NetworkRow, ...]
    routers: tuple[RouterRow, ...]
    groups: tuple[SecurityGroup, ...]
    report: CaptureReport | None
    proof: Proof | None
    sealed: tuple[tuple[str, tuple[SealedField, ...]], ...]
    """By document, in the record's order."""
    metadata: tuple[RawDocument, ...]
    documents: tuple[RawDocument, ...]
    answer: str | None
    """The exact body of ShowMetadata, for eyes."""
    kinds: dict[str, int]
    """How many documents of each kind there are."""

    @property
    def has_server(self) -> bool:
        """Whether a server is told of: also for one disk of a server's backup, not for a disk that was backed up alone."""
        return self.server is not None or not self.is_disk

    @property
    def made_as(self) -> str | None:
        """What the cloud made, whatever was asked for: a first backup is full. None where the record does not tell."""
        told = [one.incremental for one in self.disks if one.in_backup and one.incremental is not None]
        if not told:
            return None
        return "incremental" if all(told) else "incremental, some disks full" if any(told) else "full"


def backup_view(answers: Answers) -> BackupView:
    """Make the page's content of the API's answers; whatever was refused or is missing leaves its part None or empty.

    The answers are those of the masked view: what is sealed is revealed one by one.
    """
    documents = open_documents(answers)
    ports = port_rows(documents)
    routers = router_rows(documents, ports)
    return BackupView(
        backup=_card(answers.backup),
        is_disk=answers.disk is not None,
        server=server_card(documents),
        disks=disk_rows(documents, answers),
        ports=ports,
        networks=network_rows(documents, ports, routers),
        routers=routers,
        groups=security_groups(documents, [group for port in ports for group in port.groups]),
        report=capture_report(answers.report),
        proof=proof_of(answers.record),
        sealed=tuple(
            (name, tuple(fields))
            for name, fields in groupby(sealed_fields(documents, answers.report), attrgetter("document"))
        ),
        metadata=metadata_documents(answers),
        documents=record_documents(documents, answers),
        answer=shown_answer(answers),
        kinds=counted_kinds(documents),
    )


def _card(backup: Any) -> BackupCard:
    return BackupCard(
        id=text_of(backup, "id") or "",
        name=text_of(backup, "name"),
        status=text_of(backup, "status"),
        description=text_of(backup, "description"),
        resource_id=text_of(backup, "resource_id"),
        resource_name=text_of(backup, "resource_name"),
        resource_type=text_of(backup, "resource_type"),
        size_gib=number_of(backup, "resource_size"),
        incremental=flag_of(backup, "incremental"),
        vault_id=text_of(backup, "vault_id"),
        checkpoint_id=text_of(backup, "checkpoint_id"),
        parent_id=text_of(backup, "parent_id"),
        created=moment_of(backup, "created_at"),
        expires=moment_of(backup, "expired_at"),
    )
