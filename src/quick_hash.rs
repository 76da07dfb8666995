//! A hash for keys that nobody chose in order to collide.

/// Numbers in a row and paths of files that the user required need no better hash, and there are many of them.
pub type QuickHash = std::hash::BuildHasherDefault<Fibonacci>;

/// See [`QuickHash`].
#[derive(Debug, Default)]
pub struct Fibonacci(u64);

impl std::hash::Hasher for Fibonacci {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut last = [0; 8];
            for (place, byte) in last.iter_mut().zip(rest) {
                *place = *byte;
            }
            self.mix(u64::from_le_bytes(last));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.mix(u64::from(number));
    }
}

impl Fibonacci {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
