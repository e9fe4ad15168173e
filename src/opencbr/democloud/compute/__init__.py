"""Nova v2.1: the calls of a backup service and what the demo and the tests are set up with."""
