//! Runs one request in a process with an environment of its own: there the certificate
//! authorities of the machine, and what would be its proxy, are those of the test.

use std::{
    error::Error,
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use egress::{EgressError, EgressParts};

use crate::world::{self, World};

/// Tells the child what to ask for.
const ADDRESS: &str = "GALERNE_TEST_EGRESS_ADDRESS";

const OUTCOME: &str = "outcome: ";

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Asks for `address` on a machine that trusts what `authorities` holds, and tells the outcome.
pub(crate) async fn ask(address: &str, authorities: &Path) -> String {
    // Nobody listens there: a request that takes it for a proxy fails.
    let nowhere = "http://127.0.0.1:1";
    let mut command = Command::new(std::env::current_exe().expect("the test itself"));
    command
        .args(["child::one_request", "--exact", "--nocapture", "--test-threads=1"])
        .env(ADDRESS, address)
        .env("SSL_CERT_FILE", authorities)
        .env_remove("SSL_CERT_DIR")
        .envs(["http_proxy", "https_proxy", "all_proxy"].map(|name| (name, nowhere)))
        .envs(["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"].map(|name| (name, nowhere)));
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.expect("joined").expect("run");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let outcome = text.lines().find_map(|line| line.split_once(OUTCOME));
    outcome.unwrap_or_else(|| panic!("{output:?}")).1.to_owned()
}

/// In the child, does what the parent asks for; in a plain test run, checks how outcomes are told.
#[tokio::test]
async fn one_request() {
    if let Some(address) = std::env::var_os(ADDRESS) {
        let address = address.into_string().expect("text");
        let outcome = outcome(&address).await;
        writeln!(std::io::stdout(), "{OUTCOME}{outcome}").expect("a parent");
        return;
    }
    assert_eq!(outcome("ftp://a").await, "`ftp://a` does not start with http:// or https://");
}

async fn outcome(address: &str) -> String {
    let asked = async {
        address.parse::<egress::Destination>().map_err(Box::<dyn Error>::from)?;
        let parts: EgressParts = World::default().parts([world::witness(address)]);
        let answer = egress::EgressClient::new(parts)?.get(address).await?;
        Ok::<_, Box<dyn Error>>(format!("{} {}", answer.status, answer.body.escape_ascii()))
    };
    asked.await.unwrap_or_else(|error| chain(error.as_ref()))
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let kind = match error.downcast_ref::<EgressError>() {
        Some(EgressError::SetUp { .. }) => "SetUp: ",
        Some(EgressError::Unreachable { .. }) => "Unreachable: ",
        Some(_) | None => "",
    };
    let mut text = format!("{kind}{error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(text, ": {error}").expect("text");
        cause = error.source();
    }
    text
}
