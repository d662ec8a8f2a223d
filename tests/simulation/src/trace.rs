//! A hash of all that happened, in its order: two runs that agree in it were the same.

/// FNV-1a, which is the same everywhere and for ever.
#[derive(Debug, Clone)]
pub struct Trace(u64);

impl Default for Trace {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Trace {
    /// Something happened.
    pub fn note(&mut self, bytes: &[u8], number: u64) {
        for byte in number.to_le_bytes() {
            self.byte(byte);
        }
        for byte in bytes {
            self.byte(*byte);
        }
    }

    /// Of all so far.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0
    }

    fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
}
