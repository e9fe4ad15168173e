"""The vendor's SDKs: one tree of typed arguments, written by each SDK's own rules for names."""
