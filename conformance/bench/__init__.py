"""Side-by-side measurements. They are run by hand, on a quiet machine, never as a test."""
