//! What a search finds, and what it never finds.

use assistant::{Change, ports::ConversationStore as _};

use super::sample::Talks;

/// Name, question and answer of some conversations.
const TEXTS: [[&str; 3]; 13] = [
    ["Weather report", "Will it rain in Brest?", "Yes: rain, later showers."],
    ["Météo", "Où est la Crêperie de l'Élorn ?", "À Landerneau."],
    ["Größe", "Straße und Fuß", "cafe\u{301} decompose\u{301}"],
    ["طقس", "كيف الطقس في الرباط؟", "الجو جميل، والسماء صافية."],
    ["हिन्दी", "आज मौसम कैसा है?", "बहुत अच्छा, किताबें पढ़िए।"],
    ["emoji", "😀 smile 👩\u{200d}💻", "done ✅"],
    ["quotes", "say \"hello world\" twice", "it's `NEAR(one two)` AND more"],
    ["signs", "100% sure_thing C++ foo-bar user@example.org", "a*b (c) ^d -e text:f"],
    ["Ελλάδα", "Καλημέρα κόσμε", "Привет, Ёжик"],
    ["zażółć", "gęślą jaźń", "TIẾNG VIỆT"],
    ["nul", "before\0after", "\0"],
    ["letters", "x y z", "xylophone"],
    ["\u{2067}البحر\u{2069} \u{2066}isolated\u{2069}", "\u{200f}\u{61c}معلق\u{200f}", "₿500 ₽700"],
];

async fn check(talks: &Talks, ids: &[domain::ConversationId], search: &str, expected: &[usize]) {
    let found = talks.found(talks.scope(), search).await;
    let expected: Vec<_> = expected.iter().map(|&at| ids[at]).collect();
    assert_eq!(found, expected, "{search:?}");
}

/// Searches, and the texts that they find.
const SEARCHES: &[(&str, &[usize])] = &[
    // Names, questions and answers; in any case; beginnings of words; any order.
    ("weather", &[0]),
    ("WEATHER", &[0]),
    ("show", &[0]),
    ("hower", &[]),
    ("brest rain", &[0]),
    ("rain  Brest ?", &[0]),
    ("rain snow", &[]),
    // All words within one entry or the name.
    ("weather rain", &[]),
    // Diacritics on either side, composed or not.
    ("meteo", &[1]),
    ("MÉTÉO", &[1]),
    ("me\u{301}te\u{301}o", &[1]),
    ("creperie elorn", &[1]),
    ("l'élorn", &[1]),
    ("grosse", &[]),
    ("grösse", &[]),
    ("größe", &[2]),
    ("grosze", &[]),
    ("café", &[2]),
    ("decomposé", &[2]),
    ("zazolc", &[]),
    ("zażółć", &[9]),
    ("gesla jazn", &[9]),
    ("tieng viet", &[9]),
    ("ΚΑΛΗΜΈΡΑ", &[8]),
    ("привет", &[8]),
    // Arabic: the article belongs to the word.
    ("الطقس", &[3]),
    ("طقس", &[3]),
    ("الطق", &[3]),
    ("صافية", &[3]),
    // Marks of direction are no letters, in the texts or in the search.
    ("البحر", &[12]),
    ("\u{2067}البحر\u{2069}", &[12]),
    ("isolated", &[12]),
    ("\u{2068}weather\u{2069}", &[0]),
    ("معلق", &[12]),
    ("500", &[12]),
    ("₽700", &[12]),
    // Hindi: vowel signs and the virama belong to the word.
    ("मौसम", &[4]),
    ("किताब", &[4]),
    ("हिन्दी", &[4]),
    ("हिन्", &[4]),
    ("ह", &[]),
    // Signs divide words and are none.
    ("😀", &[]),
    ("😀 smile", &[5]),
    ("✅ done", &[5]),
    ("\"hello", &[6]),
    ("\"hello world\"", &[6]),
    ("NEAR(one", &[6]),
    ("NEAR(two one)", &[6]),
    ("NEAR( two one )", &[6]),
    ("hello AND world", &[]),
    ("twice OR weather", &[]),
    ("NOT twice", &[]),
    ("100%", &[7]),
    ("sure_thing", &[7]),
    ("thing_sure", &[7]),
    ("foo-bar", &[7]),
    ("bar-foo", &[7]),
    ("user@example.org", &[7]),
    ("c++", &[7]),
    ("text:f", &[7]),
    ("name:f", &[]),
    ("^d", &[7]),
    ("aft*", &[10]),
    ("after\0before", &[10]),
    // A single letter is a word, not the beginning of all of them.
    ("x", &[11]),
    ("xy", &[11]),
    ("z x", &[11]),
];

#[tokio::test]
async fn words_are_found_in_every_script() {
    let talks = Talks::new(101).await;
    let mut ids = Vec::new();
    for [name, question, answer] in TEXTS {
        ids.push(talks.talk(talks.scope(), name, question, answer).await);
    }
    for (search, expected) in SEARCHES {
        check(&talks, &ids, search, expected).await;
    }
    for nothing in ["*", "\"", "\"\"", "()", "%", "_", "--", "\0", "😀", "\u{200d}", "؟", "।"]
    {
        check(&talks, &ids, nothing, &[]).await;
    }
    let all: Vec<usize> = (0..ids.len()).collect();
    for no_search in ["", "  ", "\t\n"] {
        check(&talks, &ids, no_search, &all).await;
    }
    for long in ["x".repeat(200), "\"".repeat(200), "qz ".repeat(66), "(".repeat(200)] {
        assert!(talks.found(talks.scope(), &long).await.len() < ids.len(), "{long}");
    }
}

#[tokio::test]
async fn a_search_finds_what_is_there_now() {
    let talks = Talks::new(102).await;
    let scope = talks.scope();
    let begin = talks.turn(scope, "first name", "question");
    let id = begin.conversation;
    talks.begin(&begin).await;
    assert_eq!(talks.found(scope, "question").await, [id], "at once");
    talks.finish(&begin, "an answer").await;
    assert_eq!(talks.found(scope, "answer").await, [id]);

    for name in ["second name", "third name", "third name"] {
        let change = Change { name: Some(name.to_owned()), ..Change::default() };
        let entry = talks.samples.entry(Some(scope.organisation));
        talks.conversations.update(scope, id, &change, &entry).await.expect("changed");
    }
    assert_eq!(talks.found(scope, "first").await, []);
    assert_eq!(talks.found(scope, "second").await, []);
    assert_eq!(talks.found(scope, "third").await, [id]);

    talks.delete(scope, id).await;
    for word in ["third", "question", "answer"] {
        assert_eq!(talks.found(scope, word).await, [], "{word}");
    }
    let again = talks.talk(scope, "third", "question", "answer").await;
    assert_eq!(talks.found(scope, "third").await, [again]);
    assert_eq!(talks.found(scope, "answer").await, [again]);
}

#[tokio::test]
async fn a_search_stays_within_its_account() {
    let talks = Talks::new(103).await;
    let scopes = [talks.scope(), talks.other_account().await, talks.other_account().await];
    let mut ids = [Vec::new(), Vec::new(), Vec::new()];
    for round in 0..8 {
        for (scope, ids) in scopes.iter().zip(&mut ids) {
            let word = format!("{round} secret");
            ids.push(talks.talk(*scope, &word, "the same words", "for everybody").await);
        }
    }
    for (scope, ids) in scopes.iter().zip(&ids) {
        for search in ["secret", "same words", "everybody", "s"] {
            let expected = if search == "s" { &[][..] } else { ids };
            assert_eq!(talks.found(*scope, search).await, expected, "{search}");
        }
        assert_eq!(talks.found(*scope, "7").await, ids[7..]);
    }
    let stranger = talks.other_account().await;
    assert_eq!(talks.found(stranger, "secret").await, []);
    talks.delete(scopes[1], ids[1][3]).await;
    assert_eq!(talks.found(scopes[0], "secret").await, ids[0]);
    assert_eq!(talks.found(scopes[1], "secret").await.len(), 7);
    assert_eq!(talks.found(scopes[2], "secret").await, ids[2]);
}
