"""Looking at the keys before anything starts with them."""

from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from opencbr.keys.files import KeyTrouble
from opencbr.keys.master_key import MASTER
from opencbr.keys.ring import look_at_ring
from opencbr.keys.signing_key import SIGNING, published_keys
from opencbr.store.database import Database


def check_keys(database: Database | None, folder: Path) -> str | None:
    """Say in a sentence what is wrong with the keys in `folder`; None when they fit. Changes nothing.

    Without a usable database only the files are judged.
    """
    try:
        current = database if database is not None and database.schema_is_current() else None
    except SQLAlchemyError:  # told elsewhere; the files can be judged all the same
        current = None
    try:
        look_at_ring(current, folder, MASTER)
        look_at_ring(current, folder, SIGNING)
        published_keys(folder)
    except KeyTrouble as error:
        return str(error)
    except OSError as error:
        return f"the key folder {folder} cannot be read: {error.strerror}"
    return None
