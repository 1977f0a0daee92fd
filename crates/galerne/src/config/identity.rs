//! Settings of sign-in with an identity provider.

use std::{collections::BTreeMap, path::PathBuf};

use ::identity::SigningAlgorithm;
use domain::Role;
use egress::Destination;
use governance::{Admission, Admit};
use serde::{Deserialize, Serialize, Serializer};

use super::residency::Text;
use crate::failure::Failure;

/// Where the provider sends browsers back to, at every installation.
const CALLBACK_PATH: &str = "/v1/session/oidc/callback";

const NAME_CHARACTERS_MAX: usize = 64;

/// How people are known beside names and passwords.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct IdentitySettings {
    /// A provider that speaks `OpenID` Connect.
    pub(crate) oidc: Option<OidcSettings>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OidcSettings {
    /// The provider's identifier, letter for letter as its discovery document spells it.
    pub(crate) issuer: String,
    /// Under which the provider knows this installation.
    pub(crate) client_id: String,
    /// File that holds the client secret and nothing else; without it the client has none.
    pub(crate) client_secret_file: Option<PathBuf>,
    /// As the provider knows it: `https://ai.example.org/v1/session/oidc/callback`.
    pub(crate) redirect_uri: String,
    /// As people know the provider: it stands on the button.
    pub(crate) name: String,
    /// What is asked for beside `openid`.
    #[serde(default = "default_scopes")]
    pub(crate) scopes: Vec<String>,
    /// How ID tokens may be signed: `RS256`, `PS256`, `ES256`, `EdDSA`.
    #[serde(default = "default_algorithms")]
    pub(crate) algorithms: Vec<Text<SigningAlgorithm>>,
    /// The claim of the ID token that lists the groups.
    #[serde(default = "default_groups_claim")]
    pub(crate) groups_claim: String,
    /// The claim that a new account is named after.
    #[serde(default = "default_name_claim")]
    pub(crate) name_claim: String,
    /// Who gets in without an account: `mapped`, whoever is in a group of `roles`, or `invited`,
    /// nobody.
    #[serde(default)]
    pub(crate) admit: AdmitSetting,
    /// Groups, and the role that each of them stands for.
    #[serde(default)]
    pub(crate) roles: BTreeMap<String, RoleSetting>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AdmitSetting {
    #[default]
    Mapped,
    Invited,
}

impl AdmitSetting {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Mapped => "mapped",
            Self::Invited => "invited",
        }
    }
}

impl From<AdmitSetting> for Admit {
    fn from(setting: AdmitSetting) -> Self {
        match setting {
            AdmitSetting::Mapped => Self::Mapped,
            AdmitSetting::Invited => Self::Invited,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct RoleSetting(pub(crate) Role);

impl TryFrom<String> for RoleSetting {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error: domain::UnknownWord| error.to_string())
    }
}

impl Serialize for RoleSetting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

fn default_scopes() -> Vec<String> {
    vec!["profile".to_owned()]
}

fn default_algorithms() -> Vec<Text<SigningAlgorithm>> {
    vec![Text(SigningAlgorithm::Rs256), Text(SigningAlgorithm::Es256)]
}

fn default_groups_claim() -> String {
    "groups".to_owned()
}

fn default_name_claim() -> String {
    "preferred_username".to_owned()
}

impl IdentitySettings {
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.oidc.as_ref().map(|oidc| oidc.issuer.as_str())
    }

    /// Whether browsers come back over https.
    pub(crate) fn returns_encrypted(&self) -> bool {
        self.oidc.as_ref().is_some_and(|oidc| oidc.redirect_uri.starts_with("https://"))
    }

    /// `hosts`: the names under which the server answers.
    pub(crate) fn check(&self, hosts: &[String]) -> Result<(), Failure> {
        self.oidc.as_ref().map_or(Ok(()), |oidc| oidc.check(hosts))
    }

    pub(crate) fn describe(&self) -> Vec<(&'static str, String)> {
        let Some(oidc) = &self.oidc else {
            return vec![("identity.oidc.issuer", String::new())];
        };
        let algorithms: Vec<_> = oidc.algorithms.iter().map(ToString::to_string).collect();
        vec![
            ("identity.oidc.issuer", oidc.issuer.clone()),
            ("identity.oidc.name", oidc.name.clone()),
            ("identity.oidc.redirect_uri", oidc.redirect_uri.clone()),
            ("identity.oidc.algorithms", algorithms.join(", ")),
            ("identity.oidc.admit", oidc.admit.as_str().to_owned()),
            ("identity.oidc.roles", oidc.roles.len().to_string()),
        ]
    }
}

impl OidcSettings {
    /// Whom the settings let in.
    pub(crate) fn admission(&self) -> Result<Admission, Failure> {
        let roles = self.roles.iter().map(|(group, role)| (group.clone(), role.0)).collect();
        Admission::new(self.admit.into(), roles).map_err(|error| {
            Failure::message(format!("`identity.oidc.roles`: {error}")).hint(
                "with `admit = \"mapped\"` give groups other roles than `owner`, \
                 with `admit = \"invited\"` give none",
            )
        })
    }

    fn check(&self, hosts: &[String]) -> Result<(), Failure> {
        self.check_issuer()?;
        self.check_redirect_uri(hosts)?;
        let is_line = |text: &str, max: usize| {
            (1..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control)
        };
        for (name, text, max) in [
            ("name", &self.name, NAME_CHARACTERS_MAX),
            ("client_id", &self.client_id, 255),
            ("groups_claim", &self.groups_claim, 255),
            ("name_claim", &self.name_claim, 255),
        ] {
            if !is_line(text, max) {
                return Err(Failure::message(format!("`identity.oidc.{name}` is no name"))
                    .hint(format!("give 1 to {max} characters on one line")));
            }
        }
        let is_scope = |scope: &String| !scope.is_empty() && !scope.contains(char::is_whitespace);
        if !self.scopes.iter().all(is_scope) {
            return Err(Failure::message("one of `identity.oidc.scopes` is no scope")
                .hint("give each scope as one text: [\"profile\", \"groups\"]"));
        }
        if self.algorithms.is_empty() {
            return Err(Failure::message("`identity.oidc.algorithms` is empty")
                .hint("name those that the provider signs with: RS256, PS256, ES256, EdDSA"));
        }
        self.admission().map(drop)
    }

    fn check_issuer(&self) -> Result<(), Failure> {
        let issuer = &self.issuer;
        let hint = "give the `issuer` of the provider's discovery document, which begins with \
                    https://; http:// is possible on this machine alone";
        let wrong = |why: &str| {
            Failure::message(format!("`identity.oidc.issuer` is `{issuer}`: {why}")).hint(hint)
        };
        let destination: Destination =
            issuer.parse().map_err(|error: egress::AddressError| wrong(&error.to_string()))?;
        if !destination.is_encrypted() && !destination.is_this_machine() {
            return Err(wrong("it is not encrypted"));
        }
        if issuer.contains(['?', '#']) || issuer.contains(char::is_whitespace) {
            return Err(wrong("an issuer has no query and no fragment"));
        }
        Ok(())
    }

    fn check_redirect_uri(&self, hosts: &[String]) -> Result<(), Failure> {
        let uri = &self.redirect_uri;
        let wrong = |why: &str| {
            Failure::message(format!("`identity.oidc.redirect_uri` is `{uri}`: {why}"))
                .hint(format!("give the address of the page followed by {CALLBACK_PATH}"))
        };
        let origin = uri.strip_suffix(CALLBACK_PATH);
        let origin = origin.ok_or_else(|| wrong("it leads to another path"))?;
        let destination: Destination =
            origin.parse().map_err(|error: egress::AddressError| wrong(&error.to_string()))?;
        if destination.to_string() != origin {
            return Err(wrong(&format!("the shortest form of its beginning is {destination}")));
        }
        if !destination.is_encrypted() && !destination.is_this_machine() {
            return Err(wrong("it is not encrypted"));
        }
        let host = host(origin);
        let is_answered = ["localhost", "127.0.0.1", "[::1]"].contains(&host)
            || hosts.iter().any(|known| known.eq_ignore_ascii_case(host));
        if is_answered {
            Ok(())
        } else {
            Err(wrong("the server does not answer under this name").hint("add it to `hosts`"))
        }
    }
}

/// Of a scheme, a host and perhaps a port.
fn host(origin: &str) -> &str {
    let rest = origin.split_once("://").map_or(origin, |(_, rest)| rest);
    match rest.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) | None => rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "issuer = 'https://id.example.org/realms/one'\nclient_id = 'galerne'\n\
                        redirect_uri = 'https://ai.example.org/v1/session/oidc/callback'\n\
                        name = 'Example'\n";

    fn check(settings: &str, expected: &str) {
        let text = match toml::from_str::<OidcSettings>(settings) {
            Ok(oidc) => match oidc.check(&["ai.example.org".to_owned()]) {
                Ok(()) => String::new(),
                Err(failure) => failure.text(),
            },
            Err(error) => error.to_string(),
        };
        let fits = if expected.is_empty() { text.is_empty() } else { text.contains(expected) };
        assert!(fits, "{settings}\n{text}");
    }

    #[test]
    fn good_settings_are_taken() {
        let roles = "[roles]\nstaff = 'member'\n'/ai/devs' = 'developer'\n";
        check(&format!("{GOOD}{roles}"), "");
        check(&format!("{GOOD}admit = 'invited'"), "");
        check(&format!("{GOOD}algorithms = ['EdDSA']\n{roles}"), "");
        for origin in ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"] {
            let local = GOOD.replace("https://ai.example.org", origin);
            let local = local.replace("https://id.example.org", "http://127.0.0.1:4000");
            check(&format!("{local}{roles}"), "");
        }
    }

    #[test]
    fn wrong_settings_are_named() {
        check(GOOD, "nobody would be let in");
        check(&format!("{GOOD}[roles]\nstaff = 'owner'"), "would make owners");
        check(&format!("{GOOD}[roles]\nstaff = 'boss'"), "`boss` is none of");
        check(&format!("{GOOD}admit = 'invited'\n[roles]\nstaff = 'member'"), "keep their roles");
        check(&format!("{GOOD}admit = 'everybody'"), "everybody");
        check(&format!("{GOOD}algorithms = ['none']"), "`none` is not one of RS256");
        check(&format!("{GOOD}algorithms = ['HS256']"), "`HS256` is not one of RS256");
        check(&format!("{GOOD}algorithms = []"), "`identity.oidc.algorithms` is empty");
        check(&format!("{GOOD}scopes = ['a b']"), "no scope");
        check(&format!("{GOOD}client_secret = 'x'"), "client_secret");
        check(&GOOD.replace("https://id", "http://id"), "is not encrypted");
        check(&GOOD.replace("/realms/one", "?realm=one"), "no query");
        check(&GOOD.replace("https://id.example.org", "id.example.org"), "identity.oidc.issuer");
        check(&GOOD.replace("https://id.", "https://user:word@id."), "user name or password");
        check(&GOOD.replace("https://ai", "http://ai"), "is not encrypted");
        check(&GOOD.replace("/oidc/callback", "/oidc"), "another path");
        check(&GOOD.replace("https://ai.example.org", "https://ai.example.org:443"), "shortest");
        check(
            &GOOD.replace("https://ai.example.org", "https://evil.example"),
            "does not answer under this name",
        );
        check(&GOOD.replace("'Example'", "''"), "`identity.oidc.name` is no name");
    }
}
