//! `signal/*`: lines per core of each receiver.
fn main() {}
