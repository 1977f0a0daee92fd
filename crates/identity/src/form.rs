//! Parameters of addresses and forms, as `application/x-www-form-urlencoded`.

use std::fmt::Write as _;

pub(crate) const CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// Everything but letters, digits and `-._~` is escaped.
pub(crate) fn encode(pairs: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        escape(&mut text, name);
        text.push('=');
        escape(&mut text, value);
    }
    text
}

/// One part, written as in a form.
pub(crate) fn encode_one(part: &str) -> String {
    let mut text = String::new();
    escape(&mut text, part);
    text
}

fn escape(text: &mut String, part: &str) {
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            write!(text, "%{byte:02X}").ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_separates_is_escaped() {
        let pairs = [("scope", "openid groups"), ("a&b", "c=d/é+"), ("e", "")];
        assert_eq!(encode(&pairs), "scope=openid%20groups&a%26b=c%3Dd%2F%C3%A9%2B&e=");
        assert_eq!(encode(&[]), "");
    }
}
