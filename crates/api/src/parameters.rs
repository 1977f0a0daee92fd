//! What follows the question mark, for routes that share its meaning between two families of
//! clients.

use std::{fmt::Display, str::FromStr};

use axum::{extract::Query, http::request::Parts};
use inference_wire::{FieldError, FieldErrorKind, PathPart};

use crate::problem::{Code, Problem};

/// Official clients send this for "not given".
const UNSET: &str = "~?~unset~?~sentinel~?~";

/// Every parameter of a request, in its order. Those that a route does not ask for are ignored.
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(crate) fn of(parts: &Parts) -> Result<Self, Problem> {
        let read = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Query(mut given) = read.map_err(|_| {
            let message = "the parameters after the question mark make no sense";
            Problem::new(Code::InvalidRequest, message)
        })?;
        given.retain(|(_, text)| !text.is_empty() && text.trim_matches('"') != UNSET);
        Ok(Self(given))
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.texts(name).next()
    }

    /// Of a parameter that may be given several times.
    pub(crate) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(given, _)| given == name).map(|(_, text)| text.as_str())
    }

    /// Filters that the route does not have: whoever sent one would take all for some.
    pub(crate) fn refuse(&self, names: &[&'static str]) -> Result<(), Problem> {
        match names.iter().copied().find(|name| self.text(name).is_some()) {
            Some(name) => Err(invalid(name, "is no filter of this list")),
            None => Ok(()),
        }
    }

    pub(crate) fn number(&self, name: &'static str) -> Result<Option<u32>, Problem> {
        let read = |text: &str| text.parse().map_err(|_| invalid(name, "must be a whole number"));
        self.text(name).map(read).transpose()
    }

    /// A word that the platform knows.
    pub(crate) fn word<T>(&self, name: &'static str) -> Result<Option<T>, Problem>
    where
        T: FromStr,
        T::Err: Display,
    {
        let read = |text: &str| text.parse().map_err(|error: T::Err| invalid(name, error));
        self.text(name).map(read).transpose()
    }
}

/// A parameter that makes no sense.
pub(crate) fn invalid(name: &'static str, message: impl Display) -> Problem {
    let loc = ["query", name].map(|key| PathPart::Key(key.to_owned())).to_vec();
    let field = FieldError { loc, kind: FieldErrorKind::Value, message: message.to_string() };
    Problem::new(Code::InvalidRequest, field.to_string()).fields(vec![field]).param(name)
}
