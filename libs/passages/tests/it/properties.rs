use passages::{
    Area, Block, BlockKind, ChunkLimits, Document, MatchText, Page, Run, Size, Span, areas, chunks,
    missing_claims, normalised, sentences,
};
use proptest::{collection, prelude::*, sample::select};

use crate::span;

const PAGE: Size = Size { width: 595.0, height: 842.0 };

/// Words and marks of all our scripts, some of them awkward.
const WORDS: [&str; 36] = [
    "un",
    "deux,",
    "Trois.",
    "été",
    "e\u{301}te\u{301}",
    "« Quatre »",
    "l’État",
    "porte-monnaie",
    "exem-\nple",
    "ex\u{ad}emple",
    "art. L. 123-4",
    "M.",
    "n° 5",
    "1 234,56",
    "50\u{a0}%",
    "Straße",
    "ﬁn",
    "fin…",
    "“so”",
    "Hm!",
    "Why?",
    "3. Oktober",
    "z. B.",
    "قَالَ",
    "كتـــاب؛",
    "نعم؟",
    "٢٠١٩",
    "المادة",
    "यह",
    "है।",
    "डॉ.",
    "क्षेत्र",
    "திரு.",
    "வந்தார்.",
    ";",
    "- x",
];

fn text() -> impl Strategy<Value = String> {
    let gap = select(vec![" ", "\n", "\u{a0}", "  ", "\t"]);
    collection::vec((select(WORDS.to_vec()), gap), 1..60)
        .prop_map(|words| words.into_iter().flat_map(|(word, gap)| [word, gap]).collect())
}

/// Any characters at all.
fn noise() -> impl Strategy<Value = String> {
    collection::vec(any::<char>(), 0..200).prop_map(|characters| characters.into_iter().collect())
}

fn kind() -> impl Strategy<Value = BlockKind> {
    prop_oneof![
        (1..=6_u8).prop_map(|level| BlockKind::Heading { level }),
        Just(BlockKind::Paragraph),
        Just(BlockKind::Paragraph),
        (0..3_u8).prop_map(|depth| BlockKind::ListItem { depth }),
        Just(BlockKind::TableRow),
        Just(BlockKind::Code),
        Just(BlockKind::Quote),
    ]
}

fn document() -> impl Strategy<Value = Document> {
    let block = (kind(), prop_oneof![4 => text(), 1 => noise()]);
    collection::vec(block, 0..8).prop_map(|blocks| {
        let blocks: Vec<_> = blocks.iter().map(|(kind, text)| (*kind, text.as_str())).collect();
        let filled: Vec<_> = blocks.into_iter().filter(|(_, text)| !text.is_empty()).collect();
        crate::document(&filled)
    })
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// A place between two characters that is not before a mark, nor inside of a number, near a share
/// of the text.
fn cut(text: &str, share: usize) -> usize {
    let places: Vec<usize> = text
        .char_indices()
        .filter(|(_, c)| !is_mark(*c))
        .map(|(at, _)| at)
        .chain([text.len()])
        .filter(|at| !is_in_number(text, *at))
        .collect();
    places[share % places.len()]
}

/// Whether a number may go on over a place, with spaces and separators.
fn is_in_number(text: &str, at: usize) -> bool {
    let counts = |c: Option<char>| c.is_some_and(|c| c.is_numeric() || matches!(c, '.' | ','));
    let (before, after) = (text[..at].trim_end(), text[at..].trim_start());
    counts(before.chars().next_back()) && counts(after.chars().next())
}

/// Marks of the scripts of [`WORDS`].
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}' | '\u{64B}'..='\u{65F}' | '\u{900}'..='\u{903}')
        || matches!(c, '\u{93A}'..='\u{93C}' | '\u{93E}'..='\u{94F}' | '\u{BBE}'..='\u{BCD}')
}

/// The same words in other writing, by the digits of `choice`.
fn rewritten(quote: &str, mut choice: u64) -> String {
    let mut written = String::new();
    for c in quote.chars() {
        choice = choice.rotate_left(7).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let way = choice >> 62;
        match c {
            '«' | '»' | '“' | '”' if way > 1 => written.push('"'),
            '’' if way > 1 => written.push('\''),
            c if c.is_whitespace() && way == 0 => written.push('\n'),
            c if c.is_whitespace() && way == 1 => written.push_str("\u{202f} "),
            c if c.is_whitespace() => written.push(' '),
            c if way == 0 => written.extend(c.to_uppercase()),
            c if way == 1 => written.extend(c.to_lowercase()),
            c => written.push(c),
        }
    }
    written
}

/// What a quote is found by, without what may stand at its ends and means nothing there.
fn core(text: &str) -> String {
    let normal = normalised(text);
    let marks = ['-', ' ', '"', '\''];
    normal.trim_matches(marks).to_owned()
}

proptest! {
    #[test]
    fn sentences_hold_everything_but_white_space_once(document in document()) {
        let found = sentences(&document);
        let mut end = 0;
        for sentence in &found {
            let block = document.blocks[sentence.block].span;
            prop_assert!(block.contains(sentence.span));
            let text = document.slice(sentence.span);
            prop_assert!(text.is_some_and(|text| !text.is_empty() && text.trim() == text));
            let gap = document.slice(Span::new(end, sentence.span.start));
            prop_assert!(gap.is_some_and(|gap| gap.trim().is_empty()));
            end = sentence.span.end;
        }
        prop_assert!(document.text[end as usize..].trim().is_empty());
    }

    #[test]
    fn chunks_hold_every_sentence_once_in_order(
        document in document(), min in 1..20_usize, more in 0..20_usize,
    ) {
        let limits = ChunkLimits::new(min, min + more).unwrap();
        let found = chunks(&document, limits, &words);
        prop_assert_eq!(&found, &chunks(&document, limits, &words));
        let mut pieces = found.iter().flat_map(|chunk| chunk.sentences.iter().copied());
        for sentence in sentences(&document) {
            let mut from = sentence.span.start;
            while from < sentence.span.end {
                let piece = pieces.next();
                prop_assert!(piece.is_some_and(|piece| sentence.span.contains(piece)));
                let piece = piece.unwrap();
                let gap = document.slice(Span::new(from, piece.start));
                prop_assert!(gap.is_some_and(|gap| gap.trim().is_empty()));
                prop_assert!(piece.end > from);
                from = piece.end;
            }
        }
        prop_assert_eq!(pieces.next(), None);
    }

    #[test]
    fn chunks_keep_their_limits(
        document in document(), min in 1..20_usize, more in 0..20_usize,
    ) {
        let limits = ChunkLimits::new(min, min + more).unwrap();
        for chunk in chunks(&document, limits, &words) {
            let held = chunk.sentences.iter().filter_map(|span| document.slice(*span));
            prop_assert!(held.map(words).sum::<usize>() <= min + more);
            prop_assert_eq!(chunk.sentences.first().map(|span| span.start), Some(chunk.span.start));
            prop_assert_eq!(chunk.sentences.last().map(|span| span.end), Some(chunk.span.end));
            prop_assert!(chunk.above().all(|heading| heading.end <= chunk.span.start));
        }
    }

    #[test]
    fn quotes_are_found_in_any_writing(
        text in text(), one in any::<usize>(), other in any::<usize>(), choice in any::<u64>(),
    ) {
        let (one, other) = (cut(&text, one), cut(&text, other));
        let quote = &text[one.min(other)..one.max(other)];
        prop_assume!(core(quote).chars().any(char::is_alphanumeric));
        let asked = rewritten(quote, choice);
        let found = MatchText::new(&text).find(&asked);
        prop_assert!(found.is_some(), "{asked:?} is not found in {text:?}");
        let held = &text[found.unwrap().range()];
        prop_assert_eq!(core(held), core(&asked), "{:?} found for {:?}", held, asked);
    }

    #[test]
    fn what_is_found_is_on_characters(text in noise(), quote in noise()) {
        let matched = MatchText::new(&text);
        if let Some(found) = matched.find(&quote) {
            prop_assert!(text.get(found.range()).is_some());
        }
        if let Some(found) = matched.find(&text) {
            prop_assert!(text.get(found.range()).is_some());
        }
    }

    #[test]
    fn areas_lie_on_their_page(
        text in text(),
        boxes in collection::vec((0.0..595.0_f32, 0.0..842.0_f32, 0.0..200.0_f32, 0.0..30.0_f32), 1..40),
        one in any::<usize>(),
        other in any::<usize>(),
    ) {
        let document = printed(&text, &boxes);
        let (one, other) = (cut(&text, one), cut(&text, other));
        for (page, area) in areas(&document, span(one.min(other), one.max(other))) {
            prop_assert_eq!(page, 1);
            prop_assert!(area.left >= 0.0 && area.left <= area.right && area.right <= PAGE.width);
            prop_assert!(area.top >= 0.0 && area.top <= area.bottom && area.bottom <= PAGE.height);
        }
    }

    #[test]
    fn a_statement_holds_what_it_says(statement in prop_oneof![text(), noise()]) {
        let missing = missing_claims(&statement, &[&statement]);
        prop_assert!(missing.is_empty(), "{missing:?}");
        for missing in missing_claims(&statement, &[]) {
            let claimed = missing.claimed();
            prop_assert_eq!(statement.get(claimed.span.range()), Some(claimed.text.as_str()));
        }
    }
}

/// One page on which the text is parted evenly over the boxes.
fn printed(text: &str, boxes: &[(f32, f32, f32, f32)]) -> Document {
    let whole = span(0, text.len());
    let runs = boxes.iter().enumerate().filter_map(|(index, (left, top, width, height))| {
        let start = text.floor_char_boundary(text.len() * index / boxes.len());
        let end = text.floor_char_boundary(text.len() * (index + 1) / boxes.len());
        let (right, bottom) = (left + width, top + height);
        let area = Area { left: *left, top: *top, right, bottom }.clipped(PAGE)?;
        (start < end).then(|| Run { span: span(start, end), area })
    });
    let pages = vec![Page { number: 1, span: whole, size: Some(PAGE), runs: runs.collect() }];
    let blocks = vec![Block { kind: BlockKind::Paragraph, span: whole }];
    Document::new(text.to_owned(), blocks, pages, Vec::new()).unwrap()
}
