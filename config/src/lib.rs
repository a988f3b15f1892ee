//! The configuration of treeherd: Supervisor's INI dialect to validated specs.
