//! Reads filters by recursive descent, `or` binding weakest and `not` strongest.

use super::{Comparison, FILTER_BYTES_MAX, FILTER_DEPTH_MAX, Filter, Literal};
use crate::{AttributePath, attribute::unreadable, text::shortened};

pub(super) fn parse(text: &str) -> Result<Filter, String> {
    if text.len() > FILTER_BYTES_MAX {
        return Err(format!("it is longer than {FILTER_BYTES_MAX} bytes"));
    }
    let mut parser = Parser { rest: text };
    let filter = parser.any(0)?;
    parser.skip_space();
    if parser.rest.is_empty() { Ok(filter) } else { Err(parser.unexpected()) }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn any(&mut self, depth: usize) -> Result<Filter, String> {
        let mut all = vec![self.all(depth)?];
        while self.takes_word("or") {
            all.push(self.all(depth)?);
        }
        Ok(one_or(all, Filter::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Filter, String> {
        let mut all = vec![self.one(depth)?];
        while self.takes_word("and") {
            all.push(self.one(depth)?);
        }
        Ok(one_or(all, Filter::All))
    }

    fn one(&mut self, depth: usize) -> Result<Filter, String> {
        if depth > FILTER_DEPTH_MAX {
            return Err(format!("it is nested deeper than {FILTER_DEPTH_MAX}"));
        }
        self.skip_space();
        if self.takes('(') {
            return self.until(')', depth);
        }
        if self.begins_group("not") {
            self.rest = self.rest[3..].trim_start_matches(' ');
            self.takes('(');
            return Ok(Filter::Not(Box::new(self.until(')', depth)?)));
        }
        let name = self.word();
        let path = AttributePath::parse(name).ok_or_else(|| unreadable(name))?;
        if self.takes('[') {
            return Ok(Filter::Element(path, Box::new(self.until(']', depth)?)));
        }
        self.skip_space();
        let operator = self.word().to_ascii_lowercase();
        if operator == "pr" {
            return Ok(Filter::Present(path));
        }
        let comparison = comparison(&operator)
            .ok_or_else(|| format!("`{}` is no operator", shortened(&operator)))?;
        self.skip_space();
        let literal = self.literal()?;
        let fits = match comparison {
            Comparison::Equal | Comparison::NotEqual => true,
            Comparison::Contains | Comparison::StartsWith | Comparison::EndsWith => {
                matches!(literal, Literal::Text(_))
            }
            Comparison::Greater
            | Comparison::GreaterOrEqual
            | Comparison::Less
            | Comparison::LessOrEqual => matches!(literal, Literal::Text(_) | Literal::Number(_)),
        };
        if fits {
            Ok(Filter::Compare(path, comparison, literal))
        } else {
            Err(format!("`{operator}` does not compare with a value of that type"))
        }
    }

    fn until(&mut self, end: char, depth: usize) -> Result<Filter, String> {
        let filter = self.any(depth + 1)?;
        self.skip_space();
        if self.takes(end) { Ok(filter) } else { Err(self.unexpected()) }
    }

    fn literal(&mut self) -> Result<Literal, String> {
        if self.rest.starts_with('"') {
            return self.text();
        }
        let word = self.word();
        match word {
            "true" | "True" => Ok(Literal::Boolean(true)),
            "false" | "False" => Ok(Literal::Boolean(false)),
            "null" => Ok(Literal::Null),
            number => serde_json::from_str(number)
                .map(Literal::Number)
                .map_err(|_| format!("`{}` is no value", shortened(number))),
        }
    }

    /// A string as JSON writes it.
    fn text(&mut self) -> Result<Literal, String> {
        let mut escaped = false;
        let end = self.rest.char_indices().skip(1).find(|&(_, c)| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let (end, _) = end.ok_or("a text has no end")?;
        let (text, rest) = self.rest.split_at(end + 1);
        self.rest = rest;
        serde_json::from_str(text).map(Literal::Text).map_err(|_| "a text is not JSON".to_owned())
    }

    /// As much as stands before a space, a parenthesis or a bracket.
    fn word(&mut self) -> &'a str {
        let end = self.rest.find(|c: char| c.is_whitespace() || "()[]\"".contains(c));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word
    }

    fn takes_word(&mut self, wanted: &str) -> bool {
        self.skip_space();
        let before = self.rest;
        if self.word().eq_ignore_ascii_case(wanted) {
            return true;
        }
        self.rest = before;
        false
    }

    fn begins_group(&self, word: &str) -> bool {
        let begin = self.rest.get(..word.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(word))
            && self.rest[word.len()..].trim_start_matches(' ').starts_with('(')
    }

    fn takes(&mut self, wanted: char) -> bool {
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    fn unexpected(&self) -> String {
        match self.rest {
            "" => "it ends too early".to_owned(),
            rest => format!("`{}` is not expected there", shortened(rest)),
        }
    }
}

fn one_or(mut all: Vec<Filter>, several: impl FnOnce(Vec<Filter>) -> Filter) -> Filter {
    match (all.len(), all.pop()) {
        (1, Some(one)) => one,
        (_, last) => {
            all.extend(last);
            several(all)
        }
    }
}

fn comparison(operator: &str) -> Option<Comparison> {
    match operator {
        "eq" => Some(Comparison::Equal),
        "ne" => Some(Comparison::NotEqual),
        "co" => Some(Comparison::Contains),
        "sw" => Some(Comparison::StartsWith),
        "ew" => Some(Comparison::EndsWith),
        "gt" => Some(Comparison::Greater),
        "ge" => Some(Comparison::GreaterOrEqual),
        "lt" => Some(Comparison::Less),
        "le" => Some(Comparison::LessOrEqual),
        _ => None,
    }
}
