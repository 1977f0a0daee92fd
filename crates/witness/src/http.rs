//! A witness that speaks C2SP tlog-witness.

mod answer;

use async_trait::async_trait;
use egress::{AddressError, Destination, EgressClient};
use governance::ports::{Addition, Witness, WitnessError};

pub use answer::HttpWitnessError;

/// Hands checkpoints to `<prefix>/add-checkpoint`.
///
/// The witness is trusted to remember, not to tell the truth: its cosignatures are read and not
/// kept, for nobody told us its key.
#[derive(Debug)]
pub struct HttpWitness {
    prefix: String,
    address: String,
    client: EgressClient,
}

impl HttpWitness {
    /// A witness at the address that is its submission prefix. The client has to be allowed to
    /// reach it.
    pub fn new(prefix: &str, client: EgressClient) -> Result<Self, AddressError> {
        let (prefix, address) = submission(prefix)?;
        Ok(Self { prefix, address, client })
    }
}

/// The prefix without what may follow it, and the address that checkpoints are handed to.
fn submission(prefix: &str) -> Result<(String, String), AddressError> {
    prefix.parse::<Destination>()?;
    let prefix = prefix.trim_end_matches('/').to_owned();
    let address = format!("{prefix}/add-checkpoint");
    Ok((prefix, address))
}

#[async_trait]
impl Witness for HttpWitness {
    fn name(&self) -> &str {
        &self.prefix
    }

    async fn add(&self, addition: &Addition) -> Result<(), WitnessError> {
        let request = request(addition);
        let answer = self.client.post(&self.address, "text/plain; charset=utf-8", request).await;
        let answer = answer.map_err(|error| answer::unavailable(HttpWitnessError::from(error)))?;
        answer::read(&answer, addition)
    }
}

/// # Source
/// C2SP tlog-witness, section "add-checkpoint".
fn request(addition: &Addition) -> String {
    let mut text = format!("old {}\n", addition.old_size);
    for hash in &addition.proof {
        text.push_str(&hash.to_base64());
        text.push('\n');
    }
    text.push('\n');
    text.push_str(&addition.checkpoint.to_string());
    text
}

#[cfg(test)]
mod tests {
    use testkit::SampleLog;
    use transparency_log::Hash;

    use super::*;

    #[test]
    fn a_request_has_the_form_of_the_specification() {
        let mut log = SampleLog::new(10);
        let (old, new) = (log.grow(3), log.grow(4));
        let addition = log.addition(old, new);
        let checkpoint = log.checkpoint(new);
        let proof: Vec<String> = addition.proof.iter().map(Hash::to_base64).collect();
        assert_eq!(proof.len(), 4);
        let expected = format!("old 3\n{}\n\n{checkpoint}", proof.join("\n"));
        assert_eq!(request(&addition), expected);
        assert_eq!(request(&log.addition(0, new)), format!("old 0\n\n{checkpoint}"));
    }

    #[test]
    fn a_prefix_is_an_address() {
        let (prefix, address) = submission("http://witness.example/prefix/").unwrap();
        assert_eq!(prefix, "http://witness.example/prefix");
        assert_eq!(address, "http://witness.example/prefix/add-checkpoint");
        submission("/prefix").unwrap_err();
        submission("ftp://witness.example").unwrap_err();
    }
}
