"""`opencbr demo`: an embedded cloud, the service beside it, and a client that shows what they are for."""
