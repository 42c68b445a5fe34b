//! The `loopstart` command.
fn main() {}
