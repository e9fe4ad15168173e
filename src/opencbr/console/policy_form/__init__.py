"""The form of a policy: what is entered, the request that it means, and where a refusal belongs."""
