//! What each route asks of its caller: read from the routes' own descriptions, so that the
//! document and what is enforced cannot differ.

use std::collections::HashMap;

use axum::{extract::MatchedPath, http::Method, http::request::Parts};
use domain::{Caller, Permission};
use governance::{Act, Rulebook};
use utoipa::openapi::{OpenApi, path::Operation};

use crate::problem::{Code, Problem};

const EXTENSION: &str = "x-permission";

/// What a caller needs who is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    /// Everybody may: it concerns the caller's own session.
    Nothing,
    One(Permission),
}

/// Every route that takes a caller.
#[derive(Debug)]
pub(crate) struct Permissions(HashMap<(Method, String), Needs>);

impl Permissions {
    pub(crate) fn of(document: &OpenApi) -> Self {
        let mut all = HashMap::new();
        for (path, item) in &document.paths.paths {
            let operations = [
                (Method::GET, &item.get),
                (Method::PUT, &item.put),
                (Method::POST, &item.post),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ];
            for (method, operation) in operations {
                if let Some(needs) = operation.as_ref().and_then(needs) {
                    all.insert((method, path.clone()), needs);
                }
            }
        }
        Self(all)
    }

    /// Refuses a caller who may not use this route, and everybody where the route does not say.
    pub(crate) async fn check(
        &self,
        parts: &Parts,
        caller: &Caller,
        rules: &Rulebook,
    ) -> Result<(), Problem> {
        match self.granted(parts, caller)? {
            Some(used) => {
                let permitted = rules.permits(caller, Act::Use(used)).await;
                permitted.map_err(|error| Problem::from(&error))
            }
            None => Ok(()),
        }
    }

    /// The permission that the route asks for and the caller has, if it asks for one.
    fn granted(&self, parts: &Parts, caller: &Caller) -> Result<Option<Permission>, Problem> {
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        // What may be read may be asked for without its body.
        let method = if parts.method == Method::HEAD { &Method::GET } else { &parts.method };
        match self.0.get(&(method.clone(), route.to_owned())) {
            Some(Needs::Nothing) => Ok(None),
            Some(Needs::One(needed)) if caller.permissions.contains(*needed) => Ok(Some(*needed)),
            Some(Needs::One(needed)) => Err(forbidden(*needed)),
            None => {
                tracing::error!(route, "the route does not say what its callers need");
                Err(Problem::new(Code::Internal, "the server failed"))
            }
        }
    }
}

fn needs(operation: &Operation) -> Option<Needs> {
    let declared = operation.extensions.as_ref()?.get(EXTENSION)?.as_str()?;
    match declared {
        "none" => Some(Needs::Nothing),
        name => name.parse().ok().map(Needs::One),
    }
}

fn forbidden(needed: Permission) -> Problem {
    let message = format!("this needs the permission `{}`", needed.as_str());
    Problem::new(Code::AuthForbidden, message)
        .hint("the role of the account, or what the key was made for, does not contain it")
}
