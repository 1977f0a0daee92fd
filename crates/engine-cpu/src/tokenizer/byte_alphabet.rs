//! GPT-2's way to spell bytes as printable characters, in which vocabularies are written.

/// The character that spells a byte: itself when printable Latin-1, otherwise the next unused
/// one from U+0100 on, in the order of the bytes.
pub(super) fn alphabet() -> [char; 256] {
    let mut spelled = ['\0'; 256];
    let mut next = 0x100_u32;
    for byte in 0..=255_u8 {
        spelled[usize::from(byte)] = if is_printable(byte) {
            char::from(byte)
        } else {
            next += 1;
            char::from_u32(next - 1).unwrap_or('\0')
        };
    }
    spelled
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff)
}

/// The bytes of a spelled token; `None` when a character spells no byte.
pub(super) fn bytes_of(spelled: &str, byte_of: &ByteOf) -> Option<Vec<u8>> {
    spelled.chars().map(|c| byte_of.get(c)).collect()
}

/// The reverse of [`alphabet`].
pub(super) struct ByteOf([Option<u8>; 0x180]);

impl ByteOf {
    pub(super) fn new() -> Self {
        let mut bytes = [None; 0x180];
        for (byte, spelled) in (0..=255_u8).zip(alphabet()) {
            bytes[spelled as usize] = Some(byte);
        }
        Self(bytes)
    }

    fn get(&self, spelled: char) -> Option<u8> {
        self.0.get(spelled as usize).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alphabet_is_the_published_one() {
        let spelled = alphabet();
        for (byte, expected) in
            [(b' ', 'Ġ'), (b'\n', 'Ċ'), (b'\t', 'ĉ'), (b'a', 'a'), (0, 'Ā'), (0xad, 'Ń')]
        {
            assert_eq!(spelled[usize::from(byte)], expected, "{byte}");
        }
    }

    #[test]
    fn every_byte_survives_the_way_there_and_back() {
        let spelled: String = alphabet().iter().collect();
        assert_eq!(bytes_of(&spelled, &ByteOf::new()), Some((0..=255).collect()));
        assert_eq!(bytes_of("a b", &ByteOf::new()), None, "a space is spelled Ġ");
    }
}
