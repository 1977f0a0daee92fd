//! Markdown, read as the page that it makes: HTML in it hides text as HTML does.
use passages::Document;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html::push_html};

use crate::{
    Excess, Format, Limits, ReadError,
    composition::Composition,
    html,
    limits::{length, within},
    plain::characters,
};

/// Reads `CommonMark` with tables, footnotes, task lists and front matter. Front matter is for
/// programs: it is left out and noted.
///
/// # Errors
/// [`ReadError::TooMuch`] past `limits`.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Document, ReadError> {
    limits.admit(bytes)?;
    let mut composition = Composition::new(Format::Markdown.name(), limits);
    let text = characters(bytes, &mut composition);
    let page = page_of(&text, &mut composition, limits)?;
    html::compose(&mut composition, &page, limits)?;
    composition.finish()
}

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
}

fn page_of(
    text: &str,
    composition: &mut Composition,
    limits: &Limits,
) -> Result<String, ReadError> {
    let (mut kept, mut depth) = (Vec::new(), 0_u64);
    let (mut in_front_matter, mut last) = (false, 0);
    for (event, source) in Parser::new_ext(text, options()).into_offset_iter() {
        match &event {
            Event::Start(Tag::MetadataBlock(_)) => in_front_matter = true,
            Event::Start(_) => depth = depth.saturating_add(1),
            Event::End(TagEnd::MetadataBlock(_)) => {
                in_front_matter = false;
                composition.hidden();
                continue;
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        within(Excess::Depth, depth, limits.depth)?;
        if in_front_matter {
            continue;
        }
        last = last.max(source.end);
        kept.push(event);
        within(Excess::Nodes, length(kept.len()), limits.nodes)?;
    }
    let mut page = String::with_capacity(last);
    push_html(&mut page, kept.into_iter());
    within(Excess::BytesOut, length(page.len()), limits.bytes_out)?;
    Ok(page)
}
