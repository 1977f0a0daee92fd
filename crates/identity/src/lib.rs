//! The port `IdentityProvider` for `OpenID` Connect: authorization code flow with PKCE.
//!
//! Start at [`OpenIdProvider`]. The provider is found by its discovery document, asked through
//! `egress` alone, and believed as far as `token.rs` can check: signature by a key of the issuer
//! with a pinned algorithm, issuer, audience, nonce, times. Signatures are verified by
//! `jsonwebtoken` on the one set of primitives, `aws-lc-rs`.
//! **Never here:** accounts, roles, the clock, addresses that a token names.

mod discovery;
mod form;
mod keys;
mod provider;
mod strict_json;
mod token;

pub use keys::SigningAlgorithm;
pub use provider::{ClaimNames, OpenIdParts, OpenIdProvider};
