//! treeherd: a process supervisor.
