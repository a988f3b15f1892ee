//! The JSON-RPC contract of treeherd: traits, wire types, error table, client.
