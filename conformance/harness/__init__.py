"""What every suite needs: a running server, a plain HTTP client, pinned environments, a report."""
