//! The tree that a browser makes of a page, in one list of nodes: bounded while it grows.
use std::{
    borrow::Cow,
    cell::{Cell, Ref, RefCell},
};

use html5ever::{
    Attribute, LocalName, QualName, ns, parse_document,
    tendril::{StrTendril, TendrilSink},
    tree_builder::{ElementFlags, NodeOrText, QuirksMode, TreeSink},
};

use super::length::{Waiting, without_pictures};
use crate::{
    Excess, Limits, ReadError,
    limits::{length, within},
};

/// Bytes parsed between two checks. Small: an element may repeat all open formatting.
const STEP: usize = 512;
/// Each attribute of an element is compared with those before it. This many comparisons take a
/// few seconds.
const ATTRIBUTE_PAIRS_MAX: u64 = 1_000_000_000;
/// Attributes of one element. The parser copies them each time that it opens it again.
const ATTRIBUTES_MAX: usize = 1_000;
/// Attributes of a second `html` or `body` are added to the first one, up to this many.
const REPEATED_ATTRIBUTES_MAX: usize = 200;

pub(super) struct Tree {
    nodes: Vec<Node>,
}

pub(super) struct Node {
    name: QualName,
    attributes: Vec<Attribute>,
    pub(super) content: Content,
    pub(super) parent: Option<usize>,
    first: Option<usize>,
    last: Option<usize>,
    previous: Option<usize>,
    next: Option<usize>,
    depth: u64,
}

#[derive(PartialEq, Eq)]
pub(super) enum Content {
    Element,
    Text(String),
    Comment,
    /// The document, contents of templates, instructions.
    Nothing,
}

impl Node {
    fn new(content: Content) -> Self {
        Self::named(content, QualName::new(None, ns!(), LocalName::from("")), Vec::new())
    }

    fn named(content: Content, name: QualName, attributes: Vec<Attribute>) -> Self {
        let (parent, first, last, previous, next) = (None, None, None, None, None);
        Self { name, attributes, content, parent, first, last, previous, next, depth: 0 }
    }

    /// The local name; empty for anything but elements.
    pub(super) fn name(&self) -> &str {
        &self.name.local
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name() == name
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|held| &*held.name.local == name);
        found.map(|held| &*held.value)
    }
}

impl Tree {
    pub(super) const ROOT: usize = 0;

    pub(super) fn node(&self, index: usize) -> Option<&Node> {
        self.nodes.get(index)
    }

    pub(super) fn elements(&self) -> impl Iterator<Item = (usize, &Node)> {
        self.nodes.iter().enumerate().filter(|(_, node)| node.content == Content::Element)
    }

    pub(super) fn children(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        let first = self.node(index).and_then(|node| node.first);
        std::iter::successors(first, |at| self.node(*at).and_then(|node| node.next))
    }

    /// The node after `at` in reading order inside of `root`; without its children if `over`.
    pub(super) fn following(&self, root: usize, at: usize, over: bool) -> Option<usize> {
        let mut node = self.node(at)?;
        if let Some(first) = node.first.filter(|_| !over) {
            return Some(first);
        }
        let mut index = at;
        while index != root {
            if node.next.is_some() {
                return node.next;
            }
            index = node.parent?;
            node = self.node(index)?;
        }
        None
    }

    /// Bytes of all characters inside of a node, shown or not, without scripts and styles.
    pub(super) fn text_bytes(&self, root: usize) -> usize {
        let (mut bytes, mut at) = (0_usize, Some(root));
        while let Some(index) = at {
            let Some(node) = self.node(index) else { break };
            if let Content::Text(text) = &node.content {
                bytes = bytes.saturating_add(text.trim().len());
            }
            at = self.following(root, index, matches!(node.name(), "script" | "style"));
        }
        bytes
    }

    fn push(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn detach(&mut self, index: usize) {
        let Some(node) = self.nodes.get_mut(index) else { return };
        let (parent, previous, next) = (node.parent.take(), node.previous.take(), node.next.take());
        if let Some(before) = previous.and_then(|at| self.nodes.get_mut(at)) {
            before.next = next;
        }
        if let Some(after) = next.and_then(|at| self.nodes.get_mut(at)) {
            after.previous = previous;
        }
        if let Some(parent) = parent.and_then(|at| self.nodes.get_mut(at)) {
            if parent.first == Some(index) {
                parent.first = next;
            }
            if parent.last == Some(index) {
                parent.last = previous;
            }
        }
    }

    /// Puts a node into `parent`, before the child `before` or as the last one.
    fn attach(&mut self, parent: usize, before: Option<usize>, index: usize) {
        self.detach(index);
        let previous = match before {
            Some(sibling) => self.node(sibling).and_then(|node| node.previous),
            None => self.node(parent).and_then(|node| node.last),
        };
        let depth = self.node(parent).map_or(0, |node| node.depth + 1);
        if let Some(node) = self.nodes.get_mut(index) {
            (node.parent, node.previous, node.next) = (Some(parent), previous, before);
            node.depth = depth;
        }
        match previous.and_then(|at| self.nodes.get_mut(at)) {
            Some(node) => node.next = Some(index),
            None => self.edge(parent, |node| node.first = Some(index)),
        }
        match before.and_then(|at| self.nodes.get_mut(at)) {
            Some(node) => node.previous = Some(index),
            None => self.edge(parent, |node| node.last = Some(index)),
        }
    }

    fn edge(&mut self, parent: usize, change: impl FnOnce(&mut Node)) {
        if let Some(node) = self.nodes.get_mut(parent) {
            change(node);
        }
    }

    fn attach_text(&mut self, parent: usize, before: Option<usize>, text: &str) {
        let previous = match before {
            Some(sibling) => self.node(sibling).and_then(|node| node.previous),
            None => self.node(parent).and_then(|node| node.last),
        };
        let held = previous.and_then(|at| self.nodes.get_mut(at)).map(|node| &mut node.content);
        if let Some(Content::Text(held)) = held {
            held.push_str(text);
        } else {
            let index = self.push(Node::new(Content::Text(text.to_owned())));
            self.attach(parent, before, index);
        }
    }
}

/// Parses a page, a step at a time.
pub(super) fn parse(page: &str, limits: &Limits) -> Result<Tree, ReadError> {
    let page = without_pictures(page);
    let mut parser = parse_document(Growing::new(), html5ever::ParseOpts::default());
    let (mut calls, mut pairs, mut waiting) = (0, 0_u64, Waiting::default());
    for step in steps(&page) {
        parser.process(StrTendril::from(step));
        let sink = &parser.tokenizer.sink.sink;
        within(Excess::Nodes, sink.nodes(), limits.nodes)?;
        within(Excess::Depth, sink.deepest.get(), limits.depth)?;
        within(Excess::Attributes, sink.attributes.get(), limits.nodes)?;
        // Where nothing came out, the whole step lies inside of one tag or comment.
        if sink.calls.get() == calls {
            pairs = pairs.saturating_add(waiting.step(step));
            within(Excess::Attributes, pairs, ATTRIBUTE_PAIRS_MAX)?;
        } else {
            waiting.end();
        }
        calls = sink.calls.get();
    }
    Ok(parser.finish())
}

fn steps(page: &str) -> impl Iterator<Item = &str> {
    let mut rest = page;
    std::iter::from_fn(move || {
        let (step, following) = rest.split_at(rest.floor_char_boundary(STEP));
        rest = following;
        (!step.is_empty()).then_some(step)
    })
}

/// The tree as the parser builds it.
struct Growing {
    tree: RefCell<Tree>,
    deepest: Cell<u64>,
    calls: Cell<u64>,
    attributes: Cell<u64>,
}

impl Growing {
    fn new() -> Self {
        let tree = Tree { nodes: vec![Node::new(Content::Nothing)] };
        let (deepest, calls, attributes) = (Cell::new(0), Cell::new(0), Cell::new(0));
        Self { tree: RefCell::new(tree), deepest, calls, attributes }
    }

    fn nodes(&self) -> u64 {
        length(self.tree.borrow().nodes.len())
    }

    fn create(&self, node: Node) -> usize {
        self.count();
        self.tree.borrow_mut().push(node)
    }

    /// Counts the attributes of a new element; too many in one are too many in all.
    fn count_attributes(&self, more: usize) {
        let more = if more > ATTRIBUTES_MAX { u64::MAX } else { length(more) };
        self.attributes.set(self.attributes.get().saturating_add(more));
    }

    fn count(&self) {
        self.calls.set(self.calls.get().saturating_add(1));
    }

    fn put(&self, parent: usize, before: Option<usize>, child: NodeOrText<usize>) {
        self.count();
        let mut tree = self.tree.borrow_mut();
        match child {
            NodeOrText::AppendNode(index) => {
                tree.attach(parent, before, index);
                let depth = tree.node(index).map_or(0, |node| node.depth);
                self.deepest.set(self.deepest.get().max(depth));
            }
            NodeOrText::AppendText(text) => tree.attach_text(parent, before, &text),
        }
    }

    fn parent(&self, index: usize) -> Option<usize> {
        self.tree.borrow().node(index).and_then(|node| node.parent)
    }
}

impl TreeSink for Growing {
    type Handle = usize;
    type Output = Tree;
    type ElemName<'a> = Ref<'a, QualName>;

    fn finish(self) -> Tree {
        self.tree.into_inner()
    }

    fn parse_error(&self, _message: Cow<'static, str>) {}

    fn get_document(&self) -> usize {
        Tree::ROOT
    }

    fn elem_name<'a>(&'a self, target: &'a usize) -> Ref<'a, QualName> {
        Ref::map(self.tree.borrow(), |tree| &tree.nodes[*target].name)
    }

    fn create_element(&self, name: QualName, attrs: Vec<Attribute>, _flags: ElementFlags) -> usize {
        self.count_attributes(attrs.len());
        self.create(Node::named(Content::Element, name, attrs))
    }

    fn create_comment(&self, _text: StrTendril) -> usize {
        self.create(Node::new(Content::Comment))
    }

    fn create_pi(&self, _target: StrTendril, _data: StrTendril) -> usize {
        self.create(Node::new(Content::Nothing))
    }

    fn append(&self, parent: &usize, child: NodeOrText<usize>) {
        self.put(*parent, None, child);
    }

    fn append_based_on_parent_node(
        &self,
        element: &usize,
        prev_element: &usize,
        child: NodeOrText<usize>,
    ) {
        match self.parent(*element) {
            Some(parent) => self.put(parent, Some(*element), child),
            None => self.put(*prev_element, None, child),
        }
    }

    fn append_doctype_to_document(
        &self,
        _name: StrTendril,
        _public_id: StrTendril,
        _system_id: StrTendril,
    ) {
        self.count();
    }

    /// Contents of templates are not shown: they go to a node that hangs nowhere.
    fn get_template_contents(&self, _target: &usize) -> usize {
        self.create(Node::new(Content::Nothing))
    }

    fn same_node(&self, x: &usize, y: &usize) -> bool {
        x == y
    }

    fn set_quirks_mode(&self, _mode: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &usize, new_node: NodeOrText<usize>) {
        if let Some(parent) = self.parent(*sibling) {
            self.put(parent, Some(*sibling), new_node);
        }
    }

    fn add_attrs_if_missing(&self, target: &usize, attrs: Vec<Attribute>) {
        if let Some(node) = self.tree.borrow_mut().nodes.get_mut(*target) {
            for attribute in attrs {
                let has_room = node.attributes.len() < REPEATED_ATTRIBUTES_MAX;
                if has_room && !node.attributes.iter().any(|held| held.name == attribute.name) {
                    node.attributes.push(attribute);
                }
            }
        }
    }

    fn remove_from_parent(&self, target: &usize) {
        self.tree.borrow_mut().detach(*target);
    }

    fn reparent_children(&self, node: &usize, new_parent: &usize) {
        let children: Vec<usize> = self.tree.borrow().children(*node).collect();
        for child in children {
            self.put(*new_parent, None, NodeOrText::AppendNode(child));
        }
    }
}
