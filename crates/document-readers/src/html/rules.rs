//! Rules of style sheets inside of a page, as far as they can hide something.
//!
//! Selectors are matched by names, classes, ids and ancestors. Where a selector says more than
//! that, the rule counts if what can be matched names a class or an id: hiding too much loses a
//! sentence, hiding too little reads an instruction that nobody saw.
use std::{cell::Cell, collections::HashMap, rc::Rc};

use super::tree::{Content, Node, Tree};
use crate::limits::length;

/// Rules kept; real pages hide with fewer.
const RULES_MAX: usize = 2_000;
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
        let declarations: Rc<str> = declarations.to_ascii_lowercase().into();
        if !can_hide(&declarations) {
            return;
        }
        for selector in selectors.split(',') {
            let parts = parts(selector);
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
    if PASSING.iter().any(|state| selector.contains(state)) {
        return Vec::new();
    }
    let selector = selector.replace('&', " ");
    let after_sibling = selector.rsplit(['+', '~']).next().unwrap_or_default();
    let words = after_sibling.split(|c: char| c.is_whitespace() || c == '>');
    let mut parts: Vec<Part> = words.filter(|word| !word.is_empty()).map(part).collect();
    parts.reverse();
    parts
}

fn part(word: &str) -> Part {
    let mut part = Part::default();
    let mut rest = word;
    while !rest.is_empty() {
        let sign = rest.chars().next().filter(|c| matches!(c, '.' | '#' | ':' | '[' | '*'));
        let body = sign.map_or(rest, |sign| rest.get(sign.len_utf8()..).unwrap_or_default());
        let end = body.find(['.', '#', ':', '[']).unwrap_or(body.len());
        let (value, following) = body.split_at(end);
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

fn without_comments(sheet: &str) -> String {
    let mut kept = String::with_capacity(sheet.len());
    let mut rest = sheet;
    while let Some((before, after)) = rest.split_once("/*") {
        kept.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, following)| following);
    }
    kept.push_str(rest);
    kept
}

fn can_hide(declarations: &str) -> bool {
    const PROPERTIES: [&str; 14] = [
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
        "height",
        "width",
        "margin",
        "overflow",
    ];
    PROPERTIES.iter().any(|property| declarations.contains(property))
}
