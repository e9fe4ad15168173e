"""What a running process says about itself."""
