//! Which tables hold values, and which only arrange a page.
use super::tree::{Node, Tree};

/// Whether a table has headed columns, or at least two rows of two cells, and nothing in its
/// cells that a table of values does not have.
pub(super) fn is_grid(tree: &Tree, table: usize) -> bool {
    let (mut rows, mut widest, mut cells, mut headed) = (0, 0, 0, false);
    let mut at = tree.following(table, table, false);
    while let Some(index) = at {
        match tree.node(index).map_or("", Node::name) {
            "table" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "ul" | "ol" | "pre"
            | "blockquote" => return false,
            "tr" => (rows, cells) = (rows + 1, 0),
            "td" => cells += 1,
            "th" => (cells, headed) = (cells + 1, true),
            _ => {}
        }
        widest = cells.max(widest);
        at = tree.following(table, index, false);
    }
    headed || (rows >= 2 && widest >= 2)
}
