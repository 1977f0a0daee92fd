//! Texts whose words are as frequent as those of languages.

use crate::cone::Noise;

const WORDS: f64 = 300_000.0;

const SYLLABLES: [&str; 40] = [
    "la", "de", "un", "ré", "con", "tra", "mi", "no", "pé", "su", "ver", "tion", "ma", "lo", "gé",
    "in", "bre", "ca", "dis", "fo", "hu", "ja", "ki", "les", "mont", "neu", "our", "pla", "que",
    "ri", "sé", "tu", "val", "xi", "za", "eau", "ban", "cher", "dru", "fin",
];

/// A made-up language.
pub(crate) struct Texts {
    words: Vec<String>,
}

impl Texts {
    pub(crate) fn new() -> Self {
        Self { words: (0..WORDS as usize).map(word).collect() }
    }

    /// Some 180 words.
    pub(crate) fn passage(&self, noise: &mut Noise) -> String {
        let count = 120 + (noise.share() * 120.0) as usize;
        let mut text = String::with_capacity(8 * count);
        for _ in 0..count {
            // Ranks are logarithmic, so the word of rank r is taken about 1/r times.
            let rank = WORDS.powf(noise.share()) as usize;
            text.push_str(self.word(rank));
            text.push(' ');
        }
        text
    }

    /// Three frequent words and five others, as in a question.
    pub(crate) fn question(&self, noise: &mut Noise) -> String {
        let mut ranks = Vec::new();
        ranks.extend((0..3).map(|_| WORDS.powf(0.3 * noise.share()) as usize));
        ranks.extend((0..5).map(|_| WORDS.powf(0.4 + 0.5 * noise.share()) as usize));
        let words: Vec<&str> = ranks.into_iter().map(|rank| self.word(rank)).collect();
        words.join(" ")
    }

    fn word(&self, rank: usize) -> &str {
        &self.words[rank.min(self.words.len() - 1)]
    }
}

/// The more frequent, the shorter.
fn word(rank: usize) -> String {
    let mut word = String::new();
    let mut rest = rank + 1;
    while rest > 0 {
        word.push_str(SYLLABLES[rest % SYLLABLES.len()]);
        rest /= SYLLABLES.len();
    }
    word
}
