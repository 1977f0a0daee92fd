//! Where a request goes: the part of an address that the operator allows.

use std::{
    fmt::{self, Display, Formatter},
    net::IpAddr,
    str::FromStr,
};

use reqwest::Url;

/// A scheme, a host and a port. Its text is the shortest address of it: `https://host`,
/// `http://host:8080`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Destination {
    scheme: Scheme,
    /// Lower case; punycode, an IPv4 address or an IPv6 address in brackets.
    host: String,
    port: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Scheme {
    Http,
    Https,
}

/// What stands for the machine.
pub(crate) enum Host {
    Address(IpAddr),
    Name(String),
}

/// Why a text is not the address of a destination.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    #[error("`{address}` is not an address: {reason}")]
    Unreadable { address: String, reason: String },
    #[error("`{address}` does not start with http:// or https://")]
    Scheme { address: String },
    /// The address is not repeated: it would show the password.
    #[error("the address for `{host}` carries a user name or password")]
    Credentials { host: String },
}

impl Destination {
    /// Whether what is sent there is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.scheme == Scheme::Https
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is the machine that the server runs on, said so by address or name.
    pub fn is_this_machine(&self) -> bool {
        match self.host() {
            Host::Address(address) => address.is_loopback(),
            Host::Name(_) => self.is_localhost(),
        }
    }

    /// The name that has to be resolved, if it is not an address.
    pub(crate) fn name(&self) -> Option<String> {
        match self.host() {
            Host::Address(_) => None,
            Host::Name(name) => Some(name),
        }
    }

    pub(crate) fn host(&self) -> Host {
        let bare = self.host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        match bare.unwrap_or(&self.host).parse() {
            Ok(address) => Host::Address(address),
            Err(_) => Host::Name(self.host.clone()),
        }
    }

    /// RFC 6761 gives the name and all below it to the machine itself.
    pub(crate) fn is_localhost(&self) -> bool {
        let name = self.host.trim_end_matches('.');
        name == "localhost" || name.ends_with(".localhost")
    }

    fn of(address: &str, url: &Url) -> Result<Self, AddressError> {
        let unreadable = |reason: &str| AddressError::Unreadable {
            address: address.to_owned(),
            reason: reason.to_owned(),
        };
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(AddressError::Scheme { address: address.to_owned() }),
        };
        let host = url.host_str().ok_or_else(|| unreadable("it has no host"))?.to_owned();
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Credentials { host });
        }
        let port = url.port_or_known_default().ok_or_else(|| unreadable("it has no port"))?;
        Ok(Self { scheme, host, port })
    }
}

/// Reads an address, of which the destination is the beginning.
pub(crate) fn read(address: &str) -> Result<(Url, Destination), AddressError> {
    let url = Url::parse(address).map_err(|error| AddressError::Unreadable {
        address: address.to_owned(),
        reason: error.to_string(),
    })?;
    let destination = Destination::of(address, &url)?;
    Ok((url, destination))
}

/// Reads a whole address; the path and what follows it do not matter.
impl FromStr for Destination {
    type Err = AddressError;

    fn from_str(address: &str) -> Result<Self, AddressError> {
        read(address).map(|(_, destination)| destination)
    }
}

impl Display for Destination {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let (scheme, usual) = match self.scheme {
            Scheme::Http => ("http", 80),
            Scheme::Https => ("https", 443),
        };
        write!(formatter, "{scheme}://{}", self.host)?;
        if self.port == usual { Ok(()) } else { write!(formatter, ":{}", self.port) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, expected: &str) {
        let shown = match address.parse::<Destination>() {
            Ok(destination) => destination.to_string(),
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expected, "{address}");
    }

    #[test]
    fn a_destination_is_the_beginning_of_an_address() {
        check("https://witness.example", "https://witness.example");
        check("https://witness.example:443/a/b?c#d", "https://witness.example");
        check("http://witness.example:80/", "http://witness.example");
        check("http://witness.example:8080/prefix", "http://witness.example:8080");
        check("HTTPS://WITNESS.Example/", "https://witness.example");
        check("https://b\u{fc}cher.example/", "https://xn--bcher-kva.example");
        check("http://127.0.0.1:1/", "http://127.0.0.1:1");
        check("http://[::1]:1/", "http://[::1]:1");
        check("https://witness.example:80/", "https://witness.example:80");
    }

    #[test]
    fn spellings_of_an_address_are_one_destination() {
        let parse = |address: &str| address.parse::<Destination>().unwrap();
        assert_eq!(parse("http://2130706433/"), parse("http://127.0.0.1:80/x"));
        assert_ne!(parse("http://a.example/"), parse("https://a.example/"));
        assert_ne!(parse("http://a.example/"), parse("http://a.example:81/"));
        assert_ne!(parse("http://a.example/"), parse("http://a.example./"));
        assert_ne!(parse("http://a.example/"), parse("http://b.a.example/"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        check("", "`` is not an address: relative URL without a base");
        check(
            "witness.example",
            "`witness.example` is not an address: relative URL without a base",
        );
        check("https://", "`https://` is not an address: empty host");
        check("http://a:70000/", "`http://a:70000/` is not an address: invalid port number");
        check("ftp://a.example/", "`ftp://a.example/` does not start with http:// or https://");
        check("file:///etc/passwd", "`file:///etc/passwd` does not start with http:// or https://");
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        let expected = "the address for `a.example` carries a user name or password";
        check("https://user:secret@a.example/", expected);
        check("https://user@a.example/", expected);
        check("https://:secret@a.example/", expected);
    }
}
