//! Migrations are embedded: a new file must compile the crate again.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
