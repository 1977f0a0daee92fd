//! The table that `tesseract` writes: a row for each word, with its place.

use passages::Area;
use pdf_reader::{SeenLine, SeenWord};

/// A row says: level, page, block, paragraph, line, word, left, top, width, height, how sure, text.
const COLUMNS: usize = 12;
/// The level of words.
const WORD: &str = "5";
/// Of a hundred; what it is less sure of is mostly a picture.
const SURE_MIN: f32 = 20.0;
/// More words have no place on a page.
const WORDS_MAX: usize = 100_000;

/// The lines of a table, in its order. Rows that are no words are passed over.
pub(super) fn lines(table: &str) -> Vec<SeenLine> {
    let mut lines: Vec<SeenLine> = Vec::new();
    let mut last = None;
    for row in table.lines().take(WORDS_MAX) {
        let cells: Vec<&str> = row.splitn(COLUMNS, '\t').collect();
        let Some((place, word)) = word(&cells) else { continue };
        let place = place.map(str::to_owned);
        match lines.last_mut() {
            Some(line) if last.as_ref() == Some(&place) => line.words.push(word),
            Some(_) | None => lines.push(SeenLine { words: vec![word] }),
        }
        last = Some(place);
    }
    lines
}

/// A word, and the block, paragraph and line that it stands in.
fn word<'c>(cells: &[&'c str]) -> Option<([&'c str; 3], SeenWord)> {
    let [level, _, block, paragraph, line, _, left, top, width, height, sure, text] = cells else {
        return None;
    };
    let sure: f32 = sure.parse().ok()?;
    let text = text.trim();
    if *level != WORD || text.is_empty() || sure < SURE_MIN {
        return None;
    }
    let side = |cell: &str| cell.parse::<u16>().ok().map(f32::from);
    let (left, top) = (side(left)?, side(top)?);
    let (right, bottom) = (left + side(width)?, top + side(height)?);
    let area = Area { left, top, right, bottom };
    Some(([*block, *paragraph, *line], SeenWord { text: text.to_owned(), area }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n\
        1\t1\t0\t0\t0\t0\t0\t0\t1654\t2339\t-1\t\n\
        5\t1\t1\t1\t1\t1\t100\t50\t80\t20\t96.5\tLe\n\
        5\t1\t1\t1\t1\t2\t190\t50\t120\t20\t91\tdélai\n\
        5\t1\t1\t1\t2\t1\t100\t80\t60\t20\t95\tيجب\n\
        5\t1\t1\t1\t2\t2\t170\t80\t60\t20\t3\t~|\n\
        5\t1\t1\t1\t2\t3\t0\t0\t99999\t20\t95\tlarge\n\
        5\t1\t1\n";

    #[test]
    fn words_of_a_line_are_kept_together_with_their_places() {
        let found = lines(TABLE);
        let texts: Vec<Vec<&str>> = found
            .iter()
            .map(|line| line.words.iter().map(|word| word.text.as_str()).collect())
            .collect();
        assert_eq!(texts, [vec!["Le", "délai"], vec!["يجب"]]);
        let area = Area { left: 190.0, top: 50.0, right: 310.0, bottom: 70.0 };
        assert_eq!(found[0].words[1].area, area);
    }

    #[test]
    fn what_is_no_table_has_no_lines() {
        for table in ["", "\t\t\t", "5\t1\t1\t1\t1\t1\t-4\t0\t1\t1\t99\ta", "nan"] {
            assert!(lines(table).is_empty(), "{table}");
        }
    }
}
