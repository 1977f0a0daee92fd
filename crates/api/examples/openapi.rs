//! Prints the `OpenAPI` document: `cargo run --release -p api --example openapi > openapi/galerne.json`

fn main() -> Result<(), Box<dyn std::error::Error>> {
    use std::io::Write as _;
    writeln!(std::io::stdout(), "{}", api::openapi_json()?)?;
    Ok(())
}
