//! From the events of the OS to due file changes.
