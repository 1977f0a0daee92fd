//! `/scim/v2`: an identity provider keeps accounts and groups.
//!
//! Start at [`user`]. What SCIM is lies in the library `scim`; what is done about it is decided in
//! `governance`.

pub(crate) mod discovery;
pub(crate) mod group;
pub(crate) mod user;

mod answer;
mod problem;
mod query;

pub(crate) use problem::in_its_words;

/// Where the protocol begins.
const ROOT: &str = "/scim/v2";

/// Paths whose errors are told in the words of SCIM.
pub(crate) fn is_scim(path: &str) -> bool {
    path.strip_prefix("/scim").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
