//! The supervision tree of treeherd: root, groups, programs, rotators as actors.
