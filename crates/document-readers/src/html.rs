//! Pages of the web: what a browser shows of them, and nothing that it hides.
mod grid;
mod length;
mod look;
mod rules;
mod tree;
mod walk;

use passages::Document;

use crate::{Format, Limits, ReadError, composition::Composition, plain::characters};

use rules::Rules;
use tree::{Node, Tree};
use walk::Walk;

/// A part is the main one when it holds at least one in this many bytes of the text of the page.
const MAIN_SHARE: usize = 4;

/// Reads the main content of a page: its `main` or `article` where that holds enough of the text,
/// else its body without navigation, banners and footers.
///
/// # Errors
/// [`ReadError::TooMuch`] past `limits`.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    limits.admit(bytes)?;
    let mut composition = Composition::new(Format::Html.name(), limits);
    let text = characters(bytes, &mut composition);
    let tree = tree::parse(&text, limits)?;
    let rules = Rules::of(&tree);
    let root = main_part(&tree);
    let mut walk = Walk::new(&tree, &rules, &mut composition, limits, root.is_none());
    walk.title()?;
    walk.read(root.unwrap_or(Tree::ROOT))?;
    composition.finish()
}

/// Writes all that `page` shows: for messages and Markdown, which have no navigation.
pub(crate) fn compose(
    composition: &mut Composition,
    page: &str,
    limits: &Limits,
) -> Result<(), ReadError> {
    let tree = tree::parse(page, limits)?;
    let rules = Rules::of(&tree);
    Walk::new(&tree, &rules, composition, limits, false).read(Tree::ROOT)
}

/// The part of the page that its author calls the main one, if there is something in it.
fn main_part(tree: &Tree) -> Option<usize> {
    let all = tree.text_bytes(Tree::ROOT);
    let is_enough = |index: &usize| tree.text_bytes(*index).saturating_mul(MAIN_SHARE) >= all;
    let is_main = |node: &Node| node.is("main") || node.attribute("role") == Some("main");
    let main = tree.elements().find(|(_, node)| is_main(node)).map(|(index, _)| index);
    main.filter(is_enough).or_else(|| {
        let mut articles = tree.elements().filter(|(_, node)| node.is("article"));
        let (only, _) = articles.next()?;
        if articles.next().is_some() { None } else { Some(only).filter(is_enough) }
    })
}
