//! Rules of style sheets inside of a page, as far as they can hide something.
//!
//! Selectors are matched by names, classes, ids and ancestors. Where a selector says more than
//! that, the rule counts if what can be matched names a class or an id: hiding too much loses a
//! sentence, hiding too little reads an instruction that nobody saw.
use std::{cell::Cell, collections::HashMap, rc::Rc};

use super::{
    look::{readable, without_comments},
    tree::{Content, Node, Tree},
};
use crate::limits::length;

/// Rules kept; real pages hide with fewer.
const RULES_MAX: usize = 10_000;
/// Bytes of style sheets that are looked at.
const STYLE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Width of the screen that conditions on width are decided for, in pixels.
const SCREEN: f32 = 1280.0;
/// Bytes of declarations and classes that may be read for all elements together.
const WORK_MAX: u64 = 2_000_000_000;
/// What one comparison costs at least, in such bytes.
const STEP: u64 = 32;
/// Ancestors looked at for the left part of a selector.
const ANCESTORS_MAX: usize = 256;

pub(super) struct Rules {
    list: Vec<Rule>,
    /// Rules by the name, `.class` or `#id` that their last part needs; `*` for those of any.
    by_key: HashMap<String, Vec<usize>>,
    work: Cell<u64>,
}

struct Rule {
    /// From the innermost to the outermost.
    parts: Vec<Part>,
    declarations: Rc<str>,
}

#[derive(Default)]
struct Part {
    name: Option<String>,
    id: Option<String>,
    classes: Vec<String>,
    /// There is a condition that is not understood.
    is_partial: bool,
}

impl Rules {
    pub(super) fn of(tree: &Tree) -> Self {
        let mut rules = Self { list: Vec::new(), by_key: HashMap::new(), work: Cell::new(0) };
        let mut left = STYLE_BYTES_MAX;
        for (index, _) in tree.elements().filter(|(_, node)| node.is("style")) {
            for child in tree.children(index) {
                if let Some(Content::Text(sheet)) = tree.node(child).map(|node| &node.content) {
                    let end = sheet.floor_char_boundary(left.min(sheet.len()));
                    rules.add_sheet(&without_comments(sheet.get(..end).unwrap_or_default()));
                    left = left.saturating_sub(end);
                }
            }
        }
        rules
    }

    /// Declarations of the rules for an element, in their order.
    pub(super) fn declarations(&self, tree: &Tree, index: usize) -> Vec<&str> {
        let Some(node) = tree.node(index) else { return Vec::new() };
        if self.list.is_empty() {
            return Vec::new();
        }
        if self.work.get() > WORK_MAX {
            // Style sheets this costly are no page of people: what they might hide is not read.
            return vec!["display:none"];
        }
        let mut found: Vec<usize> = keys(node)
            .iter()
            .filter_map(|key| self.by_key.get(key))
            .flatten()
            .copied()
            .filter(|rule| {
                self.list.get(*rule).is_some_and(|rule| rule.matches(tree, index, &self.work))
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        let rules = found.into_iter().filter_map(|rule| self.list.get(rule));
        let found: Vec<&str> = rules.map(|rule| &*rule.declarations).collect();
        let bytes: u64 = found.iter().map(|declarations| length(declarations.len())).sum();
        spend(&self.work, bytes);
        found
    }

    /// Walks blocks by their braces. Conditions open a block of rules, anything else is a rule.
    fn add_sheet(&mut self, sheet: &str) {
        let mut rest = sheet;
        while let Some((before, after)) = rest.split_once('{') {
            let head = before.rsplit(['}', ';']).next().unwrap_or(before).trim();
            rest = after;
            if is_condition(head) {
                if !holds(head) {
                    rest = after_block(after);
                }
                continue;
            }
            if head.starts_with('@') {
                rest = after_block(after);
                continue;
            }
            let end = after.find(['{', '}']).unwrap_or(after.len());
            let (declarations, following) = after.split_at(end);
            self.add(head, declarations);
            // A rule inside of a rule is a rule of its own here.
            rest = if following.starts_with('{') { after } else { following };
        }
    }

    fn add(&mut self, selectors: &str, declarations: &str) {
        let declarations: Rc<str> = readable(declarations).into();
        if !can_hide(&declarations) {
            return;
        }
        let selectors = outside(selectors, |c| c == ',');
        for selector in selectors.into_iter().flat_map(alternatives) {
            let parts = parts(&selector);
            let Some(key) = parts.first().and_then(Part::key) else { continue };
            if self.list.len() < RULES_MAX {
                self.by_key.entry(key).or_default().push(self.list.len());
                self.list.push(Rule { parts, declarations: Rc::clone(&declarations) });
            }
        }
    }
}

impl Rule {
    fn matches(&self, tree: &Tree, index: usize, work: &Cell<u64>) -> bool {
        let mut parts = self.parts.iter();
        let mut at = Some(index);
        let Some(first) = parts.next() else { return false };
        if !tree.node(index).is_some_and(|node| first.matches(node, work)) {
            return false;
        }
        let mut seen = 0;
        parts.all(|part| {
            while let Some(parent) = at.and_then(|at| tree.node(at)).and_then(|node| node.parent) {
                at = Some(parent);
                seen += 1;
                if seen > ANCESTORS_MAX || work.get() > WORK_MAX {
                    return false;
                }
                if tree.node(parent).is_some_and(|node| part.matches(node, work)) {
                    return true;
                }
            }
            false
        })
    }
}

impl Part {
    fn matches(&self, node: &Node, work: &Cell<u64>) -> bool {
        let read = node.attribute("class").map_or(0, str::len).saturating_mul(self.classes.len());
        spend(work, length(read).saturating_add(STEP));
        let has_class = |wanted: &String| {
            let classes = node.attribute("class").unwrap_or_default();
            classes.split_ascii_whitespace().any(|held| held == wanted)
        };
        self.name.as_deref().is_none_or(|name| node.is(name))
            && self.id.as_deref().is_none_or(|id| node.attribute("id") == Some(id))
            && self.classes.iter().all(has_class)
    }

    /// What an element must have; none where the part says too little to hide anything.
    fn key(&self) -> Option<String> {
        let class = self.classes.first().map(|class| format!(".{class}"));
        let named = self.id.as_ref().map(|id| format!("#{id}")).or(class);
        if named.is_none() && self.is_partial {
            return None;
        }
        named.or_else(|| Some(self.name.clone().unwrap_or_else(|| "*".to_owned())))
    }
}

fn spend(work: &Cell<u64>, bytes: u64) {
    work.set(work.get().saturating_add(bytes));
}

fn keys(node: &Node) -> Vec<String> {
    let classes = node.attribute("class").unwrap_or_default().split_ascii_whitespace();
    let id = node.attribute("id").map(|id| format!("#{id}"));
    let named = ["*".to_owned(), node.name().to_owned()];
    classes.map(|class| format!(".{class}")).chain(id).chain(named).collect()
}

/// Parts of a selector, the innermost first. Siblings are not followed: what stands left of `+`
/// or `~` does not count. States of the moment and generated content make no rule.
fn parts(selector: &str) -> Vec<Part> {
    const PASSING: [&str; 8] =
        [":hover", ":focus", ":active", ":visited", ":target", "::", ":before", ":after"];
    let bare = without_brackets(selector);
    if PASSING.iter().any(|state| bare.contains(state)) {
        return Vec::new();
    }
    let selector = selector.replace('&', " ");
    let siblings = outside(&selector, |c| matches!(c, '+' | '~'));
    let after_sibling = siblings.last().copied().unwrap_or_default();
    let words = outside(after_sibling, |c| c.is_whitespace() || c == '>');
    let words = words.into_iter().filter(|word| !word.is_empty());
    let mut parts: Vec<Part> = words.map(part).collect();
    parts.reverse();
    parts
}

fn part(word: &str) -> Part {
    let mut part = Part::default();
    let mut rest = word;
    while !rest.is_empty() {
        let sign = rest.chars().next().filter(|c| matches!(c, '.' | '#' | ':' | '[' | '*'));
        let body = sign.map_or(rest, |sign| rest.get(sign.len_utf8()..).unwrap_or_default());
        let end = match sign {
            Some(':' | '[') => condition_length(rest).saturating_sub(1),
            Some(_) | None => body.find(['.', '#', ':', '[']).unwrap_or(body.len()),
        };
        let Some((value, following)) = body.split_at_checked(end) else { break };
        match sign {
            Some('.') => part.classes.push(value.to_owned()),
            Some('#') => part.id = Some(value.to_owned()),
            Some(':' | '[') => part.is_partial = true,
            None if !value.is_empty() => part.name = Some(value.to_ascii_lowercase()),
            _ => {}
        }
        rest = following;
    }
    part
}

/// A selector for each of the alternatives that `:is()` or `:where()` gives.
fn alternatives(selector: &str) -> Vec<String> {
    const NAMES: [&str; 2] = [":is(", ":where("];
    const BYTES_MAX: usize = 4_096;
    let found = NAMES.into_iter().find_map(|name| {
        let at = selector.find(name).filter(|_| selector.len() <= BYTES_MAX)?;
        let (before, condition) = selector.split_at(at);
        let (condition, behind) = condition.split_at_checked(condition_length(condition))?;
        Some((before, condition.strip_prefix(name)?.strip_suffix(')')?, behind))
    });
    let Some((before, inner, behind)) = found else { return vec![selector.to_owned()] };
    let each = outside(inner, |c| c == ',').into_iter();
    each.map(|one| format!("{before}{}{behind}", one.trim())).collect()
}

/// A selector without what its conditions say in brackets.
fn without_brackets(selector: &str) -> String {
    let mut open = 0_usize;
    let is_outside = |c: &char| {
        match c {
            '(' | '[' => open += 1,
            ')' | ']' => open = open.saturating_sub(1),
            _ => return open == 0,
        }
        false
    };
    selector.chars().filter(is_outside).collect()
}

/// Pieces of a selector, or of declarations, between separators that stand outside of brackets.
pub(super) fn outside(selector: &str, separates: impl Fn(char) -> bool) -> Vec<&str> {
    let (mut pieces, mut open, mut start) = (Vec::new(), 0_usize, 0);
    for (at, character) in selector.char_indices() {
        match character {
            '(' | '[' => open += 1,
            ')' | ']' => open = open.saturating_sub(1),
            other if open == 0 && separates(other) => {
                pieces.extend(selector.get(start..at));
                start = at + other.len_utf8();
            }
            _ => {}
        }
    }
    pieces.extend(selector.get(start..));
    pieces
}

/// Bytes of a condition such as `:not(.a)` or `[lang=fr]`, with all that is in its brackets.
fn condition_length(text: &str) -> usize {
    let mut open = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '(' | '[' => open += 1,
            ')' | ']' if open <= 1 => return at + 1,
            ')' | ']' => open -= 1,
            '.' | '#' | ':' if at > 0 && open == 0 && !text.starts_with("::") => return at,
            _ => {}
        }
    }
    text.len()
}

fn is_condition(head: &str) -> bool {
    let lower = head.to_ascii_lowercase();
    ["@media", "@supports", "@layer", "@container"].iter().any(|name| lower.starts_with(name))
}

/// Whether a condition holds on a screen of common width. What is not understood holds.
fn holds(head: &str) -> bool {
    let lower = head.to_ascii_lowercase();
    if lower.contains("print") && !lower.contains("screen") {
        return false;
    }
    let pixels = |name: &str| {
        let (_, after) = lower.split_once(name)?;
        let digits = after.trim_start_matches([':', ' ']);
        let end = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
        digits.get(..end)?.parse::<f32>().ok()
    };
    pixels("max-width").is_none_or(|width| width >= SCREEN)
        && pixels("min-width").is_none_or(|width| width <= SCREEN)
}

/// What follows the block that was just opened.
fn after_block(text: &str) -> &str {
    let mut open = 1_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open += 1,
            b'}' => open -= 1,
            _ => continue,
        }
        if open == 0 {
            return text.get(at + 1..).unwrap_or_default();
        }
    }
    ""
}

fn can_hide(declarations: &str) -> bool {
    const PROPERTIES: [&str; 20] = [
        "display",
        "visibility",
        "opacity",
        "font",
        "color",
        "background",
        "position",
        "text-indent",
        "clip",
        "transform",
        "translate",
        "scale",
        "left",
        "right",
        "top",
        "bottom",
        "height",
        "width",
        "margin",
        "overflow",
    ];
    PROPERTIES.iter().any(|property| declarations.contains(property))
}
