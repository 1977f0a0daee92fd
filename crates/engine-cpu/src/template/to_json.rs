//! `tojson` as Python's `json.dumps(value, ensure_ascii=False)` writes it: characters as they
//! are, a space after commas and colons, no escapes for HTML.

use std::io;

use minijinja::{Error, ErrorKind, Value, value::Kwargs};
use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

const INDENT_MAX: usize = 16;

#[expect(clippy::needless_pass_by_value, reason = "the signature of a filter")]
pub(super) fn filter(value: &Value, options: Kwargs) -> Result<String, Error> {
    let mut bytes = Vec::new();
    let written = match options.get::<Option<usize>>("indent")? {
        None => value.serialize(&mut Serializer::with_formatter(&mut bytes, OneLine)),
        Some(indent) if indent <= INDENT_MAX => {
            let spaces = [b' '; INDENT_MAX];
            let formatter = PrettyFormatter::with_indent(&spaces[..indent]);
            value.serialize(&mut Serializer::with_formatter(&mut bytes, formatter))
        }
        Some(_) => return Err(Error::new(ErrorKind::InvalidOperation, "indent above 16")),
    };
    let bad = |_| Error::new(ErrorKind::BadSerialization, "the value has no JSON form");
    written.map_err(bad)?;
    String::from_utf8(bytes)
        .map_err(|_| Error::new(ErrorKind::BadSerialization, "the value is not text"))
}

struct OneLine;

impl Formatter for OneLine {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}
