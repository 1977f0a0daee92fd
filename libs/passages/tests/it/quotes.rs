use passages::{MatchText, QUOTE_BYTES_MAX, find_quote, find_quote_in, normalised};

use crate::{paragraph, span};

fn check(text: &str, quote: &str, expected: Option<&str>) {
    let document = paragraph(text);
    let found = find_quote(&document, quote).map(|span| document.slice(span).unwrap());
    assert_eq!(found, expected, "{quote:?} in {text:?}");
}

#[test]
fn quotes_are_found_to_the_letter_and_with_other_writing() {
    check("Il est dit : « L’État paie. »", "L'ÉTAT PAIE", Some("L’État paie"));
    check("Il est dit : « L’État paie. »", "\"L'état paie.\"", Some("« L’État paie. »"));
    check("L’État paie.", "« l'état paie. »", Some("L’État paie."));
    check(
        "Montant\u{a0}: 5\u{202f}000\u{a0}€",
        "montant : 5 000 €",
        Some("Montant\u{a0}: 5\u{202f}000\u{a0}€"),
    );
    check("de\u{301}ja\u{300} vu", "DÉJÀ", Some("de\u{301}ja\u{300}"));
    check("Die Straße ist lang", "DIE STRASSE", Some("Die Straße"));
    check("la ﬁn du mois…", "la fin du mois...", Some("la ﬁn du mois…"));
    check("A b. a b.", "a b.", Some("a b."));
}

#[test]
fn hyphens_at_the_end_of_a_line_are_joined() {
    check("un exem-\nple clair", "un exemple clair", Some("un exem-\nple clair"));
    check("un porte-\nmonnaie", "un porte-monnaie", Some("un porte-\nmonnaie"));
    check("un ex\u{ad}emple", "exemple", Some("ex\u{ad}emple"));
    check("un ex\u{ad}\nemple", "exemple", Some("ex\u{ad}\nemple"));
    check("art. L. 123-\n4 du code", "L. 123-4 du", Some("L. 123-\n4 du"));
    check("- un\n- deux", "- deux", Some("- deux"));
    check("un porte-monnaie", "-monnaie", Some("-monnaie"));
}

#[test]
fn arabic_and_indian_scripts() {
    check("قَالَ الكِتـــابُ", "قال الكتاب", Some("قَالَ الكِتـــابُ"));
    check("المادة ٥ من", "المادة 5", Some("المادة ٥"));
    check("यह सही है। अनुच्छेद २१", "अनुच्छेद 21", Some("अनुच्छेद २१"));
    check("कि", "क", None);
}

#[test]
fn other_words_are_not_found() {
    for quote in ["où", "ou bien", "", "  ", "...", "«»", "xyz"] {
        check("ou pas... «»", quote, None);
    }
    check("où", "ou", None);
    check("ou\u{300}", "ou", None);
    check("5 000", "5000", None);
    check("il fait 5 degrés", "-5 degrés", None);
    let long = "a ".repeat(QUOTE_BYTES_MAX);
    check(&long, &long, None);
}

#[test]
fn a_part_of_a_number_is_not_found() {
    for (text, quote) in [
        ("un taux de 15 %", "5 %"),
        ("il paie 50 €", "il paie 5"),
        ("Il paie 50 €", "il paie 5"),
        ("un taux de 1,5 %", "5 %"),
        ("un taux de 1.5 %", "taux de 1"),
        ("il paie 15\u{202f}000 €", "il paie 15"),
        ("il paie 15 000 €", "000 €"),
        ("المادة ١٥", "٥"),
    ] {
        check(text, quote, None);
    }
    check("de 15 % à 5 %", "5 %", Some("5 %"));
    check("de 15 % à 5 %", "À 5 %", Some("à 5 %"));
    check("en 2019, 300 cas", "en 2019", Some("en 2019"));
    check("en 2019. 300 cas", "en 2019.", Some("en 2019."));
    check("l'art. 5. Il", "art. 5", Some("art. 5"));
    check("A320neo", "320", Some("320"));
}

#[test]
fn characters_that_become_several_do_not_take_long() {
    let text = "ß".repeat(500_000);
    check(&text, &"s".repeat(QUOTE_BYTES_MAX - 1), None);
}

#[test]
fn a_quote_is_found_inside_of_a_part() {
    let document = paragraph("un deux. Un deux.");
    assert_eq!(find_quote_in(&document, span(9, 17), "un"), Some(span(9, 11)));
    assert_eq!(find_quote_in(&document, span(9, 17), "un deux. un"), None);
    assert_eq!(find_quote_in(&document, span(9, 99), "un"), None);
}

#[test]
fn one_text_answers_many_quotes() {
    let text = MatchText::new("Alpha, bêta.");
    assert_eq!(text.find("ALPHA"), Some(span(0, 5)));
    assert_eq!(text.find("BÊTA"), Some(span(7, 12)));
}

#[test]
fn normalised_texts() {
    assert_eq!(normalised("  L’Œuvre\u{a0}!  "), "l'œuvre!");
    assert_eq!(normalised("١٢٣ ४५ ６"), "123 45 6");
    assert_eq!(normalised("pré- et post-\nimpression"), "pre\u{301}et postimpression");
    assert_eq!(normalised(""), "");
}
