"""Ids as the services make them."""

import uuid


def new_uuid() -> str:
    """Make a random id as Nova, Cinder and Neutron do."""
    return str(uuid.uuid4())


def new_hex() -> str:
    """Make a random id as Keystone does: 32 hex digits."""
    return uuid.uuid4().hex
