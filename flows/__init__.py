"""Pipelines: sources, tasks, one file per flow, and the ``mita`` command."""
