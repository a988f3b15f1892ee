//! Links the floor against the C library alone: without `std` nothing else asks for it.

fn main() {
    println!("cargo:rustc-link-arg-bins=-lc");
    println!("cargo:rerun-if-changed=build.rs");
}
