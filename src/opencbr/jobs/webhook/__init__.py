"""The operator's webhook: failed, missed and late runs of policies and failed drills are told to a URL, signed."""
