"""What is in the cloud at its first start."""
