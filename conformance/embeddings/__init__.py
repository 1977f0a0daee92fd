"""Vectors of texts beside other implementations."""
