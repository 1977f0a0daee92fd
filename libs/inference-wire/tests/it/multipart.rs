use inference_wire::multipart::{FormEvent, HEAD_BYTES_MAX, Multipart, MultipartError, PARTS_MAX};
use proptest::prelude::*;

const TYPE: &str = "multipart/form-data; boundary=xyz";

/// Parts as text: `name/file (type)=bytes`.
fn read(content_type: &str, pieces: &[&[u8]]) -> Result<Vec<String>, MultipartError> {
    let mut form = Multipart::new(content_type)?;
    let (mut parts, mut ended): (Vec<(String, Vec<u8>)>, _) = (Vec::new(), false);
    for piece in pieces {
        form.push(piece);
        while let Some(event) = form.event()? {
            match event {
                FormEvent::Part { name, file_name, content_type } => {
                    let file = file_name.map(|file| format!("/{file}")).unwrap_or_default();
                    let kind = content_type.map(|kind| format!(" ({kind})")).unwrap_or_default();
                    parts.push((format!("{name}{file}{kind}"), Vec::new()));
                }
                FormEvent::Bytes(bytes) => {
                    assert!(!bytes.is_empty());
                    parts.last_mut().unwrap().1.extend(bytes);
                }
                FormEvent::PartEnd => {}
                FormEvent::End => ended = true,
            }
        }
    }
    form.finish()?;
    assert!(ended);
    let text =
        |(name, bytes): (String, Vec<u8>)| format!("{name}={}", String::from_utf8_lossy(&bytes));
    Ok(parts.into_iter().map(text).collect())
}

fn part(disposition: &str, body: &str) -> String {
    format!("--xyz\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{body}\r\n")
}

fn form(parts: &[String]) -> String {
    format!("{}--xyz--\r\n", parts.concat())
}

#[test]
fn parts_are_read_as_clients_write_them() {
    for (disposition, body, expected) in [
        ("name=\"purpose\"", "batch", "purpose=batch"),
        ("name=purpose", "", "purpose="),
        ("name=\"file\"; filename=\"a b.jsonl\"", "x\r\ny", "file/a b.jsonl=x\r\ny"),
        ("name=\"file\"; filename=\"a;=\\\"b\"", "--xy", "file/a;=\"b=--xy"),
        ("name=\"file\"; filename=\"C:\\dir\\a\"", "\r\n--xy", "file/C:\\dir\\a=\r\n--xy"),
        ("filename=\"n\"; name=\"file\"", "\n", "file/n=\n"),
        ("name=\"file\"; filename=\"?\"; filename*=UTF-8''%C3%A9.txt", "1", "file/é.txt=1"),
    ] {
        let text = form(&[part(disposition, body)]);
        assert_eq!(read(TYPE, &[text.as_bytes()]).as_deref(), Ok([expected.to_owned()].as_slice()));
    }
    assert_eq!(read(TYPE, &[b"--xyz--"]), Ok(Vec::new()));
    let quoted = "Multipart/Form-Data; charset=utf-8; boundary=\"a b\"";
    let text = "--a b\r\nContent-Type: text/plain\r\ncontent-disposition: form-data; name=x\r\n\r\n1\r\n--a b--";
    assert_eq!(read(quoted, &[text.as_bytes()]), Ok(vec!["x (text/plain)=1".to_owned()]));
}

#[test]
fn forms_that_are_none_are_refused() {
    let check = |text: &str, expected: MultipartError| {
        assert_eq!(read(TYPE, &[text.as_bytes()]), Err(expected), "{text:.80}");
    };
    check("", MultipartError::Unfinished);
    check("--xyz\r\n", MultipartError::Unfinished);
    check(&part("name=a", "1"), MultipartError::Unfinished);
    check("hello, this is no form", MultipartError::Start);
    check("--xyzz\r\n", MultipartError::Delimiter);
    check("--xyz\r\n\r\n\r\n1\r\n--xyz--", MultipartError::Head);
    check("--xyz\r\nContent-Disposition: form-data\r\n\r\n", MultipartError::Head);
    check("--xyz\r\nContent-Disposition: inline; name=a\r\n\r\n", MultipartError::Head);
    for wrong in [
        "text/plain",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/mixed; boundary=x",
    ] {
        assert_eq!(Multipart::new(wrong).err(), Some(MultipartError::Boundary), "{wrong}");
    }
    let long = format!("multipart/form-data; boundary={}", "x".repeat(71));
    assert_eq!(Multipart::new(&long).err(), Some(MultipartError::Boundary));
}

#[test]
fn a_form_of_nothing_but_heads_is_refused_soon() {
    let many = vec![part("name=a", ""); PARTS_MAX + 1].concat();
    assert_eq!(read(TYPE, &[many.as_bytes()]), Err(MultipartError::TooManyParts));
    let long = format!("--xyz\r\nX: {}", "x".repeat(HEAD_BYTES_MAX));
    assert_eq!(read(TYPE, &[long.as_bytes()]), Err(MultipartError::HeadTooLong));
}

/// Nothing but an end that may be a boundary is kept.
#[test]
fn bytes_are_handed_on_at_once() {
    let mut form = Multipart::new(TYPE).unwrap();
    form.push(part("name=a", "").trim_end().as_bytes());
    form.push(b"\r\n\r\n");
    while form.event().unwrap().is_some() {}
    for _ in 0..10 {
        form.push(&[b'x'; 1_000]);
        let Ok(Some(FormEvent::Bytes(bytes))) = form.event() else { panic!("bytes") };
        assert!(bytes.len() > 900);
        assert_eq!(form.event(), Ok(None));
    }
}

proptest! {
    #[test]
    fn pieces_change_nothing(
        bodies in prop::collection::vec("[a\r\n-]{0,12}(\r\n--xy)?", 1..4),
        cuts in prop::collection::vec(1usize..9, 0..60),
    ) {
        let parts: Vec<_> = bodies.iter().map(|body| part("name=a; filename=b", body)).collect();
        let text = form(&parts);
        let mut rest = text.as_bytes();
        let mut pieces = Vec::new();
        for cut in cuts {
            let (piece, behind) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = behind;
        }
        pieces.push(rest);
        let expected: Vec<_> = bodies.iter().map(|body| format!("a/b={body}")).collect();
        prop_assert_eq!(read(TYPE, &pieces), Ok(expected));
    }

    #[test]
    fn no_bytes_are_fatal(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(read(TYPE, &[b"--xyz\r\n", &bytes]));
    }
}
