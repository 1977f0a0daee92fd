use passages::{BlockKind, Note};

use crate::samples::{ARABIC, FRENCH, Format, HINDI, SECRET, blocks, document, notes_hidden};

#[test]
fn paragraphs_of_plain_text_stand_between_empty_lines() {
    let text = format!("{FRENCH}\r\nsuite\r\n\r\n{ARABIC}\n\n\n{HINDI}");
    let read = document(Format::Plain, text.as_bytes());
    let first = format!("{FRENCH}\nsuite");
    let paragraph = BlockKind::Paragraph;
    assert_eq!(
        blocks(&read),
        [(paragraph, first.as_str()), (paragraph, ARABIC), (paragraph, HINDI)]
    );
}

#[test]
fn characters_are_known_by_their_mark_or_guessed() {
    let mut marked = vec![0xff, 0xfe];
    marked.extend(HINDI.encode_utf16().flat_map(u16::to_le_bytes));
    assert_eq!(blocks(&document(Format::Plain, &marked)), [(BlockKind::Paragraph, HINDI)]);
    let guessed = document(Format::Plain, b"d\xe9lai");
    assert_eq!(guessed.text, "délai");
    assert!(guessed.notes.iter().any(|note| matches!(note, Note::Doubtful { .. })));
}

#[test]
fn characters_that_draw_nothing_are_left_out() {
    let written: String =
        SECRET.chars().filter_map(|c| char::from_u32(0xe_0000 + u32::from(c))).collect();
    let read = document(Format::Plain, format!("{FRENCH}{written}").as_bytes());
    assert_eq!(read.text, FRENCH);
    assert!(notes_hidden(&read));
}

#[test]
fn rows_of_values_keep_their_order() {
    for delimiter in [",", ";", "\t"] {
        let rows = [["ville", "délai"], [ARABIC, "30"], [HINDI, "31"]];
        let text: Vec<String> = rows.iter().map(|row| row.join(delimiter)).collect();
        let read = document(Format::Csv, text.join("\n").as_bytes());
        let expected: Vec<String> = rows.iter().map(|row| row.join(" | ")).collect();
        let texts: Vec<&str> = blocks(&read).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, expected);
        assert!(blocks(&read).iter().all(|(kind, _)| *kind == BlockKind::TableRow));
    }
}

#[test]
fn markdown_is_read_as_the_page_that_it_makes() {
    let text = format!(
        "---\ntitle: x\n---\n\n# {FRENCH}\n\n{ARABIC}\n\n- un\n  - deux\n\n> {HINDI}\n\n```\na  b\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<div style=\"display:none\">\n\n{SECRET}\n\n</div>\n"
    );
    let read = document(Format::Markdown, text.as_bytes());
    let expected = [
        (BlockKind::Heading { level: 1 }, FRENCH),
        (BlockKind::Paragraph, ARABIC),
        (BlockKind::ListItem { depth: 0 }, "un"),
        (BlockKind::ListItem { depth: 1 }, "deux"),
        (BlockKind::Quote, HINDI),
        (BlockKind::Code, "a  b"),
        (BlockKind::TableRow, "a | b"),
        (BlockKind::TableRow, "1 | 2"),
    ];
    assert_eq!(blocks(&read), expected);
    assert!(notes_hidden(&read));
}
