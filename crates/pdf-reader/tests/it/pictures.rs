//! Pictures of pages, and what only says that it is one.

use std::io::Cursor;

use image::{GrayImage, ImageFormat, Luma};
use passages::{Area, Note, Place};
use pdf_reader::{Excess, Limits, PdfError, SeenLine, SeenWord, picture_image, read_picture};

use crate::samples::Fake;

fn png(width: u32, height: u32, dot: u8) -> Vec<u8> {
    let mut picture = GrayImage::from_pixel(width, height, Luma([255]));
    picture.put_pixel(width / 2, height / 2, Luma([dot]));
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

#[test]
fn a_picture_is_a_page() {
    let area = Area { left: 10.0, top: 10.0, right: 60.0, bottom: 30.0 };
    let words = vec![SeenWord { text: "mot".to_owned(), area }];
    let mut fake = Fake { answer: Ok(vec![SeenLine { words }]), asked: Vec::new() };
    let picture = png(400, 200, 0);
    let document = read_picture(&picture, Some(&mut fake), &Limits::default()).unwrap();
    assert_eq!(document.text, "mot");
    assert_eq!(fake.asked, [(400, 200)]);
    let run = document.pages[0].runs[0];
    assert!((run.area.left - 3.6).abs() < 0.01, "{run:?}");

    let noted = read_picture(&picture, None, &Limits::default()).unwrap();
    assert_eq!(noted.notes, [Note::NoText { place: Place::Page(1) }]);
    let blank = read_picture(&png(400, 200, 255), None, &Limits::default()).unwrap();
    assert!(blank.notes.is_empty());
}

#[test]
fn a_picture_is_shown_as_large_as_asked_for() {
    let picture = png(400, 200, 0);
    let shown = picture_image(&picture, 1, 100, &Limits::default()).unwrap();
    assert_eq!((shown.width, shown.height), (200, 100));
    let shown = picture_image(&picture, 1, 216, &Limits::default()).unwrap();
    assert_eq!((shown.width, shown.height), (400, 200));
    let missing = picture_image(&picture, 2, 72, &Limits::default());
    assert_eq!(missing, Err(PdfError::PageUnknown { page: 2, pages: 1 }));
}

/// The head of a picture in PNG with sides of 50,000 dots, which nobody unpacked yet.
fn huge() -> Vec<u8> {
    let mut file = png(8, 8, 0);
    let side = 50_000_u32.to_be_bytes();
    file[16..20].copy_from_slice(&side);
    file[20..24].copy_from_slice(&side);
    let sum = crc32(&file[12..29]).to_be_bytes();
    file[29..33].copy_from_slice(&sum);
    file
}

/// The checksum of PNG.
fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 };
        }
    }
    !sum
}

/// The same in JPEG: its frame and the beginning of its scan.
fn huge_jpeg() -> Vec<u8> {
    let side = 50_000_u16.to_be_bytes();
    let mut file = b"\xff\xd8\xff\xc0\x00\x0b\x08".to_vec();
    file.extend_from_slice(&[side, side].concat());
    file.extend_from_slice(b"\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00");
    file
}

/// The same in TIFF: one strip of grey dots that is not there.
fn huge_tiff() -> Vec<u8> {
    const LONG: u16 = 4;
    let fields: [(u16, u32); 9] = [
        (256, 50_000),
        (257, 50_000),
        (258, 8),
        (259, 1),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, 50_000),
        (279, 2_500_000_000),
    ];
    let mut file = b"II*\0\x08\0\0\0\x09\0".to_vec();
    for (tag, value) in fields {
        file.extend_from_slice(&[tag.to_le_bytes(), LONG.to_le_bytes()].concat());
        file.extend_from_slice(&[1_u32.to_le_bytes(), value.to_le_bytes()].concat());
    }
    file.extend_from_slice(&[0; 4]);
    file
}

#[test]
fn a_picture_of_50000_dots_is_refused_by_its_head() {
    let limits = Limits::default();
    let much = PdfError::TooMuch { what: Excess::Pixels, max: limits.pixels };
    for huge in [huge(), huge_jpeg(), huge_tiff()] {
        assert_eq!(read_picture(&huge, None, &limits).unwrap_err(), much);
        assert_eq!(picture_image(&huge, 1, 72, &limits).unwrap_err(), much);
    }
}

#[test]
fn what_is_no_picture_is_told() {
    let limits = Limits::default();
    let read = |bytes: &[u8]| read_picture(bytes, None, &limits).unwrap_err();
    assert!(matches!(read(b"GIF89a"), PdfError::Unsupported { found: "GIF image" }));
    assert!(matches!(read(b"not a picture"), PdfError::Unsupported { .. }));
    let picture = png(40, 40, 0);
    assert!(matches!(read(&picture[..picture.len() / 2]), PdfError::Broken { .. }));
}
