"""Neutron v2.0: the calls of a backup service and what the demo and the tests are set up with."""
