use passages::{BlockKind, Note, Place};

use crate::samples::{
    ARABIC, FRENCH, Format, HINDI, ReadError, SECRET, blocks, document, limits, msg, notes_hidden,
};

#[test]
fn a_message_is_its_head_and_what_its_reader_saw() {
    let message = format!(
        "From: Léa <lea@example.org>\r\nTo: a@example.org, b@example.org\r\nSubject: {HINDI}\r\n\
         Date: Tue, 3 Mar 2026 10:00:00 +0100\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\
         Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{SECRET}\r\n--a\r\n\
         Content-Type: text/html; charset=utf-8\r\n\r\n\
         <p>{FRENCH}</p><p style=\"display:none\">{SECRET}</p>\r\n--a--\r\n--m\r\n\
         Content-Type: application/pdf; name=\"acte.pdf\"\r\n\
         Content-Disposition: attachment; filename=\"acte.pdf\"\r\n\r\nx\r\n--m--\r\n"
    );
    let read = document(Format::Eml, message.as_bytes());
    let head = "From: Léa <lea@example.org>\nTo: a@example.org, b@example.org\n\
                Date: 2026-03-03 10:00 +01:00";
    let expected = [
        (BlockKind::Heading { level: 1 }, HINDI),
        (BlockKind::Paragraph, head),
        (BlockKind::Paragraph, FRENCH),
    ];
    assert_eq!(blocks(&read), expected);
    assert!(notes_hidden(&read));
    let place = Place::Part("acte.pdf".to_owned());
    assert!(read.notes.contains(&Note::AttachmentsLeftOut { place, count: 1 }));
}

#[test]
fn a_message_without_a_page_is_its_text() {
    let message = format!("From: a@example.org\r\nSubject: s\r\n\r\n{FRENCH}\r\n\r\n> cité\r\n");
    let read = document(Format::Eml, message.as_bytes());
    let kinds: Vec<BlockKind> = blocks(&read).into_iter().map(|(kind, _)| kind).collect();
    let expected = [
        BlockKind::Heading { level: 1 },
        BlockKind::Paragraph,
        BlockKind::Paragraph,
        BlockKind::Quote,
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn bodies_are_decoded() {
    for (encoding, body) in [
        ("quoted-printable", "d=C3=A9j=C3=A0 =\r\nvu"),
        ("Base64", "ZMOpasOg\r\nIHZ1\r\n"),
        ("8bit", "déjà vu"),
    ] {
        let message = format!(
            "Subject: s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n--b--\r\n"
        );
        assert_eq!(document(Format::Eml, message.as_bytes()).text, "s\n\ndéjà vu", "{encoding}");
    }
}

#[test]
fn a_part_that_ends_in_a_joined_line_is_read() {
    let message = "Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\
        Content-Transfer-Encoding: quoted-printable\n\n=\n--b--\n";
    assert_eq!(document(Format::Eml, message.as_bytes()).text, "s");
}

#[test]
fn sealed_messages_are_refused() {
    let message = "From: a@example.org\r\n\
        Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nMIAG\r\n";
    let refused = document_readers::read(Format::Eml, message.as_bytes(), &limits()).unwrap_err();
    assert!(matches!(refused, ReadError::Encrypted { .. }));
    assert_eq!(refused.code(), "document.encrypted");
}

#[test]
fn a_message_of_outlook_is_read_from_its_properties() {
    let file = msg(&[
        (0x0037, FRENCH),
        (0x0c1a, "Léa"),
        (0x5d01, "lea@example.org"),
        (0x0e04, ARABIC),
        (0x1000, HINDI),
    ]);
    let read = document(Format::Msg, &file);
    let head = format!("From: Léa <lea@example.org>\nTo: {ARABIC}");
    let texts: Vec<&str> = blocks(&read).into_iter().map(|(_, text)| text).collect();
    let lines: Vec<&str> = texts[1].lines().take(2).collect();
    assert_eq!(lines.join("\n"), head);
    assert_eq!((texts[0], texts[2]), (FRENCH, HINDI));
}
