use proptest::prelude::*;

use super::*;

/// The whole text, and whether it was stopped, computed without streaming.
fn reference(bytes: &[u8], stops: &[String]) -> (String, bool) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let first = stops
        .iter()
        .filter(|stop| !stop.is_empty())
        .filter_map(|stop| text.find(stop.as_str()).map(|start| (start + stop.len(), start)))
        .min();
    match first {
        Some((_, start)) => (text[..start].to_owned(), true),
        None => (text, false),
    }
}

fn stream<'a>(pushes: impl IntoIterator<Item = &'a [u8]>, stops: &[String]) -> (String, bool) {
    let mut stream = TextStream::new(stops.to_vec());
    let mut text = String::new();
    let mut stopped = false;
    for bytes in pushes {
        let piece = stream.push(bytes);
        assert!(!stopped || (piece.stopped && piece.text.is_empty()), "nothing follows a stop");
        text.push_str(&piece.text);
        stopped = piece.stopped;
    }
    text.push_str(&stream.finish());
    (text, stopped)
}

fn check(pushes: &[&[u8]], stops: &[&str], pieces: &[&str], rest: &str) {
    let mut stream = TextStream::new(stops.iter().map(|&stop| stop.to_owned()).collect());
    let texts: Vec<String> = pushes.iter().map(|bytes| stream.push(bytes).text).collect();
    assert_eq!(texts, pieces, "{pushes:?} {stops:?}");
    assert_eq!(stream.finish(), rest, "{pushes:?} {stops:?}");
}

#[test]
fn characters_wait_for_their_last_byte() {
    check(&[b"\xf0\x9f", b"\x98", b"\x80!"], &[], &["", "", "😀!"], "");
    check(&[b"\xc3"], &[], &[""], "\u{fffd}");
    check(&[b"\xc3", b"a"], &[], &["", "\u{fffd}a"], "");
    check(&[b"a\xff", b"b"], &[], &["a\u{fffd}", "b"], "");
    check(&[b"\xe2\x82", b"\xe2\x82\xac"], &[], &["", "\u{fffd}€"], "");
}

#[test]
fn stop_strings_are_held_back_and_cut_off() {
    check(&[b"one S", b"T", b"OP two"], &["STOP"], &["one ", "", ""], "");
    check(&[b"one S", b"T", b"ONE"], &["STOP"], &["one ", "", "STONE"], "");
    check(&[b"one ST"], &["STOP"], &["one "], "ST");
    check(&[b"aab", b"aab", b"aac"], &["aabaac"], &["", "aab", ""], "");
    check(&[b"a", b"b", b"c"], &["abcd", "b"], &["", "a", ""], "");
    check(&[b"xyz"], &[""], &["xyz"], "");
    check(&["à".as_bytes(), "é.".as_bytes()], &["é"], &["à", ""], "");
}

#[test]
fn of_stops_that_end_together_the_longest_counts() {
    check(&[b"-end"], &["d", "end", "nd"], &["-"], "");
}

proptest! {
    #[test]
    fn dividing_the_bytes_changes_nothing(
        bytes in proptest::collection::vec(
            prop_oneof![3 => prop::sample::select(b"ab".to_vec()), 1 => any::<u8>(),
                1 => prop::sample::select("é😀\u{fffd}".as_bytes().to_vec())],
            0..60,
        ),
        stops in proptest::collection::vec("[ab]{0,5}|é|a\u{fffd}|😀b", 0..4),
        cuts in proptest::collection::vec(0_usize..60, 0..20),
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.sort_unstable();
        let mut pushes = Vec::new();
        let mut start = 0;
        for cut in cuts {
            pushes.push(&bytes[start..cut]);
            start = cut;
        }
        pushes.push(&bytes[start..]);
        let (expected, stopped_before_finish) = reference(&bytes, &stops);
        let (text, stopped) = stream(pushes, &stops);
        prop_assert_eq!(text, expected);
        // A stop string may also be completed by the character that `finish` adds.
        prop_assert!(stopped_before_finish || !stopped);
    }

    #[test]
    fn nothing_is_held_without_a_reason(text in "[abé]{0,40}") {
        let mut stream = TextStream::new(vec!["ab".to_owned()]);
        let sent = stream.push(text.as_bytes());
        let (expected, _) = reference(text.as_bytes(), &["ab".to_owned()]);
        let held = expected.len() - sent.text.len();
        prop_assert_eq!(held, usize::from(!sent.stopped && expected.ends_with('a')));
    }
}
