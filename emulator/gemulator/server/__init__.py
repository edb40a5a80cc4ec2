"""The HTTP edge: the only place that knows sockets, headers and the clock."""
