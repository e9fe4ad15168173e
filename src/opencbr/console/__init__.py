"""The console: pages for people, made from what the API answers."""
