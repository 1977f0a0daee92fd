//! Names of conversations that were given none, and names of files that are safe to show.

use crate::Question;

const CHARACTERS_MAX: usize = 80;

/// The first line with text of the question, or of its first file's name.
pub(crate) fn title_from(question: &Question) -> String {
    let lines = question.text.lines().map(clean);
    let files = question.attachments.iter().map(|file| clean(&file.name));
    let first = lines.chain(files).find(|line| !line.is_empty());
    first.map_or_else(|| "…".to_owned(), |line| shortened(&line))
}

/// Without characters that are not seen or that turn the text around; white space is one space.
pub(crate) fn clean(text: &str) -> String {
    let visible: String = text.chars().filter(|&c| c.is_whitespace() || !is_hidden(c)).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Control characters, zero widths, marks of direction, the soft hyphen, tags and fillers.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// At a word if there is one in the second half, else at a character.
fn shortened(line: &str) -> String {
    let Some((end, _)) = line.char_indices().nth(CHARACTERS_MAX) else {
        return line.to_owned();
    };
    // One character less: the ellipsis counts.
    let kept = line[..end].char_indices().next_back().map_or("", |(last, _)| &line[..last]);
    let ends_a_word = line[kept.len()..].starts_with(' ');
    let word = if ends_a_word { Some(kept.len()) } else { kept.rfind(' ') };
    let cut = word.filter(|&at| at >= kept.len() / 2).unwrap_or(kept.len());
    format!("{}…", kept[..cut].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Attachment;

    fn check(text: &str, expected: &str) {
        let question = Question { text: text.to_owned(), attachments: Vec::new() };
        assert_eq!(title_from(&question), expected, "{text:?}");
    }

    #[test]
    fn a_title_is_the_first_line_made_plain() {
        check("Hello", "Hello");
        check("\n \t\n  two\t words \r\nsecond line", "two words");
        check("a\u{202e}b\u{200b}c\u{7}", "abc");
        check("\u{200b}\nsecond", "second");
        check("   ", "…");
        check("", "…");
    }

    #[test]
    fn a_long_title_is_cut_at_a_word() {
        let words = "word ".repeat(30);
        check(&words, &format!("{}…", "word ".repeat(16).trim_end()));
        check(&"x".repeat(80), &"x".repeat(80));
        check(&"x".repeat(81), &format!("{}…", "x".repeat(79)));
        check(&"é".repeat(200), &format!("{}…", "é".repeat(79)));
        check(&format!("a {}", "x".repeat(100)), &format!("a {}…", "x".repeat(77)));
    }

    #[test]
    fn no_title_is_longer_than_it_may_be() {
        for length in 0..200 {
            for word in [1, 2, 7, 79, 80, 81] {
                let text: String =
                    (0..length).map(|at| if at % word == word - 1 { ' ' } else { 'ü' }).collect();
                let question = Question { text, attachments: Vec::new() };
                assert!(title_from(&question).chars().count() <= CHARACTERS_MAX);
            }
        }
    }

    #[test]
    fn a_question_of_files_is_named_after_the_first() {
        let file = |name: &str| Attachment { name: name.to_owned(), text: String::new() };
        let attachments = vec![file("re\u{202e}port.txt"), file("b")];
        let question = Question { text: String::new(), attachments };
        assert_eq!(title_from(&question), "report.txt");
    }
}
