//! The provider of an installation.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use domain::Timestamp;
use egress::{Answer, Destination, EgressClient, EgressError};
use governance::ports::{Identified, IdentityProvider, ProviderError, Question, Reply};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{
    discovery::{self, DiscoveryError, Endpoints, SecretPlace},
    form,
    keys::{KeySet, SigningAlgorithm},
    strict_json,
    token::{self, Claims, Expected},
};

/// More groups than anybody is in.
const GROUPS_MAX: usize = 1000;

/// Asks an `OpenID` Connect provider.
pub struct OpenIdProvider {
    parts: OpenIdParts,
    /// What its discovery document said. Forgotten when the provider fails: it may have moved.
    known: Mutex<Option<Endpoints>>,
}

/// What [`OpenIdProvider`] is made of.
pub struct OpenIdParts {
    /// As people know the provider.
    pub name: String,
    /// As the provider spells it.
    pub issuer: String,
    pub client_id: String,
    /// `None` for a client that the provider knows to have none.
    pub client_secret: Option<Zeroizing<String>>,
    /// Where the provider sends browsers back to, as it knows it.
    pub redirect_uri: String,
    /// Beside `openid`.
    pub scopes: Vec<String>,
    pub algorithms: Vec<SigningAlgorithm>,
    pub claims: ClaimNames,
    /// Where the provider may be, the authorization endpoint included.
    pub destinations: Vec<Destination>,
    pub client: EgressClient,
}

/// Which claims tell what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimNames {
    pub name: String,
    pub groups: String,
}

/// Why nobody can be signed in now.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error("it was not reached")]
    Egress(#[source] EgressError),
    #[error("it answered with status {0}")]
    Status(u16),
    #[error(transparent)]
    Discovery(#[from] DiscoveryError),
    #[error("its {0} is not what the standard says")]
    Malformed(&'static str),
}

impl From<AskError> for ProviderError {
    fn from(error: AskError) -> Self {
        Self::Unavailable { source: Box::new(error) }
    }
}

impl OpenIdProvider {
    pub fn new(parts: OpenIdParts) -> Self {
        Self { parts, known: Mutex::default() }
    }

    async fn endpoints(&self) -> Result<Endpoints, AskError> {
        if let Some(known) = self.known() {
            return Ok(known);
        }
        let document = self.get(&discovery::address(&self.parts.issuer)).await?;
        let parts = &self.parts;
        let found = discovery::read(&document.body, &parts.issuer, &parts.destinations)?;
        self.remember(Some(found.clone()));
        Ok(found)
    }

    async fn get(&self, address: &str) -> Result<Answer, AskError> {
        let answer = self.parts.client.get(address).await.map_err(AskError::Egress)?;
        if answer.status == 200 { Ok(answer) } else { Err(AskError::Status(answer.status)) }
    }

    /// Exchanges the code. A provider that refuses it has been asked a second time, or by somebody
    /// whose code it is not.
    async fn exchange(
        &self,
        endpoints: &Endpoints,
        reply: &Reply<'_>,
    ) -> Result<Answer, ProviderError> {
        let parts = &self.parts;
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", reply.code),
            ("redirect_uri", &parts.redirect_uri),
            ("client_id", &parts.client_id),
            ("code_verifier", reply.verifier),
        ];
        let client = &parts.client;
        let sent = match (&parts.client_secret, endpoints.secret) {
            (Some(secret), SecretPlace::Header) => {
                let (body, secret) = (form::encode(&pairs), basic(&parts.client_id, secret));
                client.post_as(&endpoints.token, form::CONTENT_TYPE, body, &secret).await
            }
            (secret, SecretPlace::Body | SecretPlace::Header) => {
                pairs.extend(secret.iter().map(|secret| ("client_secret", secret.as_str())));
                let body = form::encode(&pairs);
                client.post(&endpoints.token, form::CONTENT_TYPE, body).await
            }
        };
        let answer = sent.map_err(AskError::Egress)?;
        match answer.status {
            200 => Ok(answer),
            400 => Err(refused("it does not take the code")),
            status => Err(AskError::Status(status).into()),
        }
    }

    /// The keys are fetched each time: one that the issuer has withdrawn is not believed again.
    async fn proof(&self, reply: &Reply<'_>, now: Timestamp) -> Result<Claims, ProviderError> {
        let endpoints = self.endpoints().await?;
        let answer = self.exchange(&endpoints, reply).await?;
        let answer = strict_json::object(&answer.body);
        let answer = answer.ok_or_else(|| refused("its answer to the code is no JSON object"))?;
        let token = answer.get("id_token").and_then(Value::as_str);
        let token = token.ok_or_else(|| refused("it gave no ID token"))?;
        let keys = self.get(&endpoints.keys).await?;
        let keys = KeySet::read(&keys.body).ok_or(AskError::Malformed("set of keys"))?;
        let expected = Expected {
            issuer: &self.parts.issuer,
            client_id: &self.parts.client_id,
            nonce: reply.nonce,
            algorithms: &self.parts.algorithms,
            access_token: answer.get("access_token").and_then(Value::as_str),
            now,
        };
        token::check(token, &keys, &expected).map_err(|error| refused(&error.to_string()))
    }

    fn known(&self) -> Option<Endpoints> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, found: Option<Endpoints>) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = found;
    }

    /// Whatever failed, the next attempt begins with the discovery document.
    fn forgetting<T>(&self, result: Result<T, ProviderError>) -> Result<T, ProviderError> {
        if let Err(ProviderError::Unavailable { .. }) = &result {
            self.remember(None);
        }
        result
    }
}

#[async_trait]
impl IdentityProvider for OpenIdProvider {
    fn name(&self) -> &str {
        &self.parts.name
    }

    fn issuer(&self) -> &str {
        &self.parts.issuer
    }

    async fn address(&self, question: &Question<'_>) -> Result<String, ProviderError> {
        let endpoints = self.forgetting(self.endpoints().await.map_err(ProviderError::from))?;
        let scope = [&["openid".to_owned()], self.parts.scopes.as_slice()].concat().join(" ");
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(question.verifier));
        let query = form::encode(&[
            ("response_type", "code"),
            ("client_id", &self.parts.client_id),
            ("redirect_uri", &self.parts.redirect_uri),
            ("scope", &scope),
            ("state", question.state),
            ("nonce", question.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let separator = if endpoints.authorization.contains('?') { '&' } else { '?' };
        Ok(format!("{}{separator}{query}", endpoints.authorization))
    }

    async fn identify(
        &self,
        reply: &Reply<'_>,
        now: Timestamp,
    ) -> Result<Identified, ProviderError> {
        let claims = self.forgetting(self.proof(reply, now).await)?;
        identified(&claims, &self.parts.claims)
            .ok_or_else(|| refused("the claim of the groups is no list of texts"))
    }
}

/// Both halves are written as in a form before they are put together: RFC 6749, section 2.3.1.
fn basic(client_id: &str, secret: &str) -> Zeroizing<String> {
    let secret = Zeroizing::new(form::encode_one(secret));
    let both = Zeroizing::new(format!("{}:{}", form::encode_one(client_id), *secret));
    Zeroizing::new(format!("Basic {}", STANDARD.encode(both.as_bytes())))
}

fn refused(reason: &str) -> ProviderError {
    ProviderError::Refused { reason: reason.to_owned() }
}

/// `None` if the groups cannot be read: whoever is in none has an empty list, or no claim.
fn identified(claims: &Claims, names: &ClaimNames) -> Option<Identified> {
    let groups = match claims.get(&names.groups) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) if all.len() <= GROUPS_MAX => {
            let texts = all.iter().map(|one| one.as_str().map(str::to_owned));
            texts.collect::<Option<_>>()?
        }
        Some(_) => return None,
    };
    let name = claims.get(&names.name).and_then(Value::as_str).map(str::to_owned);
    let subject = claims.get("sub")?.as_str()?.to_owned();
    Some(Identified { subject, name, groups })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(groups: &Value, expected: Option<&[&str]>) {
        let claims = json!({"sub": "1", "preferred_username": "anne", "groups": groups});
        let Value::Object(claims) = claims else { unreachable!("an object") };
        let names =
            ClaimNames { name: "preferred_username".to_owned(), groups: "groups".to_owned() };
        let found = identified(&claims, &names);
        let expected = expected.map(|groups| Identified {
            subject: "1".to_owned(),
            name: Some("anne".to_owned()),
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
        });
        assert_eq!(found, expected, "{groups}");
    }

    /// The example of RFC 6749, section 2.3.1, and a secret that has to be written otherwise.
    #[test]
    fn credentials_are_written_as_in_a_form() {
        let expected = "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3";
        assert_eq!(*basic("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw"), expected);
        let expected = format!("Basic {}", STANDARD.encode("a%3Ab:c%20%26%3A"));
        assert_eq!(*basic("a:b", "c &:"), expected);
    }

    #[test]
    fn groups_are_texts() {
        check(&json!(["staff", "devs"]), Some(&["staff", "devs"]));
        check(&json!("staff"), Some(&["staff"]));
        check(&json!([]), Some(&[]));
        check(&json!(null), Some(&[]));
        check(&json!(["staff", 1]), None);
        check(&json!({"staff": true}), None);
    }
}
