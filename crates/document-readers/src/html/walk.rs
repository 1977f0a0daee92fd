//! Reads a tree from top to bottom: what is shown becomes blocks.
use passages::BlockKind;

use super::{
    grid::is_grid,
    look::Look,
    rules::Rules,
    tree::{Content, Node, Tree},
};
use crate::{
    Excess, Limits, ReadError,
    cleaning::{one_line, push_collapsed},
    composition::Composition,
    flow::Flow,
    limits::{length, within},
};

/// Bytes of styles and classes that are read for all elements together: the parser copies those of
/// open formatting into each paragraph.
const LOOKED_AT_MAX: u64 = 256 * 1024 * 1024;
/// What one element costs at least, in such bytes.
const LOOK: u64 = 64;

pub(super) struct Walk<'t, 'c> {
    tree: &'t Tree,
    rules: &'t Rules,
    flow: Flow<'c>,
    text_bytes_max: u64,
    skips_navigation: bool,
    open: Vec<Open>,
    /// Characters of the block that is not complete yet.
    line: String,
    lists: u8,
    pictures: u32,
    looked_at: u64,
}

/// An element that is being read.
struct Open {
    index: usize,
    look: Look,
    kind: BlockKind,
    role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Inline,
    Block,
    List,
    Table,
    Row,
    Cell,
}

impl<'t, 'c> Walk<'t, 'c> {
    pub(super) fn new(
        tree: &'t Tree,
        rules: &'t Rules,
        composition: &'c mut Composition,
        limits: &Limits,
        skips_navigation: bool,
    ) -> Self {
        Self {
            tree,
            rules,
            flow: Flow::new(composition, limits),
            text_bytes_max: limits.text_bytes,
            skips_navigation,
            open: Vec::new(),
            line: String::new(),
            lists: 0,
            pictures: 0,
            looked_at: 0,
        }
    }

    /// The title of the page, where the page itself has no main heading.
    pub(super) fn title(&mut self) -> Result<(), ReadError> {
        if self.tree.elements().any(|(_, node)| node.is("h1")) {
            return Ok(());
        }
        let Some((title, _)) = self.tree.elements().find(|(_, node)| node.is("title")) else {
            return Ok(());
        };
        let mut text = String::new();
        for child in self.tree.children(title) {
            if let Some(Content::Text(more)) = self.tree.node(child).map(|node| &node.content) {
                text.push_str(more);
            }
        }
        self.flow.paragraph(BlockKind::Heading { level: 1 }, &one_line(&text))
    }

    /// Reads what is inside of `root`.
    pub(super) fn read(mut self, root: usize) -> Result<(), ReadError> {
        self.enter_ancestors(root)?;
        let base = self.open.len();
        let mut at = Some(root);
        while let Some(index) = at {
            let descends = self.enter(index)?;
            at = self.tree.following(root, index, !descends);
            let parent = at.and_then(|next| self.tree.node(next)).and_then(|node| node.parent);
            while self.open.len() > base
                && self.open.last().is_some_and(|open| Some(open.index) != parent)
            {
                self.leave()?;
            }
        }
        self.flush()?;
        let pictures = self.pictures;
        self.flow.composition.pictures(pictures);
        self.flow.release()
    }

    /// A part of a page looks as what is around it lets it look.
    fn enter_ancestors(&mut self, root: usize) -> Result<(), ReadError> {
        let parent = |at: &usize| self.tree.node(*at).and_then(|node| node.parent);
        let mut around: Vec<usize> = std::iter::successors(parent(&root), parent).collect();
        around.reverse();
        for index in around {
            if let Some(node) = self.tree.node(index) {
                let look = self.look(index, node)?;
                let (kind, role) = (BlockKind::Paragraph, Role::Inline);
                self.open.push(Open { index, look, kind, role });
            }
        }
        Ok(())
    }

    fn outer(&self) -> (Look, BlockKind) {
        self.open.last().map_or((Look::PAGE, BlockKind::Paragraph), |open| (open.look, open.kind))
    }

    fn look(&mut self, index: usize, node: &Node) -> Result<Look, ReadError> {
        let bytes = |name: &str| node.attribute(name).map_or(0, |value| length(value.len()));
        let read = bytes("style").saturating_add(bytes("class")).saturating_add(LOOK);
        self.looked_at = self.looked_at.saturating_add(read);
        within(Excess::Attributes, self.looked_at, LOOKED_AT_MAX)?;
        let (outer, _) = self.outer();
        Ok(outer.inside(node, &self.rules.declarations(self.tree, index)))
    }

    /// Reads a node; says whether what is inside of it is read as well.
    fn enter(&mut self, index: usize) -> Result<bool, ReadError> {
        let Some(node) = self.tree.node(index) else { return Ok(false) };
        match &node.content {
            Content::Text(text) => self.text(text).map(|()| false),
            Content::Comment => {
                self.flow.composition.hidden();
                Ok(false)
            }
            Content::Nothing => {
                let (look, kind) = self.outer();
                self.open.push(Open { index, look, kind, role: Role::Inline });
                Ok(true)
            }
            Content::Element => self.element(index, node),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), ReadError> {
        let (look, kind) = self.outer();
        if !look.is_readable() {
            if !text.trim().is_empty() {
                self.flow.composition.hidden();
            }
            return Ok(());
        }
        if kind == BlockKind::Code {
            self.line.push_str(text);
        } else {
            push_collapsed(&mut self.line, text);
        }
        within(Excess::Text, length(self.line.len()), self.text_bytes_max)
    }

    fn element(&mut self, index: usize, node: &Node) -> Result<bool, ReadError> {
        match node.name() {
            "br" => {
                self.line.push('\n');
                return Ok(false);
            }
            "img" | "svg" | "picture" => {
                self.pictures = self.pictures.saturating_add(1);
                return Ok(false);
            }
            _ => {}
        }
        let look = self.look(index, node)?;
        if look.is_gone {
            let is_aside = matches!(node.name(), "head" | "style");
            let is_program = matches!(node.name(), "script" | "template");
            if is_program || (!is_aside && self.tree.text_bytes(index) > 0) {
                self.flow.composition.hidden();
            }
            return Ok(false);
        }
        if self.skips_navigation && is_navigation(node) {
            return Ok(false);
        }
        let role = self.role(index, node);
        if role != Role::Inline {
            self.flush()?;
        }
        let kind = self.kind(node);
        match role {
            Role::Table => self.flow.open_table()?,
            Role::Row => self.flow.open_row(),
            Role::List => self.lists = self.lists.saturating_add(1),
            Role::Inline | Role::Block | Role::Cell => {}
        }
        self.open.push(Open { index, look, kind, role });
        Ok(true)
    }

    fn role(&self, index: usize, node: &Node) -> Role {
        match node.name() {
            "table" if !self.flow.in_table() && is_grid(self.tree, index) => Role::Table,
            "tr" if self.flow.in_table() => Role::Row,
            "td" | "th" if self.flow.in_table() => Role::Cell,
            "ul" | "ol" | "menu" | "dir" => Role::List,
            name if is_block(name) => Role::Block,
            _ => Role::Inline,
        }
    }

    fn kind(&self, node: &Node) -> BlockKind {
        let (_, outer) = self.outer();
        match node.name() {
            "h1" => BlockKind::Heading { level: 1 },
            "h2" => BlockKind::Heading { level: 2 },
            "h3" => BlockKind::Heading { level: 3 },
            "h4" => BlockKind::Heading { level: 4 },
            "h5" => BlockKind::Heading { level: 5 },
            "h6" => BlockKind::Heading { level: 6 },
            "li" => BlockKind::ListItem { depth: self.lists.saturating_sub(1) },
            "pre" => BlockKind::Code,
            "blockquote" => BlockKind::Quote,
            _ => outer,
        }
    }

    fn leave(&mut self) -> Result<(), ReadError> {
        let Some(role) = self.open.last().map(|open| open.role) else { return Ok(()) };
        if role != Role::Inline {
            self.flush()?;
        }
        self.open.pop();
        match role {
            Role::List => self.lists = self.lists.saturating_sub(1),
            Role::Cell => self.flow.close_cell()?,
            Role::Row => self.flow.close_row()?,
            Role::Table => self.flow.close_table(),
            Role::Inline | Role::Block => {}
        }
        Ok(())
    }

    /// Writes the characters since the last block as a block of the element that is open.
    fn flush(&mut self) -> Result<(), ReadError> {
        let line = std::mem::take(&mut self.line);
        if line.trim().is_empty() {
            return Ok(());
        }
        let (_, kind) = self.outer();
        match kind {
            BlockKind::Heading { .. } => self.flow.paragraph(kind, &one_line(&line)),
            BlockKind::Code => self.flow.paragraph(kind, &line),
            BlockKind::Paragraph
            | BlockKind::ListItem { .. }
            | BlockKind::TableRow
            | BlockKind::Quote => self.flow.paragraph(kind, &trimmed_lines(&line)),
        }
    }
}

fn trimmed_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}

/// Parts that every page of a site repeats.
fn is_navigation(node: &Node) -> bool {
    const ROLES: [&str; 5] = ["navigation", "banner", "contentinfo", "complementary", "search"];
    matches!(node.name(), "nav" | "header" | "footer" | "aside" | "form")
        || node.attribute("role").is_some_and(|role| ROLES.contains(&role))
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "html"
            | "body"
            | "div"
            | "p"
            | "section"
            | "article"
            | "main"
            | "header"
            | "footer"
            | "nav"
            | "aside"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "li"
            | "pre"
            | "blockquote"
            | "dl"
            | "dt"
            | "dd"
            | "figure"
            | "figcaption"
            | "address"
            | "hr"
            | "form"
            | "fieldset"
            | "legend"
            | "details"
            | "summary"
            | "center"
            | "table"
            | "caption"
            | "thead"
            | "tbody"
            | "tfoot"
            | "tr"
            | "td"
            | "th"
            | "option"
            | "dialog"
    )
}
