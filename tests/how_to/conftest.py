"""The consumer is a project of its own: test_consumer.py runs it."""

collect_ignore = ["consumer"]
