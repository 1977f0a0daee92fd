"""Compares our engine with llama.cpp on the same file, number by number."""
