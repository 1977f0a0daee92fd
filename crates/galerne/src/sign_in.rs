//! Sign-in with the identity provider of the settings.

use std::{fs, path::Path, sync::Arc};

use anyhow::Context as _;
use governance::{Identities, IdentitiesParts, Provisioning, ProvisioningParts};
use identity::{ClaimNames, OpenIdParts, OpenIdProvider};
use zeroize::Zeroizing;

use crate::{
    config::{IdentitySettings, OidcSettings},
    failure::{Exit, Failure},
    wiring::Local,
};

/// `None` where no provider is set. The provider is not asked yet: people who have a password
/// sign in while it is away.
pub(crate) async fn open(
    local: &Local,
    settings: &IdentitySettings,
) -> Result<Option<Identities>, Failure> {
    let Some(oidc) = &settings.oidc else { return Ok(None) };
    let client_secret = oidc.client_secret_file.as_deref();
    let client_secret = client_secret
        .map(|path| read_secret(path, "`identity.oidc.client_secret_file`"))
        .transpose()?;
    let provider = OpenIdProvider::new(OpenIdParts {
        name: oidc.name.clone(),
        issuer: oidc.issuer.clone(),
        client_id: oidc.client_id.clone(),
        client_secret,
        redirect_uri: oidc.redirect_uri.clone(),
        scopes: oidc.scopes.clone(),
        algorithms: oidc.algorithms.iter().map(|algorithm| algorithm.0).collect(),
        claims: claims(oidc),
        destinations: local.outbound.identity_destinations()?,
        client: local.outbound.identity_client(&local.trail).await?,
    });
    Ok(Some(Identities::new(IdentitiesParts {
        access: local.access.clone(),
        store: local.store.clone(),
        provider: Arc::new(provider),
        admission: oidc.admission()?,
    })))
}

/// Groups stand for the same roles whether a provider tells them by SCIM or at sign-in.
pub(crate) fn provisioning(local: &Local, settings: &IdentitySettings) -> Provisioning {
    let roles = settings.oidc.iter().flat_map(|oidc| &oidc.roles);
    Provisioning::new(ProvisioningParts {
        access: local.access.clone(),
        store: local.store.clone(),
        roles: roles.map(|(group, role)| (group.clone(), role.0)).collect(),
    })
}

fn claims(oidc: &OidcSettings) -> ClaimNames {
    ClaimNames { name: oidc.name_claim.clone(), groups: oidc.groups_claim.clone() }
}

/// The line of a file; what editors put at its end is no part of the secret.
pub(crate) fn read_secret(path: &Path, setting: &str) -> Result<Zeroizing<String>, Failure> {
    let wrong = |error| {
        Failure::new(Exit::Settings, error)
            .hint(format!("{setting} names a file that holds the secret alone"))
    };
    let read =
        fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()));
    let text = Zeroizing::new(read.map_err(wrong)?);
    let secret = Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned());
    if secret.is_empty() || secret.contains(['\r', '\n']) {
        return Err(wrong(anyhow::anyhow!("{} does not hold one line", path.display())));
    }
    Ok(secret)
}
