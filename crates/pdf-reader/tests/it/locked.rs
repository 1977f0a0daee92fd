//! Files with a password: RC4 with 40 bits, as the oldest of them have.

use passages::Document;
use pdf_reader::{Limits, PdfError, page_image};

use crate::samples::{A4, Pdf, drawn, opened};

/// What fills a password up to 32 bytes.
const PADDING: [u8; 32] = [
    0x28, 0xBF, 0x4E, 0x5E, 0x4E, 0x75, 0x8A, 0x41, 0x64, 0x00, 0x4E, 0x56, 0xFF, 0xFA, 0x01, 0x08,
    0x2E, 0x2E, 0x00, 0xB6, 0xD0, 0x68, 0x3E, 0x80, 0x2F, 0x0C, 0xA9, 0xFE, 0x64, 0x53, 0x69, 0x7A,
];
const ID: [u8; 16] = *b"0123456789abcdef";
const PERMISSIONS: i32 = -4;

fn padded(password: &[u8]) -> Vec<u8> {
    password.iter().chain(&PADDING).copied().take(32).collect()
}

fn rc4(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut state: Vec<u8> = (0..=255).collect();
    let mut other = 0_u8;
    for at in 0..256 {
        other = other.wrapping_add(state[at]).wrapping_add(key[at % key.len()]);
        state.swap(at, usize::from(other));
    }
    let (mut one, mut other) = (0_u8, 0_u8);
    let mut next = || {
        one = one.wrapping_add(1);
        other = other.wrapping_add(state[usize::from(one)]);
        state.swap(usize::from(one), usize::from(other));
        let sum = state[usize::from(one)].wrapping_add(state[usize::from(other)]);
        state[usize::from(sum)]
    };
    bytes.iter().map(|byte| byte ^ next()).collect()
}

/// RFC 1321.
fn md5(message: &[u8]) -> [u8; 16] {
    const SHIFTS: [[u32; 4]; 4] =
        [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend_from_slice(&(u64::try_from(message.len()).unwrap() * 8).to_le_bytes());
    let mut state: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    for block in padded.chunks_exact(64) {
        let words: Vec<u32> = block
            .chunks_exact(4)
            .map(|word| u32::from_le_bytes(word.try_into().unwrap()))
            .collect();
        let [mut a, mut b, mut c, mut d] = state;
        for step in 0..64_u32 {
            let at = step as usize;
            let (mixed, word) = match step / 16 {
                0 => ((b & c) | (!b & d), at),
                1 => ((d & b) | (!d & c), (5 * at + 1) % 16),
                2 => (b ^ c ^ d, (3 * at + 5) % 16),
                _ => (c ^ (b | !d), (7 * at) % 16),
            };
            let sum = a.wrapping_add(mixed).wrapping_add(sine(step)).wrapping_add(words[word]);
            let turned = sum.rotate_left(SHIFTS[at / 16][at % 4]);
            (a, d, c, b) = (d, c, b, b.wrapping_add(turned));
        }
        for (whole, part) in state.iter_mut().zip([a, b, c, d]) {
            *whole = whole.wrapping_add(part);
        }
    }
    let bytes: Vec<u8> = state.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.try_into().unwrap()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the constants are defined so: the integer part of a number below 2^32"
)]
fn sine(step: u32) -> u32 {
    (f64::from(step + 1).sin().abs() * 4_294_967_296.0) as u32
}

#[test]
fn the_sum_is_the_one_of_the_standard() {
    let shown = |sum: [u8; 16]| sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(shown(md5(b"")), "d41d8cd98f00b204e9800998ecf8427e");
    assert_eq!(shown(md5(b"abc")), "900150983cd24fb0d6963f7d28e17f72");
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file that opens with this password, and with that of its owner.
fn locked(user: &[u8]) -> Vec<u8> {
    let owner_key = &md5(&padded(b"owner"))[..5];
    let owner = rc4(owner_key, &padded(user));
    let mut seed = padded(user);
    seed.extend_from_slice(&owner);
    seed.extend_from_slice(&PERMISSIONS.to_le_bytes());
    seed.extend_from_slice(&ID);
    let key = md5(&seed)[..5].to_vec();
    let check = rc4(&key, &PADDING);

    let mut pdf = Pdf::default();
    pdf.add("<< /Type /Catalog /Pages 2 0 R >>");
    pdf.add("<< /Type /Pages /Kids [4 0 R] /Count 1 >>");
    pdf.add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
    pdf.add(format!(
        "<< /Type /Page /Parent 2 0 R {A4} /Contents 5 0 R /Resources << /Font << /F1 3 0 R >> >> >>"
    ));
    let mut of_object = key.clone();
    of_object.extend_from_slice(&[5, 0, 0, 0, 0]);
    let content = drawn(&[("secret", 11.0, 60.0, 700.0)]);
    pdf.stream("", &rc4(&md5(&of_object)[..10], &content));
    pdf.add(format!(
        "<< /Filter /Standard /V 1 /R 2 /Length 40 /P {PERMISSIONS} /O <{}> /U <{}> >>",
        hexadecimal(&owner),
        hexadecimal(&check)
    ));
    let id = hexadecimal(&ID);
    pdf.trailer = format!("/Encrypt 6 0 R /ID [<{id}> <{id}>]");
    pdf.bytes()
}

#[test]
fn a_file_that_anybody_can_open_is_read() {
    let document: Document = opened(locked(b"")).unwrap();
    assert_eq!(document.text, "secret");
    assert!(page_image(locked(b""), 1, 72, &Limits::default()).is_ok());
}

#[test]
fn a_file_that_asks_for_a_password_is_not_read() {
    let locked_one = || locked(b"password");
    assert_eq!(opened(locked_one()), Err(PdfError::Encrypted { format: "PDF document" }));
    let drawn = page_image(locked_one(), 1, 72, &Limits::default());
    assert_eq!(drawn, Err(PdfError::Encrypted { format: "PDF document" }));
}
