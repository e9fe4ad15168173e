"""What a credential opens, as clients with an access key look it up at their start (contract 9.4).

They know the name of a region, and of nothing else: on the cloud that they were made for, each region has a project of
its name. Here a key belongs to one project, whatever that is called.
"""

from collections.abc import Collection

from opencbr.model.caller import Caller


class Scopes:
    """The use cases; nothing is asked of Keystone beyond the sign-in. `region` may be "": no name is the region's then."""

    def __init__(self, region: str) -> None:
        self._region = region

    def project_name(self, caller: Caller, names: Collection[str]) -> str | None:
        """Return the name by which the caller's project is found, None where none of the names is one of it.

        It is found by its own name and by the region's, and by no name at all. Terraform looks the name that it has asked by
        up in the answer.
        """
        if not names:
            return caller.project_name
        known = (caller.project_name, self._region)
        return next((name for name in known if name and name in names), None)

    def has_domain(self, caller: Caller, names: Collection[str]) -> bool:
        """Say whether the domain of the caller's project is meant: by its name, or by none."""
        return not names or caller.project_domain_name in names
