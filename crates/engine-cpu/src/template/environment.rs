//! The Jinja environment that chat templates expect, as the `transformers` library sets it up.

use minijinja::{
    Environment, Error, ErrorKind, State, Value, filters, syntax::SyntaxConfig, value::Kwargs,
};

use super::to_json;

pub(super) const NAME: &str = "chat";
/// Real templates have up to about 30 KiB.
const SOURCE_BYTES_MAX: usize = 1 << 20;
const RECURSION_MAX: usize = 100;

/// What `raise_exception` was called with.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct Refusal {
    pub(super) message: String,
}

pub(super) fn compile(source: &str) -> Result<Environment<'static>, Error> {
    if source.len() > SOURCE_BYTES_MAX {
        return Err(Error::new(ErrorKind::SyntaxError, "it is longer than 1 MiB"));
    }
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?;
    environment.set_syntax(syntax);
    environment.set_recursion_limit(RECURSION_MAX);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_function("raise_exception", raise_exception);
    environment.add_filter("tojson", to_json::filter);
    environment.add_filter("int", int);
    environment.add_filter("float", float);
    environment.add_template_owned(NAME, without_generation_tags(source))?;
    Ok(environment)
}

/// As Python's Jinja has it: what is no number is 0, and no error.
fn int(
    state: &State<'_, '_>,
    value: &Value,
    default: Option<Value>,
    base: Option<u32>,
    named: Kwargs,
) -> Result<Value, Error> {
    let default = default.or(named.get("default")?).unwrap_or_else(|| Value::from(0));
    filters::int(state, value, Some(default), base, named)
}

/// The same; numbers that JSON does not have are none.
fn float(
    state: &State<'_, '_>,
    value: &Value,
    default: Option<Value>,
    named: Kwargs,
) -> Result<Value, Error> {
    let default = default.or(named.get("default")?).unwrap_or_else(|| Value::from(0.0));
    let number = filters::float(state, value, Some(default.clone()), named)?;
    let is_finite = f64::try_from(number.clone()).is_ok_and(f64::is_finite);
    Ok(if is_finite { number } else { default })
}

fn raise_exception(message: String) -> Result<Value, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, "the template refused")
        .with_source(Refusal { message }))
}

/// `{% generation %}` marks what a trainer learns from; to render, it is a block like any other.
fn without_generation_tags(source: &str) -> String {
    let mut result = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find("{%") {
        let (before, tag) = rest.split_at(at + 2);
        result.push_str(before);
        rest = tag;
        let end = tag.find("%}").unwrap_or(tag.len());
        let inner = &tag[..end];
        let name = inner.trim_matches(|c: char| c.is_whitespace() || "-+".contains(c));
        let replacement = match name {
            "generation" => "if true",
            "endgeneration" => "endif",
            _ => continue,
        };
        result.push_str(&inner.replacen(name, replacement, 1));
        rest = &tag[end..];
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generation_tags_keep_their_whitespace_control() {
        for (source, expected) in [
            ("a{% generation %}b{% endgeneration %}", "a{% if true %}b{% endif %}"),
            ("{%- generation -%} b {%+ endgeneration %}", "{%- if true -%} b {%+ endif %}"),
            ("{% if x %}{% endif %}{{ generation }}", "{% if x %}{% endif %}{{ generation }}"),
            ("{% generation", "{% if true"),
            ("{%", "{%"),
        ] {
            assert_eq!(without_generation_tags(source), expected);
        }
    }
}
