//! Chance that can be had again: its seed is printed when a test fails.

/// `SplitMix64`.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// As [`Random::below`], for places in a list.
    pub fn place(&mut self, length: usize) -> usize {
        usize::try_from(self.below(u64::try_from(length).unwrap())).unwrap()
    }

    pub fn coin(&mut self) -> bool {
        self.next() & 1 == 0
    }
}

/// The seed of a run: `LOYALTY_TEST_SEED` if it is set, so that a failure can be had again; else the time.
pub fn seed() -> u64 {
    if let Ok(text) = std::env::var("LOYALTY_TEST_SEED") {
        return text.parse().expect("LOYALTY_TEST_SEED is a number");
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time after 1970");
    u64::try_from(now.as_micros()).expect("a time of today")
}

/// Whether the long form of the tests runs.
pub fn long() -> bool {
    std::env::var("LOYALTY_TEST_LONG").is_ok_and(|value| value == "1")
}
