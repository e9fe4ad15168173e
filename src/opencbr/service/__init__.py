"""The use cases, called alike by HTTP and the command line. They know nothing of HTTP."""
