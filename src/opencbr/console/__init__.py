"""The console and the API explorer: pages for people, made on the server, which do nothing that the API does not do."""
