"""How the vendor's generator turns names of the interface into names of a language. All six SDKs come from it.

Read in the public sources of the SDKs (huaweicloud-sdk-python, -java, -go, -nodejs, -net and -php, v3).
"""

import re


def snake(name: str) -> str:
    """`ListOpLogs` and `cloudServiceConsoleURL` become `list_op_logs` and `cloud_service_console_url`."""
    parted = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z\d])([A-Z])", r"\1_\2", parted).lower()


def pascal(name: str) -> str:
    """`vault_id` becomes `VaultId`; capitals that are there stay."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def camel(name: str) -> str:
    """`vault_id` becomes `vaultId`."""
    return pascal(name)[:1].lower() + pascal(name)[1:]
