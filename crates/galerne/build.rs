//! Rebuilds the binary when the page was built anew. The page itself is built by `make`.

fn main() {
    println!("cargo:rerun-if-changed=../../web/dist");
}
