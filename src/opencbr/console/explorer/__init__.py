"""The API explorer: every operation of the contract as a form, sent to this server with the browser's session."""
