"""Secrets that the caller may see are not on a page before they are asked for, one by one.

The API gives whoever has the right all values in clear. A page that shows them unasked puts every password of a backup on a
screen, into a browser's memory and its cache.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from opencbr.console.backup.answers import Answers
from opencbr.console.backup.documents import of_metadata
from opencbr.console.backup.json_values import id_of, member, rows
from opencbr.console.backup.sealed_fields import MASK
from opencbr.model.field_classes import SECRETS
from opencbr.model.json_spans import NotJson
from opencbr.model.secrets import mask, reveal

_IN_PLACE = "until revealed"
"""Stands where a mask of the API's has a fingerprint: `(masked secret until revealed)`."""
_PUT_BACK = "put back"


def concealed(answers: Answers) -> Answers:
    """Mask the secrets that stand in clear in the documents; all else, and what is masked already, stays to the byte."""
    record = answers.record
    if record is not None and SECRETS not in rows(record, "view"):
        return answers
    return replace(answers, metadata=_metadata(answers), record=None if record is None else _record(record))


def _record(record: Mapping[str, Any]) -> dict[str, Any]:
    documents = [
        {**one, "body": conceal(name, body)}
        if (name := id_of(one, "name")) and isinstance(body := member(one, "body"), str)
        else one
        for one in rows(record, "documents")
    ]
    return {**record, "documents": documents}


def _metadata(answers: Answers) -> bytes | None:
    """Write the answer anew as the server writes it: compact, nothing escaped that need not be."""
    if answers.metadata is None:
        return None
    hidden = {place: conceal(name, text) for name, place, text in of_metadata(answers)}
    told = {
        name: [hidden.get(f"{name}[{index}]", one) for index, one in enumerate(value)]
        if isinstance(value, list)
        else hidden.get(name, value)
        for name, value in answers.metadata_members.items()
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def conceal(name: str, text: str) -> str:
    """Mask the secrets in the text of the document of that name; a text that is no JSON is given back as it is."""
    try:
        masked = mask(name, text.encode(), lambda _: _IN_PLACE)
    except (NotJson, UnicodeEncodeError):
        return text
    splices = [
        one
        if one.kind == SECRETS and not MASK.search(one.verbatim.decode())
        else one._replace(kind=_PUT_BACK)
        for one in masked.splices
    ]
    return reveal(masked.body, splices, frozenset({_PUT_BACK})).decode()
