//! Whatever the bytes are, reading ends and what comes out holds together.

use pdf_reader::{Limits, page_image, read_picture};
use proptest::prelude::{Just, ProptestConfig, any, prop_oneof, proptest};

use crate::samples::{A4, file, opened};

fn damaged(places: &[(usize, u8)]) -> Vec<u8> {
    let mut bytes = file(&[(A4, &[("un mot", 11.0, 60.0, 700.0), ("Titre", 20.0, 60.0, 760.0)])]);
    for (place, byte) in places {
        let at = place % bytes.len();
        bytes[at] = *byte;
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_damaged_file_is_read_or_refused(
        places in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..8)
    ) {
        if let Ok(document) = opened(damaged(&places)) {
            for run in document.pages.iter().flat_map(|page| &page.runs) {
                assert!(document.slice(run.span).is_some());
            }
        }
        page_image(damaged(&places), 1, 36, &Limits::default()).ok();
    }

    #[test]
    fn any_bytes_are_refused(
        head in prop_oneof![Just(&b"%PDF-1.4\n"[..]), Just(&b"\x89PNG\r\n\x1a\n"[..]), Just(&b""[..])],
        rest in proptest::collection::vec(any::<u8>(), 0..400)
    ) {
        let bytes = [head, &rest].concat();
        if let Ok(document) = opened(bytes.clone()) {
            assert!(document.text.len() < 1000);
        }
        read_picture(&bytes, None, &Limits::default()).ok();
    }
}
