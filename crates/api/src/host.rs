//! Answers only under known names, so that a foreign name that is made to point at this machine
//! (DNS rebinding) does not make the browser's page of that name one of ours.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    ApiState,
    problem::{Code, Problem},
};

const OWN_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

pub(crate) async fn must_be_known(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Response {
    if is_known(request.headers(), request.uri(), &state.settings.hosts) {
        next.run(request).await
    } else {
        Problem::new(Code::HostUnknown, "the server does not answer under this name")
            .hint("use localhost, or add the name to the server's configuration")
            .into_response()
    }
}

/// Exactly one `Host` header with a known name; an address in the request line must agree.
fn is_known(headers: &HeaderMap, uri: &Uri, more_names: &[String]) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let known = |host: &str| {
        without_port(host).is_some_and(|name| {
            let same = |known: &str| known.eq_ignore_ascii_case(name);
            OWN_NAMES.into_iter().any(same) || more_names.iter().any(|known| same(known))
        })
    };
    host.to_str().is_ok_and(known)
        && uri.authority().is_none_or(|authority| known(authority.as_str()))
}

fn without_port(host: &str) -> Option<&str> {
    let after_address = host.rfind(']').map_or(0, |end| end + 1);
    let (name, port) = match host[after_address..].find(':') {
        Some(colon) => (&host[..after_address + colon], &host[after_address + colon + 1..]),
        None => (host, "0"),
    };
    let port_is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    port_is_number.then_some(name)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn check(hosts: &[&'static str], uri: &'static str, expected: bool) {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, HeaderValue::from_static(host));
        }
        let more = ["galerne.example".to_owned()];
        let known = is_known(&headers, &Uri::from_static(uri), &more);
        assert_eq!(known, expected, "{hosts:?} {uri}");
    }

    #[test]
    fn names_of_this_machine_and_configured_ones_are_known() {
        for host in [
            "localhost",
            "localhost:8080",
            "LOCALHOST:1",
            "127.0.0.1:65535",
            "[::1]:8080",
            "[::1]",
            "galerne.example",
            "Galerne.Example:443",
        ] {
            check(&[host], "/v1/models", true);
        }
    }

    #[test]
    fn every_other_name_is_refused() {
        for host in [
            "",
            "example.org",
            "localhost.example.org",
            "localhost:8080.example.org",
            "localhost:",
            "localhost:80:80",
            "user@localhost",
            "127.0.0.1.example.org",
            "127.0.0.2",
            "::1",
            "[::2]",
            "[::1",
            "]",
        ] {
            check(&[host], "/v1/models", false);
        }
        check(&[], "/v1/models", false);
        check(&["localhost", "localhost"], "/v1/models", false);
        check(&["localhost"], "http://example.org/v1/models", false);
        check(&["localhost"], "http://localhost:8080/v1/models", true);
    }
}
