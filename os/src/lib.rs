//! The operating system as treeherd needs it: spawn, exit, signals, files, sockets.
