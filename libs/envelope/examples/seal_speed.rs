//! How fast texts are sealed and opened, beside the bare cipher on the same bytes in the same run.
//!
//! `cargo run --release --workspace --example seal_speed`

use std::{
    hint::black_box,
    io::{self, Write as _},
    time::Instant,
};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use envelope::{DataKey, NONCE_LENGTH, Unopened};
use zeroize::Zeroizing;

const ROUNDS: usize = 60;
const BYTES_A_ROUND: usize = 8 << 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = io::stdout().lock();
    for length in [256, 4096, 65_536, 1 << 20] {
        let mut bench = Bench::new(length)?;
        let mut shares = Vec::with_capacity(ROUNDS);
        let (mut bare, mut sealed, mut opened) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            // One after the other, so that a neighbour that takes the processor takes it from all.
            let round = (bench.bare()?, bench.seal(), bench.open()?);
            bare.push(round.0);
            sealed.push(round.1);
            opened.push(round.2);
            shares.push(100.0 * round.1 / round.0);
        }
        writeln!(
            out,
            "{length} bytes: bare cipher {:.0} MB/s, sealed {:.0} MB/s, opened {:.0} MB/s; sealed at \
             {:.0} % of bare (quartiles {:.0} to {:.0})",
            at(&mut bare, 50),
            at(&mut sealed, 50),
            at(&mut opened, 50),
            at(&mut shares, 50),
            at(&mut shares, 25),
            at(&mut shares, 75),
        )?;
    }
    Ok(())
}

struct Bench {
    text: Vec<u8>,
    buffer: Vec<u8>,
    sealed: Vec<u8>,
    cipher: LessSafeKey,
    key: DataKey,
}

impl Bench {
    fn new(length: usize) -> Result<Self, Box<dyn std::error::Error>> {
        let text = b"what a model answered ".repeat(length / 22 + 1)[..length].to_vec();
        let cipher = UnboundKey::new(&AES_256_GCM, &[7; 32]).map_err(|_| "no cipher")?;
        let key = DataKey::new(1, Zeroizing::new([7; 32]));
        let sealed = key.sealing_key(b"conversation").seal([9; NONCE_LENGTH], b"place", &text);
        let buffer = vec![0; length];
        Ok(Self { text, buffer, sealed, cipher: LessSafeKey::new(cipher), key })
    }

    fn times(&self) -> usize {
        BYTES_A_ROUND / self.text.len()
    }

    fn speed(&self, since: Instant) -> f64 {
        let bytes = u32::try_from(self.times() * self.text.len()).unwrap_or(u32::MAX);
        f64::from(bytes) / 1e6 / since.elapsed().as_secs_f64()
    }

    fn bare(&mut self) -> Result<f64, &'static str> {
        let start = Instant::now();
        for _ in 0..self.times() {
            self.buffer.copy_from_slice(black_box(&self.text));
            let nonce = Nonce::assume_unique_for_key([9; NONCE_LENGTH]);
            let sealed = self.cipher.seal_in_place_separate_tag(
                nonce,
                Aad::from(b"place"),
                &mut self.buffer,
            );
            let tag = sealed.map_err(|_| "the cipher refused")?;
            black_box(tag.as_ref()[0]);
        }
        Ok(self.speed(start))
    }

    /// With the key of its conversation derived each time, as a change of one text does.
    fn seal(&self) -> f64 {
        let start = Instant::now();
        for _ in 0..self.times() {
            let key = self.key.sealing_key(black_box(b"conversation"));
            black_box(key.seal([9; NONCE_LENGTH], b"place", black_box(&self.text)));
        }
        self.speed(start)
    }

    fn open(&self) -> Result<f64, Unopened> {
        let start = Instant::now();
        for _ in 0..self.times() {
            let key = self.key.sealing_key(black_box(b"conversation"));
            black_box(key.open(b"place", black_box(&self.sealed))?);
        }
        Ok(self.speed(start))
    }
}

fn at(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[(values.len() - 1) * percent / 100]
}
