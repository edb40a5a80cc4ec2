"""HTTP server: ASGI applications, uvicorn protocol, TLS and admin API."""
