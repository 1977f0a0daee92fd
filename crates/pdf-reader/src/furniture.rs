//! What pages repeat at their upper and lower ends: names of the document, numbers of pages.
//!
//! It would stand between two halves of a sentence, and be found with every page. It is kept where
//! it stands first, so that nothing is lost; numbers of pages are kept nowhere.

use std::collections::{HashMap, HashSet};

use crate::{line::Line, reading::PageLines};

/// Fewer pages repeat nothing.
const PAGES_MIN: usize = 3;
/// How many lines at either end are looked at.
const LINES: usize = 3;
/// The ends of a page, in parts of its height.
const END: f32 = 0.14;

/// Removes from each page what most pages have at that end.
pub(crate) fn remove(pages: &mut [PageLines]) {
    if pages.len() < PAGES_MIN {
        return;
    }
    let mut seen: HashMap<String, usize> = HashMap::new();
    for page in pages.iter() {
        let ends = at_the_ends(page);
        let keys: HashSet<String> = ends.filter_map(|at| page.lines.get(at)).map(key).collect();
        for key in keys {
            *seen.entry(key).or_default() += 1;
        }
    }
    seen.retain(|_, count| *count * 2 >= pages.len());
    let mut kept: HashSet<String> = HashSet::new();
    for page in pages.iter_mut() {
        let ends: HashSet<usize> = at_the_ends(page).collect();
        let mut at = 0;
        page.lines.retain(|line| {
            let is_at_the_end = ends.contains(&at);
            at += 1;
            let key = key(line);
            // A number alone is that of the page.
            !(is_at_the_end && seen.contains_key(&key))
                || (key.contains(char::is_alphabetic) && kept.insert(key))
        });
    }
}

/// The outermost lines of a page that lie in its ends.
fn at_the_ends(page: &PageLines) -> impl Iterator<Item = usize> + use<> {
    let height = page.size.map_or(0.0, |size| size.height);
    let places = || page.lines.iter().map(|line| line.area).enumerate();
    let mut above: Vec<(usize, f32)> = places()
        .filter(|(_, area)| area.bottom <= height * END)
        .map(|(at, a)| (at, a.top))
        .collect();
    let mut below: Vec<(usize, f32)> = places()
        .filter(|(_, area)| area.top >= height * (1.0 - END))
        .map(|(at, area)| (at, -area.bottom))
        .collect();
    for end in [&mut above, &mut below] {
        end.sort_by(|one, other| one.1.total_cmp(&other.1));
        end.truncate(LINES);
    }
    above.into_iter().chain(below).map(|(at, _)| at)
}

/// The same for lines that differ in numbers and case alone.
fn key(line: &Line) -> String {
    let mut key = String::with_capacity(line.text.len());
    for c in line.text.chars().flat_map(char::to_lowercase) {
        if !c.is_numeric() {
            key.push(c);
        } else if !key.ends_with('#') {
            key.push('#');
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use passages::Size;

    use super::*;
    use crate::line::{lines, tests::written};

    fn page(parts: &[(&str, f32)]) -> PageLines {
        let glyphs: Vec<_> =
            parts.iter().flat_map(|(text, top)| written(text, 50.0, *top)).collect();
        let size = Some(Size { width: 600.0, height: 800.0 });
        PageLines { size, lines: lines(&glyphs), ..PageLines::default() }
    }

    fn texts(pages: &[PageLines]) -> Vec<Vec<&str>> {
        pages.iter().map(|page| page.lines.iter().map(|l| l.text.as_str()).collect()).collect()
    }

    #[test]
    fn what_pages_repeat_is_kept_once_and_their_numbers_not_at_all() {
        let mut pages: Vec<_> = (1..=4)
            .map(|number| {
                let (head, foot) = (format!("Rapport {}", 2020 + number), format!("{number}"));
                let body = format!("corps {number}");
                page(&[(&head, 30.0), (&body, 400.0), (&foot, 760.0)])
            })
            .collect();
        remove(&mut pages);
        assert_eq!(
            texts(&pages),
            [vec!["Rapport 2021", "corps 1"], vec!["corps 2"], vec!["corps 3"], vec!["corps 4"]]
        );
    }

    #[test]
    fn text_in_the_middle_and_texts_of_few_pages_stay() {
        let body = || page(&[("Article", 400.0)]);
        let mut pages = [body(), body(), body(), body()];
        remove(&mut pages);
        assert!(pages.iter().all(|page| page.lines.len() == 1));
        let head = || page(&[("Rapport", 30.0)]);
        let mut pages = [head(), head()];
        remove(&mut pages);
        assert!(pages.iter().all(|page| page.lines.len() == 1));
    }
}
