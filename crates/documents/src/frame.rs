//! Messages on pipes: a letter that says what it is, a length, and so many bytes.

use std::io::{self, Read, Write};

/// Of a document or of an answer, at once.
pub(crate) const PIECE_BYTES: usize = 256 << 10;
/// Of anything else: tasks, outcomes.
pub(crate) const WORDS_BYTES_MAX: usize = 64 << 10;
/// Letter and length.
pub(crate) const HEAD_BYTES: usize = 5;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What is to be done.
    Task,
    /// How the worker does it.
    Settings,
    /// Bytes of the document, or of what was made of it.
    Piece,
    /// No piece follows.
    End,
    /// No piece follows, and some are missing.
    GivenUp,
    /// A picture whose letters are asked for.
    Picture,
    /// The letters of the picture.
    Lines,
    Outcome,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Task,
        Self::Settings,
        Self::Piece,
        Self::End,
        Self::GivenUp,
        Self::Picture,
        Self::Lines,
        Self::Outcome,
    ];

    const fn letter(self) -> u8 {
        match self {
            Self::Task => b'T',
            Self::Settings => b'S',
            Self::Piece => b'P',
            Self::End => b'E',
            Self::GivenUp => b'X',
            Self::Picture => b'I',
            Self::Lines => b'L',
            Self::Outcome => b'O',
        }
    }

    /// How long such a message may be.
    const fn bytes_max(self) -> usize {
        match self {
            Self::Task | Self::Settings | Self::Outcome => WORDS_BYTES_MAX,
            Self::Piece => PIECE_BYTES,
            Self::End | Self::GivenUp => 0,
            Self::Picture => 32 << 20,
            Self::Lines => 8 << 20,
        }
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    pub(crate) bytes: Vec<u8>,
}

/// Letter and length of a message.
///
/// # Errors
/// The message is longer than such may be.
pub(crate) fn head(kind: Kind, length: usize) -> io::Result<[u8; HEAD_BYTES]> {
    if length > kind.bytes_max() {
        return Err(io::Error::other("a message is too long"));
    }
    let length = u32::try_from(length).map_err(io::Error::other)?;
    let [a, b, c, d] = length.to_le_bytes();
    Ok([kind.letter(), a, b, c, d])
}

/// What a message is, and how many bytes follow.
///
/// # Errors
/// It is none, or longer than such may be.
pub(crate) fn read_head(head: [u8; HEAD_BYTES]) -> io::Result<(Kind, usize)> {
    let [letter, a, b, c, d] = head;
    let kind = Kind::ALL.into_iter().find(|kind| kind.letter() == letter);
    let kind = kind.ok_or_else(|| io::Error::other("that is no message"))?;
    let length = usize::try_from(u32::from_le_bytes([a, b, c, d])).map_err(io::Error::other)?;
    if length > kind.bytes_max() {
        return Err(io::Error::other("a message is too long"));
    }
    Ok((kind, length))
}

pub(crate) fn write(output: &mut impl Write, kind: Kind, bytes: &[u8]) -> io::Result<()> {
    output.write_all(&head(kind, bytes.len())?)?;
    output.write_all(bytes)?;
    output.flush()
}

/// Bytes as pieces, and the end.
pub(crate) fn write_pieces(output: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    for piece in bytes.chunks(PIECE_BYTES) {
        write(output, Kind::Piece, piece)?;
    }
    write(output, Kind::End, &[])
}

/// The next message, or nothing where the other side has closed its end between two of them.
pub(crate) fn read(input: &mut impl Read) -> io::Result<Option<Frame>> {
    let mut head = [0; HEAD_BYTES];
    let (first, rest) = head.split_at_mut(1);
    if read_once(input, first)? == 0 {
        return Ok(None);
    }
    input.read_exact(rest)?;
    let (kind, length) = read_head(head)?;
    let mut bytes = vec![0; length];
    input.read_exact(&mut bytes)?;
    Ok(Some(Frame { kind, bytes }))
}

fn read_once(input: &mut impl Read, bytes: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

/// The next message, which must be there.
pub(crate) fn expect(input: &mut impl Read) -> io::Result<Frame> {
    read(input)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// Pieces up to the end, at most so many bytes; nothing where they were given up.
pub(crate) fn read_pieces(input: &mut impl Read, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let mut all = Vec::new();
    loop {
        let frame = expect(input)?;
        match frame.kind {
            Kind::Piece => {
                let grown = u64::try_from(all.len() + frame.bytes.len()).unwrap_or(u64::MAX);
                if grown > bytes_max {
                    return Err(io::Error::other("more bytes follow than were told"));
                }
                all.extend_from_slice(&frame.bytes);
            }
            Kind::End => return Ok(Some(all)),
            Kind::GivenUp => return Ok(None),
            Kind::Task | Kind::Settings | Kind::Picture | Kind::Lines | Kind::Outcome => {
                return Err(unexpected(frame.kind));
            }
        }
    }
}

pub(crate) fn unexpected(kind: Kind) -> io::Error {
    io::Error::other(format!("a message came that was not awaited: {kind:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_arrive_as_they_were_sent() {
        let mut pipe = Vec::new();
        write(&mut pipe, Kind::Task, b"do").unwrap();
        let long = vec![7; PIECE_BYTES * 2 + 1];
        write_pieces(&mut pipe, &long).unwrap();
        let mut input = pipe.as_slice();
        assert_eq!(read(&mut input).unwrap().unwrap().bytes, b"do");
        assert_eq!(read_pieces(&mut input, u64::MAX).unwrap(), Some(long));
        assert_eq!(read(&mut input).unwrap(), None);
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        for bytes in [&b"?\0\0\0\0"[..], b"T\xff\xff\xff\xff", b"T\x05\0\0\0do", b"T\0"] {
            assert!(read(&mut &*bytes).is_err(), "{bytes:?}");
        }
        assert!(head(Kind::End, 1).is_err());
        let mut pipe = Vec::new();
        write_pieces(&mut pipe, b"more").unwrap();
        assert!(read_pieces(&mut pipe.as_slice(), 3).is_err());
    }
}
