use passages::{BlockKind, Span, sentences};

use crate::{document, paragraph, slices};

fn spans(document: &passages::Document) -> Vec<Span> {
    sentences(document).into_iter().map(|sentence| sentence.span).collect()
}

/// Sentences, joined by spaces or by breaks of lines, are found again.
fn check(expected: &[&str]) {
    for joint in [" ", "\n", "\u{a0}"] {
        let document = paragraph(&expected.join(joint));
        assert_eq!(slices(&document, &spans(&document)), expected, "joined by {joint:?}");
    }
}

#[test]
fn french() {
    check(&[
        "L'article 5 s'applique à M. Dupont et à Mme Martin.",
        "Voir l'art. L. 123-4, al. 2, du code.",
        "Le n° 12 concerne, p. ex. Paris.",
        "C'est fini.",
    ]);
    check(&["J.-P. Sartre est né en 1905.", "Il est mort en 1980."]);
    check(&["« Est-ce vrai ? » demanda-t-il.", "« Oui ! »", "Il partit."]);
    check(&["Le taux est de 2.5 points.", "Louis XIV. régna longtemps."]);
}

#[test]
fn english() {
    check(&[
        "Dr. Smith met Mr. Jones at 3.30 p.m. on 2 Jan. 2020.",
        "They agreed, e.g. on No. 5 of the list.",
        "Prices rose by 2.5 percent.",
    ]);
    check(&["The U.S. Senate voted.", "The vote was 5 to 4."]);
    check(&["Is it so?", "Yes!", "See www.example.org or J. R. R. Tolkien (1937)."]);
}

#[test]
fn german() {
    check(&[
        "Am 3. Oktober 1990 trat z. B. Berlin bei.",
        "Der 2. Senat entschied nach Art. 5 Abs. 1 GG.",
        "Dr. h. c. Müller war u. a. Richter.",
    ]);
    check(&["Es waren 12.", "Danach kam keiner mehr."]);
}

#[test]
fn spanish() {
    check(&[
        "El Sr. García y la Sra. López viven en EE. UU. desde 2010.",
        "Véase la pág. 12, núm. 3.",
        "¿Es cierto?",
        "¡Sí!",
    ]);
}

#[test]
fn arabic() {
    check(&["هل هذا صحيح؟", "نعم، قال د. أحمد ذلك؛", "وصدر القانون سنة 2020.", "ثم نُشر."]);
}

#[test]
fn hindi_and_nepali() {
    check(&["डॉ. शर्मा ने कहा कि यह सही है।", "क्या यह सच है?", "दर 2.5 प्रतिशत थी।"]);
    check(&["प्रा. लि. कम्पनीले वि.सं. २०७२ मा काम थाल्यो।", "अनि बन्द भयो।"]);
}

#[test]
fn tamil() {
    check(&["திரு. குமார் வந்தார்.", "அவர் கி.மு. 300 பற்றி பேசினார்."]);
}

#[test]
fn numbers_of_what_follows_are_part_of_it() {
    check(&["1. Objet du contrat.", "2. Durée du contrat."]);
}

#[test]
fn breaks_of_lines_end_no_sentence() {
    let document = paragraph("Une phrase\ncoupée en deux. Puis\r\nune autre.");
    let expected = ["Une phrase\ncoupée en deux.", "Puis\r\nune autre."];
    assert_eq!(slices(&document, &spans(&document)), expected);
}

#[test]
fn a_sentence_stays_in_its_block() {
    let document = document(&[
        (BlockKind::Heading { level: 1 }, "Titre. Sous-titre"),
        (BlockKind::Paragraph, "une suite sans fin"),
        (BlockKind::ListItem { depth: 0 }, "un point. Un autre"),
        (BlockKind::TableRow, "A. | B. | C."),
        (BlockKind::Code, "let a;\n\n  let b;\n"),
    ]);
    let expected = [
        "Titre. Sous-titre",
        "une suite sans fin",
        "un point.",
        "Un autre",
        "A. | B. | C.",
        "let a;",
        "let b;",
    ];
    assert_eq!(slices(&document, &spans(&document)), expected);
    let blocks: Vec<usize> = sentences(&document).iter().map(|sentence| sentence.block).collect();
    assert_eq!(blocks, [0, 1, 2, 2, 3, 4, 4]);
}
