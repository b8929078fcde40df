/// FNV-1a of 32 bits: what tells one text of a snapshot from another. It finds accidents, not forgeries.
#[must_use]
pub const fn fnv1a32(bytes: &[u8]) -> u32 {
    let mut hash = 0x811c_9dc5;
    let mut rest = bytes;
    while let [byte, later @ ..] = rest {
        hash = (hash ^ *byte as u32).wrapping_mul(0x0100_0193);
        rest = later;
    }
    hash
}
