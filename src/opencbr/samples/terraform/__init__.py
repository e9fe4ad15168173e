"""Terraform: a data source for what is read, a resource for what is made, by the tables of two providers."""
