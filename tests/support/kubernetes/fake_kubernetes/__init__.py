"""A Kubernetes API server in memory whose pods are real processes. It is a fake: see ../fake_api_server."""
