"""The suites: each is a module with `run(report, bench)`."""
