"""A whole configuration: the provider, the block that sends the call, and its answer as an output."""

from opencbr.samples.call import Call, NotAvailable
from opencbr.samples.sdk.arguments import request_of
from opencbr.samples.terraform import huaweicloud, opentelekomcloud
from opencbr.samples.terraform.blocks import Block, body_of
from opencbr.samples.terraform.hcl import Body, block

_REQUIRED = """\
terraform {{
  required_providers {{
    {name} = {{
      source = "{name}/{name}"
    }}
  }}
}}

"""
_OUTPUT = """
output "answer" {{
  value     = {answer}
  sensitive = true
}}
"""


def with_huaweicloud(call: Call) -> str:
    """Write a configuration for the vendor's provider; raises NotAvailable where it has no block that sends the call."""
    provider = block('provider "huaweicloud"', Body({"endpoints": {"cbr": f"{call.endpoint.rstrip('/')}/"}}))
    comment = "# Signs with HW_ACCESS_KEY and HW_SECRET_KEY; HW_REGION_NAME and HW_AUTH_URL say where Keystone is.\n"
    return (
        _REQUIRED.format(name="huaweicloud")
        + comment
        + provider
        + "\n"
        + _sending(huaweicloud.BLOCKS, huaweicloud.BY_ITSELF, call)
    )


def with_opentelekomcloud(call: Call) -> str:
    """Write a configuration for Open Telekom Cloud's provider, which finds the service in the catalogue; raises likewise."""
    comment = (
        "# Signs in with OS_AUTH_URL and OS_ACCESS_KEY, OS_SECRET_KEY or OS_TOKEN; finds the service (type cbr)\n"
        "# in the catalogue.\n"
    )
    provider = block('provider "opentelekomcloud"', Body())
    return (
        _REQUIRED.format(name="opentelekomcloud")
        + comment
        + provider
        + "\n"
        + _sending(opentelekomcloud.BLOCKS, opentelekomcloud.BY_ITSELF, call)
    )


def _sending(blocks: dict[str, Block], by_itself: dict[str, tuple[str, ...]], call: Call) -> str:
    known = blocks.get(call.operation)
    if known is None:
        for creating, others in by_itself.items():
            if call.operation in others:
                raise NotAvailable(
                    f"The provider sends this by itself when {blocks[creating].type}, "
                    f"which {creating} shows, is read, changed or destroyed."
                )
        raise NotAvailable("The provider has neither a data source nor a resource that sends this operation.")
    request_of(call)  # so that everything has the contract's types
    sending = block(f'{known.kind} "{known.type}" "example"', body_of(known, call))
    address = f"{'data.' if known.kind == 'data' else ''}{known.type}.example"
    return sending + _OUTPUT.format(answer=address)
