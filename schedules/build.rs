//! Sets the cfg for this package alone, so that no build of another has to know of it.

fn main() {
    println!("cargo::rustc-cfg=session_shuttle");
    println!("cargo::rerun-if-changed=build.rs");
}
