use super::*;

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ArchiveWriter::new(Vec::new());
    for (name, content) in files {
        let (bytes, mut content) = (content.len() as u64, *content);
        writer.add(name, bytes, &mut content, &mut |_| true).unwrap();
    }
    writer.finish().unwrap()
}

fn read(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, ArchiveError> {
    let mut reader = ArchiveReader::new(bytes);
    let mut found = Vec::new();
    while let Some(entry) = reader.next()? {
        let mut content = Vec::new();
        let digest = reader.take(&entry, &mut content, &mut |_| true)?;
        assert_eq!(digest, FileDigest::of(&content));
        found.push((entry.name, content));
    }
    Ok(found)
}

/// A header with a change, and its sum made right again.
fn forged(change: impl FnOnce(&mut [u8; BLOCK])) -> Vec<u8> {
    let mut block = header("name", 0).unwrap();
    change(&mut block);
    let sum = checksum(&block);
    put(&mut block, SUM_AT, format!("{sum:06o}\0 ").as_bytes());
    [&block[..], &[0; 2 * BLOCK]].concat()
}

#[test]
fn what_is_written_is_read() {
    let long = format!("{}/{}", "f".repeat(90), "n".repeat(90));
    let content = vec![7; 1500];
    let files: [(&str, &[u8]); 4] =
        [("a", b""), ("b/c.json", b"{}"), (&long, b"x"), ("full", &content[..BLOCK])];
    let expected: Vec<_> =
        files.iter().map(|(name, content)| ((*name).to_owned(), content.to_vec())).collect();
    assert_eq!(read(&archive(&files)).unwrap(), expected);
}

#[test]
fn large_files_have_their_size_too() {
    for bytes in [0, 1, OCTAL_MAX, OCTAL_MAX + 1, u64::MAX] {
        let entry = parse(&header("name", bytes).unwrap()).unwrap();
        assert_eq!(entry, Entry { name: "name".to_owned(), bytes });
    }
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in
        ["../up", "/etc/passwd", "a/../../b", "a//b", "./a", "", "a/", ".hidden", "a\\b", "é"]
    {
        let bytes = forged(|block| {
            block[..NAME_BYTES].fill(0);
            put(block, 0, name.as_bytes());
        });
        assert!(matches!(read(&bytes), Err(ArchiveError::Name { .. })), "{name}");
        let mut writer = ArchiveWriter::new(Vec::new());
        assert!(writer.add(name, 0, &mut io::empty(), &mut |_| true).is_err(), "{name}");
    }
    let up = forged(|block| put(block, PREFIX_AT, b".."));
    assert!(matches!(read(&up), Err(ArchiveError::Name { .. })));
}

#[test]
fn only_plain_files_are_taken() {
    for kind in [b'1', b'2', b'3', b'5', b'6', b'x', b'g', b'L', b'S'] {
        let bytes = forged(|block| block[KIND_AT] = kind);
        assert!(matches!(read(&bytes), Err(ArchiveError::Kind { .. })), "{kind}");
    }
    let one = archive(&[("a", b"1")]);
    let twice = [&one[..2 * BLOCK], &one].concat();
    assert!(matches!(read(&twice), Err(ArchiveError::Duplicate { .. })));
}

#[test]
fn sizes_are_believed_no_further_than_bytes_come() {
    for size in [&b"77777777777\0"[..], b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"] {
        let bytes = forged(|block| put(block, SIZE_AT, size));
        let mut reader = ArchiveReader::new(&bytes[..]);
        let entry = reader.next().unwrap().unwrap();
        let taken = reader.take(&entry, &mut io::sink(), &mut |_| true);
        assert!(matches!(taken, Err(ArchiveError::Truncated)));
    }
    for size in [&b"-1\0"[..], b"8\0\0\0\0\0\0\0\0\0\0\0", b"\x81\0\0\0\0\0\0\0\0\0\0\0"] {
        let bytes = forged(|block| put(block, SIZE_AT, size));
        assert!(matches!(read(&bytes), Err(ArchiveError::Header)));
    }
}

#[test]
fn no_byte_of_a_header_or_between_files_can_be_changed() {
    let good = archive(&[("name", b"content"), ("other", b"")]);
    let content = BLOCK..BLOCK + 7;
    for at in (0..good.len()).filter(|at| !content.contains(at)) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(read(&bad).is_err(), "byte {at}");
    }
    for length in 0..good.len() {
        assert!(read(&good[..length]).is_err(), "{length} bytes");
    }
    assert!(read(&[&good[..], b"more"].concat()).is_err());
}

#[test]
fn files_that_change_meanwhile_are_noticed() {
    for (said, there) in [(3, &b"12"[..]), (3, b"1234")] {
        let mut writer = ArchiveWriter::new(Vec::new());
        let mut there = there;
        let added = writer.add("a", said, &mut there, &mut |_| true);
        assert!(matches!(added, Err(ArchiveError::Changed { .. })));
    }
    let mut writer = ArchiveWriter::new(Vec::new());
    let stopped = writer.add("a", 1, &mut &b"1"[..], &mut |_| false);
    assert!(matches!(stopped, Err(ArchiveError::Stopped)));
}
