"""Tests of what is pure here, by tables: python3 -m unittest, or the suite `evaluation`."""
