//! The HTTP server of treeherd: router, authentication, limits, JSON-RPC mounted.
