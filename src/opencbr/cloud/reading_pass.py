"""One pass over a resource: what was read, what may be kept of it, and what could not be had."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from opencbr.cloud.answer import NOT_PROMISED
from opencbr.cloud.errors import CloudError, Denied, Unreachable
from opencbr.cloud.hidden import hidden_fields
from opencbr.cloud.ownership import is_shareable, may_keep
from opencbr.cloud.reader import Reader
from opencbr.cloud.references import SIDE_READS, Want, lacking, misread, says_nothing
from opencbr.cloud.shared_documents import DocumentsInCommon
from opencbr.cloud.strict_json import read_object
from opencbr.model.document import ABSENT, EMPTY, FOREIGN, Document, Reading, Unread, unread

_OF_AN_EXTENSION = ("floatingips/", "project_floatingips")
"""Lists of which 404 says that this cloud has no such things at all (a Neutron without routers)."""


_WRITTEN_BY_TENANTS = "image/"
"""Named by ids that a tenant can write (an image's properties): it must not learn whether somebody else has such a thing."""

_LYING_IN_OTHERS = ("subnet/", "port_forwardings/", "interface")


class Pass:
    """Documents read in waves, each once; what `shared` has is taken from there."""

    def __init__(self, reader: Reader, project_id: str, shared: DocumentsInCommon | None = None) -> None:
        self.reader = reader
        self.project_id = project_id
        self.shared = shared
        self.kept: dict[str, Document] = {}
        self.bodies: dict[str, Mapping[str, Any]] = {}
        self.unread: dict[str, Unread] = {}
        self._shared: set[str] = set()  # kept as this project is shown them

    def read(self, wants: Iterable[Want]) -> bool:
        """Read what is new among `wants`, at once; return whether there was anything."""
        new = [want for name, want in {w.name: w for w in wants}.items() if not self._seen(name)]
        self.take(self.answers(new))
        return bool(new)

    def answers(self, wants: Iterable[Want]) -> list[Document | Unread]:
        """Read at once, judging nothing."""
        return self._ask(self.reader, wants)

    def _ask(
        self, reader: Reader, wants: Iterable[Want], *, as_project: bool = False
    ) -> list[Document | Unread]:
        def read(want: Want) -> Document | Unread:
            return reader.document(want.name, want.service, want.path, want.microversion)

        if (shared := self.shared) is None:
            return reader.at_once(read, wants)
        return reader.at_once(lambda want: shared.get(want, read, as_project=as_project), wants)

    def follow(self, wanted: Callable[[], Iterable[Want]]) -> None:
        """Read wave after wave until nothing new is named."""
        while self.read(wanted()):
            pass

    def take(self, read: Iterable[Document | Unread]) -> None:
        """Judge what was read: it is kept, or told as not to be had."""
        judged = list(read)
        # What others lie in, and are kept with, comes first: a network, a floating IP, the ports of a server.
        for inner in (False, True):
            foreign: list[Document] = []
            for one in judged:
                if one.name.startswith(_LYING_IN_OTHERS) is not inner:
                    continue
                if isinstance(one, Unread):
                    self.unread[one.name] = one
                elif not self._keep(one):
                    foreign.append(one)
            self._ask_as_the_project(foreign)

    def need(self, name: str) -> Mapping[str, Any] | None:
        """Return the body of the resource itself, None when it is gone or foreign. Raises Denied or Unreachable."""
        if name in self.bodies:
            return self.bodies[name]
        missing = self.unread[name]
        if missing.outcome in (ABSENT, FOREIGN):
            return None
        kind: type[CloudError] = Denied
        reason = "the service user may not read it: it needs the role admin on its own project"
        if missing.outcome == EMPTY:
            kind, reason = Unreachable, f"{NOT_PROMISED}: it says nothing"
        raise kind(
            service=missing.service,
            method=missing.method,
            path=missing.path,
            status=missing.status,
            request_id=missing.request_id,
            reason=reason,
        )

    def reading(self, *, started_at: datetime, gaps: Iterable[str] = (), **fields: Any) -> Reading:
        """Close the pass. Side reads are dropped, unless they failed: then something may be missing.

        It began when the first of its documents was read: another capture may have read that for this one.
        """
        documents = [doc for name, doc in self.kept.items() if not name.startswith(SIDE_READS)]
        found = (gap for name, body in self.bodies.items() for gap in lacking(name, body))
        return Reading(
            started_at=min(
                [
                    started_at,
                    *(one.read_at for one in documents),
                    *(one.read_at for one in self.unread.values()),
                ]
            ),
            project_id=self.project_id,
            documents=tuple(documents),
            unread=tuple(
                one
                for name, one in self.unread.items()
                if one.outcome != ABSENT or not name.startswith(_OF_AN_EXTENSION)
            ),
            hidden=tuple(
                field
                for doc in documents
                if doc.name not in self._shared
                for field in hidden_fields(doc.name, self.bodies[doc.name])
            ),
            gaps=tuple(dict.fromkeys((*gaps, *found))),
            **fields,
        )

    def _seen(self, name: str) -> bool:
        return name in self.kept or name in self.unread

    def _keep(self, document: Document) -> bool:
        """Keep a document that says something; False when it is another project's."""
        body = read_object(document.body)
        if says_nothing(document.name, body):
            self.unread[document.name] = unread(document, EMPTY)
        elif wrong := misread(document.name, body):
            raise _strange(document, wrong)
        elif may_keep(document.name, body, self.project_id, self.bodies):
            self._put(document, body)
        else:
            return False
        return True

    def _ask_as_the_project(self, foreign: list[Document]) -> None:
        """Keep what others share with this project, as it is shown it; all else of theirs is left out.

        An administrator is not told whom a thing is shared with, so that the project itself is asked, for such things alone.
        """
        asked = [one for one in foreign if is_shareable(one.name)]
        seen: dict[str, Document | Unread] = {}
        if asked:
            wants = [Want(one.name, one.service, one.path, one.microversion) for one in asked]
            answers = self._ask(self.reader.within(self.project_id), wants, as_project=True)
            seen = {answer.name: answer for answer in answers}
        for one in foreign:
            answer = seen.get(one.name)
            if isinstance(answer, Document):
                body = read_object(answer.body)
                if wrong := misread(answer.name, body):
                    raise _strange(answer, wrong)
                self._shared.add(one.name)
                self._put(answer, body)
            else:
                written = one.name.startswith(_WRITTEN_BY_TENANTS)
                self.unread[one.name] = answer if answer and written else unread(one, FOREIGN)

    def _put(self, document: Document, body: Mapping[str, Any]) -> None:
        self.kept[document.name] = document
        self.bodies[document.name] = body


def _strange(document: Document, wrong: str) -> Unreachable:
    return Unreachable(
        service=document.service,
        method=document.method,
        path=document.path,
        status=document.status,
        request_id=document.request_id,
        reason=f"{NOT_PROMISED}: {wrong}",
    )
