//! pidproxy.
fn main() {}
