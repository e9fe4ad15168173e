"""An OpenStack in one process: the calls opencbr makes, answered as the real services answer them."""

from opencbr.democloud.cloud import DemoCloud
from opencbr.democloud.timing import Timing

__all__ = ["DemoCloud", "Timing"]
