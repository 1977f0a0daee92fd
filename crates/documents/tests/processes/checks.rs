//! The checks.

use std::{fmt::Write as _, process::Command, sync::Arc};

use companion::Pipes;
use documents::{Documents, KeeperSettings, ReaderLimits, Recogniser};
use knowledge::ports::{PageImage, ParseError, Parser, Resolution, Source, WholeContent};
use passages::{Document, Note, Place};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) const ALL: [(&str, fn()); 6] = [
    ("what_every_parser_does", what_every_parser_does),
    ("pages_are_read_and_drawn", pages_are_read_and_drawn),
    ("letters_in_pictures_are_recognised", letters_in_pictures_are_recognised),
    ("a_reader_that_takes_too_long_is_ended", a_reader_that_takes_too_long_is_ended),
    ("a_companion_that_is_gone_is_told", a_companion_that_is_gone_is_told),
    ("what_is_damaged_harms_nobody", what_is_damaged_harms_nobody),
];

/// A page with three words, and one with a black square.
fn pdf() -> Vec<u8> {
    let stream =
        |content: &str| format!("<< /Length {} >> stream\n{content}\nendstream", content.len());
    let page = |content: usize| {
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {content} 0 R \
             /Resources << /Font << /F1 3 0 R >> >> >>"
        )
    };
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [4 0 R 6 0 R] /Count 2 >>".to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        page(5),
        stream("BT /F1 12 Tf 60 700 Td (Le mot juste) Tj ET"),
        page(7),
        stream("0 0 0 rg 100 100 200 200 re f"),
    ];
    let mut file = "%PDF-1.7\n".to_owned();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (number, object) in (1..).zip(&objects) {
        writeln!(table, "{:010} 00000 n ", file.len()).unwrap();
        writeln!(file, "{number} 0 obj\n{object}\nendobj").unwrap();
    }
    let (size, at) = (objects.len() + 1, file.len());
    write!(file, "{table}trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n")
        .unwrap();
    file.into_bytes()
}

fn settings() -> KeeperSettings {
    KeeperSettings {
        limits: ReaderLimits::default(),
        pdfium: None,
        tokenizer: None,
        recogniser: None,
        required: false,
    }
}

fn companion(settings: &KeeperSettings) -> Pipes {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["worker", "documents", &serde_json::to_string(settings).unwrap()]);
    Pipes::start(command).unwrap()
}

/// Runs a check with companions, and ends them.
fn with<F: AsyncFnOnce(Documents)>(companions: Vec<Pipes>, limits: ReaderLimits, check: F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        check(Documents::start(companions, limits, &tasks, &stop).unwrap()).await;
        stop.cancel();
        tasks.close();
        tasks.wait().await;
    });
}

async fn read(parser: &Documents, name: &str, bytes: &[u8]) -> Result<Document, ParseError> {
    let mut content = WholeContent::new(bytes.to_vec());
    let length = bytes.len() as u64;
    let source =
        Source { name: Some(name), media_type: None, bytes: length, content: &mut content };
    parser.read(source).await
}

async fn draw(parser: &Documents, page: u32) -> Result<PageImage, ParseError> {
    let file = pdf();
    let bytes = file.len() as u64;
    let mut content = WholeContent::new(file);
    let source = Source { name: None, media_type: None, bytes, content: &mut content };
    parser.page_image(source, page, Resolution::Overview).await
}

fn what_every_parser_does() {
    let companions = vec![companion(&settings()), companion(&settings())];
    with(companions, settings().limits, async |parser| {
        testkit::parser_suite(Arc::new(parser)).await;
    });
}

fn pages_are_read_and_drawn() {
    with(vec![companion(&settings())], settings().limits, async |parser| {
        let document = read(&parser, "deux.pdf", &pdf()).await.unwrap();
        assert_eq!(document.text, "Le mot juste");
        assert_eq!(document.pages.len(), 2);
        assert_eq!(document.pages[0].runs.len(), 3);
        assert_eq!(document.notes, [Note::NoText { place: Place::Page(2) }]);
        let image = draw(&parser, 2).await.unwrap();
        assert_eq!((image.width, image.height), (595, 842));
        let missing = draw(&parser, 3).await.unwrap_err();
        assert!(matches!(missing, ParseError::PageUnknown { page: 3, pages: 2 }), "{missing}");
    });
}

fn letters_in_pictures_are_recognised() {
    // This program again, which is started with the words of `tesseract`.
    let recogniser = Recogniser::Tesseract {
        program: std::env::current_exe().unwrap(),
        data: std::env::temp_dir(),
        languages: vec!["fra".to_owned(), "ara".to_owned()],
    };
    let settings = KeeperSettings { recogniser: Some(recogniser), ..settings() };
    with(vec![companion(&settings)], settings.limits, async |parser| {
        let document = read(&parser, "deux.pdf", &pdf()).await.unwrap();
        assert_eq!(document.text.split_whitespace().last(), Some("vu"));
        assert_eq!(document.notes, [Note::Recognised { place: Place::Page(2) }]);
    });
}

fn a_reader_that_takes_too_long_is_ended() {
    let limits = ReaderLimits { seconds_max: 0, ..ReaderLimits::default() };
    let settings = KeeperSettings { limits, ..settings() };
    with(vec![companion(&settings)], limits, async |parser| {
        for _ in 0..2 {
            // Unless this process stood still for as long as its reader took.
            if let Err(refused) = read(&parser, "deux.pdf", &pdf()).await {
                assert_eq!(refused.code(), "document.not_read");
                assert!(refused.to_string().contains("longer than 0 s"), "{refused}");
            }
        }
    });
}

fn a_companion_that_is_gone_is_told() {
    let gone = || {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "exit 0"]);
        Pipes::start(command).unwrap()
    };
    with(vec![gone()], settings().limits, async |parser| {
        for _ in 0..2 {
            let refused = read(&parser, "note.txt", b"mot").await.unwrap_err();
            assert_eq!(refused.code(), "document.unavailable");
            assert!(refused.is_passing());
        }
    });
    with(vec![gone(), companion(&settings())], settings().limits, async |parser| {
        // The one that is gone takes one document, at most.
        let tries =
            [read(&parser, "note.txt", b"mot").await, read(&parser, "note.txt", b"mot").await];
        assert!(tries.iter().flatten().all(|document| document.text == "mot"));
        assert!(tries.iter().flatten().count() > 0, "{tries:?}");
    });
}

fn what_is_damaged_harms_nobody() {
    with(vec![companion(&settings())], settings().limits, async |parser| {
        let whole = pdf();
        for end in (10..whole.len()).step_by(197) {
            if let Err(refused) = read(&parser, "deux.pdf", &whole[..end]).await {
                assert!(!refused.is_passing(), "{refused}");
            }
        }
        assert_eq!(read(&parser, "note.txt", b"mot").await.unwrap().text, "mot");
    });
}
