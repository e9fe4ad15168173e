"""The use cases, called alike by HTTP, the command line and duties. They know nothing of HTTP."""
