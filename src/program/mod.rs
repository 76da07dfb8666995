//! Hot programs.

mod events;
mod watches;
